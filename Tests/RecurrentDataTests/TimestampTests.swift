import RecurrentData
import RecurrentTensor
import Testing

@Test func theCalendarAgreesWithPython() throws {
    for line in try fixture("calendar.txt") {
        let facts = line.compactMap { Int($0) }
        let date = CivilDate(year: facts[0], month: facts[1], day: facts[2])
        #expect(date.daysSince1970 == facts[3])
        #expect(CivilDate(daysSince1970: facts[3]) == date)
        #expect(date.dayOfYear == facts[4])
        #expect(date.weekday == facts[5])
        #expect(date.isoWeek == (facts[6], facts[7]))
        if facts[6] >= 1, facts[6] <= 9999 {
            let monday = CivilDate.monday(ofISOWeek: facts[7], year: facts[6])
            #expect(monday.daysSince1970 == facts[3] - facts[5])
        }
    }
}

@Test func stepsAgreeWithPandas() throws {
    for line in try fixture("steps.txt") {
        let stamps = line.dropFirst().compactMap { Int64($0) }
        let finding = FrequencyDetector.detect([stamps], isOrdinal: false)
        let frequency = try #require(finding.frequency, "\(line[0])")
        #expect(finding.isExact)
        #expect(frequency.description == line[0])
        let start = Timestamp(microseconds: stamps[0])
        for (index, stamp) in stamps.enumerated() {
            #expect(frequency.advance(start, by: index).microseconds == stamp, "\(line[0]) \(index)")
            #expect(frequency.steps(from: start, to: Timestamp(microseconds: stamp)) == index)
            let back = frequency.advance(
                Timestamp(microseconds: stamps[stamps.count - 1]), by: index - stamps.count + 1)
            #expect(back.microseconds == stamp)
        }
    }
}

private func columnOf(_ texts: [String], isDayFirst: Bool? = nil) -> TimestampColumn? {
    var column = TimestampColumn(isDayFirst: isDayFirst)
    for text in texts {
        guard Array(text.utf8).withUnsafeBufferPointer({ column.append($0) }) else { return nil }
    }
    return column
}

@Test(arguments: [
    ("2024-01", "2024-01-01 00:00:00"), ("2024-01-31", "2024-01-31 00:00:00"), ("2024/1/5", "2024-01-05 00:00:00"),
    ("2024.01.31", "2024-01-31 00:00:00"), ("31.01.2024", "2024-01-31 00:00:00"), ("01/31/2024", "2024-01-31 00:00:00"),
    ("31/01/2024", "2024-01-31 00:00:00"), ("2024Q3", "2024-07-01 00:00:00"), ("2024-Q3", "2024-07-01 00:00:00"),
    ("Q3 2024", "2024-07-01 00:00:00"), ("2024-W05", "2024-01-29 00:00:00"), ("2024W05", "2024-01-29 00:00:00"),
    ("2024-W05-3", "2024-01-31 00:00:00"), ("2024M07", "2024-07-01 00:00:00"),
    ("2024-01-31T15:30", "2024-01-31 15:30:00"), ("2024-01-31 15:30:45", "2024-01-31 15:30:45"),
    ("2024-01-31T15:30:45.250Z", "2024-01-31 15:30:45"), ("2024-01-31 15:30:45+02:00", "2024-01-31 15:30:45"),
    ("2024-01-31T15:30:45-0530", "2024-01-31 15:30:45"), ("2024-01-31 15:30:45 UTC", "2024-01-31 15:30:45"),
    ("20240131T153045", "2024-01-31 15:30:45"), ("20240131 15:30", "2024-01-31 15:30:00"),
    ("Jan 2024", "2024-01-01 00:00:00"), ("January 2024", "2024-01-01 00:00:00"), ("Jan-24", "2024-01-01 00:00:00"),
    ("2024-Jan-05", "2024-01-05 00:00:00"), ("05-Jan-2024", "2024-01-05 00:00:00"),
    ("5 JAN 2024", "2024-01-05 00:00:00"),
    ("Jan 5, 2024", "2024-01-05 00:00:00"), ("01/31/2024 3:30 PM", "2024-01-31 15:30:00"),
    ("01/31/2024 12:05:09 AM", "2024-01-31 00:05:09"), ("31.01.24", "2024-01-31 00:00:00"),
    ("31/Jan/2024:15:30:45 +0200", "2024-01-31 15:30:45"), ("2024-01-31 24:00", "2024-02-01 00:00:00"),
    ("2024-01-31 15", "2024-01-31 15:00:00"), ("01/2024", "2024-01-01 00:00:00"),
])
func aSpellingIsReadAndWrittenBack(text: String, moment: String) throws {
    let column = try #require(columnOf([text]))
    let stamp = Timestamp(microseconds: column.values[0])
    #expect(TimestampStyle.isoDateTime.text(stamp) == moment)
    // 24:00 is midnight of the next day and is written as that.
    if !text.contains("24:00") { #expect(column.style.text(stamp) == text) }
}

@Test(arguments: [
    "1-01", "2024-13", "2024-02-30", "2023-02-29", "2024Q5", "2024-W54", "2023-W53", "32/01/2024", "13/13/2024",
    "hello",
    "2024-01-31 25:00", "2024-01-31 15:60", "12", "3.14", "2024-01-31T", "2024-01-31 15:30 XM", "2024--01", "Janx 2024",
    "2024-01-31 13:30 PM", "0000-01-01", "2024-01-31 15:30:45+99:00", "2024-01-31 24:01", "1/2", "a-b-c",
])
func whatIsNoTimeIsRefused(text: String) { #expect(columnOf([text]) == nil) }

@Test func theOrderOfDayAndMonthIsDecidedOverTheWholeColumn() throws {
    let days = try #require(columnOf(["01/02/2024", "02/02/2024", "13/02/2024"]))
    #expect(days.isDayFirst == true)
    #expect(days.values.map { Timestamp(microseconds: $0).description } == ["2024-02-01", "2024-02-02", "2024-02-13"])
    let months = try #require(columnOf(["01/02/2024", "01/13/2024"]))
    #expect(months.values.map { Timestamp(microseconds: $0).description } == ["2024-01-02", "2024-01-13"])
    let open = try #require(columnOf(["01/02/2024", "01/03/2024"]))
    #expect(open.hasAmbiguousOrder)
    #expect(open.values.map { Timestamp(microseconds: $0).description } == ["2024-01-02", "2024-01-03"])
    #expect(columnOf(["13/02/2024", "02/13/2024"]) == nil)
    let told = try #require(columnOf(["01/02/2024"], isDayFirst: true))
    #expect(Timestamp(microseconds: told.values[0]).description == "2024-02-01")
    #expect(told.style.text(Timestamp(year: 2024, month: 3, day: 4)) == "04/03/2024")
}

@Test func aFileThatDoesNotPadIsWrittenWithoutPadding() throws {
    let column = try #require(columnOf(["12/30/2023", "1/5/2024"]))
    #expect(column.style.text(Timestamp(year: 2024, month: 2, day: 3)) == "2/3/2024")
}

@Test func monthEndsStayMonthEndsAndThirtiethsComeBack() {
    let ends = Frequency(.month, anchorDay: 31)
    let start = Timestamp(year: 2024, month: 1, day: 31)
    #expect(
        (0..<4).map { ends.advance(start, by: $0).description } == [
            "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30",
        ])
    let thirtieth = Frequency(.month, anchorDay: 30)
    let january = Timestamp(year: 2023, month: 1, day: 30)
    #expect(
        (0..<3).map { thirtieth.advance(january, by: $0).description } == ["2023-01-30", "2023-02-28", "2023-03-30"])
}

