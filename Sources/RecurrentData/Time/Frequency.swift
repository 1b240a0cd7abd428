/// The distance between the observations of a series: a number of calendar or clock units.
public struct Frequency: Sendable, Hashable, CustomStringConvertible {
    /// What is counted.
    public enum Unit: String, Sendable, Hashable, CaseIterable {
        /// Steps without a calendar; one step of a numbered series is a second of its clock.
        case index
        /// Microseconds: everything below a day.
        case microsecond
        /// Days.
        case day
        /// Days from Monday to Friday.
        case businessDay
        /// Calendar months.
        case month
    }

    /// What is counted.
    public let unit: Unit
    /// How many units lie between two observations.
    public let count: Int
    /// The day of the month of every observation, 31 for the last day whichever it is; 1 for other units.
    public let anchorDay: Int

    /// Creates a frequency.
    ///
    /// - Precondition: `count` is positive and below 13,000 years in microseconds; `anchorDay` is 1 to 31.
    public init(_ unit: Unit, count: Int = 1, anchorDay: Int = 1) {
        precondition(count > 0 && count <= 400_000_000_000_000_000, "Frequency: a step of \(count) is out of range")
        precondition((1...31).contains(anchorDay), "Frequency: \(anchorDay) is no day of a month")
        self.unit = unit
        self.count = count
        self.anchorDay = unit == .month ? anchorDay : 1
    }

    /// Numbered observations without a calendar.
    public static let index = Frequency(.index, count: 1_000_000)
    /// One observation a year.
    public static let yearly = Frequency(.month, count: 12)
    /// One observation a quarter.
    public static let quarterly = Frequency(.month, count: 3)
    /// One observation a month.
    public static let monthly = Frequency(.month)
    /// One observation in seven days.
    public static let weekly = Frequency(.day, count: 7)
    /// One observation a day.
    public static let daily = Frequency(.day)
    /// One observation on each day from Monday to Friday.
    public static let businessDaily = Frequency(.businessDay)
    /// One observation an hour.
    public static let hourly = every(seconds: 3600)

    /// One observation in so many seconds.
    public static func every(seconds: Int) -> Frequency {
        let perDay = 86_400
        return seconds.isMultiple(of: perDay)
            ? Frequency(.day, count: seconds / perDay) : Frequency(.microsecond, count: seconds * 1_000_000)
    }

    // MARK: - Stepping

    /// The stamp `steps` observations later, or earlier for negative `steps`.
    ///
    /// A month's end stays a month's end, and the 30th stays the 30th wherever the month has one.
    public func advance(_ stamp: Timestamp, by steps: Int) -> Timestamp {
        switch unit {
        case .index, .microsecond: return moved(stamp, by: steps, times: count)
        case .day: return moved(stamp, by: steps, times: count.multipliedClamped(by: Int(microsecondsPerDay)))
        case .businessDay:
            let start = businessDayNumber(stamp.days)
            let (distance, overflow) = steps.multipliedReportingOverflow(by: count)
            let limited = min(max(overflow ? Int.max : distance, -4_000_000), 4_000_000)
            let days = day(ofBusinessDay: start + limited)
            return Timestamp(microseconds: Int64(days * Int(microsecondsPerDay) + stamp.timeOfDay))
        case .month:
            let (distance, overflow) = steps.multipliedReportingOverflow(by: count)
            let limited = min(max(overflow ? (steps < 0 ? Int.min : Int.max) : distance, -200_000), 200_000)
            let months = stamp.date.monthIndex + limited
            let year = floorDivide(months, 12)
            let month = months - year * 12 + 1
            let day = min(anchorDay, CivilDate.length(ofMonth: month, year: year))
            let days = CivilDate(year: year, month: month, day: day).daysSince1970
            return Timestamp(microseconds: Int64(days * Int(microsecondsPerDay) + stamp.timeOfDay))
        }
    }

    /// How many steps lie between two stamps, rounded to the nearest.
    public func steps(from start: Timestamp, to end: Timestamp) -> Int {
        switch unit {
        case .index, .microsecond:
            return roundedDivide(Int(end.microseconds - start.microseconds), count)
        case .day:
            let step = count.multipliedClamped(by: Int(microsecondsPerDay))
            return roundedDivide(Int(end.microseconds - start.microseconds), step)
        case .businessDay:
            return roundedDivide(businessDayNumber(end.days) - businessDayNumber(start.days), count)
        case .month:
            return roundedDivide(end.date.monthIndex - start.date.monthIndex, count)
        }
    }

