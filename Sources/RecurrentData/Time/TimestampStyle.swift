/// How a file spells its time stamps, so that a forecast is written in the same spelling.
public struct TimestampStyle: Sendable, Hashable {
    package enum Part: Sendable, Hashable {
        case year
        case shortYear
        // Digits: 2 where the file pads with a zero, 1 where it does not.
        case month(digits: Int)
        case day(digits: Int)
        // Day and month, in an order that only the whole column can tell.
        case dayOrMonth(digits: Int)
        case monthOrDay(digits: Int)
        case monthName(isFull: Bool, casing: Casing)
        case quarter
        case week
        case weekday
        case hour(digits: Int)
        case hour12(digits: Int)
        case minute
        case second
        case fraction(digits: Int)
        case meridiem(isUpper: Bool)
        case offset(OffsetForm)
        case literal(UInt8)
        // A count of units since 1970; `decimals` digits behind the point.
        case epoch(unitMicroseconds: Int64, decimals: Int)
        // A number that is only an order; a unit of the column is a second of the clock.
        case ordinal(decimals: Int)
    }

    package enum Casing: Sendable, Hashable { case lower, capitalised, upper }
    package enum OffsetForm: Sendable, Hashable { case zulu, colon, plain, hours }

    package var parts: [Part]
    /// Whether `03/04/2024` is the third of April.
    public var isDayFirst: Bool
    /// The offset of the clock from UTC in seconds, where the stamps name one.
    public var utcOffset: Int?

    package init(_ parts: [Part], isDayFirst: Bool = false, utcOffset: Int? = nil) {
        self.parts = parts
        self.isDayFirst = isDayFirst
        self.utcOffset = utcOffset
    }

    /// `2024-01-31`
    public static let isoDate = TimestampStyle([
        .year, .literal(UInt8(ascii: "-")), .month(digits: 2), .literal(UInt8(ascii: "-")), .day(digits: 2),
    ])
    /// `2024-01-31 15:30:00`
    public static let isoDateTime = TimestampStyle(
        isoDate.parts + [
            .literal(UInt8(ascii: " ")), .hour(digits: 2), .literal(UInt8(ascii: ":")), .minute,
            .literal(UInt8(ascii: ":")), .second,
        ])
    /// `17`: the number of the observation, for series without stamps.
    public static let ordinal = TimestampStyle([.ordinal(decimals: 0)])

    /// Whether stamps are mere numbers, without a calendar.
    public var isOrdinal: Bool {
        if case .ordinal? = parts.first { return true }
        return false
    }

    var isAmbiguous: Bool {
        parts.contains {
            if case .dayOrMonth = $0 { true } else { false }
        }
    }

    // MARK: - Writing

