/// The stamps of one column, read row by row; the spelling is found on the way and may vary within the column.
package struct TimestampColumn {
    /// Wall-clock microseconds as written, one a row.
    package private(set) var values: [Int64] = []
    /// Seconds from UTC, one a row, once two rows differ; nil while all are equal.
    package private(set) var offsets: [Int32]?
    /// The offset of the last row.
    package private(set) var offset: Int?
    /// Whether the day stands first in `03/04/2024`; nil while no row has shown it.
    package private(set) var isDayFirst: Bool?
    /// Whether at least one stamp could be read in either order.
    package var hasAmbiguousOrder: Bool { isDayFirst == nil && styles.contains { $0.isAmbiguous } }

    private var styles: [TimestampStyle]
    private var current = 0
    private let isFixed: Bool

    /// A column whose spelling is found from its rows, or one of the given styles where they are known.
    package init(styles: [TimestampStyle] = [], isDayFirst: Bool? = nil) {
        self.styles = styles
        isFixed = !styles.isEmpty
        self.isDayFirst = isDayFirst
        for index in self.styles.indices { self.styles[index].isDayFirst = isDayFirst ?? false }
    }

    /// Adds the stamp of a row; false where the field is none.
    package mutating func append(_ field: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let stamp = read(field) else { return false }
        if stamp.first > 0 || stamp.second > 0 {
            let needsDayFirst = stamp.first > 12
            let needsMonthFirst = stamp.second > 12
            if needsDayFirst, isDayFirst == false { return false }
            if needsMonthFirst, isDayFirst == true { return false }
            if needsDayFirst, isDayFirst == nil {
                guard styles.allSatisfy(\.isAmbiguous) else { return false }
                for index in values.indices { values[index] = swappingDayAndMonth(values[index]) }
                settle(true)
            } else if needsMonthFirst, isDayFirst == nil {
                settle(false)
            }
        }
        add(stamp.microseconds, stamp.offset)
        return true
    }

    /// Adds a stamp that was composed from several columns.
    package mutating func append(microseconds: Int64) { values.append(microseconds) }

    /// The spelling in which later stamps are written.
    package var style: TimestampStyle {
        var best = styles.first ?? .isoDateTime
        for style in styles.dropFirst() {
            let longer = style.parts.count > best.parts.count
            let isUnpadded = style.parts.count == best.parts.count && style.padding < best.padding
            if longer || isUnpadded || style.fractionDigits > best.fractionDigits { best = style }
        }
        best.isDayFirst = isDayFirst ?? false
        best.utcOffset = offset
        return best
    }

    private mutating func settle(_ dayFirst: Bool) {
        isDayFirst = dayFirst
        for index in styles.indices { styles[index].isDayFirst = dayFirst }
    }

    private mutating func add(_ microseconds: Int64, _ newOffset: Int?) {
        if offsets == nil, !values.isEmpty, newOffset != offset {
            offsets = [Int32](repeating: Int32(offset ?? 0), count: values.count)
        }
        values.append(microseconds)
        offsets?.append(Int32(newOffset ?? 0))
        offset = newOffset
    }

    private mutating func read(_ field: UnsafeBufferPointer<UInt8>) -> ReadStamp? {
        if current < styles.count, let stamp = styles[current].match(field) { return stamp }
        for index in styles.indices where index != current {
            if let stamp = styles[index].match(field) {
                current = index
                return stamp
            }
        }
        // A column that mixes so many spellings is text; each further one would slow all rows behind it.
        guard !isFixed, styles.count < 32, var style = TimestampStyle.discover(field) else { return nil }
        style.isDayFirst = isDayFirst ?? false
        guard let stamp = style.match(field) else { return nil }
        current = styles.count
        styles.append(style)
        return stamp
    }
}

/// The stamp whose day and month are exchanged; the same where that is no date.
private func swappingDayAndMonth(_ microseconds: Int64) -> Int64 {
    let stamp = Timestamp(microseconds: microseconds)
    let date = stamp.date
    guard date.day <= 12, date.month <= CivilDate.length(ofMonth: date.day, year: date.year) else {
        return microseconds
    }
    let days = CivilDate(year: date.year, month: date.day, day: date.month).daysSince1970
    return Int64(days) * microsecondsPerDay + Int64(stamp.timeOfDay)
}

extension TimestampStyle {
    var padding: Int {
        parts.reduce(0) { sum, part in
            switch part {
            case .month(let digits), .day(let digits), .dayOrMonth(let digits), .monthOrDay(let digits),
                .hour(let digits), .hour12(let digits):
                sum + digits
            default: sum
            }
        }
    }

    var fractionDigits: Int {
        for part in parts { if case .fraction(let digits) = part { return digits } }
        return 0
    }
}
