/// How a table is written: what separates its fields and how its numbers look.
package struct Dialect: Hashable, Sendable {
    package var separator: UInt8
    package var numbers: NumberFormat

    /// The separators that are looked for, the rarest in running text first.
    package static let separators: [UInt8] = [
        UInt8(ascii: "\t"), UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: ","),
    ]

    /// Finds the dialect from the head of a file; what the caller knows already is kept.
    package static func detect(
        _ head: ArraySlice<UInt8>, isWhole: Bool, separator: UInt8?, decimalMark: NumberFormat.DecimalMark?
    ) -> Dialect {
        // A few hundred lines settle both questions; parsing a megabyte five times would show as a pause.
        let head = head.count > 1 << 17 ? Array(head.prefix(1 << 17)) : Array(head)
        let isWhole = isWhole && head.count < 1 << 17
        let found = separator ?? detectSeparator(head, isWhole: isWhole)
        let mark = decimalMark ?? detectMark(head, isWhole: isWhole, separator: found)
        return Dialect(separator: found, numbers: NumberFormat(decimalMark: mark))
    }

    private static func detectSeparator(_ head: [UInt8], isWhole: Bool) -> UInt8 {
        var best: (separator: UInt8, share: Double) = (UInt8(ascii: ","), 0)
        for separator in separators {
            let counts = fieldCounts(head, isWhole: isWhole, separator: separator)
            guard let first = counts.first else { continue }
            var frequencies: [Int: Int] = [:]
            for count in counts { frequencies[count, default: 0] += 1 }
            guard let modal = frequencies.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }), modal.key > 1 else {
                continue
            }
            let share = Double(modal.value) / Double(counts.count)
            if share >= 0.9, first == modal.key { return separator }
            if share > best.share { best = (separator, share) }
        }
        return best.separator
    }

    private static func fieldCounts(_ head: [UInt8], isWhole: Bool, separator: UInt8) -> [Int] {
        let reader = CSVReader(
            source: ByteSource(bytes: head, name: ""), separator: separator, dropsCutRecord: !isWhole)
        var counts: [Int] = []
        // An error in the head is reported by the real pass, with the right separator and the name of the file.
        while counts.count < 200, (try? reader.next()) == true { counts.append(reader.fieldCount) }
        return counts
    }

    private static func detectMark(_ head: [UInt8], isWhole: Bool, separator: UInt8) -> NumberFormat.DecimalMark {
        let reader = CSVReader(
            source: ByteSource(bytes: head, name: ""), separator: separator, dropsCutRecord: !isWhole)
        var commas = 0
        var points = 0
        var undecided = 0
        while reader.recordCount < 1000, (try? reader.next()) == true {
            for index in 0..<reader.fieldCount {
                switch evidence(reader.bytes(index)) {
                case .comma: commas += 1
                case .point: points += 1
                case .undecidedComma: undecided += 1
                case nil: break
                }
            }
        }
        if commas + points > 0 { return commas > points ? .comma : .point }
        // `1,234` alone: inside quotes of a comma-separated file it groups digits; elsewhere it is a decimal comma.
        return undecided > 0 && separator != UInt8(ascii: ",") ? .comma : .point
    }

    private enum Evidence { case comma, point, undecidedComma }

    private static func evidence(_ field: UnsafeBufferPointer<UInt8>) -> Evidence? {
        var commas = 0
        var points = 0
        var lastMark: UInt8 = 0
        var digitsAfter = 0
        var digitsBefore = 0
        var allGroupsOfThree = true
        guard field.count <= 40 else { return nil }
        for byte in field {
            if byte &- 48 < 10 {
                if lastMark == 0 { digitsBefore += 1 } else { digitsAfter += 1 }
            } else if byte == 0x2C || byte == 0x2E {
                if lastMark != 0, digitsAfter != 3 { allGroupsOfThree = false }
                if byte == 0x2C { commas += 1 } else { points += 1 }
                lastMark = byte
                digitsAfter = 0
            } else if !(byte == 0x2D || byte == 0x2B || byte | 0x20 == 0x65 || isSpace(byte)) {
                return nil
            }
        }
        guard commas + points > 0, digitsBefore + digitsAfter > 0 else { return nil }
        if commas > 0, points > 0 {
            guard commas == 1 || points == 1 else { return nil }
            return lastMark == 0x2C ? (commas == 1 ? .comma : nil) : points == 1 ? .point : nil
        }
        if commas > 1 { return allGroupsOfThree && digitsAfter == 3 ? .point : nil }
        // Several points: a date, or groups that a decimal comma would go with.
        if points > 1 { return allGroupsOfThree && digitsAfter == 3 && digitsBefore <= 3 ? .comma : nil }
        if points == 1 { return .point }
        return digitsAfter == 3 && (1...3).contains(digitsBefore) ? .undecidedComma : .comma
    }
}
