// The accuracy of the default forecaster on public data, as JSON lines: one object for each task and seed.
//
//     swift run -c release --package-path Benchmarks ForecastBench --data ../shared/data etth1-24 m4-hourly --seeds 3
//
// Every choice is the library's own; only horizon and seed are given.

import Recurrent

func option(_ name: String, from arguments: inout [String]) -> String? {
    guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
    defer { arguments.removeSubrange(index...index + 1) }
    return arguments[index + 1]
}
var arguments = Array(CommandLine.arguments.dropFirst())
let dataFolder = option("--data", from: &arguments) ?? "../shared/data"
let examples = option("--examples", from: &arguments) ?? "Examples/data"
let seedCount = option("--seeds", from: &arguments).flatMap(Int.init) ?? 1
let firstSeed = option("--first-seed", from: &arguments).flatMap(Int.init) ?? 0
let tasks = arguments.isEmpty ? ["sunspots-11", "co2-24", "co2-52", "etth1-24", "etth1-96", "m4-hourly"] : arguments

func options(_ horizon: Int, _ seed: Int, isJudged: Bool) -> ForecastOptions {
    var options = ForecastOptions()
    options.horizon = horizon
    options.seed = UInt64(seed)
    options.isJudged = isJudged
    return options
}

func report(_ task: String, _ seed: Int, _ seconds: Double, _ recipe: ForecastRecipe, _ figures: JSONObject) {
    var object: JSONObject = [
        "task": .string(task), "seed": JSON(seed), "seconds": JSON((seconds * 10).rounded() / 10),
        "threads": JSON(ComputePool.threadCount), "lookback": JSON(recipe.lookback), "segment": JSON(recipe.segment),
        "hidden_size": JSON(recipe.hiddenSize), "steps": JSON(recipe.steps), "members": JSON(recipe.members),
    ]
    for (key, value) in figures { object[key] = value }
    print(JSON.object(object).text())
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    try body()
    let time = clock.now - start
    return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
}

/// A single series, judged by its own backtest.
func backtest(_ task: String, _ file: String, _ horizon: Int, _ seed: Int) throws {
    let data = try TimeSeriesSet(csv: examples + "/" + file)
    var result: Forecaster?
    let time = try seconds { result = try Forecaster.fit(data, options: options(horizon, seed, isJudged: true)) }
    guard let result, let backtest = result.backtest else { return }
    var figures: JSONObject = ["windows": JSON(backtest.windowCount), "season": JSON(backtest.season)]
    for (name, scores) in backtest.methods { figures[name] = scores.json }
    report(task, seed, time, result.recipe, figures)
}

/// The usual protocol: trained on 8,640 rows, standardised by them; tested on every window of rows 11,520 to 14,399.
func etth1(_ horizon: Int, _ seed: Int) throws {
    let raw = try TimeSeriesSet(csv: dataFolder + "/etth1/ETTh1.csv").series
    let standardised = raw.map { series -> TimeSeries in
        let train = series.values.prefix(8640)
        let mean = train.reduce(0, +) / 8640
        let deviation = (train.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 8640).squareRoot()
        var copy = series.prefix(14_400)
        copy.values = copy.values.map { ($0 - mean) / deviation }
        return copy
    }
    var result: Forecaster?
    let time = try seconds {
        result = try Forecaster.fit(
            TimeSeriesSet(standardised.map { $0.prefix(8640) }), options: options(horizon, seed, isJudged: false))
    }
    guard let result else { return }
    let scores = try result.evaluate(TimeSeriesSet(standardised), from: 11_520, stride: 1)
    report(
        "etth1-\(horizon)", seed, time, result.recipe,
        [
            "mse": JSON(scores.model.rmse * scores.model.rmse), "mae": JSON(scores.model.mae),
            "coverage_80": JSON(scores.model.coverage80 ?? .nan), "windows": JSON(scores.windowCount),
        ])
}

/// The competition's task: 48 hours ahead of 414 series; sMAPE, MASE and OWA as the organisers define them.
func m4Hourly(_ seed: Int) throws {
    let training = try TimeSeriesSet(csv: dataFolder + "/m4_hourly/Hourly-train.csv")
    let test = try TimeSeriesSet(csv: dataFolder + "/m4_hourly/Hourly-test.csv").series
    let truth = Dictionary(uniqueKeysWithValues: test.map { ($0.id, $0.values) })
    var result: Forecaster?
    let time = try seconds { result = try Forecaster.fit(training, options: options(48, seed, isJudged: false)) }
    guard let result else { return }
    var scores = ForecastScores()
    var naive2 = ForecastScores()
    for (series, forecast) in zip(training.series, try result.forecasts(of: training)) {
        let actual = truth[series.id] ?? []
        scores.add(
            actual: actual, forecast: forecast.median, quantiles: forecast.quantiles, training: series.values,
            season: 24)
        naive2.add(
            actual: actual, forecast: NaiveForecasts.naive2(series.values, season: 24, horizon: 48),
            training: series.values, season: 24)
    }
    let owa = ForecastMetrics.owa(
        smape: scores.smape, mase: scores.mase, naive2SMAPE: naive2.smape, naive2MASE: naive2.mase)
    report(
        "m4-hourly", seed, time, result.recipe,
        [
            "owa": JSON(owa), "smape": JSON(scores.smape), "mase": JSON(scores.mase),
            "coverage_80": JSON(scores.coverage80), "naive2_smape": JSON(naive2.smape),
            "naive2_mase": JSON(naive2.mase), "season": JSON(result.recipe.season),
        ])
}

for task in tasks {
    for seed in firstSeed..<firstSeed + seedCount {
        switch task {
        case "sunspots-11": try backtest(task, "sunspots.csv", 11, seed)
        case "co2-24": try backtest(task, "co2.csv", 24, seed)
        case "co2-52": try backtest(task, "co2.csv", 52, seed)
        case "etth1-24": try etth1(24, seed)
        case "etth1-96": try etth1(96, seed)
        case "m4-hourly": try m4Hourly(seed)
        default: print("{\"unknown_task\": \"\(task)\"}")
        }
    }
}
