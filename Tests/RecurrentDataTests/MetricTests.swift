import RecurrentData
import Testing

private struct MetricCase {
    var season = 1
    var horizon = 0
    var values: [String: [Double]] = [:]
    var quantiles: [[Double]] = []
}

private func cases() throws -> [MetricCase] {
    var cases: [MetricCase] = []
    for line in try fixture("metrics.txt") {
        let numbers = line.dropFirst().compactMap { Double($0) }
        if line[0] == "case" {
            cases.append(MetricCase(season: Int(numbers[1]), horizon: Int(numbers[2])))
        } else if line[0] == "quantile" {
            cases[cases.count - 1].quantiles.append(numbers)
        } else {
            cases[cases.count - 1].values[line[0]] = numbers
        }
    }
    return cases
}

@Test func everyMetricAgreesWithItsOutsideDefinition() throws {
    let cases = try cases()
    #expect(cases.count == 5)
    for one in cases {
        func value(_ name: String) throws -> Double { try #require(one.values[name]?.first) }
        let actual = try #require(one.values["actual"])
        let forecast = try #require(one.values["forecast"])
        let training = try #require(one.values["training"])
        let levels = (1...9).map { Double($0) / 10 }
        var scores = ForecastScores()
        scores.add(
            actual: actual, forecast: forecast, quantiles: one.quantiles, training: training, season: one.season)
        let pairs: [(String, Double, Double)] = [
            ("mae", ForecastMetrics.mae(actual, forecast), scores.mae),
            ("mse", ForecastMetrics.mse(actual, forecast), scores.mse),
            ("rmse", ForecastMetrics.rmse(actual, forecast), scores.rmse),
            ("smape", ForecastMetrics.smape(actual, forecast), scores.smape),
            ("mase", ForecastMetrics.mase(actual, forecast, training: training, season: one.season), scores.mase),
            ("rmsse", ForecastMetrics.rmsse(actual, forecast, training: training, season: one.season), scores.rmsse),
            ("wql", ForecastMetrics.wql(actual, levels: levels, quantiles: one.quantiles), scores.wql),
            (
                "coverage", ForecastMetrics.coverage(actual, lower: one.quantiles[0], upper: one.quantiles[8]),
                scores.coverage80
            ),
        ]
        for (name, single, pooled) in pairs {
            let expected = try value(name)
            // 1e-9 relative: sums of at most 48 terms in another order.
            #expect(isClose(single, expected, 1e-9), "\(name): \(single), expected \(expected)")
            #expect(isClose(pooled, expected, 1e-9), "\(name) pooled: \(pooled), expected \(expected)")
        }
        let naive2 = NaiveForecasts.naive2(training, season: one.season, horizon: one.horizon)
        let expected = try #require(one.values["naive2"])
        for (value, golden) in zip(naive2, expected) { #expect(isClose(value, golden, 1e-9)) }
        #expect(naive2.count == expected.count)
        #expect(NaiveForecasts.isSeasonal(training, season: one.season) == (try value("seasonal") == 1))
    }
}

@Test func missingActualValuesAreLeftOut() {
    #expect(ForecastMetrics.mae([1, .nan, 3], [2, 100, 5]) == 1.5)
    #expect(ForecastMetrics.mae([.nan], [1]).isNaN)
    #expect(ForecastMetrics.coverage([1, .nan, 9], lower: [0, 0, 0], upper: [5, 5, 5]) == 0.5)
    #expect(ForecastMetrics.mase([5], [4], training: [1, .nan, 3, 5], season: 1) == 0.5)
}

@Test func zeroOverZeroIsNoError() {
    #expect(ForecastMetrics.smape([0, 2], [0, 2]) == 0)
    #expect(ForecastMetrics.mase([5], [4], training: [3, 3, 3], season: 1).isNaN)
}

@Test func baselinesContinueAsTheirNamesSay() {
    let past: [Double] = [1, 2, 3, 4, 5, 7]
    #expect(NaiveForecasts.naive(past, horizon: 2) == [7, 7])
    #expect(NaiveForecasts.seasonalNaive(past, season: 3, horizon: 5) == [4, 5, 7, 4, 5])
    #expect(NaiveForecasts.seasonalNaive(past, season: 1, horizon: 2) == [7, 7])
    #expect(NaiveForecasts.drift(past, horizon: 2) == [7 + 1.2, 7 + 2.4])
    #expect(NaiveForecasts.seasonalNaive([1, 2, 3, .nan], season: 2, horizon: 2) == [3, 2])
    #expect(NaiveForecasts.seasonalNaive([5], season: 3, horizon: 3) == [5, 5, 5])
    #expect(NaiveForecasts.drift([.nan, 4, .nan], horizon: 2) == [4, 4])
    #expect(NaiveForecasts.naive([], horizon: 1) == [0])
}
