import RecurrentAutodiff
import RecurrentFormats
import RecurrentInterchange
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite struct LayeredNetworkTests {
    static let parts: [(name: String, part: NetworkPart)] = [
        ("in", .linear(inputSize: 3, outputSize: 4, hasBias: true)), ("", .function(.relu)),
        ("a.lstm", .lstm(.init(inputSize: 4, hiddenSize: 5, layers: 2), projection: 3)),
        ("norm", .layerNorm(size: 3, epsilon: 0.1, hasBias: false)),
        ("cell", .gru(.init(inputSize: 3, hiddenSize: 2, hasBias: false, isCell: true), form: .resetBefore)),
        ("rnn", .rnn(.init(inputSize: 2, hiddenSize: 4), activation: .leakyReLU(slope: 0.2))),
        ("out", .linear(inputSize: 4, outputSize: 2, hasBias: false)), ("", .function(.logSoftmax)),
    ]

    static func network(_ parts: [(name: String, part: NetworkPart)] = parts) throws -> LayeredNetwork {
        var network = try LayeredNetwork(parts)
        try network.load(Dictionary(weights(of: parts).map { ($0.name, $0.tensor * 0.5) }) { first, _ in first })
        return network
    }

    @Test func aFolderGivesBackTheSameNetworkBitByBit() throws {
        let folder = Scratch()
        let network = try Self.network()
        try network.save(to: folder("model"))
        let again = try LayeredNetwork(folder: folder("model"))
        #expect(again.parts.map(\.name) == network.parts.map(\.name))
        #expect(again.parts.map(\.part) == network.parts.map(\.part))
        for (a, b) in zip(network.parameters, again.parameters) {
            #expect(a.name == b.name)
            #expect(a.value.isIdentical(to: b.value))
        }
        #expect(throws: RecurrentError.self) { try network.save(to: folder("model")) }
        try network.save(to: folder("model"), replacing: true)
    }

    @Test func chunksWithCarriedStateAreTheWhole() throws {
        let network = try Self.network()
        let x = randomTensor([7, 2, 3], 3, of: .float32)
        let whole = try network.run(x)
        let first = try network.run(x.sliced(0..<3))
        let second = try network.run(x.sliced(3..<7), state: first.state)
        #expect(Tensor.concatenated([first.output, second.output]).isIdentical(to: whole.output))
        #expect(zip(second.state, whole.state).allSatisfy { $0.isIdentical(to: $1) })
        #expect(
            network.stateParts.map(\.name) == [
                "a.lstm.h_l0", "a.lstm.h_l1", "a.lstm.c_l0", "a.lstm.c_l1", "cell.h_l0", "rnn.h_l0",
            ])
        #expect(whole.state.map { $0.shape[1] } == network.stateParts.map(\.size))
    }

    @Test func theLastStepIsThatOfEachSequence() throws {
        let gru: (name: String, part: NetworkPart) = (
            "gru", .gru(.init(inputSize: 3, hiddenSize: 2), form: .resetAfter)
        )
        let network = try Self.network([gru, ("", .function(.last))])
        let steps = try Self.network([gru])
        let x = randomTensor([4, 3, 3], 3, of: .float32)
        let all = try steps.run(x, lengths: [4, 0, 2]).output
        let last = try network.run(x, lengths: [4, 0, 2]).output
        #expect(last[0].isIdentical(to: all[3][0]))
        #expect(last[1].scalars(of: Float.self) == [0, 0])
        #expect(last[2].isIdentical(to: all[1][2]))
        #expect(try network.run(x).output.isIdentical(to: steps.run(x).output[3]))
    }

    @Test func theFinalStateIsThatOfBothDirections() throws {
        let gru: (name: String, part: NetworkPart) = (
            "gru", .gru(.init(inputSize: 3, hiddenSize: 2, layers: 2, bidirectional: true), form: .resetAfter)
        )
        let network = try Self.network([
            gru, ("", .function(.final)), ("fc", .linear(inputSize: 4, outputSize: 1, hasBias: true)),
        ])
        let steps = try Self.network([gru])
        let x = randomTensor([4, 3, 3], 3, of: .float32)
        let (all, state) = try steps.run(x, lengths: [4, 1, 2])
        let final = try Self.network([gru, ("", .function(.final))]).run(x, lengths: [4, 1, 2]).output
        #expect(final.isIdentical(to: .concatenated([state[2], state[3]], axis: 1)))
        // The reverse direction ends at the first step.
        #expect(final[0].sliced(2..<4).isIdentical(to: all[0][0].sliced(2..<4)))
        #expect(try network.run(x).output.shape == [3, 1])
    }

    @Test func gradientsReachEveryParameter() throws {
        let network = try Self.network()
        let x = Variable(randomTensor([4, 2, 3], 3, of: .float32))
        let (_, gradients) = network.valueAndGradient { network in
            var state: [Variable] = []
            return network(x, from: &state).squared().sum()
        }
        for (name, value) in network.parameters {
            #expect(gradients[name].map { $0.shape == value.shape && $0.magnitude().sum().item > 0 } == true, "\(name)")
        }
    }

    @Test func whatStandsInPaddingMayBeAnything() throws {
        let tokens = try Self.network([
            ("embedding", .embedding(count: 5, size: 3)),
            ("gru", .gru(.init(inputSize: 3, hiddenSize: 2), form: .resetAfter)),
        ])
        let a = try tokens.run(Tensor([Int64(1), 4, 2, -7], shape: [2, 2]), lengths: [2, 1])
        let b = try tokens.run(Tensor([Float(1), 4, 2, .nan], shape: [2, 2]), lengths: [2, 1])
        #expect(a.output.isIdentical(to: b.output))
        #expect(a.output.isFinite)
    }

    @Test func inputsThatDoNotFitAreRefused() throws {
        let network = try Self.network()
        let tokens = try Self.network([("embedding", .embedding(count: 5, size: 3))])
        func refused(_ network: LayeredNetwork, _ x: Tensor, _ state: [Tensor] = [], _ lengths: [Int]? = nil) -> Bool {
            do throws(RecurrentError) {
                _ = try network.run(x, state: state, lengths: lengths)
                return false
            } catch { return error.category == .badData }
        }
        let x = Tensor(zeros: [2, 1, 3])
        #expect(refused(network, Tensor(zeros: [2, 3])))
        #expect(refused(network, Tensor(zeros: [2, 1, 4])))
        #expect(refused(network, x, [Tensor(zeros: [1, 3])]))
        #expect(refused(network, x, network.stateParts.map { Tensor(zeros: [2, $0.size]) }))
        #expect(refused(network, x, [], [3]))
        #expect(refused(network, x, [], [-1]))
        #expect(refused(network, x, [], [1, 1]))
        #expect(refused(network, Tensor(zeros: [2, 1, 3], of: .bool)))
        #expect(refused(tokens, x))
        for token in [-1.0, 5, 0.5, .nan, .infinity, 1e300] {
            #expect(refused(tokens, Tensor([token], shape: [1, 1])), "\(token)")
        }
        #expect(refused(tokens, Tensor(zeros: [1, 1], of: .float16)))
        #expect(!refused(tokens, Tensor(zeros: [0, 3], of: .int64)))
    }

    // MARK: - Bad folders

    /// Changes of a valid config.json, as its text and what stands instead.
    static let changes: [(String, String)] = [
        (#""task": "network""#, #""task": "forecast""#), (#""version": 1"#, #""version": 2"#),
        (#""hidden_size": 5"#, #""hidden_size": 6"#), (#""hidden_size": 5"#, #""hidden_size": 0"#),
        (#""hidden_size": 5"#, #""hidden_size": -5"#), (#""hidden_size": 5"#, #""hidden_size": 16777216"#),
        (#""hidden_size": 5"#, #""hidden_size": 9223372036854775807"#),
        (#""hidden_size": 5"#, #""hidden_size": 1e300"#),
        (#""hidden_size": 5"#, #""hidden_size": "5""#), (#""layers": 2"#, #""layers": 1000"#),
        (#""layers": 2"#, #""layers": 1025"#), (#""kind": "lstm""#, #""kind": "gru""#),
        (#""kind": "lstm""#, #""kind": "lsmt""#), (#""projection_size": 3"#, #""projection_size": 0"#),
        (#""reset": "before""#, #""reset": "never""#), (#""reset": "before""#, #""resets": "before""#),
        (#""function": "relu""#, #""function": "rleu""#), (#""epsilon": 0.1"#, #""epsilon": -1"#),
        (#""leaky-relu""#, #""leaky""#), (#""name": "in""#, #""name": "out""#), (#""name": "in""#, #""name": 3"#),
        (#""bidirectional": false"#, #""bidirectional": true"#), (#""function": "relu""#, #""function": "last""#),
    ]

    @Test(arguments: changes)
    func aConfigurationThatDoesNotFitIsRefused(text: String, other: String) throws {
        let folder = Scratch()
        try Self.network().save(to: folder("model"))
        let config = String(decoding: try FileSystem().read(folder("model/config.json")), as: UTF8.self)
        let changed = config.replacing(text, with: other, maxReplacements: 1)
        #expect(changed != config, "the text is not in \(config)")
        try VerifiedFolder.write(
            [
                ("config.json", Array(changed.utf8)),
                ("model.safetensors", try FileSystem().read(folder("model/model.safetensors"))),
            ], to: folder("bad"), replacing: false)
        do {
            _ = try LayeredNetwork(folder: folder("bad"))
            Issue.record("\(other) was taken")
        } catch let error as RecurrentError {
            #expect(error.category == .badModel, "\(error)")
        }
    }

    @Test func layersThatDoNotFitEachOtherAreNamed() {
        func refusal(_ parts: [(name: String, part: NetworkPart)]) -> String? {
            do throws(RecurrentError) {
                _ = try LayeredNetwork(parts)
                return nil
            } catch { return error.description }
        }
        let gru = NetworkPart.gru(.init(inputSize: 3, hiddenSize: 4), form: .resetAfter)
        #expect(refusal([]) != nil)
        #expect(refusal([("", .function(.relu))]) != nil)
        #expect(refusal([("a", gru), ("b", gru)])?.contains("'b' takes 3 features") == true)
        #expect(refusal([("a", gru), ("b", .embedding(count: 2, size: 3))])?.contains("not the first") == true)
        #expect(refusal([("a", gru), ("", .function(.last)), ("", .function(.last))]) != nil)
        #expect(refusal([("a", gru), ("", .function(.relu)), ("", .function(.final))]) != nil)
        #expect(refusal([("", .function(.final)), ("a", gru)]) != nil)
        #expect(
            refusal([
                ("a", .gru(.init(inputSize: 4, hiddenSize: 4), form: .resetAfter)),
                ("a", .gru(.init(inputSize: 4, hiddenSize: 4), form: .resetAfter)),
            ])?.contains("twice") == true)
        #expect(refusal([("a", .gru(.init(inputSize: 3, hiddenSize: .max), form: .resetAfter))]) != nil)
        #expect(refusal([("a", .lstm(.init(inputSize: 3, hiddenSize: 2), projection: 5))]) != nil)
        #expect(refusal([("a", .rnn(.init(inputSize: 3, hiddenSize: 2), activation: .elu(scale: .nan)))]) != nil)
    }
}

@Suite struct ReducedNetworkTests {
    @Test(arguments: WeightFormat.allCases) func aReducedNetworkGoesThroughItsFolderBitByBit(
        _ format: WeightFormat
    ) throws {
        let folder = Scratch()
        let network = try LayeredNetworkTests.network()
        let reduced = try network.reduced(to: format)
        try reduced.save(to: folder("model"))
        let again = try LayeredNetwork(folder: folder("model"))
        #expect(again.weightFormat == format)
        for (name, value) in again.parameters {
            let before = try #require(reduced.parameters.first { $0.name == name }?.value)
            #expect(before.isIdentical(to: value), "\(name)")
            let whole = try #require(network.parameters.first { $0.name == name }?.value)
            #expect(whole.isIdentical(to: value) || (value.rank == 2 && name.contains("weight_")), "\(name)")
        }
        try again.save(to: folder("copy"))
        let files = FileSystem()
        #expect(
            try files.read(folder("copy/model.safetensors"), maximumBytes: 1 << 20)
                == files.read(folder("model/model.safetensors"), maximumBytes: 1 << 20))
        // Other weights are whole again.
        var other = again
        try other.load(Dictionary(network.parameters.map { ($0.name, $0.value) }) { first, _ in first })
        #expect(other.weightFormat == .float32)
    }
}
