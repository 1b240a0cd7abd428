import RecurrentData
import RecurrentFormats
import RecurrentInterchange
import RecurrentNN
import RecurrentTensor

/// What source and target texts are as tokens, and back.
struct TranslationVocabulary: Sendable, Hashable {
    let source: Tokenizer
    /// nil where it is the source's.
    let separateTarget: Tokenizer?

    var target: Tokenizer { separateTarget ?? source }

    /// - Throws: `badModel` where a tokenizer lacks the tokens of beginning and end.
    init(source: Tokenizer, target: Tokenizer?, at place: String? = nil) throws(RecurrentError) {
        (self.source, separateTarget) = (source, target)
        for tokenizer in [source, target ?? source] {
            guard tokenizer.begin != nil, tokenizer.end != nil else {
                throw RecurrentError(.badModel, "the tokenizer has no tokens for beginning and end", at: place)
            }
        }
    }

    /// The special tokens of the target.
    var special: BeamSearch.Tokens {
        let target = target
        let excluded = [target.padding, target.begin].compactMap { $0 }
        return BeamSearch.Tokens(begin: target.begin ?? 0, end: target.end ?? 0, excluded: Set(excluded))
    }

    /// The tokens of a source, its end included: so that there is always something to look at.
    func encode(source text: String) -> [Int32] { Self.encode(text, source) + [source.end ?? 0] }

    /// The tokens of an answer.
    func encode(target text: String) -> [Int32] { Self.encode(text, target) }

    /// The first word of a text is to have the tokens that it has inside of one.
    static func encode(_ text: String, _ tokenizer: Tokenizer) -> [Int32] {
        tokenizer.encode(prepared(text, tokenizer.kind))
    }

    /// The text that has these tokens.
    static func decode(_ tokens: [Int32], _ tokenizer: Tokenizer) -> String {
        let text = tokenizer.decode(tokens)
        return tokenizer.kind == .bytePairs && text.hasPrefix(" ") ? String(text.dropFirst()) : text
    }

    static func prepared(_ text: String, _ kind: Tokenizer.Kind) -> String { kind == .bytePairs ? " " + text : text }

    /// The text of an answer. A token that stands for something unknown becomes what was looked at most.
    func decode(_ tokens: [Int32], attention: [[Float]], source text: String) -> String {
        let target = target
        guard let unknown = target.unknown, tokens.contains(unknown) else {
            return Self.decode(tokens, target)
        }
        let surfaces = surfaces(of: text)
        let pieces = tokens.enumerated().map { index, token in
            guard token == unknown else { return target.piece(token) }
            let looks = index < attention.count ? attention[index].prefix(surfaces.count) : []
            guard let most = looks.indices.max(by: { looks[$0] < looks[$1] }) else { return "" }
            return surfaces[most]
        }
        return pieces.joined(separator: target.separatesWords ? " " : "").trimmingSpace()
    }

    /// The parts of a source as they stand in it, one for each token but the end.
    func surfaces(of text: String) -> [String] {
        switch source.kind {
        case .words: ScalarText.words(text.unicodeScalars).map { String(String.UnicodeScalarView($0)) }
        case .characters: text.unicodeScalars.map { String($0) }
        default: Self.encode(text, source).map { source.piece($0).trimmingSpace() }
        }
    }
}

extension String {
    /// Without spaces at both ends.
    func trimmingSpace() -> String {
        var rest = self[...]
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}

extension TranslationVocabulary {
    static let sourceFile = "tokenizer.json"
    static let targetFile = "target_tokenizer.json"

    /// The files that hold it.
    var files: [(name: String, bytes: [UInt8])] {
        [(Self.sourceFile, source.json.bytes())]
            + (separateTarget.map { [(Self.targetFile, $0.json.bytes())] } ?? [])
    }

    /// Takes the content of files.
    init(sharing: Bool, read: (String) throws(RecurrentError) -> [UInt8]) throws(RecurrentError) {
        func tokenizer(_ name: String) throws(RecurrentError) -> Tokenizer {
            try Tokenizer(JSONCursor(try JSON(parsing: try read(name), from: name, category: .badModel), source: name))
        }
        try self.init(
            source: try tokenizer(Self.sourceFile), target: sharing ? nil : try tokenizer(Self.targetFile),
            at: Self.sourceFile)
    }
}

/// Learns the tokens of both sides from pairs that are given one after another.
struct TranslationVocabularyTrainer {
    private var source: TokenizerTrainer
    private var target: TokenizerTrainer?
    private let sharing: Bool

    init(_ recipe: TranslationRecipe) {
        func trainer(_ tokens: TranslationRecipe.Tokens) -> TokenizerTrainer {
            let kind: Tokenizer.Kind =
                switch tokens {
                case .bytePairs: .bytePairs
                case .words: .words
                case .characters: .characters
                }
            return TokenizerTrainer(
                kind, splitting: tokens == .words ? .whitespace : nil, lowercased: recipe.isLowercased, specials: .all)
        }
        sharing = recipe.sharesVocabulary
        source = trainer(recipe.sourceTokens)
        target = sharing ? nil : trainer(recipe.targetTokens)
    }

    mutating func add(source text: String, target other: String) {
        source.add(TranslationVocabulary.prepared(text, source.kind))
        if sharing {
            source.add(TranslationVocabulary.prepared(other, source.kind))
        } else if let kind = target?.kind {
            target?.add(TranslationVocabulary.prepared(other, kind))
        }
    }

    func vocabulary(size: Int) throws(RecurrentError) -> TranslationVocabulary {
        try TranslationVocabulary(
            source: source.tokenizer(size: size, minimumCount: source.kind == .bytePairs ? 2 : 1),
            target: target.map { $0.tokenizer(size: size, minimumCount: $0.kind == .bytePairs ? 2 : 1) })
    }
}
