import RecurrentData
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
public import RecurrentTraining

/// The training of the default forecaster of a file, update by update, as the benchmarks run it beside a peer.
@_spi(Testing) public struct ForecastBenchmark {
    private var session: ForecastSession
    private let sources: [ForecastSource]
    /// Where the time of the updates went.
    @_spi(Testing) public let profile = TrainingProfile()

    /// The session that the program would start on the file of series at `path`.
    ///
    /// - Parameter dropout: replaces the recipe's rate; 0 makes the losses comparable with those of a peer.
    @_spi(Testing) public init(csv path: String, dropout: Double?) throws {
        var options = ForecastOptions()
        if let dropout { options.adjustRecipe = { $0.dropout = dropout } }
        session = try ForecastSession(TimeSeriesSet(csv: path), options: options)
        sources = session.sources
    }

    /// The number of updates of one pass over all windows.
    @_spi(Testing) public var stepsPerEpoch: Int {
        let source = sources[1]
        return (source.pool.count + source.batchSize - 1) / source.batchSize
    }

    /// One update of every network; their losses, those of the judges first.
    @_spi(Testing) public mutating func step() throws -> [Double] {
        let reports = try session.advance(sources, keepingGradients: false).reports
        for report in reports { profile.didStep(report) }
        return reports.map(\.loss)
    }

    /// Writes what a peer needs to do the same: the recipe, the data and their scales, the order of the windows of the
    /// first `steps` updates and the initial weights of every network.
    @_spi(Testing) public func write(to path: String, steps: Int) throws {
        var tensors: [(name: String, tensor: Tensor)] = []
        let longest = session.data.series.map(\.count).max() ?? 0
        let values = session.data.series.flatMap { series in
            ForecastWindows.carriedForward(series.values)
                + [Double](repeating: .nan, count: longest - series.count)
        }
        tensors.append(("values", Tensor(values, shape: [session.data.series.count, longest])))
        for (name, source) in zip(["judge", "all"], sources) {
            tensors.append(("\(name).deviation", Tensor(source.windows.scales.map(\.deviation))))
            tensors.append(("\(name).naive_error", Tensor(source.windows.scales.map(\.naiveError))))
            tensors.append(("\(name).ends", Tensor(source.ends.map { Int32($0) })))
        }
        let factors = session.members.first.map { member in (0..<steps).map { member.trainer.plan.schedule.factor($0) }
        }
        tensors.append(("rates", Tensor((factors ?? []).map { session.recipe.learningRate * $0 })))
        for (index, member) in session.members.enumerated() {
            let source = sources[member.isJudge ? 0 : 1].keyed(member.key)
            let order = (0..<steps).flatMap { source.cuts(index: $0).flatMap { [Int32($0.series), Int32($0.cut)] } }
            tensors.append(("\(index).order", Tensor(order, shape: [steps, source.batchSize, 2])))
            for (name, value) in member.trainer.model.parameters { tensors.append(("\(index).\(name)", value)) }
        }
        let judges = session.members.filter(\.isJudge).count
        try Safetensors.write(
            tensors,
            metadata: [
                "recipe": session.recipe.json.text(), "judges": "\(judges)", "networks": "\(session.members.count)",
            ], to: path)
    }
}