    /// The mean length of a step in seconds; nil for numbered observations.
    public var seconds: Double? {
        switch unit {
        case .index: nil
        case .microsecond: Double(count) / 1e6
        case .day: Double(count) * 86_400
        case .businessDay: Double(count) * 86_400 * 7 / 5
        case .month: Double(count) * 86_400 * 365.2425 / 12
        }
    }

    private func moved(_ stamp: Timestamp, by steps: Int, times step: Int) -> Timestamp {
        let distance = steps.multipliedClamped(by: step)
        let (sum, overflow) = stamp.microseconds.addingReportingOverflow(Int64(distance))
        if overflow { return Timestamp(microseconds: distance < 0 ? Int64.min : Int64.max) }
        return Timestamp(microseconds: sum)
    }

    // MARK: - Names

    /// The name that a person uses: `weekly`, `every 5 minutes`.
    public var description: String {
        switch unit {
        case .index: return "index"
        case .businessDay: return count == 1 ? "business daily" : "every \(count) business days"
        case .month:
            switch count {
            case 1: return "monthly"
            case 3: return "quarterly"
            case 6: return "half-yearly"
            case 12: return "yearly"
            default: return count % 12 == 0 ? "every \(count / 12) years" : "every \(count) months"
            }
        case .day:
            if count == 1 { return "daily" }
            if count == 7 { return "weekly" }
            return count % 7 == 0 ? "every \(count / 7) weeks" : "every \(count) days"
        case .microsecond:
            for (size, single, name) in clockUnits where count % size == 0 {
                return count == size ? single : "every \(count / size) \(name)"
            }
            return "every \(count) microseconds"
        }
    }

    /// Reads a name as people write it: `hourly`, `5min`, `15 minutes`, `W`, `MS`, `business daily`; nil for others.
    public init?(named text: String) {
        var rest = Substring(text.lowercased().split(separator: " ").joined(separator: " "))
        if rest.hasPrefix("every ") { rest = rest.dropFirst(6) }
        var factor = 1
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        if !digits.isEmpty {
            guard let value = Int(digits), (1...1_000_000).contains(value) else { return nil }
            factor = value
            rest = rest.dropFirst(digits.count)
        }
        let name = rest.trimmingPrefix { $0 == " " }
        switch name {
        case "y", "a", "ye", "ys", "year", "years", "yearly", "annual", "annually":
            self.init(.month, count: 12 * factor)
        case "q", "qe", "qs", "quarter", "quarters", "quarterly": self.init(.month, count: 3 * factor)
        case "mo", "m", "ms", "month", "months", "monthly": self.init(.month, count: factor)
        case "me", "month end": self.init(.month, count: factor, anchorDay: 31)
        case "w", "week", "weeks", "weekly": self.init(.day, count: 7 * factor)
        case "d", "day", "days", "daily": self.init(.day, count: factor)
        case "b", "business day", "business days", "business daily": self.init(.businessDay, count: factor)
        case "h", "hour", "hours", "hourly": self = .every(seconds: 3600 * factor)
        case "min", "t", "minute", "minutes", "minutely", "mins": self = .every(seconds: 60 * factor)
        case "s", "sec", "second", "seconds", "secondly": self = .every(seconds: factor)
        case "index", "none": self.init(.index, count: 1_000_000 * factor)
        default: return nil
        }
    }
}

private let clockUnits: [(size: Int, single: String, name: String)] = [
    (3_600_000_000, "hourly", "hours"), (60_000_000, "every minute", "minutes"),
    (1_000_000, "every second", "seconds"), (1000, "every millisecond", "milliseconds"),
]

// MARK: - Arithmetic

extension Int {
    /// The product, or the nearest value that an Int can hold.
    func multipliedClamped(by other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? Int.max : Int.min) : product
    }
}

func roundedDivide(_ dividend: Int, _ divisor: Int) -> Int {
    let quotient = floorDivide(dividend, divisor)
    let rest = dividend - quotient * divisor
    return rest >= divisor - rest ? quotient + 1 : quotient
}

/// The number of days from Monday to Friday before a day, counted from a fixed Monday; a weekend counts as its Monday.
func businessDayNumber(_ daysSince1970: Int) -> Int {
    // 1969-12-29 was a Monday.
    let fromMonday = daysSince1970 + 3
    let week = floorDivide(fromMonday, 7)
    return week * 5 + min(fromMonday - week * 7, 5)
}

private func day(ofBusinessDay number: Int) -> Int {
    let week = floorDivide(number, 5)
    return week * 7 + (number - week * 5) - 3
}
