public import RecurrentTensor

/// Something that tells, one step after another, how probable each next token is: a decoder with its state, for many
/// sentences and several beginnings of an answer to each at once.
///
/// Rows are beginnings: row w · S + s is number w of sentence s of S.
public protocol StepDecoder {
    /// Takes one token more for every row and gives the probabilities of what follows.
    ///
    /// - Parameters:
    ///   - tokens: the token of each row; the number of rows is a multiple of S.
    ///   - parents: the row of the step before that each row continues; in the first step, where there is none, 0..<S.
    mutating func step(_ tokens: [Int32], continuing parents: [Int32]) -> DecodedStep
    /// Leaves all sentences but these, in this order.
    mutating func keep(sentences: [Int])
}

/// What a decoder gives for one step.
public struct DecodedStep: Sendable {
    /// The logarithm of the probability of each next token, [N, V], `float32`.
    public let logProbabilities: Tensor
    /// What each row looked at, [N, K], of sum 1 over the source, `float32`; nil for a decoder without attention.
    public let attention: Tensor?

    /// A step.
    public init(logProbabilities: Tensor, attention: Tensor? = nil) {
        self.logProbabilities = logProbabilities
        self.attention = attention
    }
}

/// One answer that a search found.
public struct Hypothesis: Sendable, Hashable {
    /// Its tokens, without those of beginning and end.
    public let tokens: [Int32]
    /// What the search ranks by.
    public let score: Double
    /// The logarithm of its probability, its end included.
    public let logProbability: Double
    /// What was looked at for each token, and for the end: rows of the source's length; empty without attention.
    public let attention: [[Float]]
    /// Whether the decoder ended it; else it was cut at the greatest length.
    public let isComplete: Bool
}

/// The search for the most probable answers, with several beginnings kept in view.
///
///     s(Y) = ln P(Y) / ((5 + |Y|) / 6)^α + β Σ_j ln min(Σ_t a_tj, 1)
///
/// |Y| counts the end, a_tj is the attention of step t to position j of the source. One beginning is greedy decoding.
///
/// A sentence's search is over when as many answers as beginnings were found, or when nothing that is still open can come
/// before those found.
///
/// - Complexity: for each step N · V comparisons for N open beginnings.
/// - Source: length normalisation and coverage penalty: Wu et al. 2016, equation 14.
public struct BeamSearch: Sendable, Hashable {
    /// The number of beginnings kept in view for each sentence.
    public var width: Int
    /// α: 0 ranks by probability alone, which prefers short answers; 1 almost by the mean over tokens.
    public var lengthPenalty: Double
    /// β: how much an answer loses that leaves parts of the source out.
    public var coveragePenalty: Double
    /// The number of answers wanted of each sentence.
    public var answers: Int

    /// A search.
    ///
    /// - Precondition: `width` lies in 1...1024, `answers` in 1...width, and the penalties in 0...10.
    public init(width: Int = 5, lengthPenalty: Double = 0.6, coveragePenalty: Double = 0, answers: Int = 1) {
        precondition(
            (1...1024).contains(width) && (1...width).contains(answers),
            "BeamSearch: width \(width) must lie in 1...1024 and \(answers) answers in 1...width")
        precondition(
            (0...10).contains(lengthPenalty) && (0...10).contains(coveragePenalty),
            "BeamSearch: penalties \(lengthPenalty) and \(coveragePenalty) must lie in 0...10")
        self.width = width
        self.lengthPenalty = lengthPenalty
        self.coveragePenalty = coveragePenalty
        self.answers = answers
    }

    /// The tokens that a search begins with, ends at and never takes.
    public struct Tokens: Sendable, Hashable {
        /// Stands before the first token.
        public var begin: Int32
        /// Stands after the last token.
        public var end: Int32
        /// Never part of an answer.
        public var excluded: Set<Int32>

        /// The special tokens of a vocabulary.
        public init(begin: Int32, end: Int32, excluded: Set<Int32> = []) {
            (self.begin, self.end, self.excluded) = (begin, end, excluded)
        }
    }

    /// The best answers to each sentence, the best first; at least one.
    ///
    /// - Parameters:
    ///   - decoder: at its beginning, for as many sentences as there are limits.
    ///   - tokens: the special tokens.
    ///   - limits: the greatest number of tokens of an answer to each sentence, at least 0.
    ///   - sourceLengths: how many positions of the attention of each sentence count; nil: all.
    public func callAsFunction(
        _ decoder: consuming some StepDecoder, tokens: Tokens, limits: [Int], sourceLengths: [Int]? = nil
    ) -> [[Hypothesis]] {
        var sentences = limits.indices.map { index in
            SentenceSearch(self, tokens: tokens, limit: max(0, limits[index]), sourceLength: sourceLengths?[index])
        }
        var open = Array(sentences.indices)
        var next = [Int32](repeating: tokens.begin, count: open.count)
        var parents = (0..<open.count).map { Int32($0) }
        while !open.isEmpty {
            let step = decoder.step(next, continuing: parents)
            let columns = open.count
            for (column, sentence) in open.enumerated() {
                sentences[sentence].take(step, column: column, columns: columns)
            }
            let staying = open.indices.filter { !sentences[open[$0]].isFinished }
            if staying.count < open.count {
                decoder.keep(sentences: staying)
                open = staying.map { open[$0] }
            }
            let slots = open.map { sentences[$0].open.count }.max() ?? 0
            (next, parents) = ([], [])
            for slot in 0..<slots {
                for (column, sentence) in open.enumerated() {
                    // A sentence with fewer beginnings repeats one, whose answers are not looked at.
                    let search = sentences[sentence]
                    let beginning = search.open[min(slot, search.open.count - 1)]
                    next.append(beginning.token)
                    parents.append(Int32(beginning.slot * open.count + column))
                }
            }
        }
        return sentences.map { $0.results() }
    }
}
