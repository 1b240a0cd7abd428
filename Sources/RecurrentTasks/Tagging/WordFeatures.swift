/// How a word is written: capitals, digits, other signs.
enum WordShape {
    /// The number of shapes.
    static let count = 12

    /// The shape of a word.
    static func shape(of word: String) -> Int32 {
        var (upper, lower, digits, letters, others, length) = (0, 0, 0, 0, 0, 0)
        var beginsUpper = false
        var hasHyphen = false
        for scalar in word.unicodeScalars {
            let properties = scalar.properties
            if properties.isUppercase {
                upper += 1
                if length == 0 { beginsUpper = true }
            } else if properties.isLowercase {
                lower += 1
            } else if properties.isAlphabetic {
                letters += 1
            } else if properties.numericType != nil {
                digits += 1
            } else {
                others += 1
                if scalar == "-" { hasHyphen = true }
            }
            length += 1
        }
        let alphabetic = upper + lower + letters
        if alphabetic == 0 {
            if digits == 0 { return others == 0 ? 0 : 1 }
            return others == 0 ? 2 : 3
        }
        if digits > 0 { return 4 }
        if upper > 0 && lower == 0 && letters == 0 { return upper == 1 && others == 0 ? 5 : others == 0 ? 6 : 7 }
        if beginsUpper { return upper == 1 ? (hasHyphen ? 8 : 9) : 10 }
        return upper > 0 ? 10 : hasHyphen ? 11 : 0
    }
}

/// The beginnings and ends of words that have vectors of their own.
enum WordAffix {
    /// Suffixes of 1 to 4 characters and prefixes of 2 and 3: the sign tells which, the size how many.
    static let kinds = [-1, -2, -3, -4, 2, 3]

    /// The affix of a kind, letters in lower case; nil where the word is no longer than it.
    static func affix(_ kind: Int, of word: [Unicode.Scalar]) -> String? {
        let size = abs(kind)
        guard word.count > size else { return nil }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: kind < 0 ? word[(word.count - size)...] : word[..<size])
        return String(text)
    }

    /// The form in which a word is looked up: lower case, every digit a zero.
    static func key(of word: String) -> String {
        var view = String.UnicodeScalarView()
        for scalar in word.lowercased().unicodeScalars {
            view.append(("0"..."9").contains(scalar) ? "0" : scalar)
        }
        return String(view)
    }
}
