import RecurrentData
import RecurrentTensor
import Testing

@Test func twoColumnsAreASeries() throws {
    let set = try read("ds,y\n2024-01-01,1\n2024-01-02,2.5\n2024-01-03,NA\n2024-01-04,4\n")
    let series = try #require(set.series.first)
    #expect(set.series.count == 1)
    #expect(series.id == "y")
    #expect(series.frequency == .daily)
    #expect(series.values[1] == 2.5)
    #expect(series.values[2].isNaN)
    #expect(series.stampText(at: 4) == "2024-01-05")
    #expect(set.report?.missing == 1)
}

@Test func gapsDuplicatesAndDisorderAreReportedAndRepaired() throws {
    let set = try read("ds,y\n2024-01-05,5\n2024-01-01,1\n2024-01-02,2\n2024-01-02,22\n2024-01-03,3\n")
    let series = set.series[0]
    let report = try #require(set.report)
    #expect(series.values.map { $0.isNaN ? -1 : $0 } == [1, 22, 3, -1, 5])
    #expect(report.gaps == 1)
    #expect(report.duplicates == 1)
    #expect(report.firstDuplicate == "line 5")
    #expect(!report.wasSorted)
    #expect(report.notes.count == 2)
}

@Test func theLongFormGivesASeriesAnID() throws {
    let set = try read("unique_id,ds,y\na,2024-01-01,1\na,2024-01-02,2\nb,2024-01-01,10\nb,2024-01-03,30\n")
    #expect(set.series.map(\.id) == ["a", "b"])
    #expect(set.series[1].values.count == 3)
    #expect(set.report?.layout == .long)
    #expect(set.report?.gaps == 1)
}

@Test func aTextColumnWithRepeatedTimesIsTheID() throws {
    let set = try read(
        "date,shop,sales\n2024-01-01,north,1\n2024-01-01,south,2\n2024-01-02,north,3\n2024-01-02,south,4\n")
    #expect(set.series.map(\.id) == ["north", "south"])
    #expect(set.report?.idColumns == ["shop"])
}

@Test func aTextColumnBesideDistinctTimesIsNoID() throws {
    let set = try read("date,wind,y\n2024-01-01,NW,1\n2024-01-02,NW,2\n2024-01-03,SE,3\n")
    #expect(set.series.map(\.id) == ["y"])
    #expect(set.report?.unusedColumns == ["wind"])
}

@Test func severalColumnsTogetherNameASeries() throws {
    let text =
        "store,item,date,sales\n1,1,2024-01-01,5\n1,2,2024-01-01,6\n2,1,2024-01-01,7\n1,1,2024-01-02,8\n1,2,2024-01-02,9\n"
        + "2,1,2024-01-02,10\n"
    let set = try read(text)
    #expect(set.series.map(\.id) == ["1/1", "1/2", "2/1"])
    #expect(set.series.map(\.values) == [[5, 8], [6, 9], [7, 10]])
}

@Test func numberedPeriodsOfTheLongFormAreTimes() throws {
    let set = try read("unique_id,ds,y\na,1,5\na,2,6\nb,1,7\nb,2,8\nb,3,9\n")
    #expect(set.series.map(\.values) == [[5, 6], [7, 8, 9]])
    #expect(set.series[1].stampText(at: 3) == "4")
}

@Test func mixedSeriesWithoutAnIDAreNotOverwrittenInSilence() {
    let error = failure("d,y\n2024-01-01,1\n2024-01-01,2\n2024-01-02,3\n2024-01-02,4\n2024-01-03,5\n2024-01-03,6\n")
    #expect(error?.what == "3 rows have the time of another row of their series and another value")
    #expect(error?.why == "the first stands at line 3")
}

@Test func aFileThatRepeatsItselfIsReadOnce() throws {
    let rows = "2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n"
    #expect(try read("d,y\n" + rows + rows).series[0].values == [1, 2, 3])
    #expect(try read("d,y\n2024-01-01,1\n2024-01-02,2\n2024-01-02,\n").series[0].values == [1, 2])
}

