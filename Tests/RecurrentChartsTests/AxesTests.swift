import RecurrentCharts
import Testing

@Suite struct AxesTests {
    @Test(arguments: [
        (0.0, 100.0, 5, ["0", "20", "40", "60", "80", "100"]), (-0.3, 0.32, 4, ["−0.2", "0", "0.2"]),
        (0, 1, 2, ["0", "0.5", "1.0"]), (1_000, 5_000, 4, ["1,000", "2,000", "3,000", "4,000", "5,000"]),
        (0, 3e9, 3, ["0", "1e9", "2e9", "3e9"]), (0, 2e-6, 2, ["0", "1e-6", "2e-6"]),
        (0, 2.5e8, 5, ["0", "5e7", "1e8", "1.5e8", "2e8", "2.5e8"]),
    ])
    func ticksStandAtRoundNumbers(lower: Double, upper: Double, count: Int, labels: [String]) {
        #expect(NiceTicks.ticks(in: ValueRange(lower, upper), count: count).map(\.label) == labels)
    }

    @Test func ticksOfAnyRangeAreFewAndInside() {
        var generator = SplitMix(state: 9)
        for _ in 0..<50_000 {
            let a = Double(bitPattern: generator.next())
            let b = Bool.random(using: &generator) ? Double(bitPattern: generator.next()) : a.nextUp
            let range = ValueRange(of: [a, b])
            #expect(range.lower < range.upper && range.lower.isFinite && range.upper.isFinite)
            let axis = range.forAxis(ticks: 5)
            for range in [range, axis] {
                let ticks = NiceTicks.ticks(in: range, count: 5)
                #expect(ticks.count <= 7)
                let slack = range.length * 1e-5
                #expect(ticks.allSatisfy { $0.position >= range.lower - slack && $0.position <= range.upper + slack })
                #expect(TimeTicks.ticks(in: range, count: 5).count <= 200)
            }
        }
    }

    @Test func anAxisOfValuesThatAreNotNegativeDoesNotGoBelowZero() {
        #expect(ValueRange(0.3, 190).forAxis(ticks: 5).lower == 0)
        #expect(ValueRange(-3, 190).forAxis(ticks: 5).lower < 0)
        #expect(ValueRange(180, 190).forAxis(ticks: 5).lower == 180)
    }

    @Test func timesBecomeDatesAndBack() {
        // Oracle: Python's datetime.fromtimestamp(…, UTC).
        let known: [(Int, Civil)] = [
            (0, Civil(year: 1970, month: 1, day: 1)), (951_782_399, Civil(year: 2000, month: 2, day: 28, 23, 59, 59)),
            (951_868_800, Civil(year: 2000, month: 3, day: 1)), (-1, Civil(year: 1969, month: 12, day: 31, 23, 59, 59)),
            (-2_203_891_200, Civil(year: 1900, month: 3, day: 1)), (4_107_542_400, Civil(year: 2100, month: 3, day: 1)),
            (-62_135_596_800, Civil(year: 1, month: 1, day: 1)),
        ]
        for (seconds, civil) in known { #expect(Civil(seconds: seconds) == civil) }
        for day in stride(from: -800_000, to: 2_900_000, by: 37) {
            let civil = Civil(seconds: day * 86_400)
            #expect(Civil.seconds(year: civil.year, month: civil.month, day: civil.day) == day * 86_400)
        }
    }

    @Test(arguments: [
        (1900, 2000, 5, ["1900", "1920", "1940", "1960", "1980", "2000"]),
        (2019, 2021, 4, ["Jan 2019", "Jul", "Jan 2020", "Jul", "Jan 2021"]),
    ])
    func timeTicksStandAtTheBeginningsOfYearsAndMonths(from: Int, to: Int, count: Int, labels: [String]) {
        let range = ValueRange(
            Double(Civil.seconds(year: from, month: 1, day: 1)), Double(Civil.seconds(year: to, month: 1, day: 1)))
        #expect(TimeTicks.ticks(in: range, count: count).map(\.label) == labels)
    }

    @Test func timeTicksOfDaysAndHoursNameTheLargerUnitWhereItBegins() {
        let start = Double(Civil.seconds(year: 2024, month: 2, day: 28))
        #expect(
            TimeTicks.ticks(in: ValueRange(start, start + 3 * 86_400), count: 4).map(\.label)
                == ["28 Feb 2024", "29", "1 Mar", "2"])
        #expect(
            TimeTicks.ticks(in: ValueRange(start + 3600, start + 86_400 + 3600), count: 4).map(\.label)
                == ["28 Feb 06:00", "12:00", "18:00", "29 Feb"])
    }

    @Test func namesAreThinnedToTheRoom() {
        let names = (0..<1000).map { "day \($0)" }
        let ticks = AxisLabels.names(names).ticks(in: ValueRange(0, 999), count: 50, room: 80) { Double($0.count + 1) }
        #expect(ticks.count <= 12 && ticks.count >= 5)
        #expect(ticks.allSatisfy { $0.label == "day \(Int($0.position))" || $0.label.isEmpty })
    }
}

extension Civil {
    fileprivate init(year: Int, month: Int, day: Int, _ hour: Int = 0, _ minute: Int = 0, _ second: Int = 0) {
        self.init(seconds: 0)
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second) = (hour, minute, second)
    }
}
