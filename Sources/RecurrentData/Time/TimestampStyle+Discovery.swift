extension TimestampStyle {
    /// The spelling of a field that is a date or a date with a time; nil for bare numbers and for everything else.
    package static func discover(_ field: UnsafeBufferPointer<UInt8>) -> TimestampStyle? {
        guard (4...48).contains(field.count), var tokens = Tokens(field) else { return nil }
        guard var style = tokens.date() else { return nil }
        if !tokens.isAtEnd {
            guard tokens.time(&style.parts) else { return nil }
        }
        guard tokens.isAtEnd, style.match(field) != nil else { return nil }
        return style
    }

    private struct Tokens {
        enum Kind { case digits, letters, mark }
        struct Token {
            var kind: Kind
            var start: Int
            var end: Int
            var count: Int { end - start }
        }

        let field: UnsafeBufferPointer<UInt8>
        var tokens: [Token] = []
        var at = 0

        init?(_ field: UnsafeBufferPointer<UInt8>) {
            self.field = field
            var from = 0
            var to = field.count
            while from < to, isSpace(field[from]) { from += 1 }
            while to > from, isSpace(field[to - 1]) { to -= 1 }
            while from < to {
                let kind = Self.kind(field[from])
                var end = from + 1
                if kind != .mark {
                    while end < to, Self.kind(field[end]) == kind { end += 1 }
                }
                tokens.append(Token(kind: kind, start: from, end: end))
                if tokens.count > 24 { return nil }
                from = end
            }
        }

        static func kind(_ byte: UInt8) -> Kind {
            if byte &- 48 < 10 { return .digits }
            return (byte | 0x20) &- 97 < 26 ? .letters : .mark
        }

        var isAtEnd: Bool { at == tokens.count }

        func digits(_ offset: Int, _ count: ClosedRange<Int>) -> Bool {
            at + offset < tokens.count && tokens[at + offset].kind == .digits
                && count.contains(tokens[at + offset].count)
        }

        func mark(_ offset: Int) -> UInt8? {
            guard at + offset < tokens.count, tokens[at + offset].kind == .mark else { return nil }
            return field[tokens[at + offset].start]
        }

        func isMark(_ offset: Int, _ text: String) -> Bool {
            guard let byte = mark(offset) else { return false }
            return text.utf8.contains(byte)
        }

        func word(_ offset: Int) -> String? {
            guard at + offset < tokens.count, tokens[at + offset].kind == .letters else { return nil }
            let token = tokens[at + offset]
            return String(decoding: field[token.start..<token.end], as: UTF8.self)
        }

        func isWord(_ offset: Int, _ text: String) -> Bool { word(offset)?.lowercased() == text }

        func monthName(_ offset: Int) -> Part? {
            guard let word = word(offset) else { return nil }
            let lower = word.lowercased()
            guard let name = monthNames.first(where: { $0 == lower || $0.prefix(3) == lower }) else { return nil }
            let casing: Casing = word == lower ? .lower : word == word.uppercased() ? .upper : .capitalised
            return .monthName(isFull: lower == name && name.count > 3, casing: casing)
        }

        /// 2 for a padded number, 1 for one that a file without padding writes.
        func width(_ offset: Int) -> Int { tokens[at + offset].count == 2 ? 2 : 1 }

        mutating func take(_ count: Int, _ parts: [Part], isDayFirst: Bool = false) -> TimestampStyle {
            at += count
            return TimestampStyle(parts, isDayFirst: isDayFirst)
        }

        // MARK: - Dates

        mutating func date() -> TimestampStyle? {
            if digits(0, 4...4) { return yearFirst() }
            if digits(0, 8...8) {
                // Bare digits are a number unless a time follows them.
                guard tokens.count > 1 else { return nil }
                return compact(0)
            }
            if digits(0, 1...2) { return dayFirst() }
            if let name = monthName(0) { return nameFirst(name) }
            if isWord(0, "q"), digits(1, 1...1) {
                let q = field[tokens[at].start]
                if digits(2, 4...4) { return nil }
                if let mark = mark(2), isMark(2, "- /"), digits(3, 4...4) {
                    return take(4, [.literal(q), .quarter, .literal(mark), .year])
                }
            }
            return nil
        }

        private mutating func compact(_ offset: Int) -> TimestampStyle? {
            take(offset + 1, [.year, .month(digits: 2), .day(digits: 2)])
        }

        private mutating func yearFirst() -> TimestampStyle? {
            if let word = word(1), digits(2, 1...2) {
                let letter = field[tokens[at + 1].start]
                if word.lowercased() == "q", digits(2, 1...1) { return take(3, [.year, .literal(letter), .quarter]) }
                if word == "W", digits(2, 2...2) { return take(3, [.year, .literal(letter), .week]) }
                if word == "M", digits(2, 2...2) { return take(3, [.year, .literal(letter), .month(digits: 2)]) }
                return nil
            }
            guard let mark = mark(1), isMark(1, "-/. ") else { return nil }
            let literal = Part.literal(mark)
            if let word = word(2) {
                let letter = field[tokens[at + 2].start]
                if word.lowercased() == "q", digits(3, 1...1) {
                    return take(4, [.year, literal, .literal(letter), .quarter])
                }
                if word == "W", digits(3, 2...2) {
                    var parts: [Part] = [.year, literal, .literal(letter), .week]
                    if isMark(4, "-"), digits(5, 1...1) {
                        parts += [.literal(UInt8(ascii: "-")), .weekday]
                        return take(6, parts)
                    }
                    return take(4, parts)
                }
                guard let name = monthName(2) else { return nil }
                if let next = self.mark(3), next == mark, digits(4, 1...2) {
                    return take(5, [.year, literal, name, literal, .day(digits: width(4))])
                }
                return take(3, [.year, literal, name])
            }
            guard digits(2, 1...2) else { return nil }
            let month = Part.month(digits: width(2))
            if self.mark(3) == mark, mark != UInt8(ascii: " "), digits(4, 1...2) {
                return take(5, [.year, literal, month, literal, .day(digits: width(4))])
            }
            // `2024.01` is a number first, and `2024 01` too rare to be worth the risk.
            guard mark == UInt8(ascii: "-") || mark == UInt8(ascii: "/"), at + 3 == tokens.count else { return nil }
            return take(3, [.year, literal, month])
        }

        private mutating func dayFirst() -> TimestampStyle? {
            if let name = monthName(1), digits(2, 4...4) {
                return take(3, [.day(digits: width(0)), name, .year])
            }
            guard let mark = mark(1), isMark(1, "-/. ") else { return nil }
            let literal = Part.literal(mark)
            if let name = monthName(2), self.mark(3) == mark || isMark(3, " ") {
                guard let next = self.mark(3) else { return nil }
                if digits(4, 4...4) { return take(5, [.day(digits: width(0)), literal, name, .literal(next), .year]) }
                if digits(4, 2...2) {
                    return take(5, [.day(digits: width(0)), literal, name, .literal(next), .shortYear])
                }
                return nil
            }
            guard mark != UInt8(ascii: " ") else { return nil }
            if digits(2, 1...2), self.mark(3) == mark, digits(4, 4...4) || digits(4, 2...2) {
                let year: Part = digits(4, 4...4) ? .year : .shortYear
                // A file that writes one digit anywhere does not pad; both fields of its style say so.
                let width = min(width(0), width(2))
                if mark == UInt8(ascii: ".") {
                    return take(5, [.day(digits: width), literal, .month(digits: width), literal, year])
                }
                return take(
                    5, [.dayOrMonth(digits: width), literal, .monthOrDay(digits: width), literal, year])
            }
            if digits(2, 4...4), mark != UInt8(ascii: "."), at + 3 == tokens.count {
                return take(3, [.month(digits: width(0)), literal, .year])
            }
            return nil
        }

        private mutating func nameFirst(_ name: Part) -> TimestampStyle? {
            guard let mark = mark(1), isMark(1, "-/. ") else { return nil }
            let literal = Part.literal(mark)
            if digits(2, 4...4) { return take(3, [name, literal, .year]) }
            guard digits(2, 1...2) else { return nil }
            if isMark(3, ","), isMark(4, " "), digits(5, 4...4) {
                let comma = Part.literal(UInt8(ascii: ","))
                return take(
                    6, [name, literal, .day(digits: width(2)), comma, .literal(UInt8(ascii: " ")), .year])
            }
            if let next = self.mark(3), next == mark, digits(4, 4...4) {
                return take(5, [name, literal, .day(digits: width(2)), .literal(next), .year])
            }
            // `Jan-24`, as spreadsheets write a month.
            guard digits(2, 2...2), at + 3 == tokens.count else { return nil }
            return take(3, [name, literal, .shortYear])
        }

        // MARK: - Times

        mutating func time(_ parts: inout [Part]) -> Bool {
            if let mark = mark(0), isMark(0, " :") {
                parts.append(.literal(mark))
                at += 1
            } else if isWord(0, "t") {
                parts.append(.literal(field[tokens[at].start]))
                at += 1
            } else {
                return false
            }
            if digits(0, 4...4) || digits(0, 6...6) {
                parts += [.hour(digits: 2), .minute]
                if digits(0, 6...6) { parts.append(.second) }
                at += 1
            } else {
                guard digits(0, 1...2) else { return false }
                let hourAt = parts.count
                parts.append(.hour(digits: width(0)))
                at += 1
                if isMark(0, ":"), digits(1, 2...2) {
                    parts += [.literal(UInt8(ascii: ":")), .minute]
                    at += 2
                    if isMark(0, ":"), digits(1, 2...2) {
                        parts += [.literal(UInt8(ascii: ":")), .second]
                        at += 2
                    }
                }
                clock12(&parts, hourAt)
            }
            if parts.contains(.second), let mark = mark(0), isMark(0, ".,"), digits(1, 1...12) {
                parts += [.literal(mark), .fraction(digits: tokens[at + 1].count)]
                at += 2
            }
            if let hourAt = parts.firstIndex(where: { if case .hour = $0 { true } else { false } }) {
                clock12(&parts, hourAt)
            }
            return isAtEnd || offset(&parts)
        }

        private mutating func clock12(_ parts: inout [Part], _ hourAt: Int) {
            let gap = isMark(0, " ") ? 1 : 0
            guard let word = word(gap), ["am", "pm"].contains(word.lowercased()),
                case .hour(let digits) = parts[hourAt]
            else { return }
            parts[hourAt] = .hour12(digits: digits)
            if gap == 1 { parts.append(.literal(UInt8(ascii: " "))) }
            parts.append(.meridiem(isUpper: word == word.uppercased()))
            at += gap + 1
        }

        private mutating func offset(_ parts: inout [Part]) -> Bool {
            if isMark(0, " ") {
                parts.append(.literal(UInt8(ascii: " ")))
                at += 1
            }
            if isWord(0, "z") {
                parts.append(.offset(.zulu))
                at += 1
                return isAtEnd
            }
            if let word = word(0), ["UTC", "GMT"].contains(word) {
                parts += word.utf8.map { .literal($0) }
                at += 1
                return isAtEnd
            }
            guard isMark(0, "+-") else { return false }
            if digits(1, 4...4) {
                parts.append(.offset(.plain))
                at += 2
            } else if digits(1, 2...2), isMark(2, ":"), digits(3, 2...2) {
                parts.append(.offset(.colon))
                at += 4
            } else if digits(1, 2...2) {
                parts.append(.offset(.hours))
                at += 2
            } else {
                return false
            }
            return isAtEnd
        }
    }
}