@Test func everyColumnOfNumbersIsASeriesUnlessOneIsNamed() throws {
    let text = "date,a,b\n2024-01-01,1,10\n2024-01-02,2,20\n2024-01-03,3,30\n"
    #expect(try read(text).series.map(\.id) == ["a", "b"])
    var options = SeriesOptions()
    options.targets = ["B"]
    let set = try read(text, options)
    #expect(set.series.map(\.id) == ["b"])
    #expect(set.series[0].values == [10, 20, 30])
}

@Test func rowsOfACompetitionFileAreSeries() throws {
    let set = try read("\"V1\",\"V2\",\"V3\",\"V4\"\n\"H1\",\"1\",\"2\",\"3\"\n\"H2\",\"4\",\"5\",\n\"H3\",7,8\n")
    #expect(set.series.map(\.id) == ["H1", "H2", "H3"])
    #expect(set.series.map(\.values) == [[1, 2, 3], [4, 5], [7, 8]])
    #expect(set.report?.layout == .rows)
    #expect(set.series[0].stampText(at: 3) == "4")
}

@Test func yearsInTheHeaderAreTheTimesOfEachRow() throws {
    let set = try read("country,1990,1991,1992,1993\nFR,1.5,2,3,4\nDE,,5,6,7\n")
    #expect(set.frequency.description == "yearly")
    #expect(set.series[0].stampText(at: 4) == "1994")
    #expect(set.series[1].stampText(at: 0) == "1991")
    #expect(set.series[1].values == [5, 6, 7])
}

@Test(arguments: ["YEAR,SUN\n1700,5\n1701,11\n1702,16\n", "year;x\n1700;5,0\n1701;11,0\n1702;16,0\n"])
func aColumnOfYearsIsYearly(text: String) throws {
    let set = try read(text)
    #expect(set.frequency.description == "yearly")
    #expect(set.series[0].values == [5, 11, 16])
    #expect(set.series[0].stampText(at: 3) == "1703")
}

@Test func yearsWithAFractionOfZeroKeepTheirSpelling() throws {
    let set = try read("YEAR,N\n1700.0,5\n1701.0,11\n1702.0,16\n")
    #expect(set.series[0].stampText(at: 3) == "1703.0")
}

@Test func unnamedYearsInTheFirstColumnAreYears() throws {
    #expect(try read("a,b\n1900,5.5\n1901,6\n1902,7\n").frequency.description == "yearly")
}

@Test(arguments: [
    ("20240129,1\n20240130,2\n20240131,3\n", "daily", "20240201"),
    ("202401,1\n202402,2\n202403,3\n", "monthly", "202404"),
    ("1700000000,1\n1700003600,2\n1700007200,3\n", "hourly", "1700010800"),
    ("1700000000000,1\n1700000060000,2\n1700000120000,3\n", "every minute", "1700000180000"),
    ("0,1\n1,2\n2,3\n", "index", "3"), ("0.5,1\n1.0,2\n1.5,3\n", "index", "2.0"), ("10,1\n20,2\n30,3\n", "index", "40"),
])
func numbersInATimeColumnAreUnderstood(rows: String, frequency: String, next: String) throws {
    let set = try read("time,y\n" + rows)
    #expect(set.frequency.description == frequency)
    #expect(set.series[0].stampText(at: 3) == next)
}

@Test func columnsOfYearMonthDayAndHourAreOneTime() throws {
    let set = try read("No,year,month,day,hour,v\n1,2010,1,1,22,5\n2,2010,1,1,23,6\n3,2010,1,2,0,7\n")
    #expect(set.frequency == .hourly)
    #expect(set.series.map(\.id) == ["v"])
    #expect(set.series[0].stampText(at: 3) == "2010-01-02 01:00:00")
}

@Test func aTableWithoutTimesIsNumberedAndSaysSo() throws {
    let set = try read("y\n5\n6\n8\n")
    #expect(set.series[0].values == [5, 6, 8])
    #expect(set.series[0].stampText(at: 3) == "4")
    #expect(set.report?.notes.contains { $0.contains("no time column") } == true)
}

@Test func aTableWithoutAHeaderIsRead() throws {
    let set = try read("2024-01-01,5\n2024-01-02,6\n")
    #expect(set.series[0].values == [5, 6])
    #expect(set.report?.hasHeader == false)
    #expect(set.series[0].id == "column 2")
}

