import RecurrentFormats
import RecurrentInterchange
import RecurrentNN
import RecurrentTensor
import Testing

@Suite struct KerasWeightsTests {
    static func imported(
        _ arrays: [(String, [Int])], _ change: (inout NetworkImport.Options) -> Void = { _ in }
    ) throws(RecurrentError) -> NetworkImport {
        var options = NetworkImport.Options()
        change(&options)
        return try NetworkImport(keras: NPZFile(bytes: NPZFile.bytes(weights(arrays))), options: options)
    }

    @Test func kernelsAreTransposedAndTheGatesOfAnLSTMStay() throws {
        let kernel = Tensor((0..<8).map { Float($0) }, shape: [1, 8])
        let file = try NPZFile(
            bytes: NPZFile.bytes([
                ("lstm/lstm_cell/kernel", kernel),
                ("lstm/lstm_cell/recurrent_kernel", weights([("", [2, 8])])[0].tensor),
                ("lstm/lstm_cell/bias", Tensor((0..<8).map { Float($0) })),
            ]))
        let network = try NetworkImport(keras: file).network
        let found = Dictionary(network.parameters.map { ($0.name, $0.value) }) { first, _ in first }
        #expect(found["lstm.weight_ih_l0"]?.shape == [8, 1])
        #expect(found["lstm.weight_ih_l0"]?.scalars(of: Float.self) == (0..<8).map { Float($0) })
        #expect(found["lstm.bias_ih_l0"]?.scalars(of: Float.self) == (0..<8).map { Float($0) })
        #expect(found["lstm.bias_hh_l0"]?.scalars(of: Float.self) == [Float](repeating: 0, count: 8))
    }

    @Test func theGatesOfAGRUChangePlacesAndItsFormIsThatOfItsBias() throws {
        for (bias, form) in [([2, 6], GRUForm.resetAfter), ([6], .resetBefore)] {
            let count = bias.reduce(1, *)
            let file = try NPZFile(
                bytes: NPZFile.bytes([
                    ("gru/gru_cell/kernel", Tensor((0..<6).map { Float($0) }, shape: [1, 6])),
                    ("gru/gru_cell/recurrent_kernel", weights([("", [2, 6])])[0].tensor),
                    ("gru/gru_cell/bias", Tensor((0..<count).map { Float($0) }, shape: bias)),
                ]))
            let network = try NetworkImport(keras: file).network
            #expect(network.parts[0].part == .gru(.init(inputSize: 1, hiddenSize: 2), form: form))
            let found = Dictionary(network.parameters.map { ($0.name, $0.value) }) { first, _ in first }
            // z, r, h → r, z, n
            #expect(found["gru.weight_ih_l0"]?.scalars(of: Float.self) == [2, 3, 0, 1, 4, 5])
            #expect(found["gru.bias_ih_l0"]?.scalars(of: Float.self) == [2, 3, 0, 1, 4, 5])
            #expect(
                found["gru.bias_hh_l0"]?.scalars(of: Float.self)
                    == (form == .resetAfter ? [8, 9, 6, 7, 10, 11] : [0, 0, 0, 0, 0, 0]))
        }
    }

    @Test func aGRUWithoutBiasHasTheFormThatIsSaid() throws {
        let arrays = [("gru/cell/kernel", [1, 6]), ("gru/cell/recurrent_kernel", [2, 6])]
        let sizes = NetworkPart.RecurrentSizes(inputSize: 1, hiddenSize: 2, hasBias: false)
        #expect(try Self.imported(arrays).network.parts[0].part == .gru(sizes, form: .resetAfter))
        #expect(
            try Self.imported(arrays) { $0.gruForm = .resetBefore }.network.parts[0].part
                == .gru(sizes, form: .resetBefore))
    }

    @Test func aWholeModelIsFoundWithItsNames() throws {
        let both = ["forward", "backward"].flatMap { direction in
            [("kernel", [4, 12]), ("recurrent_kernel", [3, 12]), ("bias", [12])].map {
                ("model/bidirectional/\(direction)_lstm/lstm_cell/\($0.0):0", $0.1)
            }
        }
        let found = try Self.imported(
            both + [
                ("model/embedding/embeddings:0", [9, 4]), ("model/dense/kernel:0", [6, 2]), ("model/dense/bias:0", [2]),
                ("model/dropout/seed_generator/seed_generator_state", [2]),
            ])
        #expect(found.network.parts.map(\.name) == ["embedding", "bidirectional", "dense"])
        #expect(
            found.network.parts[1].part
                == .lstm(.init(inputSize: 4, hiddenSize: 3, bidirectional: true), projection: nil))
        #expect(found.notes.contains { $0.contains("random generator") })
    }

    @Test(arguments: [
        [("conv/kernel", [3, 3, 1, 2])],
        [("lstm/lstm_cell/kernel", [1, 8]), ("lstm/lstm_cell/recurrent_kernel", [2, 6])],
        [("lstm/lstm_cell/recurrent_kernel", [2, 8])], [("a/kernel", [2, 2]), ("a/kernel:0", [2, 2])],
        [
            ("lstm/lstm_cell/kernel", [1, 8]), ("lstm/lstm_cell/recurrent_kernel", [2, 8]),
            ("lstm/lstm_cell/bias", [2, 8]),
        ],
        [("gru/gru_cell/kernel", [1, 6]), ("gru/gru_cell/recurrent_kernel", [2, 6]), ("gru/gru_cell/bias", [3, 6])],
        [("b/backward_lstm/lstm_cell/kernel", [1, 8]), ("b/backward_lstm/lstm_cell/recurrent_kernel", [2, 8])],
        [("x/kernel", [0, 4]), ("x/recurrent_kernel", [0, 4])], [("x/kernel", []), ("x/recurrent_kernel", [])],
        [("bn/gamma", [4]), ("bn/beta", [4]), ("bn/moving_mean", [4])], [("x", [4])],
        [("dense/kernel", [2, 2]), ("dense/bias", [2, 1])], [("norm/gamma", [])], [("e/embeddings", [3])],
    ])
    func arraysThatMakeNoLayerAreRefused(arrays: [(String, [Int])]) {
        #expect(throws: RecurrentError.self) { try Self.imported(arrays) }
    }
}
