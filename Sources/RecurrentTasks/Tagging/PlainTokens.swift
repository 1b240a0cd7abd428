/// Lines of plain text cut into tokens.
enum PlainTokens {
    /// What stands between blanks; with `splittingPunctuation` signs at the borders of words are tokens of their own, and so
    /// is an apostrophe with what follows it (`it 's`, `do n't`).
    static func tokens(of text: String, splittingPunctuation: Bool) -> [String] {
        let words = text.unicodeScalars.split(whereSeparator: \.properties.isWhitespace)
        guard splittingPunctuation else { return words.map { String($0) } }
        return words.flatMap { parts(of: Array($0)) }.map { scalars in
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            return String(view)
        }
    }

    private static func parts(of word: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        var (first, last) = (0, word.count)
        var before: [ArraySlice<Unicode.Scalar>] = []
        var after: [ArraySlice<Unicode.Scalar>] = []
        while first < last, isSign(word[first]) {
            // Equal signs stay together: "...", "--".
            var end = first + 1
            while end < last, word[end] == word[first] { end += 1 }
            before.append(word[first..<end])
            first = end
        }
        while last > first, isSign(word[last - 1]) {
            var begin = last - 1
            while begin > first, word[begin - 1] == word[last - 1] { begin -= 1 }
            // A full stop stays with what is an abbreviation by its other full stops: "U.S.".
            if word[last - 1] == ".", begin == last - 1, word[first..<begin].contains(".") { break }
            after.insert(word[begin..<last], at: 0)
            last = begin
        }
        var middle: [ArraySlice<Unicode.Scalar>] = []
        if first < last {
            var cut: Int?
            if let apostrophe = word[first..<last].lastIndex(where: { $0 == "'" || $0 == "\u{2019}" }),
                apostrophe > first, last - apostrophe <= 3
            {
                let isNegation =
                    last - apostrophe == 2 && (word[last - 1] == "t" || word[last - 1] == "T") && apostrophe - 1 > first
                    && (word[apostrophe - 1] == "n" || word[apostrophe - 1] == "N")
                cut = isNegation ? apostrophe - 1 : apostrophe
            }
            middle = cut.map { [word[first..<$0], word[$0..<last]] } ?? [word[first..<last]]
        }
        return before + middle + after
    }

    private static func isSign(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .closePunctuation, .openPunctuation, .initialPunctuation, .finalPunctuation: true
        case .otherPunctuation: scalar != "@" && scalar != "#" && scalar != "&" && scalar != "%" && scalar != "*"
        case .dashPunctuation: true
        default: false
        }
    }

    /// Whether the words of training data are cut at punctuation: signs stand alone more often than at the end of a word.
    static func areSplit(_ forms: [(form: String, count: Int)]) -> Bool {
        var (alone, attached) = (0, 0)
        for (form, count) in forms {
            guard let last = form.unicodeScalars.last, last == "." || last == "," || last == "?" || last == "!" else {
                continue
            }
            if form.unicodeScalars.count == 1 { alone += count } else { attached += count }
        }
        return alone > attached
    }
}
