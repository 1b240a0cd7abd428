/// Text as Unicode scalars, which is how the metrics of translation see it: no normalisation, no grapheme clusters.
package enum ScalarText {
    /// Whether a scalar separates words: the white space of Unicode together with the four ASCII information separators.
    package static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20: true
        case 0..<0x80: false
        default: scalar.properties.isWhitespace
        }
    }

    /// The stretches between white space.
    package static func words(_ scalars: some Sequence<Unicode.Scalar>) -> [[Unicode.Scalar]] {
        var words: [[Unicode.Scalar]] = []
        var word: [Unicode.Scalar] = []
        for scalar in scalars {
            if !isSpace(scalar) {
                word.append(scalar)
            } else if !word.isEmpty {
                words.append(word)
                word.removeAll(keepingCapacity: true)
            }
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    /// The full lower-case mapping, a capital sigma at the end of a word becoming ς.
    ///
    /// - Source: The Unicode Standard, section 3.13, rule R2 with the condition Final_Sigma.
    package static func lowercased(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(scalars.count)
        for (index, scalar) in scalars.enumerated() {
            if scalar.isASCII {
                let isCapital = scalar.value >= 0x41 && scalar.value <= 0x5A
                result.append(isCapital ? Unicode.Scalar(UInt8(scalar.value + 32)) : scalar)
            } else if scalar == "\u{3A3}" {
                let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
                let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
                let isFinal = (before?.properties.isCased ?? false) && !(after?.properties.isCased ?? false)
                result.append(isFinal ? "\u{3C2}" : "\u{3C3}")
            } else {
                result += scalar.properties.lowercaseMapping.unicodeScalars
            }
        }
        return result
    }
}
