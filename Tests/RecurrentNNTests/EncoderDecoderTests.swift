import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// A network of Fixtures/EncoderDecoder with all that PyTorch says of it.
private struct Golden {
    let network: EncoderDecoder
    let values: [String: Tensor]
    let pairs: [(source: [Int32], target: [Int32])]

    static let names = ["separate", "shared", "one_layer"]

    init(_ name: String) throws {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let file = try SafetensorsFile(folder + "/Fixtures/EncoderDecoder/\(name).safetensors")
        let values = Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.tensor) })
        let table = try #require(values["w.source_embedding.weight"])
        let bias = try #require(values["w.output_bias"])
        var configuration = EncoderDecoderConfiguration(
            sourceTokens: table.shape[0], targetTokens: bias.count,
            sharesEmbeddings: values["w.target_embedding.weight"] == nil)
        configuration.tiesOutput = values["w.output_weight"] == nil
        configuration.embeddingSize = table.shape[1]
        configuration.hiddenSize = try #require(values["w.attention.weight"]).shape[0]
        configuration.encoderLayers = (0..<9).filter { values["w.encoder.weight_ih_l\($0)"] != nil }.count
        configuration.decoderLayers = (0..<9).filter { values["w.hidden_bridges.\($0).weight"] != nil }.count
        var network = EncoderDecoder(configuration, key: RandomKey(seed: 0)).converted(to: .float64)
        try network.load(values.under("w."))
        self.network = network
        self.values = values
        pairs = (0..<9).compactMap { index in
            guard let source = values["source.\(index)"], let target = values["target.\(index)"] else { return nil }
            return (source.scalars(of: Int32.self), target.scalars(of: Int32.self))
        }
    }

    var batch: SequencePairs { SequencePairs(pairs, begin: 1, end: 0) }

    /// An answer as the fixture writes it, without its filling.
    func answer(_ name: String) throws -> [Int32] {
        try #require(values[name]).scalars(of: Int32.self).filter { $0 >= 0 }
    }

    func search(_ beams: BeamSearch, of index: Int? = nil) -> [[Hypothesis]] {
        let batch = SequencePairs(index.map { [pairs[$0]] } ?? pairs, begin: 1, end: 0)
        return beams(
            network.decoder(batch.source, lengths: batch.sourceLengths),
            tokens: BeamSearch.Tokens(begin: 1, end: 0, excluded: [1, 2]),
            limits: batch.sourceLengths.map { _ in 4 }, sourceLengths: batch.sourceLengths)
    }
}

@Test(arguments: Golden.names)
func anEncoderDecoderEqualsPyTorchInScoresAttentionLossAndEveryGradient(_ name: String) throws {
    let golden = try Golden(name)
    let (network, batch) = (golden.network, golden.batch)
    let memory = network.encoded(batch.source, lengths: batch.sourceLengths)
    var state = memory.initial
    let decoded = network.decoded(batch.input, memory, from: &state, lengths: batch.targetLengths)
    let scores = network.logits(decoded.features).value
    // Both sides compute in float64 over a handful of steps.
    for index in golden.pairs.indices {
        let (steps, length) = (batch.targetLengths[index], batch.sourceLengths[index])
        let own = scores.sliced(0..<steps).sliced(index..<index + 1, axis: 1)
        let expected = try #require(golden.values["scores.\(index)"])
        #expect(relativeError(own.reshaped(expected.shape), expected) < 1e-12)
        let looks = decoded.attention.value.sliced(0..<steps).sliced(index..<index + 1, axis: 1)
        let wanted = try #require(golden.values["attention.\(index)"])
        #expect(relativeError(looks.sliced(0..<length, axis: 2).reshaped(wanted.shape), wanted) < 1e-12)
    }
    #expect(relativeError(network.loss(batch).value, try #require(golden.values["loss"])) < 1e-12)
    let (value, gradients) = network.valueAndGradient(random: nil) { bound in
        withoutDropout(bound).loss(batch, labelSmoothing: 0.1)
    }
    #expect(abs(value - golden.values["smoothed"]!.item) < 1e-12)
    let expected = golden.values.under("grad.")
    #expect(expected.count == network.parameters.count)
    for (key, gradient) in expected {
        #expect(relativeError(try #require(gradients[key]), gradient) < 1e-11, "\(key)")
    }
}

/// The same weights in a network whose dropout rates are zero.
private func withoutDropout(_ network: EncoderDecoder) -> EncoderDecoder {
    var configuration = network.configuration
    (configuration.embeddingDropout, configuration.dropout) = (0, 0)
    var copy = EncoderDecoder(configuration, key: RandomKey(seed: 0))
    (copy.sourceEmbedding, copy.targetEmbedding) = (network.sourceEmbedding, network.targetEmbedding)
    copy.encoder.cells = network.encoder.cells
    copy.lower.cells = network.lower.cells
    if let upper = network.upper { copy.upper?.cells = upper.cells }
    (copy.hiddenBridges, copy.cellBridges) = (network.hiddenBridges, network.cellBridges)
    (copy.keys, copy.readout) = (network.keys, network.readout)
    (copy.outputWeight, copy.outputBias) = (network.outputWeight, network.outputBias)
    return copy
}

