/// What the fields of one column of the sample look like.
package struct ColumnProfile {
    /// What a column holds.
    package enum Kind: String, Sendable { case empty, integer, number, timestamp, text }

    package let name: String
    package private(set) var rows = 0
    package private(set) var missing = 0
    package private(set) var numbers = 0
    package private(set) var integers = 0
    package private(set) var infinities = 0
    package private(set) var stamps = 0
    package private(set) var texts = 0
    package private(set) var minimum = Double.infinity
    package private(set) var maximum = -Double.infinity
    /// The distance of all numbers from row to row; nil once two differ.
    package private(set) var step: Double?
    package private(set) var isIncreasing = true
    package private(set) var decimals = 0
    package private(set) var allEndInPointZero = true
    /// The values of text columns, as far as there are few.
    package private(set) var distinct: Set<String> = []
    package private(set) var hasManyDistinct = false
    package private(set) var firstText: (field: String, place: String)?
    package private(set) var stampColumn: TimestampColumn
    /// A hash of each field, which tells whether rows repeat.
    package private(set) var keys: [UInt64] = []

    private let format: NumberFormat
    private let isHashed: Bool
    private var previous: Double?
    private var widths: Set<Int> = []
    private var compactFits: [Bool]
    private var failedStamps = 0

    package init(name: String, format: NumberFormat, isDayFirst: Bool?, isHashed: Bool = true) {
        self.isHashed = isHashed
        self.name = name
        self.format = format
        stampColumn = TimestampColumn(isDayFirst: isDayFirst)
        compactFits = [Bool](repeating: true, count: Self.compactStyles.count)
    }

    package mutating func add(_ field: UnsafeBufferPointer<UInt8>, place: @autoclosure () -> String) {
        rows += 1
        if isHashed {
            var key: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in field { key = (key ^ UInt64(byte)) &* 0x0100_0000_01B3 }
            keys.append(key)
        }
        let parsed = format.parse(field)
        if parsed == .missing {
            missing += 1
            return
        }
        if case .value(let value) = parsed {
            addNumber(value, field)
            return
        }
        if parsed == .infinite {
            infinities += 1
            return
        }
        // A column whose first twenty texts are no stamps will not be read as time.
        if failedStamps < 20 || stamps > 0, stampColumn.append(field) {
            stamps += 1
        } else {
            failedStamps += 1
            texts += 1
            if firstText == nil { firstText = (excerpt(field), place()) }
        }
        if !hasManyDistinct {
            distinct.insert(String(decoding: field, as: UTF8.self))
            hasManyDistinct = distinct.count > 4096
        }
    }

    package var kind: Kind {
        let present = rows - missing
        if present == 0 { return .empty }
        if stamps * 10 >= present * 9 { return .timestamp }
        // A few stray texts in a column of numbers are mistakes to report, not a reason to call it text.
        if (numbers + infinities) * 10 >= present * 8 { return integers == numbers ? .integer : .number }
        return .text
    }

    package var isNumeric: Bool { kind == .integer || kind == .number }

    // MARK: - Numbers that are times

    // The scale is what a value is divided by to give its year.
    private static let compactStyles: [(width: Int, scale: Double, style: TimestampStyle)] = [
        (8, 1e4, TimestampStyle([.year, .month(digits: 2), .day(digits: 2)])),
        (6, 1e2, TimestampStyle([.year, .month(digits: 2)])),
        (12, 1e8, TimestampStyle([.year, .month(digits: 2), .day(digits: 2), .hour(digits: 2), .minute])),
        (14, 1e10, TimestampStyle([.year, .month(digits: 2), .day(digits: 2), .hour(digits: 2), .minute, .second])),
    ]

    private mutating func addNumber(_ value: Double, _ field: UnsafeBufferPointer<UInt8>) {
        numbers += 1
        minimum = min(minimum, value)
        maximum = max(maximum, value)
        if let previous {
            if value <= previous { isIncreasing = false }
            let distance = value - previous
            if numbers == 2 {
                step = distance
            } else if let known = step, abs(known - distance) > 1e-6 * abs(known) + 1e-9 {
                step = nil
            }
        }
        previous = value
        let isWhole = value == value.rounded() && abs(value) < 9e15
        if isWhole { integers += 1 }
        let text = field.filter { !isSpace($0) }
        let point = text.firstIndex { $0 == 0x2E || $0 == 0x2C }
        decimals = max(decimals, point.map { text.count - $0 - 1 } ?? 0)
        if point.map({ text.count - $0 == 2 && text[text.count - 1] == 48 }) != true { allEndInPointZero = false }
        widths.insert(point ?? text.count)
        for index in compactFits.indices where compactFits[index] {
            let fits = text.prefix(point ?? text.count).withContiguousStorageIfAvailable {
                Self.compactStyles[index].style.match($0) != nil
            }
            if fits != true || value < 0 { compactFits[index] = false }
        }
    }

    /// The spellings under which the numbers of this column are times, or nil.
    ///
    /// - Parameter isTime: whether the name or the person says that the column is one of times.
    package func numericTime(isTime: Bool) -> TimestampStyle? {
        guard numbers > 0, texts == 0, stamps == 0, integers == numbers, minimum >= 0 else { return nil }
        guard decimals == 0 || allEndInPointZero else { return nil }
        let tail: [TimestampStyle.Part] =
            decimals > 0 ? [.literal(UInt8(ascii: ".")), .literal(UInt8(ascii: "0"))] : []
        let years = minimum >= 1000 && maximum <= 2999
        let plainYears = minimum >= 1500 && maximum <= 2200
        if isTime ? years : plainYears && isIncreasing && step == 1 {
            return TimestampStyle([.year] + tail)
        }
        for (index, candidate) in Self.compactStyles.enumerated() where compactFits[index] {
            let isClear = candidate.width == 6 ? isTime : isTime || isIncreasing
            guard isClear, widths == [candidate.width] else { continue }
            if minimum / candidate.scale >= 1000, maximum / candidate.scale < 3000 {
                return TimestampStyle(candidate.style.parts + tail)
            }
        }
        guard isTime || isIncreasing else { return nil }
        // From 1973 (or 2001 in an unnamed column) to 2100, in seconds and their thousandth parts.
        let floor = isTime ? 1e8 : 1e9
        for (scale, unit) in [(1.0, Int64(1_000_000)), (1e3, 1000), (1e6, 1), (1e9, 0)] {
            if minimum >= floor * scale, maximum <= 4.2e9 * scale {
                return TimestampStyle([.epoch(unitMicroseconds: unit, decimals: decimals)])
            }
        }
        return nil
    }
}
