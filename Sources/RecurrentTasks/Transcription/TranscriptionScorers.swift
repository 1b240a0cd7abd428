import RecurrentAutodiff
public import RecurrentData
public import RecurrentNN
public import RecurrentTensor
import Synchronization

/// A model of characters, or of words where these are the symbols, beside the sound.
public struct SymbolNGramScorer: LabelScorer {
    let model: NGramModel
    let weight: Double
    let bonus: Double
    private let numbers: [Int32?]

    /// - Parameters:
    ///   - weight: what the logarithm of a probability is multiplied by.
    ///   - bonus: added for each symbol.
    package init(_ model: NGramModel, _ alphabet: TranscriptionAlphabet, weight: Double, bonus: Double) {
        (self.model, self.weight, self.bonus) = (model, weight, bonus)
        numbers =
            [nil]
            + alphabet.symbols.map { symbol in
                // The blank cannot stand in a file whose fields are told apart by it.
                let names = symbol == " " ? ["<space>", "▁", "_", "|", "<SPACE>"] : [symbol]
                return names.lazy.compactMap { model.number(of: $0) }.first ?? model.number(of: "<unk>")
            }
    }

    /// The beginning of a sentence.
    public var start: NGramModel.Context { model.start }
    /// The weighted logarithm of the probability of a symbol.
    public func score(of label: Int, after state: NGramModel.Context) -> Double {
        weight * model.logProbability(of: numbers[label], after: state) + bonus
    }
    /// What is known after a symbol.
    public func state(after state: NGramModel.Context, label: Int) -> NGramModel.Context {
        model.context(after: state, word: numbers[label])
    }
    /// The weighted logarithm of the probability of the end.
    public func endScore(after state: NGramModel.Context) -> Double { weight * model.endLogProbability(after: state) }
}

/// A model of words for a transcriber that writes characters: a word is judged where it ends.
public struct WordNGramScorer: LabelScorer {
    let model: NGramModel
    let weight: Double
    let bonus: Double
    private let alphabet: TranscriptionAlphabet

    package init(_ model: NGramModel, _ alphabet: TranscriptionAlphabet, weight: Double, bonus: Double) {
        (self.model, self.alphabet, self.weight, self.bonus) = (model, alphabet, weight, bonus)
    }

    /// The words so far, and the letters of the open one.
    public struct State: Sendable {
        var context: NGramModel.Context
        var word = ""
    }

    /// The beginning of a sentence.
    public var start: State { State(context: model.start) }

    private func judged(_ state: State) -> Double {
        state.word.isEmpty ? 0 : weight * model.logProbability(of: state.word, after: state.context) + bonus
    }

    /// The score of the word that a blank ends.
    public func score(of label: Int, after state: State) -> Double { label == alphabet.space ? judged(state) : 0 }

    /// What is known after a symbol.
    public func state(after state: State, label: Int) -> State {
        guard label == alphabet.space else {
            return State(context: state.context, word: state.word + alphabet.symbol(Int32(label)))
        }
        guard !state.word.isEmpty else { return state }
        return State(context: model.context(after: state.context, word: state.word))
    }

    /// The score of the last word, and of the end.
    public func endScore(after state: State) -> Double {
        let context = state.word.isEmpty ? state.context : model.context(after: state.context, word: state.word)
        return judged(state) + weight * model.endLogProbability(after: context)
    }
}

/// Words that are expected: each raises the score of a text that has it. Letters raise it one by one, and what was given for
/// the beginning of a word is taken back where it does not go on.
public struct HotWordScorer: LabelScorer {
    private struct Node {
        var next: [Int: Int] = [:]
        var isWord = false
        var depth = 0
    }
    private var nodes = [Node()]
    private let weight: Double
    private let space: Int?

