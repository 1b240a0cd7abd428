public import RecurrentAutodiff
public import RecurrentTensor

/// The cross entropy of class logits against target classes, fused with the softmax.
///
/// Equal to PyTorch's `cross_entropy` with the same options and mean reduction: Σ w·loss / Σ w over the targets that are
/// not ignored, where w is the weight of the target's class; zero where all are ignored.
///
/// - Shapes: `logits` […, K]; `targets` […], `int32`; `classWeights` K numbers.
/// - Precondition: every target is `ignoredTarget` or lies in 0..<K.
public func crossEntropy(
    _ logits: Variable, _ targets: Tensor, classWeights: [Double]? = nil, labelSmoothing: Double = 0,
    ignoredTarget: Int32 = -100
) -> Variable {
    let classes = logits.shape.last ?? 0
    precondition(
        Array(logits.shape.dropLast()) == targets.shape,
        "crossEntropy: logits \(logits.shape) do not fit targets \(targets.shape)")
    precondition(
        classWeights.map { $0.count == classes } ?? true,
        "crossEntropy: \(classWeights?.count ?? 0) class weights for \(classes) classes")
    let logProbabilities = logits.value.logSoftmax()
    let labels = targets.scalars(of: Int32.self).map(Int.init)
    let weights = classWeights ?? [Double](repeating: 1, count: classes)
    let used = labels.map { $0 != Int(ignoredTarget) }
    for (label, used) in zip(labels, used) where used {
        precondition(label >= 0 && label < classes, "crossEntropy: target \(label) lies outside 0..<\(classes)")
    }
    let totalWeight = zip(labels, used).reduce(0) { $0 + ($1.1 ? weights[$1.0] : 0) }
    let normaliser = totalWeight == 0 ? 1 : totalWeight
    let smoothing = labelSmoothing / Double(max(1, classes))

    func value<S: FloatingScalar>(_: S.Type) -> Tensor {
        logProbabilities.withBuffer(of: S.self) { logp in
            var total = 0.0
            for (row, label) in labels.enumerated() where used[row] {
                total -= (1 - labelSmoothing) * weights[label] * Double(logp[row * classes + label])
                guard smoothing > 0 else { continue }
                for k in 0..<classes { total -= smoothing * weights[k] * Double(logp[row * classes + k]) }
            }
            return Tensor([S(total / normaliser)], shape: [])
        }
    }

    @Sendable func gradient<S: FloatingScalar>(_ upstream: S) -> Tensor {
        var result = logProbabilities
        let smoothed = S(smoothing / normaliser)
        let weightSum = S(weights.reduce(0, +))
        result.withMutableBuffer(of: S.self) { g in
            for (row, label) in labels.enumerated() {
                let start = row * classes
                guard used[row] else {
                    for k in 0..<classes { g[start + k] = 0 }
                    continue
                }
                let direct = S((1 - labelSmoothing) * weights[label] / normaliser)
                let mass = direct + smoothed * weightSum
                for k in 0..<classes {
                    g[start + k] = upstream * (mass * S.exp(g[start + k]) - smoothed * S(weights[k]))
                }
                g[start + label] -= upstream * direct
            }
        }
        return result
    }

    let isSingle = logits.elementType == .float32
    return Variable.operation([logits], isSingle ? value(Float.self) : value(Double.self)) { g, _ in
        [isSingle ? gradient(Float(g.item)) : gradient(g.item)]
    }
}
