import RecurrentAutodiff
public import RecurrentData
public import RecurrentFormats
import RecurrentNN
import RecurrentTensor
public import RecurrentTraining

/// What a person may choose about a forecast; what is nil is found from the data.
public struct ForecastOptions: Sendable {
    /// The number of periods to forecast; nil: one season, or 12 periods where there is none.
    public var horizon: Int?
    /// The season length in periods; 1 for none.
    public var season: Int?
    /// The number of passes over all windows.
    public var epochs: Int?
    /// The cell of the recurrent layers, by its name in ``CellCatalog``.
    public var cell = ForecastRecipe.standardCell
    /// The seed of weights, order and dropout.
    public var seed: UInt64 = 0
    /// Whether the networks see the calendar: hour of the day, day of the week, ….
    public var usesCalendar = false
    /// Whether a second set of networks, which sees nothing of the last part, judges the method. Costs as much as training.
    public var isJudged = true
    /// Changes the recipe after it was chosen.
    package var adjustRecipe: (@Sendable (inout ForecastRecipe) -> Void)?

    /// Everything found from the data.
    public init() {}
}

/// The training of a forecaster, which can stop anywhere and go on to the same bits.
///
/// Two ensembles train in step: one on everything before the first origin of the backtest, which it judges, and one on
/// everything, which forecasts.
public struct ForecastSession: Sendable {
    /// The data.
    public let data: TimeSeriesSet
    /// The season that was found or given.
    public let season: Season
    /// Every choice.
    public let recipe: ForecastRecipe
    /// The seed.
    public let seed: UInt64
    /// Remarks on the choice that a person should read.
    public let notes: [String]
    /// The number of updates made so far.
    public var step: Int { members.first?.trainer.progress.step ?? 0 }
    /// Whether there is a judging ensemble.
    var isJudged: Bool { windows.contains { !$0.isEmpty } }
    package let windows: [[Backtest.Window]]
    let reading: ReadingChoice
    package internal(set) var members: [Member]

    /// One network in training.
    package struct Member: Sendable {
        package internal(set) var trainer: Trainer<ForecastNetwork>
        package let isJudge: Bool
        let key: RandomKey
    }