    /// - Parameter weight: what a whole word adds.
    package init(_ words: [String], _ alphabet: TranscriptionAlphabet, weight: Double) {
        self.weight = weight
        space = alphabet.space
        for word in words {
            guard let labels = alphabet.labels(word), !labels.isEmpty else { continue }
            var node = 0
            for label in labels {
                if let next = nodes[node].next[Int(label)] {
                    node = next
                } else {
                    nodes.append(Node(depth: nodes[node].depth + 1))
                    nodes[node].next[Int(label)] = nodes.count - 1
                    node = nodes.count - 1
                }
            }
            nodes[node].isWord = true
        }
        lengths = []
        lengths = nodes.indices.map { longest(from: $0) }
    }

    /// The length of the longest word below each node: a letter's share of the whole.
    private var lengths: [Int]

    private func longest(from node: Int) -> Int {
        // Nodes stand behind their parents: a walk over the children of children ends.
        var best = nodes[node].depth
        var open = [node]
        while let node = open.popLast() {
            best = max(best, nodes[node].depth)
            open += nodes[node].next.values
        }
        return best
    }

    /// The place in a word, and what was given for its letters so far.
    public struct State: Sendable, Hashable {
        var node: Int?
        var given = 0.0
    }

    /// Before a word.
    public var start: State { State(node: 0) }

    private func step(_ state: State, _ label: Int) -> (State, Double) {
        if label == space {
            let isWhole = state.node.map { nodes[$0].isWord } ?? false
            let due = isWhole ? weight : 0
            return (start, due - state.given)
        }
        if let node = state.node, let next = nodes[node].next[label] {
            let given = weight * Double(nodes[next].depth) / Double(max(1, lengths[next]))
            return (State(node: next, given: given), given - state.given)
        }
        // Symbols that are words themselves begin anew after each.
        guard space == nil else { return (State(node: nil), -state.given) }
        let kept = state.node.map { nodes[$0].isWord ? weight : 0 } ?? 0
        guard let next = nodes[0].next[label] else { return (start, kept - state.given) }
        let given = weight * Double(nodes[next].depth) / Double(max(1, lengths[next]))
        return (State(node: next, given: given), kept - state.given + given)
    }

    /// What a letter adds or takes back.
    public func score(of label: Int, after state: State) -> Double { step(state, label).1 }
    /// The place after a letter.
    public func state(after state: State, label: Int) -> State { step(state, label).0 }
    /// What the end of the last word adds or takes back.
    public func endScore(after state: State) -> Double {
        (state.node.map { nodes[$0].isWord } ?? false ? weight : 0) - state.given
    }
}

/// One of our own language models beside the sound. Its tokens must be the symbols: characters, or words.
public struct LanguageScorer: LabelScorer {
    private let model: LanguageModel
    private let weight: Double
    private let bonus: Double
    private let tokens: [Int32]

    /// - Throws: `usage` where the model's tokens are not the symbols.
    package init(
        _ model: LanguageModel, _ alphabet: TranscriptionAlphabet, weight: Double, bonus: Double
    ) throws(RecurrentError) {
        var tokens: [Int32] = [0]
        for symbol in alphabet.symbols {
            let own = model.tokenizer.encode(symbol)
            guard own.count == 1 else {
                throw RecurrentError(
                    .usage, "the language model does not read '\(symbol)' as one token",
                    why: "its tokens must be the symbols of the transcriber: \(alphabet.unit.rawValue)",
                    help: "train one with: recurrent train language --tokens "
                        + (alphabet.unit == .characters ? "characters" : "words"))
            }
            tokens.append(own[0])
        }
        (self.model, self.weight, self.bonus, self.tokens) = (model, weight, bonus, tokens)
    }

    /// A beginning; the network reads its last token when somebody asks what follows.
    public final class State: Sendable {
        typealias Reading = (scores: [Float], state: [Tensor])

        private enum Content: Sendable {
            case unread(before: State?, token: Int32?)
            case read(scores: [Float], state: [Tensor])
        }
        // What was read lets go of the beginning before it: a long text is no long chain.
        private let content: Mutex<Content>

