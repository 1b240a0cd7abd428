/// Features of the calendar that are known for any time, past or future: positions on circles as sine and cosine.
public struct CalendarFeatures: Sendable, Hashable {
    /// A circle of the calendar.
    public enum Cycle: String, Sendable, Hashable, CaseIterable {
        /// The minute within its hour.
        case minuteOfHour
        /// The time within its day.
        case hourOfDay
        /// The time within its week.
        case dayOfWeek
        /// The day within its month.
        case dayOfMonth
        /// The day within its year.
        case dayOfYear
        /// The month within its year.
        case monthOfYear
    }

    /// The circles, in the order of the features.
    public let cycles: [Cycle]

    /// The circles that a series of this frequency can go round more than once.
    public init(frequency: Frequency) {
        switch frequency.unit {
        case .index: cycles = []
        case .month: cycles = frequency.count < 12 ? [.monthOfYear] : []
        case .businessDay: cycles = [.dayOfWeek, .dayOfMonth, .dayOfYear]
        case .day:
            cycles =
                frequency.count < 7 ? [.dayOfWeek, .dayOfMonth, .dayOfYear] : frequency.count < 180 ? [.dayOfYear] : []
        case .microsecond:
            let isBelowHour = frequency.count < 1_800_000_000
            cycles = (isBelowHour ? [.minuteOfHour] : []) + [.hourOfDay, .dayOfWeek, .dayOfYear]
        }
    }

    /// The number of features: two a circle.
    public var count: Int { cycles.count * 2 }

    /// The names of the features.
    public var names: [String] { cycles.flatMap { [$0.rawValue + "_sin", $0.rawValue + "_cos"] } }

    /// The features of one time.
    ///
    /// - Shapes: [count].
    public func values(at stamp: Timestamp) -> [Float] {
        let date = stamp.date
        let day = Double(stamp.timeOfDay) / Double(microsecondsPerDay)
        var result: [Float] = []
        result.reserveCapacity(count)
        for cycle in cycles {
            let phase: Double
            switch cycle {
            case .minuteOfHour: phase = (day * 24).truncatingRemainder(dividingBy: 1)
            case .hourOfDay: phase = day
            case .dayOfWeek: phase = (Double(date.weekday) + day) / 7
            case .dayOfMonth:
                phase = (Double(date.day - 1) + day) / Double(CivilDate.length(ofMonth: date.month, year: date.year))
            case .dayOfYear: phase = (Double(date.dayOfYear - 1) + day) / (CivilDate.isLeap(date.year) ? 366 : 365)
            case .monthOfYear: phase = Double(date.month - 1) / 12
            }
            result.append(Float(sine(2 * .pi * phase)))
            result.append(Float(cosine(2 * .pi * phase)))
        }
        return result
    }

    /// The features of the periods `range` of a series, which may reach behind its end.
    ///
    /// - Shapes: [T][count]; no features for a series without stamps.
    public func values(of series: TimeSeries, in range: Range<Int>) -> [[Float]] {
        if series.style.isOrdinal { return range.map { _ in [] } }
        return range.map { values(at: series.timestamp(at: $0)) }
    }
}