@Test func covariatesAreKeptAndTheFutureIsToldApart() throws {
    var options = SeriesOptions()
    options.known = ["price"]
    options.past = ["visits"]
    let set = try read(
        "ds,y,price,visits\n2024-01-01,1,9,100\n2024-01-02,2,8,200\n2024-01-03,3,7,300\n2024-01-04,,6,\n2024-01-05,,5,\n",
        options)
    let series = set.series[0]
    #expect(series.values == [1, 2, 3])
    #expect(series.known[0].values == [9, 8, 7, 6, 5])
    #expect(series.past[0].values == [100, 200, 300])
    #expect(set.report?.notes.contains { $0.contains("taken as the future") } == true)
}

@Test func missingValuesBeforeTheFirstObservationAreLeftOut() throws {
    let set = try read("ds,y\n2024-01-01,\n2024-01-02,2\n2024-01-03,3\n2024-01-04,\n")
    #expect(set.series[0].stampText(at: 0) == "2024-01-02")
    #expect(set.series[0].count == 3)
}

@Test func changingOffsetsAreOneClock() throws {
    let set = try read(
        "t,y\n2024-03-31T00:00:00+01:00,1\n2024-03-31T01:00:00+01:00,2\n2024-03-31T03:00:00+02:00,3\n2024-03-31T04:00:00+02:00,4\n"
    )
    #expect(set.frequency == .hourly)
    #expect(set.series[0].values == [1, 2, 3, 4])
    #expect(set.series[0].stampText(at: 4) == "2024-03-31T05:00:00+02:00")
}

@Test func dailyStampsAtLocalMidnightStayDailyAcrossAChangeOfOffset() throws {
    let set = try read(
        "t,y\n2024-03-29T00:00:00+01:00,1\n2024-03-30T00:00:00+01:00,2\n2024-03-31T00:00:00+01:00,3\n2024-04-01T00:00:00+02:00,4\n"
    )
    #expect(set.frequency == .daily)
    #expect(set.series[0].stampText(at: 4) == "2024-04-02T00:00:00+02:00")
}

@Test func aNamedFrequencyThatIsTooCoarseIsAnError() {
    var options = SeriesOptions()
    options.frequency = .monthly
    let rows = (1...28).map { "2024-01-\($0 < 10 ? "0" : "")\($0),\($0)\n" }.joined()
    #expect(failure("ds,y\n" + rows, options)?.what == "the stamps are closer together than monthly")
}

@Test func irregularStampsBecomeAPlainSequence() throws {
    var random = TestRandom(11)
    var second = 0
    var text = "t,y\n"
    for index in 0..<100 {
        second += 1 + Int(random.uniform() * random.uniform() * 40_000)
        text += TimestampStyle.isoDateTime.text(Timestamp(microseconds: Int64(second) * 1_000_000)) + ",\(index)\n"
    }
    let set = try read(text)
    #expect(set.frequency == .index)
    #expect(set.series[0].values == (0..<100).map(Double.init))
    #expect(set.report?.notes.contains { $0.contains("no regular grid") } == true)
}

@Test func aConstantSeriesIsReadAndNoted() throws {
    let set = try read("ds,y\n2024-01-01,5\n2024-01-02,5\n2024-01-03,5\n")
    #expect(set.report?.notes == ["Series \"y\" never changes: every value is 5.0."])
}

@Test func aTrailingSeparatorAndBlankLinesAreHarmless() throws {
    let set = try read("ds,y,\n2024-01-01,5,\n\n2024-01-02,6,\n,,\n2024-01-03,7,\n")
    #expect(set.series[0].values == [5, 6, 7])
}

@Test func standardInputIsNamedByADash() throws {
    #expect(throws: Never.self) { _ = try ByteSource(path: "-") }
}

// MARK: - Bad input

