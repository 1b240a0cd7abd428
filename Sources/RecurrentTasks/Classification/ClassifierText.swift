import RecurrentData
import RecurrentTensor

/// Texts as tokens of a classifier.
enum ClassifierText {
    /// What a token is best, from the first texts: characters for names and single words, else words.
    static func choice(_ sample: [String]) -> TokenChoice {
        let words = sample.reduce(0) { $0 + $1.split { $0.isWhitespace }.count }
        let characters = sample.reduce(0) { $0 + $1.unicodeScalars.count }
        guard !sample.isEmpty, words > 0 else { return .characters }
        let isShort = Double(words) / Double(sample.count) < 2 && characters / sample.count < 40
        if isShort { return .characters }
        // Texts that are tokenised already have spaces around their full stops and commas.
        let marks = sample.reduce(0) { $0 + $1.unicodeScalars.filter { $0 == "." || $0 == "," }.count }
        let spaced = sample.reduce(0) { sum, text in
            sum + text.split(separator: " ").filter { $0 == "." || $0 == "," }.count
        }
        return marks > sample.count / 4 && Double(spaced) > 0.9 * Double(marks) ? .spaced : .words
    }

    static func trainer(_ choice: TokenChoice, lowercased: Bool) -> TokenizerTrainer {
        switch choice {
        case .bytes: TokenizerTrainer(.bytes, lowercased: lowercased, specials: .unknownOnly)
        case .characters: TokenizerTrainer(.characters, lowercased: lowercased)
        case .graphemes: TokenizerTrainer(.graphemes, lowercased: lowercased)
        case .words: TokenizerTrainer(.words, lowercased: lowercased)
        case .spaced: TokenizerTrainer(.words, splitting: .whitespace, lowercased: lowercased)
        case .bpe: TokenizerTrainer(.bytePairs, lowercased: lowercased, specials: .unknownOnly)
        }
    }

    /// The tokens of a text; where it has more than the recipe reads, the first ones.
    static func tokens(of text: String, _ tokenizer: Tokenizer, _ recipe: ClassifierRecipe) -> [Int32] {
        // A text is cut before it is encoded: a document of many megabytes is read for its beginning alone.
        let limit = recipe.maximumLength
        let scalars = text.unicodeScalars
        let start = text.utf8.count > limit * 64 ? String(scalars.prefix(limit * 64)) : text
        return Array(tokenizer.encode(start).prefix(limit))
    }
}
