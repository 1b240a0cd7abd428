import RecurrentAutodiff
package import RecurrentNN
import RecurrentTensor

/// Networks whose forecasts are averaged.
package struct ForecastEnsemble: Module {
    /// The number of windows that are forecast together.
    static let rowsAtOnce = 256

    package var members: [ForecastNetwork]

    package init(members: [ForecastNetwork]) { self.members = members }

    package mutating func visitParameters(_ visit: inout some ParameterVisitor) { visit("members", &members) }

    /// The forecasts at cuts, in the units of the data.
    ///
    /// Each member's quantiles are sorted, so that they never cross; then members are averaged.
    package func forecasts(_ windows: ForecastWindows, at cuts: [(series: Int, cut: Int)]) -> [RawForecast] {
        let rows = ForecastEnsemble.rowsAtOnce
        return stride(from: 0, to: cuts.count, by: rows).flatMap { start in
            chunk(windows, Array(cuts[start..<min(start + rows, cuts.count)]))
        }
    }

    private func chunk(_ windows: ForecastWindows, _ cuts: [(series: Int, cut: Int)]) -> [RawForecast] {
        let batch = windows.batch(cuts, ends: nil)
        let (H, Q) = (windows.recipe.horizon, ForecastRecipe.quantiles.count)
        let outputs = members.map { $0(batch).value.scalars(of: Float.self) }
        return cuts.indices.map { row in
            let (level, width) = (batch.level[row], batch.scale[row])
            var quantiles = [[Double]](repeating: [Double](repeating: 0, count: H), count: Q)
            for output in outputs {
                for h in 0..<H {
                    let start = (row * H + h) * Q
                    for (q, value) in output[start..<start + Q].sorted().enumerated() {
                        quantiles[q][h] += Double(value)
                    }
                }
            }
            let share = width / Double(members.count)
            return RawForecast(quantiles: quantiles.map { $0.map { $0 * share + level } })
        }
    }
}
