import RecurrentAutodiff
import RecurrentData
public import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTraining

/// How well a language model predicts a text.
public struct LanguageScores: Sendable, Hashable {
    /// The mean cross entropy, in nats a token.
    public let loss: Double
    /// The number of tokens that were predicted: all but the first.
    public let tokenCount: Int
    /// The number of Unicode scalars of the text.
    public let characterCount: Int
    /// The number of bytes of the text.
    public let byteCount: Int

    /// e to the loss.
    public var perplexity: Double { Double.exp(loss) }
    /// The bits of a token.
    public var bitsPerToken: Double { loss / Double.log(2) }
    /// The bits of the whole text, for each of its characters.
    public var bitsPerCharacter: Double { bits / Double(max(1, characterCount)) }
    /// The bits of the whole text, for each of its bytes.
    public var bitsPerByte: Double { bits / Double(max(1, byteCount)) }
    private var bits: Double { bitsPerToken * Double(tokenCount) }

    /// The scores by name.
    public var json: JSON {
        [
            "loss": JSON(loss), "perplexity": JSON(perplexity), "bits_per_token": JSON(bitsPerToken),
            "bits_per_character": JSON(bitsPerCharacter), "bits_per_byte": JSON(bitsPerByte),
            "tokens": JSON(tokenCount), "characters": JSON(characterCount), "bytes": JSON(byteCount),
        ]
    }
}

/// How a model may learn from a text while it is judged on it: every token is predicted before it is seen.
public struct LanguageAdaptation: Sendable, Hashable {
    /// Dynamic evaluation: after each piece of the text a step along its gradient; nil: none. Source: Mikolov et al. 2010;
    /// Krause et al. 2018, in its form with plain gradients scaled by their root mean square.
    public var dynamicRate: Double?
    /// How strongly dynamic evaluation pulls weights back to where they were.
    public var dynamicDecay = 0.002
    /// The tokens between two steps of dynamic evaluation.
    public var dynamicSteps = 20
    /// The neural cache: the last so many hidden states vote for the tokens that followed them; 0: none. Source: Grave,
    /// Joulin & Usunier 2017.
    public var cacheSize = 0
    /// θ, how sharply hidden states must agree for the cache.
    public var cacheSharpness = 0.3
    /// λ, the share of the cache in the prediction.
    public var cacheShare = 0.1

    /// No adaptation.
    public init() {}
}

extension LanguageModel {
    /// Judges the model on a text file: every token but the first is predicted from all before it.
    ///
    /// - Parameters:
    ///   - adaptation: how the model may learn from what it has predicted already.
    ///   - progress: is told the share that is done, now and then.
    /// - Throws: `badData` where the text has fewer than two tokens or is none.
    public func evaluate(
        file: String, adaptation: LanguageAdaptation = LanguageAdaptation(), progress: ((Int) -> Void)? = nil
    ) throws -> LanguageScores {
        let chunks = try TextChunks(path: file, allowsBinary: tokenizer.kind == .bytes)
        var extent = LanguageText.Extent()
        var judge = try LanguageJudge(self, adaptation)
        while let piece = try chunks.next() {
            extent.add(piece)
            judge.read(LanguageText.tokens(of: piece, tokenizer), progress: progress)
        }
        return try scores(judge, extent, at: chunks.name)
    }

    /// Judges the model on a text.
    public func evaluate(
        _ text: String, adaptation: LanguageAdaptation = LanguageAdaptation()
    ) throws -> LanguageScores {
        var extent = LanguageText.Extent()
        extent.add(Array(text.utf8))
        var judge = try LanguageJudge(self, adaptation)
        judge.read(LanguageText.tokens(of: Array(text.utf8), tokenizer), progress: nil)
        return try scores(judge, extent, at: nil)
    }

    private func scores(
        _ judge: LanguageJudge, _ extent: LanguageText.Extent, at place: String?
    ) throws(RecurrentError) -> LanguageScores {
        guard judge.count > 0 else {
            throw RecurrentError(
                .badData, "the text is too short to be judged: it has fewer than two tokens", at: place)
        }
        return LanguageScores(
            loss: judge.total / Double(judge.count), tokenCount: judge.count, characterCount: extent.characters,
            byteCount: extent.bytes)
    }
}

/// Reads a text once, predicting each token from all before it.
private struct LanguageJudge {
    private var network: LanguageNetwork
    private let adaptation: LanguageAdaptation
    private let model: LanguageModel
    private var state: [Variable] = []
    private var last: Int32?
    private(set) var total = 0.0
    private(set) var count = 0
    private var cache: NeuralCache?
    private var learning: DynamicEvaluation?
    /// The steps that generation takes, where they read reduced weights and so are other than those of the network.
    private var stream: LanguageStream?