@Test(arguments: [
    ("", "data.csv", "is empty"), ("\n\n\n", "data.csv", "is empty"),
    ("ds,y\n", "data.csv", "has a header and no rows"),
    ("ds,y\n2024-01-01,1\n", "data.csv", "has only one observation"),
    (
        "ds,y\n2024-01-01,1\n2024-01-02,abc\n2024-01-03,2\n2024-01-04,2\n2024-01-05,2\n", "data.csv:3:12",
        "\"abc\" is not a number"
    ),
    ("ds,y\n2024-01-01,1\n2024-01-02,inf\n", "data.csv:3:12", "\"inf\" is infinite"),
    ("ds,y\n2024-01-01,1\n2024-01-02,1e31\n", "data.csv:3:12", "\"1e31\" is too large"),
    ("ds,y\n2024-01-01,1\n2024-01-02,1e999\n", "data.csv:3:12", "\"1e999\" is infinite"),
    ("ds,y\n2024-01-01,\n2024-01-02,NA\n", "data.csv", "all values are missing"),
    ("ds,y\n2024-01-01,a\n2024-01-02,b\n", "data.csv:2:12", "\"a\" is not a number, and no other column holds numbers"),
    ("ds,y\n2024-01-01,1\n2024-01-02,1,7\n", "data.csv:3:14", "a row has 3 fields; the header has 2"),
    ("ds,y,z\n2024-01-01,1,2\n2024-01-02,1\n", "data.csv:3", "a row has 2 fields; the header has 3"),
    ("ds,y\n2024-01-01,1\n,2\n2024-01-03,3\n", "data.csv:3:1", "the time of a row is missing"),
    (
        "ds,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,2\n2024-01-04,2\n2024-01-05,2\n2024-01-06,2\n2024-01-07,2\n2024-01-08,2\n"
            + "2024-01-09,2\n2024-01-10,2\n2024-02-31,3\n", "data.csv:12:1", "\"2024-02-31\" is not a time stamp"
    ),
])
func badInputIsNamedWithItsPlace(text: String, place: String, what: String) {
    let error = failure(text)
    #expect(error?.place == place)
    #expect(error?.what == what)
    #expect(error?.help != nil)
    #expect(error?.category == .badData)
}

@Test func aColumnLeftOutForAWordIsNamedWithTheWord() throws {
    let set = try read("year,sunspots\n1700,5\n1701,many\n1702,16\n1703,23\n")
    #expect(set.series.map(\.id) == ["year"])
    #expect(
        set.report?.notes.contains("Column \"sunspots\" is not used: \"many\" is not a number (data.csv:3:6).") == true)
}

@Test func anUnknownColumnListsThosePresentAndGuesses() {
    var options = SeriesOptions()
    options.targets = ["slaes"]
    let error = failure("ds,sales,price\n2024-01-01,1,2\n2024-01-02,2,3\n", options)
    #expect(error?.what == "there is no column \"slaes\"")
    #expect(error?.why == "the columns are: ds, sales, price")
    #expect(error?.help == "did you mean \"sales\"?")
    #expect(error?.category == .usage)
}

@Test func aColumnCannotPlayTwoParts() {
    var options = SeriesOptions()
    options.targets = ["y"]
    options.known = ["y"]
    #expect(failure("ds,y\n2024-01-01,1\n2024-01-02,2\n", options)?.what.contains("as target and as known") == true)
}

@Test func aNamedTargetThatIsTextIsAnErrorAtItsFirstField() {
    var options = SeriesOptions()
    options.targets = ["wind"]
    #expect(failure("ds,wind,y\n2024-01-01,NW,1\n2024-01-02,SE,2\n", options)?.place == "data.csv:2:12")
}

@Test func aMissingFileAndAFolderAreNamed() {
    let missing = #expect(throws: RecurrentError.self) { try TimeSeriesSet(csv: "/no/such/file.csv") }
    #expect(missing?.description.hasPrefix("/no/such/file.csv: no such file") == true)
    #expect(missing?.category == .inputOutput)
    let folder = #expect(throws: RecurrentError.self) { try TimeSeriesSet(csv: "/tmp") }
    #expect(folder?.what == "is a folder, not a file")
}

@Test func severalSeriesWhereOneIsWantedAreAnError() throws {
    try withFile(Array("ds,a,b\n2024-01-01,1,2\n2024-01-02,2,3\n".utf8)) { path in
        let error = #expect(throws: RecurrentError.self) { try TimeSeries(csv: path) }
        #expect(error?.why == "found: a, b")
    }
}

