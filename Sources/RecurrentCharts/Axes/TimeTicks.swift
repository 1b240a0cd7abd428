/// Ticks of an axis of time: at the beginnings of years, months, days, hours, minutes or seconds.
package enum TimeTicks {
    /// A distance between ticks.
    private enum Step {
        case seconds(Int)
        case months(Int)

        var approximateSeconds: Double {
            switch self {
            case .seconds(let count): Double(count)
            case .months(let count): Double(count) * 2_629_746
            }
        }
    }

    private static let steps: [Step] =
        [
            1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
            604_800,
        ]
        .map(Step.seconds) + [1, 2, 3, 6].map(Step.months)
        + [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000].map { Step.months($0 * 12) }

    /// Seconds from 1970 within which there are calendar dates to speak of: the years 1 to 9999.
    private static let calendarRange = -62_135_596_800.0...253_402_300_799.0

    /// At most about `count` ticks; positions are seconds since 1970 in UTC. Empty where the range is beyond any calendar.
    package static func ticks(in range: ValueRange, count: Int) -> [Tick] {
        guard calendarRange.contains(range.lower), calendarRange.contains(range.upper) else { return [] }
        let wanted = range.length / Double(max(1, count))
        let step = steps.first { $0.approximateSeconds >= wanted * 0.999 } ?? steps[steps.count - 1]
        var ticks: [Tick] = []
        var previous: Civil?
        func add(_ seconds: Int) -> Bool {
            guard Double(seconds) <= range.upper, ticks.count < 200 else { return false }
            if Double(seconds) >= range.lower {
                let civil = Civil(seconds: seconds)
                ticks.append(Tick(Double(seconds), label(civil, step, after: previous)))
                previous = civil
            }
            return true
        }
        switch step {
        case .seconds(let size):
            // Weeks begin on Monday; 1970 began on a Thursday.
            let origin = size == 604_800 ? 4 * 86_400 : 0
            var next = origin + Int(((range.lower - Double(origin)) / Double(size)).rounded(.up)) * size
            while add(next) { next += size }
        case .months(let size):
            let first = Civil(seconds: Int(range.lower.rounded(.down)))
            var month = (first.year * 12 + first.month - 1) / size * size
            while add(Civil.seconds(year: month / 12, month: month % 12 + 1, day: 1)) { month += size }
        }
        return ticks
    }

    /// The part that changes; the larger unit is named where it begins.
    private static func label(_ civil: Civil, _ step: Step, after previous: Civil?) -> String {
        func two(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
        let month = months[civil.month - 1]
        switch step {
        case .months(let size) where size >= 12: return String(civil.year)
        case .months:
            return civil.month == 1 || previous == nil ? "\(month) \(civil.year)" : month
        case .seconds(let size) where size >= 86_400:
            if previous == nil || previous?.year != civil.year { return "\(civil.day) \(month) \(civil.year)" }
            return previous?.month == civil.month ? "\(civil.day)" : "\(civil.day) \(month)"
        case .seconds(let size):
            let clock = two(civil.hour) + ":" + two(civil.minute) + (size < 60 ? ":" + two(civil.second) : "")
            guard previous == nil || previous?.day != civil.day else { return clock }
            let midnight = civil.hour == 0 && civil.minute == 0 && civil.second == 0
            return "\(civil.day) \(month)" + (midnight ? "" : " " + clock)
        }
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}

/// A date and time of the Gregorian calendar, in UTC.
package struct Civil: Equatable {
    package var year: Int
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int

    /// - Source: the days-to-civil algorithm over eras of 400 years that begin on 1 March.
    package init(seconds: Int) {
        let days = seconds.flooredQuotient(86_400)
        let rest = seconds - days * 86_400
        let shifted = days + 719_468  // days since 1 March of year 0
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
    }

    /// Seconds since 1970 of a day's beginning.
    package static func seconds(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = year.flooredQuotient(400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (era * 146_097 + dayOfEra - 719_468) * 86_400
    }
}

extension Int {
    fileprivate func flooredQuotient(_ divisor: Int) -> Int {
        self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
    }
}
