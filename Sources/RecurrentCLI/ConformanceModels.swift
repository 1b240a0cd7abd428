#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentAutodiff
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentNN
    import RecurrentTensor

    /// Writes an ONNX model of everything that can be exported, with inputs and the outputs that belong to them.
    struct ExportedModels: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "onnx")

        @Argument var folder: String
        @Option var shapes = 20
        @Option var descriptions = 120
        @Option var seed: UInt64 = 1

        func run() throws {
            var stream = RandomStream(RandomKey(seed: seed))
            for entry in CellCatalog.entries {
                for reversed in [false, true] {
                    let layer = try CellCatalog.layer(
                        named: entry.name, inputSize: 3, hiddenSize: 8, reversed: reversed, key: RandomKey(seed: 2))
                    try write(layer, "cell-\(entry.name)" + (reversed ? "-reversed" : ""), &stream)
                }
                let pair = try Bidirectional(
                    named: entry.name, inputSize: 3, hiddenSize: 8,
                    merge: DirectionMerge.allCases[Int(stream.uniform(0, 3.99))], key: RandomKey(seed: 3))
                try write(pair, "both-\(entry.name)", &stream)
                let stack = try RecurrentStack(
                    named: [entry.name, "gru", entry.name], inputSize: 5, hiddenSize: 6, residual: .whereSizesAllow,
                    layerNormalization: stream.uniform(0, 1) < 0.5, key: RandomKey(seed: 4))
                try write(stack, "stack-\(entry.name)", &stream)
            }
            var written = 0
            while written < descriptions {
                let description = LSTMDescription.random(&stream)
                guard
                    let lstm = try? LSTM(
                        inputSize: 3, hiddenSize: 4, description, layers: 1 + written % 2,
                        bidirectional: written % 3 == 0, key: RandomKey(seed: 5))
                else { continue }
                let count = lstm.cells.count
                try write(
                    Case(
                        name: "description-\(written)", module: lstm, inputShape: [3],
                        stateShapes: lstm.cells.flatMap { cell in cell.stateSizes.map { [$0] } },
                        model: { try ONNXExporter.model(of: $0, options: $1) },
                        run: { lstm, x, state, lengths in
                            var own = LSTMState()
                            if !state.isEmpty {
                                let parts = state.count / count
                                func part(_ k: Int) -> [Variable] {
                                    (0..<count).map { Variable(state[$0 * parts + k]) }
                                }
                                own = LSTMState(hidden: part(0), cell: part(1), gates: parts > 2 ? part(2) : [])
                            }
                            let y = lstm(Variable(x), from: &own, lengths: lengths).value
                            let final = (0..<count).flatMap { index in
                                [own.hidden[index], own.cell[index]] + (own.gates.isEmpty ? [] : [own.gates[index]])
                            }
                            return (y, final.map(\.value))
                        }), &stream)
                written += 1
            }
            for bidirectional in [false, true] {
                let name = bidirectional ? "-bidirectional" : ""
                for form in GRUForm.allCases {
                    try write(
                        GRU(
                            inputSize: 3, hiddenSize: 5, layers: 2, bidirectional: bidirectional, form: form,
                            key: RandomKey(seed: 6)), "network-gru-\(form.rawValue)\(name)", &stream)
                }
                for activation in Activation.names {
                    let constants = activation.hasPrefix("scaled") || activation == "affine" ? [0.8, 0.3] : []
                    let function = try Activation(name: activation, constants: constants)
                    try write(
                        RNN(
                            inputSize: 3, hiddenSize: 5, layers: 2, bidirectional: bidirectional, activation: function,
                            key: RandomKey(seed: 7)), "network-rnn-\(activation)\(name)", &stream)
                }
                try write(
                    MinGRU(
                        inputSize: 3, hiddenSize: 5, layers: 2, bidirectional: bidirectional, key: RandomKey(seed: 8)),
                    "network-min-gru\(name)", &stream)
                try write(
                    MinLSTM(
                        inputSize: 3, hiddenSize: 5, layers: 2, bidirectional: bidirectional, key: RandomKey(seed: 9)),
                    "network-min-lstm\(name)", &stream)
            }
            try writeLayered(&stream)
            try writeConvolutional(&stream)
        }

        // MARK: - Kinds of networks

        private func write(_ layer: some RecurrentLayer, _ name: String, _ stream: inout RandomStream) throws {
            try write(
                Case(
                    name: name, module: layer, inputShape: [layer.inputSize],
                    stateShapes: layer.stateSizes.map { [$0] },
                    model: { try ONNXExporter.model(of: $0, options: $1) },
                    run: { layer, x, state, lengths in
                        var own = state.map { Variable($0) }
                        let y = layer(Variable(x), from: &own, lengths: lengths).value
                        return (y, own.map(\.value))
                    }), &stream)
        }

        private func write(_ network: some HiddenStateNetwork, _ name: String, _ stream: inout RandomStream) throws {
            try write(
                Case(
                    name: name, module: network, inputShape: [network.inputSize],
                    stateShapes: network.cells.map { _ in [network.hiddenSize] },
                    model: { try ONNXExporter.model(of: $0, options: $1) },
                    run: { network, x, state, lengths in
                        var own = HiddenState(state.map { Variable($0) })
                        let y = network(Variable(x), from: &own, lengths: lengths).value
                        return (y, own.hidden.map(\.value))
                    }), &stream)
        }

        private func writeLayered(_ stream: inout RandomStream) throws {
            let sizes = NetworkPart.RecurrentSizes(inputSize: 6, hiddenSize: 4, layers: 2, bidirectional: true)
            let cell = NetworkPart.RecurrentSizes(inputSize: 5, hiddenSize: 3, hasBias: false, isCell: true)
            for function in NetworkFunction.allCases {
                let networks: [(String, [(name: String, part: NetworkPart)])] = [
                    (
                        "tokens",
                        [
                            ("embedding", .embedding(count: 11, size: 6)),
                            ("encoder.lstm", .lstm(sizes, projection: 2)),
                        ] + (function == .final ? [] : [("norm", .layerNorm(size: 4, epsilon: 0.1, hasBias: true))]) + [
                            ("", .function(function)),
                            ("fc", .linear(inputSize: 4, outputSize: 7, hasBias: true)), ("", .function(.logSoftmax)),
                        ]
                    ),
                    (
                        "features",
                        [
                            ("fc1", .linear(inputSize: 3, outputSize: 6, hasBias: false)), ("", .function(.relu)),
                            ("gru", .gru(sizes, form: .resetAfter)),
                            ("fc2", .linear(inputSize: 8, outputSize: 5, hasBias: true)),
                            ("cell", .rnn(cell, activation: .relu)), ("", .function(function)),
                        ]
                    ),
                ]
                for (name, parts) in networks {
                    let network = try LayeredNetwork(parts)
                    try write(
                        Case(
                            name: "layers-\(name)-\(function.rawValue)", module: network,
                            inputShape: network.inputSize.map { [$0] } ?? [], tokens: network.takesTokens ? 11 : nil,
                            stateShapes: network.stateParts.map { [$0.size] },
                            model: { try ONNXExporter.model(of: $0, options: $1) },
                            run: { try $0.run($1, state: $2, lengths: $3) }), &stream)
                }
            }
        }

        private func writeConvolutional(_ stream: inout RandomStream) throws {
            let configurations = [
                ConvLSTMConfiguration(inputChannels: 2, hiddenChannels: 3, kernel: [3, 3]),
                ConvLSTMConfiguration(
                    inputChannels: 1, hiddenChannels: 2, kernel: [3, 2], stride: [2, 1], padding: [1, 0],
                    stateKernel: [1, 3], peepholeFrame: [3, 4]),
                ConvLSTMConfiguration(inputChannels: 2, hiddenChannels: 2, kernel: [3]),
                ConvLSTMConfiguration(
                    inputChannels: 2, hiddenChannels: 2, kernel: [5], stride: [2], peepholeFrame: [3]),
            ]
            for (index, configuration) in configurations.enumerated() {
                for reversed in [false, true] {
                    let frame = configuration.dimensions == 2 ? [6, 5] : [5]
                    let state = [configuration.hiddenChannels] + configuration.stateFrame(for: frame)
                    try write(
                        Case(
                            name: "conv-\(index)" + (reversed ? "-reversed" : ""),
                            module: ConvLSTM(configuration, reversed: reversed, key: RandomKey(seed: 10)),
                            inputShape: [configuration.inputChannels] + frame, stateShapes: [state, state],
                            model: { try ONNXExporter.model(of: $0, options: $1) },
                            run: { layer, x, state, lengths in
                                var own = ConvLSTMState()
                                if !state.isEmpty {
                                    own = ConvLSTMState(hidden: Variable(state[0]), cell: Variable(state[1]))
                                }
                                let y = layer(Variable(x), from: &own, lengths: lengths).value
                                return (y, [own.hidden, own.cell].compactMap { $0?.value })
                            }), &stream)
                }
            }
        }

        // MARK: - One network

        struct Case<Network: Module> {
            let name: String
            var module: Network
            /// Behind [T, B].
            let inputShape: [Int]
            var tokens: Int?
            /// Behind [B].
            let stateShapes: [[Int]]
            let model: (Network, ONNXExporter.Options) throws -> ONNXModel
            let run: (Network, Tensor, [Tensor], [Int]?) throws -> (Tensor, [Tensor])
        }

        /// Writes NAME.general.onnx with lengths and state, NAME.plain.onnx without, and what each gives.
        private func write<Network: Module>(_ given: Case<Network>, _ stream: inout RandomStream) throws {
            var network = given.module
            // Biases, gains and initial states that are all zero or all one hide what was forgotten or exchanged.
            var count: UInt64 = 0
            let key = RandomKey(seed: 100)
            network.updateParameters { _, value in
                count += 1
                value = value + Tensor(normal: 0, deviation: 0.3, shape: value.shape, key: key.substream(count))
            }
            let wide = network.converted(to: .float64)
            for isGeneral in [true, false] {
                let model = try given.model(
                    network, .init(hasLengths: isGeneral, carriesState: isGeneral, name: given.name))
                let path = "\(folder)/\(given.name).\(isGeneral ? "general" : "plain")"
                try model.write(to: path + ".onnx")
                let initial = model.graph.inputs.map(\.name).filter { $0.hasPrefix("initial.") }
                var tensors: [(name: String, tensor: Tensor)] = []
                var (shape, tries) = (0, 0)
                // What float32 and float64 disagree on tells nothing; of some networks that is most.
                while shape < shapes, tries < 16 * shapes {
                    count += 1
                    tries += 1
                    let (T, B) = (Int(stream.uniform(1, 9.99)), Int(stream.uniform(1, 5.99)))
                    let lengths = (0..<B).map { _ in isGeneral ? Int(stream.uniform(0, Double(T) + 0.99)) : T }
                    let x = input(given, T, B, lengths, key.substream(count))
                    let state =
                        isGeneral
                        ? given.stateShapes.enumerated().map { index, shape in
                            Tensor(
                                normal: 0, deviation: 0.5, shape: [B] + shape,
                                key: key.substream(count).substream(1 + UInt64(index)))
                        } : []
                    let (y, final) = try given.run(network, x, state, isGeneral ? lengths : nil)
                    let (wideY, wideFinal) = try given.run(
                        wide, given.tokens == nil ? x.converted(to: .float64) : x,
                        state.map { $0.converted(to: .float64) }, isGeneral ? lengths : nil)
                    var rounding = zip([y] + final, [wideY] + wideFinal).map { Self.error($0, $1) }.reduce(0, max)
                    // One rounding may be a lucky one: some more, as nudges of what goes in.
                    for nudge in 0..<4 where rounding <= 5e-7 {
                        let own = key.substream(count).substream(1000 + UInt64(nudge))
                        let (nudgedY, nudgedFinal) = try given.run(
                            wide, given.tokens == nil ? Self.nudged(x, own) : x,
                            state.enumerated().map { Self.nudged($1, own.substream(1 + UInt64($0))) },
                            isGeneral ? lengths : nil)
                        rounding = zip([nudgedY] + nudgedFinal, [wideY] + wideFinal)
                            .map { Self.error($0, $1) }.reduce(rounding, max)
                    }
                    if rounding > 5e-7 { continue }
                    tensors.append(("\(shape)/\(model.graph.inputs[0].name)", x))
                    tensors.append(("\(shape)/y", y))
                    if isGeneral {
                        tensors.append(("\(shape)/lengths", Tensor(lengths.map { Int32($0) })))
                        for (name, tensor) in zip(initial, state) { tensors.append(("\(shape)/\(name)", tensor)) }
                        for (name, tensor) in zip(initial, final) {
                            tensors.append(("\(shape)/final." + name.dropFirst(8), tensor))
                        }
                    }
                    shape += 1
                }
                try Safetensors.write(tensors, to: path + ".safetensors")
            }
        }

        /// How far float32 arithmetic itself is from float64, of 1 or of the number's size.
        private static func error(_ a: Tensor, _ b: Tensor) -> Double {
            zip(a.doubles(), b.doubles()).map { (a, b) in
                let error = abs(a - b) / max(1, abs(b))
                return error.isNaN ? .infinity : error
            }.reduce(0, max)
        }

        /// A tensor in float64, its numbers moved by about half a unit in the last place of float32.
        private static func nudged(_ tensor: Tensor, _ key: RandomKey) -> Tensor {
            let wide = tensor.converted(to: .float64)
            let share = Tensor(normal: 0, deviation: 0x1p-24, shape: tensor.shape, of: .float64, key: key)
            return wide + wide * share
        }

        /// A random input whose padding is not a number.
        private func input(
            _ given: Case<some Module>, _ T: Int, _ B: Int, _ lengths: [Int], _ key: RandomKey
        ) -> Tensor {
            let shape = [T, B] + given.inputShape
            var numbers = Tensor(normal: 0, deviation: 1, shape: shape, key: key).scalars(of: Float.self)
            let size = given.inputShape.reduce(1, *)
            for index in numbers.indices {
                let row = index / size
                if row / B >= lengths[row % B] { numbers[index] = .nan }
            }
            guard let tokens = given.tokens else { return Tensor(numbers, shape: shape) }
            return Tensor(
                numbers.map { $0.isNaN ? -7 : Int64(min(abs($0) * 4, Float(tokens - 1))) }, shape: shape)
        }
    }

    extension LSTMDescription {
        /// Any options, which need not have a meaning together.
        fileprivate static func random(_ stream: inout RandomStream) -> LSTMDescription {
            var description = LSTMDescription()
            func choice(_ count: Int) -> Int { Int(stream.uniform(0, Double(count) - 0.001)) }
            let activations: [Activation] = [
                .sigmoid, .tanh, .identity, .relu, .hardTanh, .hardSigmoid(slope: 0.25, offset: 0.45), .softsign,
                .cellInput1997, .scaledTanh(scale: 1.7, slope: 0.6), .affine(slope: 0.7, offset: 0.1),
                .leakyReLU(slope: 0.2), .thresholdedReLU(threshold: 0.1), .elu(scale: 0.8), .softplus,
            ]
            if choice(4) == 0 { description.inputGate = Gate.allCases[choice(3)] }
            if choice(4) == 0 { description.forgetGate = Gate.allCases[choice(3)] }
            if choice(6) == 0 { description.outputGate = .open }
            if choice(3) == 0 { description.gateActivation = activations[choice(6)] }
            if choice(3) == 0 { description.cellInputActivation = activations[choice(activations.count)] }
            if choice(3) == 0 { description.cellOutputActivation = activations[choice(activations.count)] }
            if choice(2) == 0 { description.peepholes = Peepholes.allCases[choice(4)] }
            if choice(6) == 0 { description.fullGateRecurrence = true }
            if choice(6) == 0 { description.cellsPerBlock = 2 }
            if choice(6) == 0 { description.projectionSize = 2 }
            if choice(2) == 0, description.projectionSize != nil { description.nonRecurrentProjectionSize = 1 }
            if choice(6) == 0 { description.layerNormalization = true }
            if choice(6) == 0 { description.hiddenZoneout = 0.3 }
            if choice(6) == 0 { description.cellZoneout = 0.2 }
            if choice(6) == 0 { description.cellClip = 0.8 }
            if choice(4) == 0 { description.preactivationClip = 0.9 }
            if choice(4) == 0 { description.learnedInitialState = true }
            if choice(6) == 0 { description.recurrentDropout = .variational(0.4) }
            return description
        }
    }
#endif
