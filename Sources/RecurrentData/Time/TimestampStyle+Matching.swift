/// A stamp as it was read, before the column has settled the order of day and month.
package struct ReadStamp: Equatable {
    /// Wall-clock microseconds, as written.
    package var microseconds: Int64
    /// Seconds from UTC, where the stamp names an offset.
    package var offset: Int?
    /// What `03/04/2024` says first and second; 0 where the spelling is not ambiguous.
    package var first = 0
    package var second = 0
}

extension TimestampStyle {
    /// Reads a field in exactly this spelling; nil where it is another one or no stamp.
    package func match(_ field: UnsafeBufferPointer<UInt8>) -> ReadStamp? {
        var scan = Scan(field)
        var year = 1970
        var month = 1
        var day = 1
        var week: Int?
        var weekday = 1
        var hour = 0
        var minute = 0
        var second = 0
        var fraction: Int64 = 0
        var isAfternoon: Bool?
        var result = ReadStamp(microseconds: 0)
        for part in parts {
            switch part {
            case .year:
                guard let value = scan.digits(4...4) else { return nil }
                year = value
            case .shortYear:
                guard let value = scan.digits(2...2) else { return nil }
                // The usual window of two-digit years: 1969 to 2068.
                year = value + (value < 69 ? 2000 : 1900)
            case .month(let digits):
                guard let value = scan.digits(digits...2) else { return nil }
                month = value
            case .day(let digits):
                guard let value = scan.digits(digits...2) else { return nil }
                day = value
            case .dayOrMonth(let digits):
                guard let value = scan.digits(digits...2) else { return nil }
                result.first = value
            case .monthOrDay(let digits):
                guard let value = scan.digits(digits...2) else { return nil }
                result.second = value
            case .monthName(let isFull, _):
                guard let value = scan.monthName(isFull: isFull) else { return nil }
                month = value
            case .quarter:
                guard let value = scan.digits(1...1), (1...4).contains(value) else { return nil }
                month = value * 3 - 2
            case .week:
                guard let value = scan.digits(2...2) else { return nil }
                week = value
            case .weekday:
                guard let value = scan.digits(1...1), (1...7).contains(value) else { return nil }
                weekday = value
            case .hour(let digits):
                guard let value = scan.digits(digits...2), value <= 24 else { return nil }
                hour = value
            case .hour12(let digits):
                guard let value = scan.digits(digits...2), (1...12).contains(value) else { return nil }
                hour = value % 12
            case .minute:
                guard let value = scan.digits(2...2), value < 60 else { return nil }
                minute = value
            case .second:
                // A leap second is read as the first second of the next minute.
                guard let value = scan.digits(2...2), value <= 60 else { return nil }
                second = value
            case .fraction:
                guard let value = scan.fraction() else { return nil }
                fraction = value
            case .meridiem:
                guard let value = scan.meridiem() else { return nil }
                isAfternoon = value
            case .offset(let form):
                guard let value = scan.offset(form) else { return nil }
                result.offset = value
            case .literal(let byte):
                guard scan.literal(byte) else { return nil }
            case .epoch(let unit, _):
                guard let value = scan.scaled(unit: unit), value >= Timestamp.earliest, value <= Timestamp.latest
                else { return nil }
                result.microseconds = value
                return scan.isAtEnd ? result : nil
            case .ordinal:
                guard let value = scan.scaled(unit: 1_000_000), value >= Timestamp.earliest, value <= Timestamp.latest
                else { return nil }
                result.microseconds = value
                return scan.isAtEnd ? result : nil
            }
        }
        guard scan.isAtEnd, (1...9999).contains(year) else { return nil }
        if result.first > 0 || result.second > 0 {
            // Without evidence the month stands first; the column swaps the two when a later row disproves it.
            (month, day) = isDayFirst ? (result.second, result.first) : (result.first, result.second)
            if month > 12, day <= 12 { (month, day) = (day, month) }
        }
        if isAfternoon == true { hour += 12 }
        if hour == 24, minute > 0 || second > 0 { return nil }
        var days: Int
        if let week {
            guard (1...53).contains(week) else { return nil }
            days = CivilDate.monday(ofISOWeek: week, year: year).daysSince1970 + weekday - 1
            if week == 53, CivilDate(daysSince1970: days).isoWeek.week != 53 { return nil }
        } else {
            guard (1...12).contains(month), (1...CivilDate.length(ofMonth: month, year: year)).contains(day) else {
                return nil
            }
            days = CivilDate(year: year, month: month, day: day).daysSince1970
        }
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second
        let micros = Int64(seconds) * 1_000_000 + fraction
        guard micros >= Timestamp.earliest, micros <= Timestamp.latest else { return nil }
        result.microseconds = micros
        return result
    }

