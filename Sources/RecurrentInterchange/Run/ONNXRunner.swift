public import RecurrentFormats
public import RecurrentTensor

/// Runs ONNX models: every operator that surrounds recurrent networks, LSTM, GRU and RNN by the library's own kernels.
///
/// Opening a runner checks the whole graph: that nodes are in order and without cycles, that every value comes from
/// somewhere, that every operator is known in the version that the model imports. Whatever is wrong in a file is an error that
/// names the node and the operator.
///
/// - Source: the operators of ONNX 1.23, opsets up to 28.
public struct ONNXRunner: Sendable {
    /// What is fed in, in order; inputs with a default are the last that can be left out.
    public let inputs: [ONNXValueInfo]
    /// What comes out, in order.
    public let outputs: [ONNXValueInfo]
    /// The names of the outputs, in order.
    public var outputNames: [String] { outputs.map(\.name) }

    private let plan: GraphPlan
    private let source: String
    private let limits: ONNXLimits

    /// Makes a model ready to run.
    ///
    /// - Throws: `badModel` where the graph is not whole or an operator is not supported.
    public init(_ model: ONNXModel, source: String = "onnx", limits: ONNXLimits = ONNXLimits()) throws(RecurrentError) {
        plan = try GraphCompiler(model, source: source).plan()
        inputs = zip(plan.inputs, plan.hasDefault).filter { !$1 }.map(\.0)
        outputs = zip(plan.outputNames, plan.outputTypes).map { ONNXValueInfo($0, $1) }
        self.source = source
        self.limits = limits
    }

    /// Runs the model.
    ///
    /// - Parameter tensors: a tensor for each input, by name; those with defaults may be left out.
    /// - Returns: the outputs, by name.
    /// - Throws: `badData` where the inputs are not those of the model, `badModel` where a node cannot do what it should.
    public func run(_ tensors: [String: Tensor]) throws(RecurrentError) -> [String: Tensor] {
        let values = try run(tensors.mapValues { ONNXValue.array(ONNXArray($0)) })
        var results: [String: Tensor] = [:]
        for (name, value) in zip(outputNames, values) {
            guard case .array(let array) = value, let tensor = array.tensor else {
                throw RecurrentError(
                    .badModel, "the output \(ONNXTensor.shown(name)) is \(value.kind), which is not supported",
                    at: source)
            }
            results[name] = tensor
        }
        return results
    }

    /// Runs the model with values of every kind; the outputs come in order.
    package func run(_ values: [String: ONNXValue]) throws(RecurrentError) -> [ONNXValue] {
        for name in values.keys where !plan.inputs.contains(where: { $0.name == name }) {
            throw RecurrentError(
                .badData, "the model has no input \(ONNXTensor.shown(name))", at: source,
                help: "its inputs are: " + plan.inputs.map(\.name).joined(separator: ", "))
        }
        var symbols: [String: Int] = [:]
        var arguments: [ONNXValue?] = []
        for (info, hasDefault) in zip(plan.inputs, plan.hasDefault) {
            guard let value = values[info.name] else {
                var isOptional = hasDefault
                if case .optional = info.type { isOptional = true }
                guard isOptional else {
                    throw RecurrentError(.badData, "the input \(ONNXTensor.shown(info.name)) is missing", at: source)
                }
                arguments.append(nil)
                continue
            }
            try check(value, info, &symbols)
            arguments.append(value)
        }
        do {
            let results = try plan.run(arguments, outer: [], ONNXUsage(limits))
            return results.map { $0 ?? .nothing }
        } catch let error as RecurrentError {
            throw error
        } catch {
            throw RecurrentError(.failure, "the model cannot be run: \(error)", at: source)
        }
    }

    private func check(
        _ value: ONNXValue, _ info: ONNXValueInfo, _ symbols: inout [String: Int]
    ) throws(RecurrentError) {
        guard case .array(let array) = value else { return }
        func failure(_ why: String) -> RecurrentError {
            RecurrentError(
                .badData, "the input \(ONNXTensor.shown(info.name)) is \(value.kind)", at: source, why: why)
        }
        // Extents beside a 0 count as well: nodes multiply them.
        var product = 1.0
        for extent in array.shape where extent > 0 { product *= Double(extent) }
        guard product < 0x1p48, array.rank <= 64 else { throw failure("these extents are beyond all memory") }
        guard case .tensor(let type, let shape) = info.type else { return }
        guard type == .undefined || type == array.elementType else { throw failure("the model takes \(type.name)") }
        guard let shape else { return }
        guard shape.count == array.rank else { throw failure("the model takes \(shape.count) axes") }
        for (axis, dimension) in shape.enumerated() {
            switch dimension {
            case .size(let extent) where extent != array.shape[axis]:
                throw failure("axis \(axis) must have the extent \(extent)")
            case .symbol(let name):
                let known = symbols[name] ?? array.shape[axis]
                guard known == array.shape[axis] else {
                    throw failure("axis \(axis), \(ONNXTensor.shown(name)), was \(known) before")
                }
                symbols[name] = known
            default: continue
            }
        }
    }
}