    /// Looks at the data and makes every choice.
    ///
    /// - Throws: `RecurrentError` of category `badData` where there is nothing to learn from, or `usage` where an option
    ///   does not fit the data.
    public init(_ data: TimeSeriesSet, options: ForecastOptions = ForecastOptions()) throws {
        let file = data.report?.file
        guard !data.series.isEmpty, data.series.contains(where: { $0.values.contains(where: \.isFinite) }) else {
            throw RecurrentError(.badData, "there is no value to learn from: all are missing", at: file)
        }
        let longest = data.series.map(\.count).max() ?? 0
        guard longest >= 4 else {
            throw RecurrentError(
                .badData, "the longest series has \(longest) value\(longest == 1 ? "" : "s"); at least 4 are needed",
                at: file)
        }
        if let given = options.season, !(1...longest).contains(given) {
            throw RecurrentError(
                .usage, "a season of \(given) periods does not fit the data: the longest series has \(longest)",
                at: file, help: "leave --season out to have it found, or give 1 for none")
        }
        if let epochs = options.epochs, !(1...1_000_000).contains(epochs) {
            throw RecurrentError(.usage, "\(epochs) epochs; 1 to 1000000 are possible")
        }
        _ = try CellCatalog.entry(named: options.cell)
        let names = data.series.map(\.id)
        guard Set(names).count == names.count else {
            let twice = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +).filter { $0.value > 1 }.keys.min() ?? ""
            throw RecurrentError(
                .badData, "two series are named '\(twice)'", at: file, help: "give each series a name of its own")
        }
        func found(_ series: [TimeSeries]) -> Season {
            options.season.map { Season(given: $0) } ?? SeasonDetector.detect(TimeSeriesSet(series))
        }
        let wholeSeason = found(data.series)
        let horizon =
            options.horizon ?? min(max(1, longest / 3), wholeSeason.wasFound ? wholeSeason.length : 12)
        guard horizon >= 1 else {
            throw RecurrentError(.usage, "the horizon is \(horizon); at least 1 period is needed")
        }
        guard horizon < longest else {
            throw RecurrentError(
                .usage, "the horizon of \(horizon) periods is longer than the data: the longest series has \(longest)",
                at: file, help: "choose --horizon \(max(1, longest / 3)) or less")
        }
        func chosen(_ season: Season) -> ForecastRecipe {
            var recipe = ForecastRecipe(
                lengths: data.series.map(\.count), seriesIds: names, horizon: horizon, season: season.length,
                pastCovariates: data.series[0].past.map(\.name), knownCovariates: data.series[0].known.map(\.name))
            recipe.cell = options.cell
            if options.usesCalendar { recipe.calendarFeatures = CalendarFeatures(frequency: data.frequency).count }
            return recipe
        }
        let (windows, notes) = ForecastSession.backtest(data, chosen(wholeSeason), isJudged: options.isJudged)
        // What is judged must not have helped to choose: the season comes from what stands before the first origins.
        let seen = zip(data.series, windows).map { $0.prefix($1.first?.origin ?? $0.count) }
        let season = found(seen)
        var recipe = chosen(season)
        try ForecastSession.checkSize(recipe, longest: longest, at: file)
        options.adjustRecipe?(&recipe)
        let ends = data.series.map(\.count)
        let pool = ForecastWindows.Pool(ends: ends, horizon: horizon, minimumHistory: recipe.minimumHistory)
        if let epochs = options.epochs {
            let (steps, isTooMany) = epochs.multipliedReportingOverflow(
                by: max(1, (pool.count + recipe.batchSize - 1) / recipe.batchSize))
            guard !isTooMany, steps <= ForecastRecipe.maximumSteps else {
                throw RecurrentError(
                    .usage, "\(epochs) passes over the data are more than \(ForecastRecipe.maximumSteps) steps",
                    at: file, help: "choose fewer --epochs")
            }
            recipe.steps = max(1, steps)
        }
        self.init(
            data: data, season: season, recipe: recipe, seed: options.seed, windows: windows, notes: notes,
            reading: ReadingChoice(data.report))
    }

    /// A session of known choices, at its beginning.
    init(
        data: TimeSeriesSet, season: Season, recipe: ForecastRecipe, seed: UInt64, windows: [[Backtest.Window]],
        notes: [String], reading: ReadingChoice
    ) {
        self.data = data
        self.season = season
        self.recipe = recipe
        self.seed = seed
        self.windows = windows
        self.notes = notes
        self.reading = reading
        var plan = TrainingPlan()
        plan.epochs = 1
        plan.schedule = .cosine(total: recipe.steps, warmup: max(1, recipe.steps / 10))
        plan.clipNorm = 1
        plan.keepsBest = false
        // A large network is judged by one of its kind: the mean of several is at least as good.
        let judges = windows.contains { !$0.isEmpty } ? (recipe.isLarge ? 1 : recipe.members) : 0
        members = (0..<judges + recipe.members).map { index in
            let key = RandomKey(seed: seed, stream: UInt64(index < judges ? index : 1000 + index - judges))
            plan.seed = key.substream(0).stream
            return Member(
                trainer: Trainer(
                    model: ForecastNetwork(recipe, key: key.substream(1)),
                    optimizer: Adam(learningRate: recipe.learningRate), plan: plan),
                isJudge: index < judges, key: key.substream(2))
        }
    }

    /// The windows that judge the method: the last third of each series, or one horizon where that is longer.
    private static func backtest(
        _ data: TimeSeriesSet, _ recipe: ForecastRecipe, isJudged: Bool
    ) -> ([[Backtest.Window]], [String]) {
        guard isJudged else { return (data.series.map { _ in [] }, []) }
        let horizon = recipe.horizon
        let windows = data.series.map { series -> [Backtest.Window] in
            let count = recipe.isLarge && data.series.count > 20 ? 1 : 8
            let room = Int(0.3 * Double(series.count))
            let stride = count * horizon <= room ? horizon : max(1, (room - horizon) / max(1, count - 1))
            let wanted = max(1, min(count, 1 + max(0, room - horizon) / stride))
            return Backtest(
                length: series.count, horizon: horizon, windows: wanted, step: stride,
                minimumTraining: max(horizon + 1, series.count / 3)
            ).windows
        }
        let judged = windows.filter { !$0.isEmpty }.count
        if judged == 0 {
            return (
                windows, ["The data are too short for a backtest at horizon \(horizon): the forecast is not judged."]
            )
        }
        return (windows, judged < windows.count ? ["\(windows.count - judged) series are too short to be judged."] : [])
    }

    /// The first value that the judging ensemble must not see, for each series: nothing of any series from the time of the
    /// earliest origin on, so that one series cannot tell it another's future.
    package var judgeEnds: [Int] {
        let origins = zip(data.series, windows).compactMap { series, windows in
            windows.first.map { series.timestamp(at: $0.origin) }
        }
        return zip(data.series, windows).map { series, windows in
            let own = windows.first?.origin ?? series.count
            guard let first = origins.min(), !series.style.isOrdinal else { return own }
            return max(0, min(own, series.frequency.steps(from: series.start, to: first)))
        }
    }

    /// Refuses choices whose networks would take more memory than any machine gives them.
    package static func checkSize(_ recipe: ForecastRecipe, longest: Int, at place: String?) throws {
        let numbers = recipe.parameterCount * Double(recipe.members)
        guard recipe.horizon < longest, recipe.horizon <= ForecastRecipe.maximumHorizon, numbers < 2e8 else {
            throw RecurrentError(
                .usage, "a horizon of \(recipe.horizon) periods is too long for one model", at: place,
                why: "its networks would have \(Int(min(numbers, 1e18))) numbers to train; 200000000 are possible",
                help: "choose a shorter --horizon, or sum the data to longer periods")
        }
        if let problem = recipe.stateProblem {
            throw RecurrentError(
                .usage, "layers of \(recipe.hiddenSize) units of \(recipe.cell) take too much memory here", at: place,
                why: problem, help: "choose a shorter --horizon or another --cell")
        }
    }

    /// Trains to the end.
    ///
    /// - Parameters:
    ///   - observers: what watches the run.
    ///   - interrupt: asks the run to stop after the current step.
    ///   - store: where checkpoints go; nil: none.
    ///   - saveInterval: the seconds between checkpoints.
    /// - Throws: `RecurrentError` of category `diverged`, `interrupted` or `inputOutput`.
    public mutating func run(
        observers: [any TrainingObserver] = [], interrupt: InterruptFlag? = nil, store: CheckpointStore? = nil,
        saveInterval: Double = 10
    ) throws {
        defer { for observer in observers { observer.didEnd() } }
        let sources = self.sources
        let clock = ContinuousClock()
        var lastSave = clock.now
        while step < recipe.steps {
            let number = step + 1
            let curious = observers.filter { $0.wantsGradients(of: number) }
            let (reports, gradients) = try advance(sources, keepingGradients: !curious.isEmpty)
            if let gradients {
                for observer in curious { observer.didTakeGradients(gradients, step: number) }
            }
            for observer in observers where observer.wantsTrace(of: number) {
                if let layers = gates(sources[1]) { observer.didTrace(layers, step: number) }
            }
            if let first = reports.first {
                let finals = reports.suffix(recipe.members)
                var timing = StepTiming()
                for report in reports { timing += report.timing }
                let report = StepReport(
                    step: first.step, epoch: 0, batch: first.step, batchesPerEpoch: recipe.steps, epochCount: 1,
                    loss: finals.reduce(0) { $0 + $1.loss } / Double(finals.count),
                    gradientNorm: finals.map(\.gradientNorm).max() ?? 0, learningRate: first.learningRate,
                    timing: timing)
                for observer in observers { observer.didStep(report) }
            }
            let isStopped = interrupt?.isRaised ?? false
            if let store, isStopped || clock.now - lastSave > .seconds(saveInterval) {
                try save(to: store)
                lastSave = clock.now
            }
            if isStopped {
                throw RecurrentError(
                    .interrupted, "stopped after step \(step) of \(recipe.steps)",
                    why: store == nil ? "nothing was saved: the run has no folder" : "the run was saved")
            }
        }
        if let store { try save(to: store) }
    }

    /// The windows that the judging ensemble learns from, and all windows.
    var sources: [ForecastSource] {
        [judgeEnds, data.series.map(\.count)].map { ends in
            ForecastSource(
                windows: ForecastWindows(data.series, recipe: recipe, ends: ends), ends: ends, recipe: recipe)
        }
    }

    /// One update of every network: side by side where they are small or share out evenly, one after another where each fills
    /// the machine. The bits are the same either way.
    ///
    /// - Returns: the reports, and the gradients of the first network that forecasts, where they are to be kept.
    mutating func advance(
        _ sources: [ForecastSource], keepingGradients: Bool
    ) throws -> (reports: [StepReport], gradients: Gradients?) {
        let recipe = self.recipe
        let shown = keepingGradients ? members.firstIndex { !$0.isJudge } : nil
        func update(_ member: inout Member, _ isShown: Bool) -> Result<(StepReport, Gradients?), any Error> {
            let source = sources[member.isJudge ? 0 : 1].keyed(member.key)
            return Result {
                var gradients: Gradients?
                let report = try member.trainer.step(
                    on: source, inspecting: { if isShown { gradients = $0 } }
                ) { network, batch, _ in
                    forecastLoss(
                        network(batch), target: batch.target, weight: batch.weight, quantiles: ForecastRecipe.quantiles)
                }
                return (report, gradients)
            }
        }
        var results = [Result<(StepReport, Gradients?), any Error>?](repeating: nil, count: members.count)
        // A thread for each network wastes nothing on waiting, as long as every thread gets as many.
        let threads = ThreadPool.shared.threadCount
        if recipe.isLarge && (threads == 1 || members.count % threads != 0) {
            for index in members.indices {
                let result = update(&members[index], index == shown)
                _ = try result.get()
                results[index] = result
            }
        } else {
            members.withUnsafeMutableBufferPointer { members in
                results.withUnsafeMutableBufferPointer { results in
                    // Each part touches the one member and the one result of its own number.
                    nonisolated(unsafe) let (members, results) = (members, results)
                    ThreadPool.shared.run(parts: members.count) { results[$0] = update(&members[$0], $0 == shown) }
                }
            }
        }
        let all = try results.compactMap { try $0?.get() }
        return (all.map(\.0), all.lazy.compactMap(\.1).first)
    }

    /// What the recurrent layers of the first network that forecasts do over the last window of the data.
    private func gates(_ source: ForecastSource) -> [CellTrace.Layer]? {
        guard source.pool.count > 0, let network = members.first(where: { !$0.isJudge })?.trainer.model else {
            return nil
        }
        let batch = source.windows.batch([source.pool[source.pool.count - 1]], ends: source.ends)
        let trace = CellTrace { recorder in network.observed(batch, by: &recorder).sum() }
        return trace.layers.filter { $0.name.hasPrefix(ForecastNetwork.Part.window.rawValue) }
    }
}

