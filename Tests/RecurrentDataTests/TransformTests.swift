import RecurrentData
import RecurrentTensor
import Testing

@Test func missingValuesLieOnTheLineBetweenTheirNeighbours() {
    let (values, mask) = interpolate([.nan, 1, .nan, .nan, 4, .nan])
    #expect(values == [1, 1, 2, 3, 4, 4])
    #expect(mask == [false, true, false, false, true, false])
    #expect(interpolate([.nan, .nan]).values == [0, 0])
    #expect(interpolate([]).values == [])
}

@Test(arguments: Scaler.Kind.allCases)
func aScalerIsUndoneExactlyEnough(kind: Scaler.Kind) throws {
    var random = TestRandom(1)
    for unit in [1e-9, 1, 1e6, 1e29] {
        let values = (0..<101).map { _ in (random.normal() + 3) * unit }
        let scaler = Scaler(kind, fitting: values)
        let stored = try #require(Scaler(kind, parameters: scaler.parameters))
        #expect(stored == scaler)
        for value in values {
            // Two roundings of a value that is at most a few hundred scales from the shift.
            #expect(abs(scaler.restored(scaler.scaled(value)) - value) <= 1e-12 * 10 * unit)
        }
    }
}

@Test func scalersHaveTheirDefinitions() {
    let values: [Double] = [2, 4, 4, 4, 5, 5, 7, 9, .nan]
    #expect(Scaler(.standard, fitting: values).parameters == ["shift": 5, "scale": 2])
    let absolute = Scaler(.meanAbsolute, fitting: [-1, 3])
    #expect(absolute.shift == 0 && absolute.scale == 2)
    let range = Scaler(.minMax, fitting: values)
    #expect(range.shift == 2 && abs(range.scale - 7) < 1e-14)
    let robust = Scaler(.robust, fitting: values)
    #expect(abs(robust.shift - 4.5) < 1e-14 && abs(robust.scale - 1.5) < 1e-14)
}

@Test(arguments: Scaler.Kind.allCases)
func aScalerOfAConstantOrEmptySeriesIsSafe(kind: Scaler.Kind) {
    for values in [[], [.nan], [0, 0, 0], [5, 5, 5], [1e30, 1e30], [1e-300, 1e-300], [.infinity]] as [[Double]] {
        let scaler = Scaler(kind, fitting: values)
        #expect(scaler.scale > 0 && scaler.shift.isFinite)
        for value in values where value.isFinite { #expect(scaler.scaled(value).isFinite) }
    }
}

@Test(arguments: [
    [:], ["shift": 0], ["shift": 0, "scale": 0], ["shift": .nan, "scale": 1], ["shift": 0, "scale": -1],
])
func parametersThatAreNoScalerAreRefused(parameters: [String: Double]) {
    #expect(Scaler(.standard, parameters: parameters) == nil)
}

@Test func calendarFeaturesGoRoundTheirCircles() {
    let features = CalendarFeatures(frequency: .hourly)
    let midnight = features.values(at: Timestamp(year: 2024, month: 1, day: 1))
    #expect(features.names.count == features.count && midnight.count == features.count)
    // 2024-01-01 is a Monday at the start of day, week and year: all sines 0, all cosines 1.
    for pair in 0..<features.cycles.count { #expect(midnight[2 * pair] == 0 && midnight[2 * pair + 1] == 1) }
    let six = features.values(at: Timestamp(year: 2024, month: 1, day: 1, hour: 6))
    #expect(abs(six[0] - 1) < 1e-6 && abs(six[1]) < 1e-6)
    let monthly = CalendarFeatures(frequency: .monthly).values(at: Timestamp(year: 2024, month: 7))
    #expect(abs(monthly[0]) < 1e-6 && abs(monthly[1] + 1) < 1e-6)
}

@Test func aSeriesWithoutStampsHasNoCalendar() {
    let series = TimeSeries(values: [1, 2, 3])
    #expect(CalendarFeatures(frequency: series.frequency).values(of: series, in: 0..<5) == [[], [], [], [], []])
}

@Test func noWindowSeesItsOriginOrBeyond() {
    var random = TestRandom(21)
    for _ in 0..<3000 {
        let length = Int.random(in: 0...200, using: &random)
        let horizon = Int.random(in: 1...60, using: &random)
        let windows = Int.random(in: 1...8, using: &random)
        let step = Int.random(in: 1...40, using: &random)
        let least = Int.random(in: 0...50, using: &random)
        let backtest = Backtest(length: length, horizon: horizon, windows: windows, step: step, minimumTraining: least)
        #expect(backtest.windows.count <= windows)
        #expect(backtest.windows.isEmpty == (length - horizon < max(least, 1)))
        if let last = backtest.windows.last { #expect(last.target.upperBound == length) }
        // The values are their own indices, so that a value beyond the origin gives itself away.
        let indices = (0..<length).map(Double.init)
        let series = TimeSeries(
            values: indices, past: [Covariate(name: "p", values: indices)],
            known: [Covariate(name: "k", values: indices + [Double(length)])])
        for window in backtest.windows {
            #expect(window.origin >= max(least, 1))
            #expect(window.visible.upperBound == window.target.lowerBound)
            let seen = Backtest.visible(series, at: window)
            #expect(seen.values.allSatisfy { $0 < Double(window.origin) } && seen.count == window.origin)
            #expect(seen.past[0].values.allSatisfy { $0 < Double(window.origin) })
            #expect(seen.known[0].values.count == window.target.upperBound)
        }
        for (earlier, later) in zip(backtest.windows, backtest.windows.dropFirst()) {
            #expect(later.origin - earlier.origin == step)
        }
    }
}

@Test func aWrittenTableReadsBackTheSame() throws {
    try withFile(Array("old".utf8)) { path in
        let style = TimestampStyle.isoDate
        let writer = try CSVWriter(path: path)
        try writer.write(["name, quoted", "a \"b\"", "line\nbreak", " space"])
        try writer.write([
            .time(Timestamp(year: 2024, month: 2, day: 29), style), .number(0.1), .number(.nan), .integer(7),
        ])
        #expect(try readAll(path) == Array("old".utf8))
        try writer.close()
        let table = try records(try readAll(path))
        #expect(table == [["name, quoted", "a \"b\"", "line\nbreak", " space"], ["2024-02-29", "0.1", "", "7"]])
    }
}

@Test func aWriterThatIsNotClosedLeavesTheOldFile() throws {
    try withFile(Array("old".utf8)) { path in
        do {
            let writer = try CSVWriter(path: path)
            try writer.write(["x"])
        }
        #expect(try readAll(path) == Array("old".utf8))
    }
}

@Test func numbersAreWrittenWithTheFewestDigitsThatReadBack() {
    var random = TestRandom(8)
    for _ in 0..<5000 {
        let value = Double(bitPattern: random.next())
        guard value.isFinite else { continue }
        let digits = CSVWriter.digits(value, .point)
        let parsed = digits.withUnsafeBufferPointer { NumberFormat().parse($0) }
        #expect(parsed == .value(value))
    }
    #expect(CSVWriter.digits(12, .point) == Array("12".utf8))
    #expect(CSVWriter.digits(1.5, .comma) == Array("1,5".utf8))
}

@Test func aFolderThatDoesNotExistIsAnErrorOfTheWriter() {
    let error = #expect(throws: RecurrentError.self) { try CSVWriter(path: "/no/such/folder/x.csv") }
    #expect(error?.category == .inputOutput)
}
