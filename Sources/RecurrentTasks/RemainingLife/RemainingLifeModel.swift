import RecurrentAutodiff
public import RecurrentCharts
public import RecurrentData
import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// A model that tells how much life a unit has left, at every step of what was measured of it.
///
/// A value, safe to share between threads.
public struct RemainingLifeModel: TaskModel {
    /// Every choice of its network.
    public let recipe: RemainingLifeRecipe
    /// How the training table was read.
    public let reading: UnitTableOptions
    /// How it did on units that it did not learn from, each cut at every step: the root of the mean square of the errors, lives
    /// capped; nil where no unit was held out.
    public internal(set) var validationError: Double?
    /// The number of units that were held out.
    public internal(set) var validationUnits = 0
    /// How the weights are stored.
    public internal(set) var weightFormat = WeightFormat.float32
    /// The life that the networks' 1 stands for.
    let scale: Double
    let features: UnitFeatures
    var networks: [RemainingLifeNetwork]

    init(
        recipe: RemainingLifeRecipe, reading: UnitTableOptions, scale: Double, features: UnitFeatures,
        networks: [RemainingLifeNetwork]
    ) {
        (self.recipe, self.reading, self.scale) = (recipe, reading, scale)
        (self.features, self.networks) = (features, networks)
    }

    /// Trains a model on histories.
    ///
    /// - Throws: `badData` where there is nothing to learn from, `diverged`.
    public static func fit(
        _ units: [UnitHistory], channels: [String], options: RemainingLifeOptions = RemainingLifeOptions(),
        observers: [any TrainingObserver] = []
    ) throws -> RemainingLifeModel {
        var session = try TaskSession(
            RemainingLifeTask(units, channels: channels, reading: UnitTableOptions(), options: options))
        try session.run(observers: observers)
        return try session.model()
    }

    // MARK: - Prediction

    /// The life that is left after each step of each unit.
    ///
    /// - Parameter channels: the names of the values.
    /// - Throws: `badData` where a channel is not there.
    public func lives(_ units: [UnitHistory], channels: [String]) throws(RecurrentError) -> [[Double]] {
        lives(try features.adapted(units, channels: channels).map { features.rows($0) })
    }

    func lives(_ rows: [[Float]]) -> [[Double]] {
        let I = features.inputSize
        var result = [[Double]](repeating: [], count: rows.count)
        let order = rows.indices.sorted { (rows[$0].count, $0) < (rows[$1].count, $1) }
        for begin in stride(from: 0, to: order.count, by: 32) {
            let chosen = Array(order[begin..<min(order.count, begin + 32)])
            let lengths = chosen.map { rows[$0].count / I }
            let (T, B) = (lengths.max() ?? 0, chosen.count)
            guard T > 0 else { continue }
            var input = [Float](repeating: 0, count: T * B * I)
            for (b, unit) in chosen.enumerated() {
                for t in 0..<lengths[b] {
                    for i in 0..<I { input[(t * B + b) * I + i] = rows[unit][t * I + i] }
                }
            }
            let x = Variable(Tensor(input, shape: [T, B, I]))
            var sums = [Double](repeating: 0, count: T * B)
            for network in networks {
                for (index, value) in network.lives(x, lengths: lengths).value.doubles().enumerated() {
                    sums[index] += value / Double(networks.count)
                }
            }
            for (b, unit) in chosen.enumerated() {
                result[unit] = (0..<lengths[b]).map { max(0, min(recipe.cap ?? .infinity, sums[$0 * B + b] * scale)) }
            }
        }
        return result
    }

    // MARK: - Judgement

    /// How well the model tells the life after the last step of units whose life is known.
    ///
    /// - Throws: `badData` where a channel is not there, or no life is known.
    public func evaluate(_ units: [UnitHistory], channels: [String]) throws(RecurrentError) -> RemainingLifeReport {
        let lives = try lives(units, channels: channels)
        let judged = zip(units, lives).compactMap { unit, lives -> RemainingLifeReport.Unit? in
            guard let actual = unit.lifeAtEnd, let predicted = lives.last else { return nil }
            return .init(name: unit.name, actual: actual, predicted: predicted)
        }
        guard !judged.isEmpty else { throw RecurrentError(.badData, "no unit has a known life to compare with") }
        return RemainingLifeReport(units: judged, cap: recipe.cap)
    }

    /// A picture of the life that is told and the true one over the time of some units.
    ///
    /// - Throws: `badData` where a channel is not there.
    public func picture(
        _ units: [UnitHistory], channels: [String], limit: Int = 9
    ) throws(RecurrentError) -> LineChart {
        // Units from the shortest history to the longest, at equal distances.
        let order = units.indices.sorted { (units[$0].stepCount, $0) < (units[$1].stepCount, $1) }
        let count = min(max(1, limit), units.count)
        let chosen = (0..<count).map { order[count == 1 ? 0 : $0 * (units.count - 1) / (count - 1)] }
        let lives = try lives(chosen.map { units[$0] }, channels: channels)
        let panels = zip(chosen, lives).map { index, lives -> LineChart.Panel in
            let unit = units[index]
            var series = [LineChart.Series("told", .forecast, x: unit.times, y: lives)]
            if unit.lifeAtEnd != nil {
                let actual = unit.times.indices.map { unit.life(at: $0) }
                series.append(LineChart.Series("true", .actual, x: unit.times, y: actual))
            }
            return LineChart.Panel("unit \(unit.name)", series: series)
        }
        return LineChart(
            title: "Remaining life",
            subtitle: recipe.cap.map { "lives above \(NumberText.compact($0)) are told as such" }
                ?? "", xLabels: .numbers, panels: panels)
    }
}