        init(before: State?, token: Int32?) { content = Mutex(.unread(before: before, token: token)) }

        func read(_ model: LanguageModel) -> Reading {
            content.withLock { content in
                switch content {
                case .read(let scores, let state): return (scores, state)
                case .unread(let before, let token):
                    var reading: Reading = ([], [])
                    if let token { reading = model.scores(of: token, after: before?.read(model).state ?? []) }
                    content = .read(scores: reading.scores, state: reading.state)
                    return reading
                }
            }
        }
    }

    /// Before the first symbol; a line break stands before it where the model knows one.
    public var start: State {
        let breaks = model.tokenizer.encode("\n")
        return State(before: nil, token: breaks.count == 1 ? breaks[0] : nil)
    }

    /// The weighted logarithm of the probability of a symbol.
    public func score(of label: Int, after state: State) -> Double {
        let scores = state.read(model).scores
        guard !scores.isEmpty else { return bonus }
        return weight * Double(scores[Int(tokens[label])]) + bonus
    }

    /// What is known after a symbol.
    public func state(after state: State, label: Int) -> State { State(before: state, token: tokens[label]) }
    /// Nothing.
    public func endScore(after state: State) -> Double { 0 }
}

extension LanguageModel {
    /// The logarithms of the probabilities of what follows a token, and the state behind it.
    func scores(of token: Int32, after state: [Tensor]) -> (scores: [Float], state: [Tensor]) {
        var parts = state.map { Variable($0) }
        let scores = network.scores(Tensor([token], shape: [1, 1]), from: &parts)
        return (scores.logSoftmax().scalars(of: Float.self), parts.map(\.value))
    }
}

extension Transcriber {
    /// What is known beside the sound, for a search.
    ///
    /// - Parameters:
    ///   - ngrams: a model of words or characters.
    ///   - language: one of our own models, of characters or words.
    ///   - weight: what logarithms of its probabilities are multiplied by.
    ///   - bonus: added for each word, or character of a model of characters, against short texts.
    ///   - hotWords: words that are expected.
    ///   - hotWeight: what each of them adds.
    /// - Throws: `usage` where the language model's tokens are not the symbols.
    public func scorer(
        ngrams: NGramModel? = nil, language: LanguageModel? = nil, weight: Double = 0.5, bonus: Double = 0.5,
        hotWords: [String] = [], hotWeight: Double = 4
    ) throws(RecurrentError) -> (any LabelScorer)? {
        var scorers: [any LabelScorer] = []
        if let ngrams {
            let known = alphabet.symbols.filter { ngrams.knows($0) }.count
            if alphabet.unit == .words || 2 * known > alphabet.symbols.count && ngrams.words.allSatisfy(\.isSymbolName)
            {
                scorers.append(SymbolNGramScorer(ngrams, alphabet, weight: weight, bonus: bonus))
            } else {
                scorers.append(WordNGramScorer(ngrams, alphabet, weight: weight, bonus: bonus))
            }
        }
        if let language { scorers.append(try LanguageScorer(language, alphabet, weight: weight, bonus: bonus)) }
        if !hotWords.isEmpty {
            for word in hotWords where alphabet.labels(word) == nil {
                throw RecurrentError(
                    .usage, "the model never writes '\(word)'",
                    why: "it has \(alphabet.unknown(in: word).joined(separator: " "))")
            }
            scorers.append(HotWordScorer(hotWords, alphabet, weight: hotWeight))
        }
        func pair<A: LabelScorer, B: LabelScorer>(_ a: A, _ b: B) -> any LabelScorer { ScorerPair(a, b) }
        guard var result = scorers.first else { return nil }
        for scorer in scorers.dropFirst() { result = pair(result, scorer) }
        return result
    }
}

extension String {
    /// Whether this names a character: one itself, or a name such as `<space>`.
    fileprivate var isSymbolName: Bool { count == 1 || (hasPrefix("<") && hasSuffix(">")) }
}