@Test func everyGradientOfAnEncoderDecoderUnderDropoutEqualsCentralDifferences() throws {
    var configuration = EncoderDecoderConfiguration(sourceTokens: 4, targetTokens: 5)
    (configuration.embeddingSize, configuration.hiddenSize) = (2, 2)
    let whole = EncoderDecoder(configuration, key: RandomKey(seed: 8)).converted(to: .float64)
    let batch = SequencePairs([([3, 1, 2], [4, 3]), ([2], [2, 2, 3])], begin: 1, end: 0)
    let key = RandomKey(seed: 9)
    func evaluate(_ network: EncoderDecoder) -> (value: Double, gradients: Gradients) {
        // The same key draws the same masks, so that the loss is a smooth function of the weights.
        network.valueAndGradient(random: key) { $0.loss(batch, labelSmoothing: 0.1, reduction: .sum) }
    }
    let gradients = evaluate(whole).gradients
    for (name, value) in whole.parameters {
        let numeric = centralDifferences(
            of: { moved in
                var copy = whole
                copy.updateParameters { if $0 == name { $1 = moved } }
                return evaluate(copy).value
            }, at: value)
        // Fourth-order differences in Double: truncation and rounding stay below 1e-8 at these sizes.
        #expect(relativeError(try #require(gradients[name]), numeric) < 1e-7, "\(name)")
    }
}

@Test(arguments: Golden.names)
func aSearchThatKeepsEverythingInViewFindsWhatEnumerationRanksBest(_ name: String) throws {
    let golden = try Golden(name)
    for (label, alpha) in [("plain", 0.0), ("normalised", 0.8)] {
        let found = golden.search(BeamSearch(width: 1024, lengthPenalty: alpha, answers: 3))
        for index in golden.pairs.indices {
            #expect(found[index].count == 3)
            for (rank, hypothesis) in found[index].enumerated() {
                #expect(
                    try hypothesis.tokens == golden.answer("\(label).\(index).\(rank)"), "\(label) \(index) \(rank)")
                let expected = try #require(golden.values["\(label).\(index).\(rank).logp"]).item
                // The search adds up probabilities in float32.
                #expect(abs(hypothesis.logProbability - expected) < 1e-5)
                #expect(hypothesis.isComplete)
                #expect(hypothesis.attention.count == hypothesis.tokens.count + 1)
                for look in hypothesis.attention {
                    #expect(look.count == golden.pairs[index].source.count)
                    #expect(abs(look.reduce(0, +) - 1) < 1e-5)
                }
            }
        }
    }
}

@Test(arguments: Golden.names)
func oneBeginningIsGreedyDecoding(_ name: String) throws {
    let golden = try Golden(name)
    let found = golden.search(BeamSearch(width: 1, lengthPenalty: 0))
    for index in golden.pairs.indices {
        #expect(try found[index][0].tokens == golden.answer("greedy.\(index)"))
    }
}