@Test func noStepLeavesTheCalendar() {
    let frequencies: [Frequency] = [
        .yearly, .monthly, .weekly, .businessDaily, .hourly, .index, Frequency(.day, count: 1 << 40),
    ]
    for frequency in frequencies {
        for steps in [Int.max, Int.min, Int.max / 2, -1_000_000_000] {
            let stamp = frequency.advance(Timestamp(year: 2024), by: steps)
            #expect((1...9999).contains(stamp.date.year), "\(frequency) \(steps)")
            #expect(TimestampStyle.isoDateTime.text(stamp).utf8.count == 19)
        }
    }
}

@Test(arguments: [
    ("hourly", "hourly"), ("5min", "every 5 minutes"), ("15 minutes", "every 15 minutes"), ("W", "weekly"),
    ("MS", "monthly"),
    ("Business Daily", "business daily"), ("Q", "quarterly"), ("every 2 weeks", "every 2 weeks"), ("1d", "daily"),
    ("24h", "daily"), ("30s", "every 30 seconds"),
])
func aFrequencyIsReadByItsNames(text: String, name: String) { #expect(Frequency(named: text)?.description == name) }

@Test(arguments: ["", "5", "fortnightly", "0h", "-3d", "999999999999999999999h", "hourlyy"])
func anUnknownFrequencyIsNil(text: String) { #expect(Frequency(named: text) == nil) }

private func stamps(_ days: [Int]) -> [Int64] { days.map { Int64($0) * microsecondsPerDay } }

@Test func gapsDoNotHideTheFrequency() {
    #expect(FrequencyDetector.detect([stamps([0, 7, 14, 28, 35, 56])], isOrdinal: false).frequency == .weekly)
    #expect(FrequencyDetector.detect([stamps([0, 2, 5, 7, 10])], isOrdinal: false).frequency == .daily)
}

@Test func theLastTradingDaysOfMonthsAreMonthly() {
    let days = [
        (2024, 1, 31), (2024, 2, 29), (2024, 3, 28), (2024, 4, 30), (2024, 5, 31), (2024, 6, 28), (2024, 7, 31),
    ]
    let series = days.map { Timestamp(year: $0.0, month: $0.1, day: $0.2).microseconds }
    let finding = FrequencyDetector.detect([series], isOrdinal: false)
    #expect(finding.frequency?.description == "monthly")
    #expect(!finding.isExact)
}

@Test func jitteredStampsAreMovedToTheirGrid() {
    var random = TestRandom(3)
    let series = (0..<200).map { Int64($0) * 600_000_000 + Int64(random.uniform() * 20_000_000) }
    let finding = FrequencyDetector.detect([series], isOrdinal: false)
    #expect(finding.frequency?.description == "every 10 minutes")
    #expect(!finding.isExact)
}

@Test func eventsAtRandomTimesHaveNoFrequency() {
    var random = TestRandom(4)
    let series = Set((0..<300).map { _ in Int64(random.uniform() * 1e13) }).sorted()
    #expect(FrequencyDetector.detect([series], isOrdinal: false).frequency == nil)
}
