import RecurrentData
import RecurrentFormats
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Model folders as every released version wrote them: they must keep loading, and keep their forecasts.
///
/// A version that changes the format adds folders of its own; those that are there stay as they are. With RECURRENT_GOLDEN
/// set to a version such as 1, the folders of that version are written where they are missing.
@Suite struct ModelFormatTests {
    static let package = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/")
    static let fixtures = package + "/Tests/RecurrentTasksTests/Fixtures/models"

    static let schema = Result {
        try JSON(parsing: FileSystem().read(package + "/Documentation/model-config.schema.json"))
    }

    static let goldenFolders = ((try? FileSystem().names(in: fixtures)) ?? []).filter { !$0.hasSuffix(".json") }

    private func config(_ folder: String) throws -> JSON {
        try JSON(parsing: FileSystem().read(folder + "/config.json"))
    }

    // MARK: - Golden folders

    @Test(arguments: goldenFolders) func aFolderOfAnEarlierVersionLoadsAndForecastsAsItDid(_ name: String) throws {
        let forecaster = try Forecaster(folder: Self.fixtures + "/" + name)
        let expected = try JSON(parsing: FileSystem().read(Self.fixtures + "/\(name).forecast.json"))
        let forecasts = try forecaster.forecasts()
        let series = try #require(expected["series"]?.arrayValue)
        #expect(series.count == forecasts.count)
        for (forecast, golden) in zip(forecasts, series) {
            #expect(golden["id"]?.stringValue == forecast.id)
            #expect(golden["timestamps"]?.arrayValue?.compactMap(\.stringValue) == forecast.stampTexts)
            for (level, values) in zip(forecast.levels, forecast.quantiles) {
                let numbers = golden["quantiles"]?["\(level)"]?.arrayValue?.compactMap(\.doubleValue) ?? []
                #expect(numbers.count == values.count)
                // Sums in float32 on a processor with other instructions: some 100 units in the last place.
                for (a, b) in zip(values, numbers) { #expect(abs(a - b) <= 1e-5 * max(1, abs(b)), "\(a) \(b)") }
            }
        }
    }

    @Test func thereIsAGoldenFolderOfTheVersionThatIsWritten() throws {
        let data = TimeSeriesSet([Self.series(60)])
        let folder = temporaryFolder() + "/model"
        try Self.fitted(data, cell: "lstm").save(to: folder)
        let version = try #require(try config(folder)["version"]?.intValue)
        #expect(Self.goldenFolders.contains { $0.hasPrefix("version-\(version)-") })
    }

    @Test(.enabled(if: getenv("RECURRENT_GOLDEN") != nil, "set RECURRENT_GOLDEN to write missing golden folders"))
    func missingGoldenFoldersAreWritten() throws {
        let version = getenv("RECURRENT_GOLDEN").map { String(cString: $0) } ?? ""
        let models = [
            ("lstm", TimeSeriesSet([Self.series(60)]), false),
            (
                "gru",
                TimeSeriesSet([Self.series(60, id: "a", covariates: true), Self.series(50, id: "b", covariates: true)]),
                true
            ),
        ]
        for (cell, data, usesCalendar) in models {
            let folder = Self.fixtures + "/version-\(version)-\(cell)"
            guard !FileSystem().exists(folder) else { continue }
            try FileSystem().makeFolder(Self.fixtures)
            let forecaster = try Self.fitted(data, cell: cell, usesCalendar: usesCalendar)
            try forecaster.save(to: folder)
            let forecasts = try Forecaster(folder: folder).forecasts()
            let json: JSON = ["series": .array(forecasts.map(\.json))]
            try FileSystem().write(json.bytes(.pretty), to: folder + ".forecast.json")
        }
    }

    // MARK: - The schema

    @Test(arguments: goldenFolders) func theConfigurationOfAGoldenFolderFitsItsSchema(_ name: String) throws {
        #expect(try SchemaCheck(config(Self.fixtures + "/" + name), against: Self.schema.get()).complaints == [])
    }

    @Test(arguments: ["lstm", "gru", "min-lstm"], [false, true])
    func theConfigurationThatIsWrittenFitsTheSchema(_ cell: String, _ isRich: Bool) throws {
        let data = TimeSeriesSet(
            [Self.series(60, id: "a", covariates: isRich)]
                + (isRich ? [Self.series(30, id: "b", covariates: true)] : []))
        let folder = temporaryFolder() + "/model"
        try Self.fitted(data, cell: cell, usesCalendar: isRich, isJudged: isRich).save(to: folder)
        #expect(try SchemaCheck(config(folder), against: Self.schema.get()).complaints == [])
    }

    @Test func theSchemaRefusesWhatTheReaderRefuses() throws {
        let folder = temporaryFolder() + "/model"
        try Self.fitted(TimeSeriesSet([Self.series(40)]), cell: "lstm").save(to: folder)
        let good = try config(folder)
        let schema = try Self.schema.get()
        func complaints(_ change: (inout JSONObject) -> Void) -> [String] {
            var object = good.objectValue ?? JSONObject()
            change(&object)
            return SchemaCheck(.object(object), against: schema).complaints
        }
        func recipe(_ key: String, _ value: JSON?) -> [String] {
            complaints { object in
                var recipe = object["recipe"]?.objectValue ?? JSONObject()
                recipe[key] = value
                object["recipe"] = .object(recipe)
            }
        }
        #expect(complaints { _ in } == [])
        #expect(complaints { $0["version"] = 2 } == ["/version: is not 1"])
        #expect(complaints { $0["task"] = "other" } == ["/task: is not \"forecast\""])
        #expect(complaints { $0["seed"] = "-1" }.count == 1)
        #expect(complaints { $0["other"] = 1 } == [": other is not known"])
        #expect(complaints { $0["notes"] = nil } == [": notes is missing"])
        #expect(recipe("horizon", 0) == ["/recipe/horizon: is below 1"])
        #expect(recipe("hidden_size", 5000) == ["/recipe/hidden_size: is above 4096"])
        #expect(recipe("dropout", "0.5") == ["/recipe/dropout: is no number"])
        #expect(recipe("series", []) == ["/recipe/series: has too few items"])
        #expect(recipe("layers", nil) == ["/recipe: layers is missing"])
    }

    // MARK: - Small models

    private static func series(_ count: Int, id: String = "a", covariates: Bool = false) -> TimeSeries {
        let season = [0.0, 2, 5, 3, -1, -4]
        let values = (0..<count).map { (t: Int) -> Double in
            let trend = 20 + 0.1 * Double(t)
            return trend + season[t % 6] + Double(t * 37 % 11) / 10
        }
        var series = TimeSeries(
            id: id, start: Timestamp(year: 2000, month: 1, day: 1), frequency: .monthly, values: values)
        if covariates {
            series.past = [Covariate(name: "price", values: (0..<count).map { Double($0 % 5) })]
            series.known = [Covariate(name: "holiday", values: (0..<count + 4).map { Double($0 % 7 / 6) })]
        }
        return series
    }

    private static func fitted(
        _ data: TimeSeriesSet, cell: String, usesCalendar: Bool = false, isJudged: Bool = true
    ) throws -> Forecaster {
        var options = ForecastOptions()
        options.horizon = 4
        options.season = 6
        options.cell = cell
        options.usesCalendar = usesCalendar
        options.isJudged = isJudged
        options.adjustRecipe = {
            $0.steps = 8
            $0.members = 2
            $0.hiddenSize = 6
            $0.embeddingSize = 5
            $0.batchSize = 8
        }
        return try Forecaster.fit(data, options: options)
    }
}