    private struct Scan {
        let field: UnsafeBufferPointer<UInt8>
        var at = 0
        var end: Int

        init(_ field: UnsafeBufferPointer<UInt8>) {
            self.field = field
            end = field.count
            while at < end, isSpace(field[at]) { at += 1 }
            while end > at, isSpace(field[end - 1]) { end -= 1 }
        }

        var isAtEnd: Bool { at == end }

        mutating func digits(_ count: ClosedRange<Int>) -> Int? {
            var value = 0
            var taken = 0
            while taken < count.upperBound, at < end, field[at] &- 48 < 10 {
                value = value * 10 + Int(field[at] &- 48)
                at += 1
                taken += 1
            }
            return taken >= count.lowerBound ? value : nil
        }

        mutating func literal(_ byte: UInt8) -> Bool {
            guard at < end, field[at] == byte else { return false }
            at += 1
            return true
        }

        mutating func fraction() -> Int64? {
            var value: Int64 = 0
            var taken = 0
            while at < end, field[at] &- 48 < 10 {
                if taken < 6 { value = value * 10 + Int64(field[at] &- 48) }
                taken += 1
                at += 1
            }
            guard (1...12).contains(taken) else { return nil }
            for _ in 0..<max(6 - taken, 0) { value *= 10 }
            return value
        }

        mutating func monthName(isFull: Bool) -> Int? {
            guard at + 3 <= end else { return nil }
            for (index, name) in monthNames.enumerated() {
                let length = isFull ? name.utf8.count : 3
                guard at + length <= end else { continue }
                let isSame = zip(name.utf8.prefix(length), field[at..<at + length]).allSatisfy { $0 == $1 | 0x20 }
                if isSame {
                    at += length
                    return index + 1
                }
            }
            return nil
        }

        mutating func meridiem() -> Bool? {
            guard at + 2 <= end, field[at + 1] | 0x20 == UInt8(ascii: "m") else { return nil }
            let letter = field[at] | 0x20
            guard letter == UInt8(ascii: "a") || letter == UInt8(ascii: "p") else { return nil }
            at += 2
            return letter == UInt8(ascii: "p")
        }

        mutating func offset(_ form: OffsetForm) -> Int? {
            if form == .zulu { return literal(UInt8(ascii: "Z")) || literal(UInt8(ascii: "z")) ? 0 : nil }
            guard at < end else { return nil }
            let sign: Int
            switch field[at] {
            case UInt8(ascii: "+"): sign = 1
            case UInt8(ascii: "-"): sign = -1
            default: return nil
            }
            at += 1
            guard let hours = digits(2...2), hours <= 15 else { return nil }
            if form == .hours { return sign * hours * 3600 }
            if form == .colon, !literal(UInt8(ascii: ":")) { return nil }
            guard let minutes = digits(2...2), minutes < 60 else { return nil }
            return sign * (hours * 3600 + minutes * 60)
        }

        /// A decimal number of units, in microseconds; digits beyond the microsecond are dropped.
        mutating func scaled(unit: Int64) -> Int64? {
            var isNegative = false
            if at < end, field[at] == UInt8(ascii: "-") {
                isNegative = true
                at += 1
            }
            var value: Int64 = 0
            var taken = 0
            while at < end, field[at] &- 48 < 10 {
                guard taken < 19 else { return nil }
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(Int64(field[at] &- 48))
                if overflow || carry { return nil }
                value = sum
                taken += 1
                at += 1
            }
            guard taken > 0 else { return nil }
            // Nanoseconds are the one unit that is smaller than a microsecond.
            var micros: Int64
            if unit == 0 {
                micros = value / 1000
            } else {
                let (product, overflow) = value.multipliedReportingOverflow(by: unit)
                if overflow { return nil }
                micros = product
            }
            if at < end, field[at] == UInt8(ascii: ".") {
                at += 1
                var weight = unit
                var places = 0
                while at < end, field[at] &- 48 < 10 {
                    guard places < 18 else { return nil }
                    weight /= 10
                    let (sum, overflow) = micros.addingReportingOverflow(weight * Int64(field[at] &- 48))
                    if overflow { return nil }
                    micros = sum
                    places += 1
                    at += 1
                }
            }
            return isNegative ? -micros : micros
        }
    }
}
