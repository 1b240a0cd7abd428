package import RecurrentAutodiff
package import RecurrentTensor

/// The loss of a probabilistic forecast: the weighted mean of twice the quantile loss, averaged over the levels.
///
///     Σ w 2/Q Σ_q max(q e_q, (q − 1) e_q) / Σ [w > 0],    e_q = y − f_q
///
/// One operation: the gradient is formed in the pass that computes the value.
///
/// - Shapes: `forecast` [B, H, Q]; `target`, `weight` [B, H]; the result is a scalar.
package func forecastLoss(_ forecast: Variable, target: Tensor, weight: Tensor, quantiles: [Double]) -> Variable {
    let width = quantiles.count
    precondition(
        forecast.shape == target.shape + [width] && weight.shape == target.shape,
        "forecastLoss: forecast \(forecast.shape), target \(target.shape) and weight \(weight.shape) do not fit")
    var gradient = Tensor(uninitialized: forecast.shape, of: .float32)
    var total = 0.0
    var observed = 0
    let levels = quantiles.map(Float.init)
    let scale = 2 / Float(quantiles.count)
    forecast.value.withBuffer(of: Float.self) { f in
        target.withBuffer(of: Float.self) { y in
            weight.withBuffer(of: Float.self) { w in
                observed = w.reduce(0) { $0 + ($1 > 0 ? 1 : 0) }
                let normaliser = 1 / Float(max(1, observed))
                gradient.withMutableBuffer(of: Float.self) { g in
                    for cell in 0..<y.count {
                        let start = cell * width
                        guard w[cell] > 0 else {
                            for k in 0..<width { g[start + k] = 0 }
                            continue
                        }
                        let factor = scale * w[cell] * normaliser
                        var loss: Float = 0
                        for k in 0..<width {
                            let residual = y[cell] - f[start + k]
                            let slope = residual >= 0 ? levels[k] : levels[k] - 1
                            loss += scale * slope * residual
                            g[start + k] = -slope * factor
                        }
                        total += Double(w[cell] * loss)
                    }
                }
            }
        }
    }
    let slopes = gradient
    let value = Tensor(scalar: Float(total / Double(max(1, observed))))
    return Variable.operation([forecast], value) { upstream, _ in
        let factor = upstream.item
        return [factor == 1 ? slopes : slopes * factor]
    }
}
