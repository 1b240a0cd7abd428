import RecurrentData
import RecurrentNN
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite struct ReducedForecasterTests {
    private func fitted(cell: String = "lstm") throws -> Forecaster {
        var options = ForecastOptions()
        options.horizon = 4
        options.season = 6
        options.adjustRecipe = {
            $0.steps = 8
            $0.members = 2
            $0.hiddenSize = 8
            $0.embeddingSize = 6
            $0.batchSize = 16
            $0.cell = cell
        }
        return try Forecaster.fit(TimeSeriesSet([series(80)]), options: options)
    }

    private func series(_ count: Int) -> TimeSeries {
        var stream = RandomStream(seed: 1)
        let values = (0..<count).map { t in
            20 + 5 * Double.sin(2 * Double.pi * Double(t) / 6) + 0.5 * stream.normal()
        }
        return TimeSeries(
            id: "a", start: Timestamp(year: 2000, month: 1, day: 1), frequency: .monthly, values: values)
    }

    @Test(arguments: [WeightFormat.float16, .bfloat16, .int8], ["lstm", "gru"])
    func aReducedForecasterForecastsTheSameFromItsFolder(_ format: WeightFormat, _ cell: String) throws {
        let forecaster = try fitted(cell: cell)
        let reduced = try forecaster.reduced(to: format)
        #expect(forecaster.weightFormat == .float32 && reduced.weightFormat == format)
        let folder = temporaryFolder() + "/model"
        try reduced.save(to: folder)
        let again = try Forecaster(folder: folder)
        #expect(again.weightFormat == format)
        let forecasts = try (again.forecast().mean, reduced.forecast().mean, forecaster.forecast().mean)
        #expect(forecasts.0 == forecasts.1 && forecasts.0 != forecasts.2)

        let data = TimeSeriesSet([series(80)])
        let report = try forecaster.compare(with: reduced, on: data, from: 60, stride: 2)
        #expect(report.forecastCount == 10 && report.format == format)
        #expect(report.greatestDifference > 0 && report.meanDifference < report.greatestDifference)
        #expect(report.before?.model == (try forecaster.evaluate(data, from: 60, stride: 2)).model)
        #expect(report.after?.model == (try again.evaluate(data, from: 60, stride: 2)).model)
        let same = try forecaster.compare(with: forecaster, on: data)
        #expect(same.greatestDifference == 0 && same.before?.model == same.after?.model)
    }

    @Test func aCellWithoutSuchWeightsIsRefused() throws {
        let forecaster = try fitted(cell: "min-gru")
        #expect(throws: RecurrentError.self) { try forecaster.reduced(to: .int8) }
        #expect(throws: RecurrentError.self) {
            try forecaster.compare(with: forecaster, on: TimeSeriesSet([series(80)]), from: 500)
        }
    }
}