@Test func textOfAFileCannotMoveTheCursor() {
    let error = failure("ds,y\n2024-01-01,\u{1B}[2J\n2024-01-02,x\n")
    #expect(error.map { !$0.description.unicodeScalars.contains("\u{1B}") } == true)
}

// MARK: - Real files

@Test func theExamplesAreReadAsAPersonWould() throws {
    let sunspots = try TimeSeriesSet(csv: packageRoot + "/Examples/data/sunspots.csv")
    #expect(sunspots.series[0].count == 309)
    #expect(sunspots.frequency.description == "yearly")
    #expect(sunspots.series[0].stampText(at: 309) == "2009")
    #expect(SeasonDetector.detect(sunspots).length == 11)
    let co2 = try TimeSeriesSet(csv: packageRoot + "/Examples/data/co2.csv")
    #expect(co2.series[0].count == 2284)
    #expect(co2.frequency == .weekly)
    #expect(co2.report?.missing == 59)
    #expect(SeasonDetector.detect(co2).length == 52)
}

@Test(
    .enabled(if: sharedData("etth1/ETTh1.csv") != nil, "the outside data sets are not on this machine"),
    arguments: [
        ("etth1/ETTh1.csv", 7, 17420, "hourly", 24),
        ("airline_passengers/airline-passengers.csv", 1, 144, "monthly", 12),
        ("co2_mauna_loa/co2.csv", 1, 2284, "weekly", 52),
        ("beijing_pm25_weather/pollution.csv", 7, 43800, "hourly", 24),
        ("nab/data/realAdExchange/exchange-2_cpc_results.csv", 1, 1648, "hourly", 24),
        ("m4_hourly/Hourly-train.csv", 414, 700, "index", 24),
    ])
func realFilesAreReadAsAPersonWould(path: String, series: Int, count: Int, frequency: String, season: Int) throws {
    let set = try TimeSeriesSet(csv: try #require(sharedData(path)))
    #expect(set.series.count == series)
    #expect(set.series[0].count == count)
    #expect(set.frequency.description == frequency)
    #expect(SeasonDetector.detect(set).length == season)
}

@Test(.enabled(if: sharedData("co2_mauna_loa/co2-mm-mlo.csv") != nil, "the outside data sets are not on this machine"))
func aHeaderThatIsTooShortIsAnErrorAtTheFirstRow() throws {
    let path = try #require(sharedData("co2_mauna_loa/co2-mm-mlo.csv"))
    let error = #expect(throws: RecurrentError.self) { try TimeSeriesSet(csv: path) }
    #expect(error?.what == "a row has 7 fields; the header has 6")
    #expect(error?.place?.hasSuffix(":2:43") == true)
}

@Test(.enabled(if: sharedData("m4_hourly/Hourly-train.csv") != nil, "the outside data sets are not on this machine"))
func theBaselinesReachThePublishedFiguresOfM4Hourly() throws {
    let training = try TimeSeriesSet(csv: try #require(sharedData("m4_hourly/Hourly-train.csv")))
    let test = try TimeSeriesSet(csv: try #require(sharedData("m4_hourly/Hourly-test.csv")))
    var seasonal = ForecastScores()
    var naive2 = ForecastScores()
    for (past, future) in zip(training.series, test.series) {
        #expect(past.id == future.id)
        let forecast = NaiveForecasts.seasonalNaive(past.values, season: 24, horizon: 48)
        seasonal.add(actual: future.values, forecast: forecast, training: past.values, season: 24)
        let second = NaiveForecasts.naive2(past.values, season: 24, horizon: 48)
        naive2.add(actual: future.values, forecast: second, training: past.values, season: 24)
    }
    // Published to three decimals.
    #expect(abs(seasonal.smape - 13.912) < 0.001)
    #expect(abs(seasonal.mase - 1.193) < 0.001)
    #expect(abs(naive2.smape - 18.383) < 0.001)
    #expect(abs(naive2.mase - 2.395) < 0.001)
    let owa = ForecastMetrics.owa(
        smape: seasonal.smape, mase: seasonal.mase, naive2SMAPE: naive2.smape, naive2MASE: naive2.mase)
    #expect(abs(owa - 0.628) < 0.001)
}