@Test(arguments: [1, 2, 3, 5])
func aSentenceIsAnsweredTheSameAloneAndAmongOthers(_ width: Int) throws {
    for name in Golden.names {
        let golden = try Golden(name)
        let beams = BeamSearch(width: width, lengthPenalty: 0.6, coveragePenalty: 0.2, answers: width)
        let together = golden.search(beams)
        for index in golden.pairs.indices {
            let alone = golden.search(beams, of: index)[0]
            #expect(alone.map(\.tokens) == together[index].map(\.tokens))
            for (one, other) in zip(alone, together[index]) { #expect(abs(one.score - other.score) < 1e-5) }
        }
    }
}

@Test func emptySourcesAndEmptyLimitsAreAnswered() throws {
    let golden = try Golden("separate")
    for pairs in [[(source: [], target: [])], [(source: [], target: []), (source: [3, 4], target: [5])]]
        as [[(source: [Int32], target: [Int32])]]
    {
        let batch = SequencePairs(pairs, begin: 1, end: 0)
        #expect(golden.network.loss(batch).value.item.isFinite)
        for limit in [0, 3] {
            let found = BeamSearch(width: 3, coveragePenalty: 0.5)(
                golden.network.decoder(batch.source, lengths: batch.sourceLengths),
                tokens: BeamSearch.Tokens(begin: 1, end: 0), limits: pairs.map { _ in limit },
                sourceLengths: batch.sourceLengths)
            #expect(found.count == pairs.count)
            #expect(found.allSatisfy { $0.count == 1 && $0[0].tokens.count <= limit })
        }
    }
    let none = BeamSearch()(
        golden.network.decoder(Tensor([Int32](), shape: [0, 0]), lengths: []), tokens: .init(begin: 1, end: 0),
        limits: [])
    #expect(none.isEmpty)
}

/// A decoder that gives what a table says, whatever was decoded before.
private struct TableDecoder: StepDecoder {
    let steps: [[Float]]
    var time = 0
    var attention: [[Float]] = []

    mutating func step(_ tokens: [Int32], continuing parents: [Int32]) -> DecodedStep {
        let row = steps[min(time, steps.count - 1)]
        let look = attention.isEmpty ? nil : attention[min(time, attention.count - 1)]
        time += 1
        return DecodedStep(
            logProbabilities: Tensor(tokens.flatMap { _ in row }, shape: [tokens.count, row.count]),
            attention: look.map { look in Tensor(tokens.flatMap { _ in look }, shape: [tokens.count, look.count]) })
    }

    mutating func keep(sentences: [Int]) {}
}

@Test func aDecoderThatDivergedOrNeverEndsIsCutAtTheLimit() {
    let tokens = BeamSearch.Tokens(begin: 1, end: 0)
    let broken = BeamSearch(width: 3)(TableDecoder(steps: [[.nan, .nan, .nan]]), tokens: tokens, limits: [5])
    #expect(broken[0].map(\.tokens) == [[]])
    let endless = BeamSearch(width: 2)(
        TableDecoder(steps: [[-.infinity, -2, -0.1]]), tokens: tokens, limits: [5])
    #expect(endless[0][0].tokens == [2, 2, 2, 2, 2] && !endless[0][0].isComplete)
}

@Test func theScoreIsThatOfWuAndOthers() throws {
    let attention: [[Float]] = [[0.5, 0.25], [0.5, 0.25]]
    let decoder = TableDecoder(steps: [[-3, -9, -0.5], [-0.25, -9, -2]], attention: attention)
    let found = BeamSearch(width: 2, lengthPenalty: 0.7, coveragePenalty: 0.3)(
        decoder, tokens: BeamSearch.Tokens(begin: 1, end: 0), limits: [4], sourceLengths: [2])
    let best = try #require(found[0].first)
    #expect(best.tokens == [2])
    // Two tokens with the end; the source was looked at with 1 and 0.5 in all.
    let penalty = Double.pow(7.0 / 6, 0.7)
    #expect(abs(best.score - (-0.75 / penalty + 0.3 * Double.log(0.5))) < 1e-12)
}

@Test func scheduledSamplingReplacesInputsByGuessesAndKeepsTheTargets() throws {
    let golden = try Golden("shared")
    let batch = golden.batch
    let key = RandomKey(seed: 4)
    let plain = golden.network.loss(batch).value.item
    #expect(golden.network.loss(batch, sampling: (0, key)).value.item == plain)
    let sampled = golden.network.loss(batch, sampling: (1 - 1e-12, key)).value.item
    #expect(sampled != plain)
    // By hand: every input but the first is the guess of the step before.
    let memory = golden.network.encoded(batch.source, lengths: batch.sourceLengths)
    var state = memory.initial
    let first = golden.network.decoded(batch.input, memory, from: &state, lengths: batch.targetLengths)
    let guesses = golden.network.logits(first.features).value.argmax().scalars(of: Int32.self)
    var input = batch.input.scalars(of: Int32.self)
    let count = batch.sourceLengths.count
    for index in input.indices.dropFirst(count) { input[index] = guesses[index - count] }
    state = memory.initial
    let second = golden.network.decoded(
        Tensor(input, shape: batch.input.shape), memory, from: &state, lengths: batch.targetLengths)
    let expected = crossEntropy(golden.network.logits(second.features), batch.targets).value.item
    #expect(abs(sampled - expected) < 1e-12)
    // Nothing of the first pass is recorded.
    let (_, gradients) = golden.network.valueAndGradient(random: key) {
        withoutDropout($0).loss(batch, sampling: (1 - 1e-12, key))
    }
    #expect(gradients.tensors.allSatisfy { $0 != nil })
}

@Test func theNumberOfParametersIsKnownBeforeTheyAreMade() {
    for (encoderLayers, decoderLayers) in [(1, 1), (2, 2), (3, 4)] {
        for flags in 0..<4 {
            var configuration = EncoderDecoderConfiguration(
                sourceTokens: 9, targetTokens: flags & 1 == 0 ? 9 : 7, sharesEmbeddings: flags & 1 == 0)
            configuration.tiesOutput = flags & 2 == 0
            (configuration.encoderLayers, configuration.decoderLayers) = (encoderLayers, decoderLayers)
            (configuration.embeddingSize, configuration.hiddenSize) = (3, 5)
            let network = EncoderDecoder(configuration, key: RandomKey(seed: 0))
            #expect(Double(network.parameterCount) == configuration.parameterCount)
        }
    }
}

@Test func whatNoEncoderDecoderCanBeIsNamed() {
    var configuration = EncoderDecoderConfiguration(sourceTokens: 5, targetTokens: 6, sharesEmbeddings: true)
    #expect(configuration.problem == "one table of embeddings cannot serve 5 source and 6 target tokens")
    configuration.sharesEmbeddings = false
    #expect(configuration.problem == nil)
    configuration.dropout = .nan
    #expect(configuration.problem != nil)
    (configuration.dropout, configuration.hiddenSize) = (0, 0)
    #expect(throws: RecurrentError.self) { try configuration.validate() }
}
