/// A point in time: microseconds since 1970-01-01T00:00:00 on the clock of its series.
///
/// The clock is UTC where the stamps of a file name no offset; where they do, it is the clock at the offset of the
/// series' `TimestampStyle`. A series without stamps is numbered: observation k stands at k seconds.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00.
    public var microseconds: Int64

    /// Creates a time stamp, held within the years 1 to 9999 so that no later step can overflow.
    public init(microseconds: Int64) {
        self.microseconds = min(max(microseconds, Self.earliest), Self.latest)
    }

    /// Creates the time stamp of a date and time of the Gregorian calendar.
    ///
    /// - Precondition: the fields are in their usual ranges; `year` is 1 to 9999.
    public init(
        year: Int, month: Int = 1, day: Int = 1, hour: Int = 0, minute: Int = 0, second: Int = 0, microsecond: Int = 0
    ) {
        precondition((1...9999).contains(year) && (1...12).contains(month), "Timestamp: \(year)-\(month) is no month")
        precondition(
            (1...CivilDate.length(ofMonth: month, year: year)).contains(day), "Timestamp: no day \(day) in the month")
        precondition(
            (0..<24).contains(hour) && (0..<60).contains(minute) && (0..<60).contains(second)
                && (0..<1_000_000).contains(microsecond), "Timestamp: \(hour):\(minute):\(second) is no time of day")
        let days = CivilDate(year: year, month: month, day: day).daysSince1970
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second
        self.init(microseconds: Int64(seconds) * 1_000_000 + Int64(microsecond))
    }

    /// Days since 1970-01-01, rounded down.
    package var days: Int { floorDivide(Int(microseconds), Int(microsecondsPerDay)) }
    /// Microseconds since midnight.
    package var timeOfDay: Int { floorModulo(Int(microseconds), Int(microsecondsPerDay)) }
    /// The calendar day.
    package var date: CivilDate { CivilDate(daysSince1970: days) }

    /// ISO 8601: `2024-01-31`, with the time of day where it is not midnight.
    public var description: String {
        let style: TimestampStyle = timeOfDay == 0 ? .isoDate : .isoDateTime
        return style.text(self)
    }

    /// Earlier before later.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    // 0001-01-01 and the last microsecond of 9999-12-31.
    package static let earliest: Int64 = -62_135_596_800_000_000
    package static let latest: Int64 = 253_402_300_799_999_999
}

package let microsecondsPerSecond: Int64 = 1_000_000
package let microsecondsPerDay: Int64 = 86_400_000_000