    init(_ model: LanguageModel, _ adaptation: LanguageAdaptation) throws(RecurrentError) {
        (self.model, self.adaptation) = (model, adaptation)
        network = try adaptation.dynamicRate == nil ? model.network : model.network.withoutDropout()
        if adaptation.cacheSize > 0 { cache = NeuralCache(adaptation) }
        if let rate = adaptation.dynamicRate {
            learning = DynamicEvaluation(start: model.network, rate: rate, decay: adaptation.dynamicDecay)
        }
        if model.weightFormat != .float32, cache == nil, learning == nil { stream = LanguageStream(model) }
    }

    mutating func read(_ tokens: [Int32], progress: ((Int) -> Void)?) {
        let all = (last.map { [$0] } ?? []) + tokens
        last = all.last
        if stream != nil { return follow(all, progress) }
        let steps = learning == nil ? 256 : max(1, adaptation.dynamicSteps)
        for begin in stride(from: 0, to: max(0, all.count - 1), by: steps) {
            let T = min(steps, all.count - 1 - begin)
            let batch = LanguageBatch(
                tokens: Tensor(Array(all[begin..<begin + T]), shape: [T, 1]),
                targets: Tensor(Array(all[begin + 1..<begin + T + 1]), shape: [T, 1]))
            judge(batch, T)
            progress?(count)
        }
    }

    private mutating func follow(_ tokens: [Int32], _ progress: ((Int) -> Void)?) {
        for (token, next) in zip(tokens, tokens.dropFirst()) {
            stream?.step(token)
            total -= Double(stream?.logProbabilities[Int(next)] ?? 0)
            count += 1
            if count % 256 == 0 { progress?(count) }
        }
    }

    private mutating func judge(_ batch: LanguageBatch, _ T: Int) {
        var before = state
        if cache == nil {
            total += network.crossEntropy(batch, &state).value.item * Double(T)
        } else {
            let hidden = network.hidden(batch.tokens, from: &state).raw
            let logs = network.scores(of: hidden).logSoftmax()
            let width = hidden.shape[2]
            let (h, p) = (hidden.value.scalars(of: Float.self), logs.scalars(of: Float.self))
            let targets = batch.targets.scalars(of: Int32.self)
            let V = logs.shape[2]
            for t in 0..<T {
                let own = Double.exp(Double(p[t * V + Int(targets[t])]))
                total -= Double.log(
                    cache?.probability(of: targets[t], own, Array(h[t * width..<(t + 1) * width])) ?? own)
            }
        }
        count += T
        // Learning begins from the state before the piece, as the prediction did.
        if learning != nil { learning?.step(&network, batch, &before) }
    }
}

/// The last hidden states with the tokens that followed them.
struct NeuralCache {
    private let size: Int
    private let sharpness: Double
    private let share: Double
    private var states: [[Float]] = []
    private var tokens: [Int32] = []
    private var next = 0

    init(_ adaptation: LanguageAdaptation) {
        (size, sharpness, share) = (adaptation.cacheSize, adaptation.cacheSharpness, adaptation.cacheShare)
    }

    /// The mixed probability of a token that follows a hidden state, which is then remembered.
    ///
    /// - Parameter own: the probability that the network gives.
    mutating func probability(of token: Int32, _ own: Double, _ state: [Float]) -> Double {
        var mixed = own
        if !states.isEmpty {
            let scores = states.map { other -> Double in
                var sum: Float = 0
                for k in 0..<state.count { sum += state[k] * other[k] }
                return sharpness * Double(sum)
            }
            let top = scores.max() ?? 0
            var (all, matching) = (0.0, 0.0)
            for (score, other) in zip(scores, tokens) {
                let weight = Double.exp(score - top)
                all += weight
                if other == token { matching += weight }
            }
            mixed = (1 - share) * own + share * matching / all
        }
        if states.count < size {
            states.append(state)
            tokens.append(token)
        } else {
            (states[next], tokens[next]) = (state, token)
            next = (next + 1) % size
        }
        return max(mixed, 1e-300)
    }
}

/// Steps along the gradients of what was just predicted, with a pull back to the beginning.
struct DynamicEvaluation {
    private let start: [String: Tensor]
    private let rate: Double
    private let decay: Double
    /// The running mean of squared gradients.
    private var squares: [String: Tensor] = [:]

    init(start network: LanguageNetwork, rate: Double, decay: Double) {
        start = Dictionary(network.parameters.map { ($0.name, $0.value) }) { first, _ in first }
        (self.rate, self.decay) = (rate, decay)
    }

    mutating func step(_ network: inout LanguageNetwork, _ batch: LanguageBatch, _ state: inout [Variable]) {
        let (_, gradients) = network.valueAndGradient { $0.crossEntropy(batch, &state) }
        let names = Dictionary(zip(gradients.names, gradients.tensors)) { first, _ in first }
        network.updateParameters { name, value in
            guard let found = names[name], let gradient = found, let origin = start[name] else { return }
            // RMSprop without bias: the mean begins at the first squared gradient.
            let square = gradient * gradient
            let mean = squares[name].map { $0 + (square - $0) * 0.05 } ?? square
            squares[name] = mean
            value = value - gradient / (mean.squareRoot() + 1e-5) * rate + (origin - value) * decay
        }
    }
}
