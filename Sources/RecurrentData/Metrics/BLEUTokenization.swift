extension BLEU {
    /// How sentences become the words that are compared.
    public enum Tokenization: String, Sendable, Hashable, CaseIterable {
        /// That of the evaluations at WMT: ASCII punctuation apart, points and commas inside of numbers not, `&quot;` and the
        /// like resolved.
        ///
        /// - Source: NIST's `mteval-v13a`, as PyPI's sacrebleu has it.
        case mteval13a = "13a"
        /// Each Unicode scalar that is no white space.
        case characters = "char"
        /// What stands between white space.
        case none

        /// The words of a sentence.
        func callAsFunction(_ sentence: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
            switch self {
            case .none: ScalarText.words(sentence)
            case .characters: sentence.filter { !ScalarText.isSpace($0) }.map { [$0] }
            case .mteval13a: Self.words13a(sentence)
            }
        }

        private static func words13a(_ sentence: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
            let end = sentence.lastIndex { !ScalarText.isSpace($0) }.map { $0 + 1 } ?? 0
            var text = Array(sentence[..<end])
            for (pattern, replacement) in [("<skipped>", ""), ("-\n", ""), ("\n", " ")] {
                text = replacing(pattern, by: replacement, in: text)
            }
            if text.contains("&") {
                for (pattern, replacement) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
                    text = replacing(pattern, by: replacement, in: text)
                }
            }
            text = text.flatMap { isSymbol($0) ? [" ", $0, " "] : [$0] }
            text = [" "] + text + [" "]
            text = splittingPairs(text, { !isDigit($0) }, isPoint) { [$0, " ", $1, " "] }
            text = splittingPairs(text, isPoint, { !isDigit($0) }) { [" ", $0, " ", $1] }
            text = splittingPairs(text, isDigit, { $0 == "-" }) { [$0, " ", $1, " "] }
            return ScalarText.words(text)
        }

        private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.value >= 0x30 && scalar.value <= 0x39 }
        private static func isPoint(_ scalar: Unicode.Scalar) -> Bool { scalar == "." || scalar == "," }
        /// ASCII punctuation but for apostrophe, comma, hyphen and point.
        private static func isSymbol(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.value {
            case 0x20...0x26, 0x28...0x2B, 0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
            default: false
            }
        }

        /// Replaces neighbours that fit, from the left; one that belongs to a pair begins no other.
        private static func splittingPairs(
            _ text: [Unicode.Scalar], _ isFirst: (Unicode.Scalar) -> Bool, _ isSecond: (Unicode.Scalar) -> Bool,
            _ replacement: (Unicode.Scalar, Unicode.Scalar) -> [Unicode.Scalar]
        ) -> [Unicode.Scalar] {
            var result: [Unicode.Scalar] = []
            result.reserveCapacity(text.count + 16)
            var index = 0
            while index < text.count {
                if index + 1 < text.count, isFirst(text[index]), isSecond(text[index + 1]) {
                    result += replacement(text[index], text[index + 1])
                    index += 2
                } else {
                    result.append(text[index])
                    index += 1
                }
            }
            return result
        }

        private static func replacing(
            _ pattern: String, by replacement: String, in text: [Unicode.Scalar]
        ) -> [Unicode.Scalar] {
            let pattern = Array(pattern.unicodeScalars)
            guard let first = pattern.first, text.contains(first) else { return text }
            var result: [Unicode.Scalar] = []
            result.reserveCapacity(text.count)
            var index = 0
            while index < text.count {
                if text[index] == first, text[index...].starts(with: pattern) {
                    result += replacement.unicodeScalars
                    index += pattern.count
                } else {
                    result.append(text[index])
                    index += 1
                }
            }
            return result
        }
    }
}