/// The batches of one ensemble member: windows in an order of its own.
struct ForecastSource: BatchSource {
    let windows: ForecastWindows
    let ends: [Int]
    let pool: ForecastWindows.Pool
    let batchSize: Int
    let batchesPerEpoch: Int
    var key = RandomKey(seed: 0)

    init(windows: ForecastWindows, ends: [Int], recipe: ForecastRecipe) {
        self.windows = windows
        self.ends = ends
        pool = ForecastWindows.Pool(ends: ends, horizon: recipe.horizon, minimumHistory: recipe.minimumHistory)
        batchSize = pool.count >= 8 ? min(recipe.batchSize, pool.count) : recipe.batchSize
        batchesPerEpoch = recipe.steps
    }

    func keyed(_ key: RandomKey) -> ForecastSource {
        var copy = self
        copy.key = key
        return copy
    }

    func batch(epoch: Int, index: Int) -> ForecastBatch { windows.batch(cuts(index: index), ends: ends) }

    /// The windows of an update.
    func cuts(index: Int) -> [(series: Int, cut: Int)] {
        (0..<batchSize).map { row in
            let draw = index * batchSize + row
            // One pass over all windows after another, each in an order of its own.
            let order = KeyedPermutation(count: pool.count, key: key.at(step: draw / pool.count))
            return pool[order[draw % pool.count]]
        }
    }
}

extension ForecastRecipe {
    /// Whether one network fills the machine.
    var isLarge: Bool { batchSize * hiddenSize >= 16_384 }
    /// The least number of values before a training window's cut.
    var minimumHistory: Int { max(1, lookback / 2) }
}