    /// The stamp in this spelling.
    public func text(_ stamp: Timestamp) -> String {
        var bytes: [UInt8] = []
        append(stamp, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    package func append(_ stamp: Timestamp, to bytes: inout [UInt8]) {
        let date = stamp.date
        let time = stamp.timeOfDay
        let second = time / 1_000_000
        for part in parts {
            switch part {
            case .year: appendNumber(usesWeeks ? date.isoWeek.year : date.year, digits: 4, to: &bytes)
            case .shortYear: appendNumber(date.year % 100, digits: 2, to: &bytes)
            case .month(let digits): appendNumber(date.month, digits: digits, to: &bytes)
            case .day(let digits): appendNumber(date.day, digits: digits, to: &bytes)
            case .dayOrMonth(let digits):
                appendNumber(isDayFirst ? date.day : date.month, digits: digits, to: &bytes)
            case .monthOrDay(let digits):
                appendNumber(isDayFirst ? date.month : date.day, digits: digits, to: &bytes)
            case .monthName(let isFull, let casing):
                let name = isFull ? monthNames[date.month - 1] : String(monthNames[date.month - 1].prefix(3))
                switch casing {
                case .lower: bytes.append(contentsOf: name.utf8)
                case .upper: bytes.append(contentsOf: name.uppercased().utf8)
                case .capitalised: bytes.append(contentsOf: (name.prefix(1).uppercased() + name.dropFirst()).utf8)
                }
            case .quarter: appendNumber((date.month + 2) / 3, digits: 1, to: &bytes)
            case .week: appendNumber(date.isoWeek.week, digits: 2, to: &bytes)
            case .weekday: appendNumber(date.weekday + 1, digits: 1, to: &bytes)
            case .hour(let digits): appendNumber(second / 3600, digits: digits, to: &bytes)
            case .hour12(let digits): appendNumber((second / 3600 + 11) % 12 + 1, digits: digits, to: &bytes)
            case .minute: appendNumber(second / 60 % 60, digits: 2, to: &bytes)
            case .second: appendNumber(second % 60, digits: 2, to: &bytes)
            case .fraction(let digits): appendFraction(time % 1_000_000, digits: digits, to: &bytes)
            case .meridiem(let isUpper):
                let isAfternoon = second >= 43_200
                bytes.append(contentsOf: (isUpper ? (isAfternoon ? "PM" : "AM") : isAfternoon ? "pm" : "am").utf8)
            case .offset(let form): appendOffset(form, to: &bytes)
            case .literal(let byte): bytes.append(byte)
            case .epoch(0, _):
                // Nanoseconds: the stamp holds microseconds, which three zeros make whole.
                appendScaled(Int(stamp.microseconds) - (utcOffset ?? 0) * 1_000_000, 1, 0, to: &bytes)
                bytes.append(contentsOf: "000".utf8)
            case .epoch(let unit, let decimals):
                appendScaled(Int(stamp.microseconds) - (utcOffset ?? 0) * 1_000_000, Int(unit), decimals, to: &bytes)
            case .ordinal(let decimals): appendScaled(Int(stamp.microseconds), 1_000_000, decimals, to: &bytes)
            }
        }
    }

    private var usesWeeks: Bool { parts.contains(.week) }

    private func appendNumber(_ value: Int, digits: Int, to bytes: inout [UInt8]) {
        let text = String(max(value, 0))
        for _ in 0..<max(digits - text.utf8.count, 0) { bytes.append(48) }
        bytes.append(contentsOf: text.utf8)
    }

    private func appendFraction(_ microseconds: Int, digits: Int, to bytes: inout [UInt8]) {
        var text = String(1_000_000 + microseconds).dropFirst()
        if digits > 6 { text += String(repeating: "0", count: min(digits, 12) - 6) }
        bytes.append(contentsOf: text.prefix(max(digits, 1)).utf8)
    }

    private func appendOffset(_ form: OffsetForm, to bytes: inout [UInt8]) {
        let offset = utcOffset ?? 0
        if form == .zulu, offset == 0 {
            bytes.append(UInt8(ascii: "Z"))
            return
        }
        bytes.append(UInt8(ascii: offset < 0 ? "-" : "+"))
        appendNumber(abs(offset) / 3600, digits: 2, to: &bytes)
        let minutes = abs(offset) / 60 % 60
        if form == .hours, minutes == 0 { return }
        if form != .plain { bytes.append(UInt8(ascii: ":")) }
        appendNumber(minutes, digits: 2, to: &bytes)
    }

    private func appendScaled(_ microseconds: Int, _ unit: Int, _ decimals: Int, to bytes: inout [UInt8]) {
        let whole = microseconds / unit
        var rest = abs(microseconds % unit)
        if microseconds < 0, whole == 0, rest != 0 { bytes.append(UInt8(ascii: "-")) }
        bytes.append(contentsOf: String(whole).utf8)
        if decimals == 0 { return }
        bytes.append(UInt8(ascii: "."))
        for _ in 0..<min(decimals, 9) {
            rest *= 10
            bytes.append(UInt8(48 + rest / unit))
            rest %= unit
        }
    }
}

package let monthNames = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
]
