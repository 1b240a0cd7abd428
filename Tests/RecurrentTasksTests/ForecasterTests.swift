import RecurrentAutodiff
import RecurrentData
import RecurrentFormats
import RecurrentNN
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

/// A noisy seasonal series with a trend.
private func series(
    _ count: Int, season: Int = 6, id: String = "a", seed: UInt64 = 1, frequency: Frequency = .monthly
) -> TimeSeries {
    var stream = RandomStream(seed: seed)
    let values = (0..<count).map { (t: Int) -> Double in
        let wave = Double.sin(2 * Double.pi * Double(t) / Double(season))
        return 20 + 0.05 * Double(t) + 5 * wave + 0.5 * stream.normal()
    }
    return TimeSeries(
        id: id, start: Timestamp(year: 2000, month: 1, day: 1), frequency: frequency, values: values)
}

/// A few steps of two small networks: enough for every law that does not concern accuracy.
private func quick(_ horizon: Int, steps: Int = 6, seed: UInt64 = 0) -> ForecastOptions {
    var options = ForecastOptions()
    options.horizon = horizon
    options.season = 6
    options.seed = seed
    options.adjustRecipe = {
        $0.steps = steps
        $0.members = 2
        $0.hiddenSize = 8
        $0.embeddingSize = 6
        $0.batchSize = 16
    }
    return options
}

private func session(_ data: TimeSeriesSet, _ options: ForecastOptions) throws -> ForecastSession {
    var session = try ForecastSession(data, options: options)
    try session.run()
    return session
}

private func weights(_ session: ForecastSession) -> [Tensor] {
    session.members.flatMap { $0.trainer.model.parameters.map(\.value) }
}

