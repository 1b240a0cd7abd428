/// How numbers are written in a file: the decimal mark, and the mark that may group digits by three.
public struct NumberFormat: Sendable, Hashable {
    /// The mark between the integer and its fraction: a point or a comma.
    public enum DecimalMark: UInt8, Sendable, Hashable, CaseIterable {
        /// `3.14`
        case point = 0x2E
        /// `3,14`
        case comma = 0x2C
    }

    /// The mark between the integer and its fraction.
    public var decimalMark: DecimalMark

    /// Creates a format with the given decimal mark; the other of point and comma may group digits.
    public init(decimalMark: DecimalMark = .point) { self.decimalMark = decimalMark }
}

/// What the bytes of a field are when a number is expected there.
package enum ParsedNumber: Equatable {
    case value(Double)
    case missing
    case infinite
    case text
}

extension NumberFormat {
    /// Reads a field as a number, correctly rounded to the nearest Double.
    ///
    /// Spaces around it, a sign and an exponent are allowed; groups are taken only where each has three digits.
    package func parse(_ field: UnsafeBufferPointer<UInt8>) -> ParsedNumber {
        var start = 0
        var end = field.count
        while start < end, isSpace(field[start]) { start += 1 }
        while end > start, isSpace(field[end - 1]) { end -= 1 }
        if start == end { return .missing }

        let decimal = decimalMark.rawValue
        var at = start
        var isNegative = false
        if field[at] == UInt8(ascii: "-") || field[at] == UInt8(ascii: "+") {
            isNegative = field[at] == UInt8(ascii: "-")
            at += 1
        }
        var mantissa: UInt64 = 0
        var digits = 0
        var scale = 0
        var isExact = true
        var seenPoint = false
        while at < end {
            let digit = field[at] &- 48
            if digit < 10 {
                if mantissa < 900_000_000_000_000_000 {
                    mantissa = mantissa &* 10 &+ UInt64(digit)
                    if seenPoint { scale -= 1 }
                } else {
                    isExact = false
                }
                digits += 1
            } else if field[at] == decimal, !seenPoint {
                seenPoint = true
            } else {
                break
            }
            at += 1
        }
        if digits == 0 { return word(field, start, end) }
        if at < end, field[at] | 0x20 == UInt8(ascii: "e") {
            var power = at + 1
            var isDown = false
            if power < end, field[power] == UInt8(ascii: "-") || field[power] == UInt8(ascii: "+") {
                isDown = field[power] == UInt8(ascii: "-")
                power += 1
            }
            let first = power
            var exponent = 0
            while power < end, field[power] &- 48 < 10 {
                exponent = min(exponent * 10 + Int(field[power] &- 48), 1_000_000)
                power += 1
            }
            if power == first { return .text }
            scale += isDown ? -exponent : exponent
            at = power
        }
        if at < end { return grouped(field, start, end) }
        if isExact, mantissa < 1 << 53, scale >= -22, scale <= 22 {
            // Both factors are exact, so that the one rounding of the quotient or product is the correct one.
            let magnitude = Double(mantissa)
            let value = scale < 0 ? magnitude / powersOfTen[-scale] : magnitude * powersOfTen[scale]
            return .value(isNegative ? -value : value)
        }
        return rounded(field, start, end, without: nil)
    }

    /// The slow and exact way, for a field that is known to be a number.
    private func rounded(
        _ field: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, without mark: UInt8?
    ) -> ParsedNumber {
        var text = ""
        text.reserveCapacity(end - start)
        for at in start..<end {
            let byte = field[at]
            if byte == mark || byte == UInt8(ascii: "+") && at == start { continue }
            text.unicodeScalars.append(byte == decimalMark.rawValue ? "." : Unicode.Scalar(byte))
        }
        guard let value = Double(text) else { return .text }
        return value.isFinite ? .value(value) : .infinite
    }

    /// `1,234,567.8` and its like: one to three digits, then groups of three, then a fraction.
    private func grouped(_ field: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> ParsedNumber {
        var at = start
        if field[at] == UInt8(ascii: "-") || field[at] == UInt8(ascii: "+") { at += 1 }
        var run = 0
        var mark: UInt8?
        var groups = 0
        while at < end {
            let byte = field[at]
            if byte &- 48 < 10 {
                run += 1
            } else if groupMarks.contains(byte), byte != decimalMark.rawValue, mark == nil || mark == byte {
                guard groups == 0 ? (1...3).contains(run) : run == 3 else { return .text }
                mark = byte
                groups += 1
                run = 0
            } else if byte == decimalMark.rawValue {
                break
            } else {
                return .text
            }
            at += 1
        }
        guard let mark, run == 3 else { return .text }
        if at < end {
            at += 1
            while at < end {
                if field[at] &- 48 >= 10 { return .text }
                at += 1
            }
        }
        return rounded(field, start, end, without: mark)
    }

    private func word(_ field: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> ParsedNumber {
        guard end - start <= 9 else { return .text }
        var lower: [UInt8] = []
        for at in start..<end {
            let byte = field[at]
            lower.append((65...90).contains(byte) ? byte | 0x20 : byte)
        }
        let text = String(decoding: lower, as: UTF8.self)
        if missingWords.contains(text) { return .missing }
        if infiniteWords.contains(text) { return .infinite }
        return .text
    }
}

@inline(__always)
func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

private let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
    1e20, 1e21, 1e22,
]

private let groupMarks: [UInt8] = [0x2C, 0x2E, 0x27, 0x20]

private let missingWords: Set<String> = [
    "na", "n/a", "nan", "-nan", "+nan", "null", "none", "nil", "?", "-", "--", "---", ".", "..", "…", "—", "#n/a",
    "#na", "<na>",
    "<n/a>", "nat", "missing", "n.a.", "*",
]

private let infiniteWords: Set<String> = [
    "inf", "-inf", "+inf", "infinity", "-infinity", "+infinity", "∞", "-∞", "+∞",
]
