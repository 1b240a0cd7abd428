public import RecurrentAutodiff
public import RecurrentTensor

/// Pairs of sequences as a decoder learns from them: each token of an answer from those before it.
public struct SequencePairs: Sendable {
    /// The sources, [K, B].
    public let source: Tensor
    /// The number of tokens of each source.
    public let sourceLengths: [Int]
    /// The answers behind the token of their beginning, [T, B].
    public let input: Tensor
    /// The answers before the token of their end, [T, B]; −100 beyond it.
    public let targets: Tensor
    /// The number of tokens of each answer, its end included.
    public let targetLengths: [Int]

    /// Pads pairs to a batch.
    ///
    /// - Parameters:
    ///   - pairs: sources and answers, the answers without begin and end.
    ///   - begin: stands before an answer.
    ///   - end: stands after an answer.
    /// - Precondition: there is at least one pair.
    public init(_ pairs: [(source: [Int32], target: [Int32])], begin: Int32, end: Int32) {
        precondition(!pairs.isEmpty, "SequencePairs: a batch needs at least one pair")
        let count = pairs.count
        let K = pairs.map(\.source.count).max() ?? 0
        let T = (pairs.map(\.target.count).max() ?? 0) + 1
        var source = [Int32](repeating: 0, count: K * count)
        var input = [Int32](repeating: end, count: T * count)
        var targets = [Int32](repeating: -100, count: T * count)
        for (b, pair) in pairs.enumerated() {
            for (k, token) in pair.source.enumerated() { source[k * count + b] = token }
            input[b] = begin
            for (t, token) in pair.target.enumerated() {
                input[(t + 1) * count + b] = token
                targets[t * count + b] = token
            }
            targets[pair.target.count * count + b] = end
        }
        self.source = Tensor(source, shape: [K, count])
        self.input = Tensor(input, shape: [T, count])
        self.targets = Tensor(targets, shape: [T, count])
        sourceLengths = pairs.map(\.source.count)
        targetLengths = pairs.map { $0.target.count + 1 }
    }

    /// The number of tokens that a decoder is asked for.
    public var targetCount: Int { targetLengths.reduce(0, +) }
}

extension EncoderDecoder {
    /// The cross entropy of the answers, a token.
    ///
    /// - Parameters:
    ///   - labelSmoothing: the share of the target that is spread over all tokens.
    ///   - sampling: with which probability a token that the decoder reads is its own guess instead of the answer's; the key
    ///     decides where. The guesses come from a first pass over the whole answer.
    ///   - reduction: the mean or the sum over tokens.
    /// - Source: scheduled sampling: Bengio et al. 2015; in two passes: Mihaylova & Martins 2019.
    public func loss(
        _ pairs: SequencePairs, labelSmoothing: Double = 0, sampling: (rate: Double, key: RandomKey)? = nil,
        reduction: LossReduction = .mean
    ) -> Variable {
        var input = pairs.input
        if let sampling, sampling.rate > 0 { input = sampled(pairs, sampling.rate, sampling.key) }
        let memory = encoded(pairs.source, lengths: pairs.sourceLengths)
        var state = memory.initial
        let decoded = decoded(input, memory, from: &state, lengths: pairs.targetLengths)
        return decoded.features.linearCrossEntropy(
            weight: output, bias: outputBias.variable, targets: pairs.targets, labelSmoothing: labelSmoothing,
            reduction: reduction)
    }

    /// The decoder's input with some tokens replaced by what the decoder itself holds most probable there.
    private func sampled(_ pairs: SequencePairs, _ rate: Double, _ key: RandomKey) -> Tensor {
        var model = self
        var unbinder = Unbinder()
        model.visitParameters(&unbinder)
        let memory = model.encoded(pairs.source, lengths: pairs.sourceLengths)
        var state = memory.initial
        let decoded = model.decoded(pairs.input, memory, from: &state, lengths: pairs.targetLengths)
        let guesses = model.logits(decoded.features).value.argmax().scalars(of: Int32.self)
        var tokens = pairs.input.scalars(of: Int32.self)
        let count = pairs.sourceLengths.count
        var stream = RandomStream(key)
        // The first row is the token of the beginning; row t takes what was guessed at t − 1.
        for index in tokens.indices.dropFirst(count) where stream.uniform() < rate {
            if index / count < pairs.targetLengths[index % count] { tokens[index] = guesses[index - count] }
        }
        return Tensor(tokens, shape: pairs.input.shape)
    }
}

/// Turns the recorded parameters of a module back into constants.
private struct Unbinder: ParameterVisitor {
    var prefix = ""
    mutating func visit(_ path: String, _ parameter: inout Parameter) { parameter.bound = nil }
}