@Test(arguments: 0..<5)
func theBacktestNeverReadsTheFuture(_ trial: Int) throws {
    var stream = RandomStream(seed: UInt64(trial))
    let original = series(90, seed: UInt64(trial))
    let options = quick(5)
    let first = try session(TimeSeriesSet([original]), options)
    let windows = first.windows[0]
    let judge = first.members.filter(\.isJudge).map(\.trainer.model)
    #expect(!windows.isEmpty && !judge.isEmpty)

    // Whatever stands at or after the first origin, the networks that judge are the same to the bit.
    var changed = original
    for t in windows[0].origin..<changed.count { changed.values[t] = 1000 * stream.normal() }
    let second = try session(TimeSeriesSet([changed]), options)
    #expect(second.windows[0] == windows)
    for (a, b) in zip(judge, second.members.filter(\.isJudge).map(\.trainer.model)) {
        for (x, y) in zip(a.parameters, b.parameters) { #expect(x.value.isIdentical(to: y.value), "\(x.name)") }
    }

    // And a forecast at an origin is the same whatever stands at or after that origin.
    let ensemble = ForecastEnsemble(members: judge)
    let ends = first.judgeEnds
    for window in windows {
        var later = original
        for t in window.origin..<later.count { later.values[t] = .nan }
        let cut = [(series: 0, cut: window.origin)]
        let a = ensemble.forecasts(ForecastWindows([original], recipe: first.recipe, ends: ends), at: cut)[0]
        let b = ensemble.forecasts(ForecastWindows([later], recipe: first.recipe, ends: ends), at: cut)[0]
        #expect(a.quantiles == b.quantiles)
    }
}

private struct Stopper: TrainingObserver {
    let flag: InterruptFlag
    let step: Int
    func didStep(_ report: StepReport) { if report.step == step { flag.raise() } }
}

@Test(arguments: [1, 4])
func aSessionResumedFromItsFolderEndsWithTheSameBits(_ step: Int) throws {
    let data = TimeSeriesSet([series(80), series(70, id: "b; \"quoted\", ü", seed: 2)])
    let straight = try session(data, quick(4))
    let folder = temporaryFolder()
    var first = try ForecastSession(data, options: quick(4))
    try first.begin(in: folder)
    let flag = InterruptFlag()
    #expect(throws: RecurrentError.self) {
        try first.run(
            observers: [Stopper(flag: flag, step: step)], interrupt: flag, store: CheckpointStore(directory: folder))
    }
    var second = try ForecastSession(resuming: folder)
    #expect(try second.restore(from: CheckpointStore(directory: folder)) == [])
    #expect(second.step == step)
    try second.run()
    for (a, b) in zip(weights(second), weights(straight)) { #expect(a.isIdentical(to: b)) }
    #expect(second.forecaster().backtest?.model == straight.forecaster().backtest?.model)
}

@Test func aFitHasTheSameBitsForAnyNumberOfThreads() throws {
    let data = TimeSeriesSet([series(80)])
    let before = ComputePool.threadCount
    defer { ComputePool.threadCount = before }
    ComputePool.threadCount = 1
    let one = weights(try session(data, quick(4)))
    for threads in [2, 4] {
        ComputePool.threadCount = threads
        for (a, b) in zip(weights(try session(data, quick(4))), one) { #expect(a.isIdentical(to: b)) }
    }
}

@Test func aSavedModelForecastsTheSameNumbers() throws {
    let data = TimeSeriesSet([series(80), series(60, id: "b", seed: 3)])
    let forecaster = try session(data, quick(4)).forecaster()
    let folder = temporaryFolder() + "/model"
    try forecaster.save(to: folder)
    let loaded = try Forecaster(folder: folder)
    let (a, b) = (try forecaster.forecasts(), try loaded.forecasts())
    #expect(a.map(\.id) == b.map(\.id) && a.map(\.stampTexts) == b.map(\.stampTexts))
    for (x, y) in zip(a, b) { #expect(x.mean == y.mean && x.quantiles == y.quantiles) }
    // The whole data give the same forecast as the part that the model keeps.
    for (x, y) in zip(a, try loaded.forecasts(of: data)) { #expect(x.mean == y.mean) }
    #expect(loaded.backtest?.model == forecaster.backtest?.model)
    #expect(throws: RecurrentError.self) { try forecaster.save(to: folder) }
    try forecaster.save(to: folder, replacing: true)
}

@Test func aDamagedModelFolderNamesTheFile() throws {
    let forecaster = try session(TimeSeriesSet([series(60)]), quick(3)).forecaster()
    let folder = temporaryFolder() + "/model"
    try forecaster.save(to: folder)
    let system = FileSystem()
    for name in ["config.json", "model.safetensors", "context.csv"] {
        let path = folder + "/" + name
        let whole = try system.read(path)
        var flipped = whole
        flipped[whole.count / 2] ^= 4
        for damaged in [flipped, Array(whole.dropLast(3)), nil] {
            if let damaged { try system.write(damaged, to: path) } else { try system.removeFile(path) }
            do {
                _ = try Forecaster(folder: folder)
                Issue.record("\(name) was accepted damaged")
            } catch let error as RecurrentError {
                #expect(error.category == .badModel && error.description.contains(name))
            }
            try system.write(whole, to: path)
        }
    }
    _ = try Forecaster(folder: folder)
}

@Test func quantilesNeverCrossAndStampsFollowTheData() throws {
    let data = TimeSeriesSet([series(50)])
    let forecast = try session(data, quick(7)).forecaster().forecast()
    #expect(forecast.stampTexts.first == "2004-03-01" && forecast.stampTexts.count == 7)
    for (lower, upper) in zip(forecast.quantiles, forecast.quantiles.dropFirst()) {
        for (a, b) in zip(lower, upper) { #expect(a <= b) }
    }
    #expect(forecast.quantile(0.5) == forecast.median)
    #expect(zip(forecast.quantile(0.25), forecast.quantile(0.2)).allSatisfy { $0 >= $1 })
    #expect(forecast.quantile(0) == forecast.quantiles[0] && forecast.quantile(1) == forecast.quantiles[8])
}

@Test(arguments: [4, 5, 8, 13, 30])
func aShortSeriesStillGetsASaneForecast(_ count: Int) throws {
    var options = quick(1, steps: 30)
    options.horizon = max(1, count / 4)
    options.season = nil
    let data = TimeSeriesSet([series(count)])
    let forecast = try session(data, options).forecaster().forecast()
    let values = data.series[0].values
    let (low, high) = (values.min()!, values.max()!)
    for value in forecast.median {
        #expect(value > low - 3 * (high - low + 1) && value < high + 3 * (high - low + 1))
    }
}

@Test func aConstantSeriesIsForecastAsItself() throws {
    let data = TimeSeriesSet([TimeSeries(values: [Double](repeating: 7, count: 60))])
    let forecast = try session(data, quick(5, steps: 40)).forecaster().forecast()
    for value in forecast.median { #expect(abs(value - 7) < 0.1) }
}

@Test func hugeAndTinyScalesAreForecastInTheirOwnUnits() throws {
    let plain = series(80)
    var forecasts: [[Double]] = []
    for factor in [1.0, 1e12, 1e-9] {
        var scaled = plain
        scaled.values = plain.values.map { $0 * factor }
        let forecast = try session(TimeSeriesSet([scaled]), quick(4, steps: 20)).forecaster().forecast()
        forecasts.append(forecast.mean.map { $0 / factor })
    }
    // Scaling is by powers that float32 rounds differently: equal to about its precision after 20 steps.
    for other in forecasts.dropFirst() { for (a, b) in zip(other, forecasts[0]) { #expect(abs(a - b) < 0.05) } }
}

@Test func missingValuesAreNeitherLearntNorJudged() throws {
    var holes = series(90)
    for t in stride(from: 3, to: 90, by: 7) { holes.values[t] = .nan }
    holes.values[89] = .nan
    let forecaster = try session(TimeSeriesSet([holes]), quick(4, steps: 20)).forecaster()
    #expect(try forecaster.forecast().mean.allSatisfy(\.isFinite))
    #expect(forecaster.backtest?.model.mase.isFinite ?? false)
}

@Test func covariatesReachTheForecast() throws {
    var known = series(80)
    let future = (0..<86).map { Double.cos(Double($0)) }
    known.known = [Covariate(name: "price", values: future)]
    known.past = [Covariate(name: "wind", values: (0..<80).map { Double.sin(Double($0)) })]
    let forecaster = try session(TimeSeriesSet([known]), quick(6, steps: 20)).forecaster()
    let plain = try forecaster.forecasts(of: TimeSeriesSet([known]))[0].mean
    var other = known
    other.known[0].values = future.enumerated().map { $0.offset >= 80 ? 3 : $0.element }
    #expect(try forecaster.forecasts(of: TimeSeriesSet([other]))[0].mean != plain)
    var third = known
    third.past[0].values = third.past[0].values.map { -$0 }
    #expect(try forecaster.forecasts(of: TimeSeriesSet([third]))[0].mean != plain)
    #expect(throws: RecurrentError.self) { try forecaster.forecasts(of: TimeSeriesSet([series(80)])) }
    let folder = temporaryFolder() + "/model"
    try forecaster.save(to: folder)
    #expect(try Forecaster(folder: folder).forecasts()[0].mean == plain)
}

@Test func theCalendarReachesTheForecastAndTravelsWithTheModel() throws {
    var options = quick(6, steps: 10)
    options.usesCalendar = true
    let forecaster = try session(TimeSeriesSet([series(80)]), options).forecaster()
    #expect(forecaster.recipe.calendarFeatures == 2)
    let plain = try forecaster.forecast().mean
    // The same values three months later are another time of the year.
    var later = forecaster.context
    later.series[0].start = Timestamp(year: 2000, month: 4, day: 1)
    #expect(try forecaster.forecasts(of: later)[0].mean != plain)
    let folder = temporaryFolder() + "/model"
    try forecaster.save(to: folder)
    #expect(try Forecaster(folder: folder).forecast().mean == plain)
}

@Test func theForecastLossHasTheSlopeOfItsValue() {
    let target = Tensor([0.3, -0.2, 1.1, 0.5] as [Float], shape: [2, 2])
    let weight = Tensor([1, 0, 2, 0.5] as [Float], shape: [2, 2])
    let quantiles = [0.1, 0.5, 0.9]
    // Every forecast lies at least 0.1 from its target, so that no difference straddles a kink of the quantile loss.
    let offsets: [Float] = [0.3, -0.4, 0.1, 0.6, -0.2, 0.5, -0.7]
    let targets: [Float] = [0.3, -0.2, 1.1, 0.5]
    let point = Tensor((0..<12).map { targets[$0 / 3] + offsets[$0 % 7] }, shape: [2, 2, 3])
    let tape = Tape()
    let variable = tape.variable(point)
    let loss = forecastLoss(variable, target: target, weight: weight, quantiles: quantiles)
    let gradient = tape.gradients(of: loss, for: [variable])[0]!.doubles()
    for index in 0..<12 {
        func value(_ offset: Float) -> Double {
            var moved = point
            moved.withMutableBuffer(of: Float.self) { $0[index] += offset }
            return forecastLoss(Variable(moved), target: target, weight: weight, quantiles: quantiles).value.item
        }
        // float32 values near 1 with a step of 2^-7: truncation and rounding stay below 1e-3.
        let slope = (value(0x1p-7) - value(-0x1p-7)) / 0x1p-6
        #expect(abs(gradient[index] - slope) < 1e-3)
    }
    #expect(gradient[3..<6].allSatisfy { $0 == 0 })
}

@Test func badDataAndOptionsAreErrorsThatSayWhatToDo() throws {
    func failure(_ data: TimeSeriesSet, _ options: ForecastOptions) -> RecurrentError? {
        do {
            _ = try ForecastSession(data, options: options)
            return nil
        } catch { return error as? RecurrentError }
    }
    let missing = TimeSeriesSet([TimeSeries(values: [Double](repeating: .nan, count: 20))])
    #expect(failure(missing, quick(3))?.category == .badData)
    #expect(failure(TimeSeriesSet([series(3)]), quick(1))?.category == .badData)
    let long = failure(TimeSeriesSet([series(20)]), quick(20))
    #expect(long?.category == .usage && long?.help != nil)
    #expect(failure(TimeSeriesSet([]), quick(3))?.category == .badData)
    let forecaster = try session(TimeSeriesSet([series(60)]), quick(3)).forecaster()
    #expect(throws: RecurrentError.self) {
        try forecaster.forecasts(of: TimeSeriesSet([series(60, frequency: .daily)]))
    }
    #expect(throws: RecurrentError.self) { try forecaster.evaluate(TimeSeriesSet([series(60)]), from: 59) }
}

@Test func aForecasterWithDefaultsBeatsTheNaiveForecastsOnASeasonalSeries() throws {
    let forecaster = try Forecaster.fit(series(150, season: 12), horizon: 12)
    let backtest = try #require(forecaster.backtest)
    #expect(forecaster.recipe.season == 12)
    #expect(backtest.model.mase < backtest.naive.mase && backtest.model.mase < backtest.drift.mase)
    #expect(backtest.model.mase < 1.1 * backtest.seasonalNaive.mase)
}

@Test(arguments: [
    TimeSeries(values: (0..<1500).map { Double($0 % 7) }),
    TimeSeries(frequency: Frequency(.index, count: 15_000_000), values: (0..<60).map { Double($0 % 5) }),
    TimeSeries(
        start: Timestamp(year: 2001, month: 1, day: 1), frequency: Frequency(.month, count: 6),
        values: (0..<60).map { Double($0 % 4) - 1 }),
    TimeSeries(
        start: Timestamp(year: 2001, month: 1, day: 1), frequency: Frequency(.microsecond, count: 10_000),
        style: .isoDateTime, values: (0..<60).map { Double($0 % 4) }),
    TimeSeries(
        start: Timestamp(year: 2020, month: 1, day: 1), frequency: .monthly,
        style: TimestampStyle(code: "A2 L47 B2 L47 Y", isDayFirst: true, utcOffset: nil)!,
        values: (0..<60).map { $0 > 50 ? .nan : Double($0 % 4) }),
])
func aModelFolderRemembersAnySeriesExactly(_ series: TimeSeries) throws {
    let forecaster = try session(TimeSeriesSet([series]), quick(3)).forecaster()
    let folder = temporaryFolder() + "/model"
    try forecaster.save(to: folder)
    let loaded = try Forecaster(folder: folder)
    let (a, b) = (try forecaster.forecasts(), try loaded.forecasts())
    #expect(a.map(\.mean) == b.map(\.mean) && a.map(\.stampTexts) == b.map(\.stampTexts))
    #expect(loaded.context.frequency == series.frequency)
    #expect(loaded.context.series[0].style == series.style)
}

@Test func aSeriesThatOnceWentBelowZeroIsNotHeldAboveIt() throws {
    // Below zero long ago, above zero in all that the model keeps.
    let values = (0..<200).map { (t: Int) -> Double in t < 40 ? -5 : t % 2 == 0 ? 0.1 : 3 }
    let whole = TimeSeriesSet([TimeSeries(values: values)])
    let forecaster = try session(whole, quick(4)).forecaster()
    let folder = temporaryFolder() + "/model"
    try forecaster.save(to: folder)
    let loaded = try Forecaster(folder: folder)
    #expect(try loaded.forecasts()[0].quantiles == forecaster.forecasts(of: whole)[0].quantiles)
}

@Test func twoSeriesOfOneNameAreRefused() {
    #expect(throws: RecurrentError.self) { try ForecastSession(TimeSeriesSet([series(40), series(40)])) }
}

@Test func changedTrainingDataAreNoticedOnResume() throws {
    let folder = temporaryFolder()
    try ForecastSession(TimeSeriesSet([series(60)]), options: quick(3)).begin(in: folder)
    var bytes = try FileSystem().read(folder + "/data.csv")
    let digit = bytes.lastIndex { $0 == 0x37 } ?? 0
    bytes[digit] = 0x38
    try FileSystem().write(bytes, to: folder + "/data.csv")
    do {
        _ = try ForecastSession(resuming: folder)
        Issue.record("the changed data were accepted")
    } catch let error as RecurrentError {
        #expect(error.category == .badModel && error.description.contains("data.csv"))
    }
}

@Test func oneSeriesDoesNotTellTheJudgeAnothersFuture() throws {
    var late = series(90, id: "late", seed: 4)
    late.start = Timestamp(year: 2004, month: 1, day: 1)
    let judged = try ForecastSession(TimeSeriesSet([series(90), late]), options: quick(5))
    let first = zip(judged.data.series, judged.windows).map { $0.timestamp(at: $1[0].origin) }.min()!
    for (series, end) in zip(judged.data.series, judged.judgeEnds) { #expect(series.timestamp(at: end) <= first) }
}
