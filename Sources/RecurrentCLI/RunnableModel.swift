#if CLI
    import Recurrent
    import RecurrentFormats
    import RecurrentInterchange
    import RecurrentTensor

    /// What can be run on arrays: an ONNX file, a folder that holds one, or a folder of a network.
    struct RunnableModel {
        /// What is fed in, in order.
        let inputs: [ONNXValueInfo]
        /// What comes out, in order.
        let outputs: [ONNXValueInfo]
        /// The names of the outputs, in order.
        var outputNames: [String] { outputs.map(\.name) }
        private let body: ([String: ONNXValue]) throws -> [ONNXValue]

        init(_ path: String, externalData: Bool) throws {
            let source = SafeText.terminal(path)
            guard FileSystem().isFolder(path) else {
                self.init(try ONNXRunner(ONNXModel(reading: path, externalData: externalData), source: source))
                return
            }
            switch try ModelFolder.task(of: path) {
            case "onnx": self.init(try ONNXRunner(ONNXFolder.model(in: path), source: source))
            case "network": self.init(try LayeredNetwork(folder: path), source)
            case let task:
                throw RecurrentError(
                    .usage, "a model for the task '\(task)' is not run on arrays", at: path,
                    help: task == "forecast" ? "recurrent predict forecasts with it" : nil)
            }
        }

        func run(_ values: [String: ONNXValue]) throws -> [ONNXValue] { try body(values) }

        private init(_ runner: ONNXRunner) {
            inputs = runner.inputs
            outputs = runner.outputs
            body = { try runner.run($0) }
        }

        /// Inputs `x` or `tokens`, and where wanted `lengths` and `initial.*`; outputs `y` and `final.*`, as exported.
        private init(_ network: LayeredNetwork, _ source: String) {
            let state = network.stateParts
            let steps: [ONNXDimension] = [.symbol("time"), .symbol("batch")]
            let type: ONNXElementType = network.elementType == .float64 ? .float64 : .float32
            let first = network.takesTokens ? "tokens" : "x"
            inputs =
                [
                    network.takesTokens
                        ? ONNXValueInfo("tokens", .int64, shape: steps)
                        : ONNXValueInfo("x", type, shape: steps + [.size(network.inputSize ?? 0)]),
                    ONNXValueInfo("lengths", .int32, shape: [.symbol("batch")]),
                ] + state.map { ONNXValueInfo("initial." + $0.name, type, shape: [.symbol("batch"), .size($0.size)]) }
            outputs = (["y"] + state.map { "final." + $0.name }).map { ONNXValueInfo($0, .unknown) }
            let names = inputs.map(\.name)
            body = { values in
                func refuse(_ what: String) -> RecurrentError { RecurrentError(.badData, what, at: source) }
                if let other = values.keys.filter({ !names.contains($0) }).min() {
                    throw refuse("the network has no input '\(other)'")
                }
                func tensor(_ name: String) throws -> Tensor? {
                    guard let value = values[name] else { return nil }
                    guard case .array(let array) = value, let tensor = array.tensor else {
                        throw refuse("the input '\(name)' holds no numbers that are computed with")
                    }
                    return tensor
                }
                guard let x = try tensor(first) else { throw refuse("the input '\(first)' is missing") }
                let lengths = try tensor("lengths").map { try RunnableModel.lengths($0, refuse) }
                let given = try state.compactMap { try tensor("initial." + $0.name) }
                guard given.isEmpty || given.count == state.count else {
                    throw refuse("\(given.count) of \(state.count) parts of the initial state are given")
                }
                let (y, final) = try network.run(x, state: given, lengths: lengths)
                return ([y] + final).map { .array(ONNXArray($0)) }
            }
        }

        private static func lengths(_ tensor: Tensor, _ refuse: (String) -> RecurrentError) throws -> [Int] {
            switch tensor.elementType {
            case .int64: tensor.scalars(of: Int64.self).map { Int($0) }
            case .int32: tensor.scalars(of: Int32.self).map { Int($0) }
            default: throw refuse("lengths are whole numbers (int32 or int64)")
            }
        }
    }
#endif
