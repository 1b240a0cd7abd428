public import RecurrentAutodiff
public import RecurrentNN
public import RecurrentTensor

/// A network of layers one behind the other whose parameters keep the names that they have in PyTorch.
///
/// ```swift
/// var network = try LayeredNetwork([
///     ("embedding", .embedding(count: 1000, size: 64)),
///     ("encoder.lstm", .lstm(.init(inputSize: 64, hiddenSize: 128, layers: 2), projection: nil)),
///     ("head", .linear(inputSize: 128, outputSize: 10, hasBias: true)),
/// ])
/// try network.load(weights)
/// ```
///
/// - Shapes: tokens [T, B] or features [T, B, I] → [T, B, Y]; behind ``NetworkFunction/last`` [B, Y].
/// - Initialisation: none, all weights are zero until some are loaded.
public struct LayeredNetwork: Module {
    /// One layer: its name, what it is, and its weights.
    public struct Layer: Sendable {
        /// What stands before the full stop in the names of its parameters, such as `encoder.lstm`; may be empty.
        public let name: String
        /// What it is.
        public let part: NetworkPart
        package var weights: LayerWeights

        init(_ name: String, _ part: NetworkPart) {
            self.name = name
            self.part = part
            weights = LayerWeights(part)
        }
    }

    /// The layers, the first one first.
    public internal(set) var layers: [Layer]
    /// How the weights of the recurrent layers are stored in a folder. They are computed with in `float32` whatever it is.
    public internal(set) var weightFormat = WeightFormat.float32
    /// The type of the numbers.
    public var elementType: ElementType { parameters.first?.value.elementType ?? .float32 }

    /// Layers of zeros.
    ///
    /// - Throws: `badModel` that names the layer where one does not fit what stands before it, or a name stands twice.
    public init(_ parts: [(name: String, part: NetworkPart)]) throws(RecurrentError) {
        try Self.validate(parts)
        layers = parts.map { Layer($0.name, $0.part) }
    }

    /// The names and kinds of the layers.
    public var parts: [(name: String, part: NetworkPart)] { layers.map { ($0.name, $0.part) } }

    /// Whether tokens enter, rather than features.
    public var takesTokens: Bool { layers[0].part.takesTokens }
    /// The number of features that enter; nil where tokens do.
    public var inputSize: Int? { takesTokens ? nil : layers.lazy.compactMap(\.part.inputSize).first }
    /// The number of features that leave.
    public var outputSize: Int { layers.lazy.reversed().compactMap(\.part.outputSize).first ?? 0 }
    /// Whether one output leaves for each sequence instead of one for each step.
    public var givesLastOnly: Bool { layers.contains { $0.part.endsSequence } }

    /// The names and extents of the parts of the state, [B, ·] each: for each recurrent layer h of all its layers and
    /// directions, then c of all of them.
    public var stateParts: [(name: String, size: Int)] {
        layers.flatMap { layer -> [(name: String, size: Int)] in
            guard let sizes = layer.part.recurrentSizes else { return [] }
            let name = layer.name.isEmpty ? layer.part.kind : layer.name
            func parts(_ letter: String, _ size: Int) -> [(name: String, size: Int)] {
                (0..<sizes.layers * sizes.directions).map { index in
                    let reverse = sizes.directions == 2 && index % 2 == 1 ? "_reverse" : ""
                    return ("\(name).\(letter)_l\(index / sizes.directions)\(reverse)", size)
                }
            }
            guard case .lstm(_, let projection) = layer.part else { return parts("h", sizes.hiddenSize) }
            return parts("h", projection ?? sizes.hiddenSize) + parts("c", sizes.hiddenSize)
        }
    }

    // MARK: - Forward

    /// The output for features [T, B, I] from `state`, which becomes the state after the last step; empty is the zero
    /// state.
    ///
    /// - Precondition: the network takes features, `x` has as many, and `lengths`, if given, are B numbers in 0...T.
    public func callAsFunction(_ x: Variable, from state: inout [Variable], lengths: [Int]? = nil) -> Variable {
        precondition(!takesTokens, "LayeredNetwork: it takes tokens, not features")
        return run(x, layers[...], &state, lengths)
    }

    /// The output for `int32` tokens [T, B].
    ///
    /// - Precondition: the network begins with an embedding, which has all the tokens.
    public func callAsFunction(tokens: Tensor, from state: inout [Variable], lengths: [Int]? = nil) -> Variable {
        guard case .embedding(let embedding) = layers[0].weights else {
            preconditionFailure("LayeredNetwork: it takes features, not tokens")
        }
        return run(embedding(tokens), layers.dropFirst(), &state, lengths)
    }

    private func run(
        _ x: Variable, _ layers: ArraySlice<Layer>, _ state: inout [Variable], _ lengths: [Int]?
    ) -> Variable {
        var (value, final) = (x, [Variable]())
        var end: Variable?
        var rest = state[...]
        for layer in layers {
            let count = layer.weights.statePartCount
            var own = state.isEmpty ? [] : Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            if layer.part == .function(.final), let end {
                value = end
                continue
            }
            value = layer.weights(value, from: &own, lengths: lengths)
            end = layer.weights.hiddenParts.map { .concatenated(Array(own[$0]), axis: 1) }
            final += own
        }
        state = final
        return value
    }

    // MARK: - Parameters

    /// Visits every layer's parameters under PyTorch's names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        for index in layers.indices {
            let outer = visit.prefix
            if !layers[index].name.isEmpty { visit.prefix += layers[index].name + "." }
            var names = PyTorchNames(visitor: visit, part: layers[index].part)
            layers[index].weights.visitParameters(&names)
            visit = names.visitor
            visit.prefix = outer
        }
    }

    /// Replaces the parameters by tensors of the same names and shapes, all `float32` or all `float64`.
    ///
    /// - Throws: `badModel` that names what is missing, superfluous or of another shape; the network is then unchanged.
    public mutating func load(_ tensors: [String: Tensor], from place: String? = nil) throws {
        let type = tensors.min { $0.key < $1.key }?.value.elementType ?? .float32
        var copy = type == elementType || !type.isFloatingPoint ? self : converted(to: type)
        try copy.loadParameters(tensors, from: place)
        copy.weightFormat = .float32
        self = copy
    }

    // MARK: - Checks

    private static func validate(_ parts: [(name: String, part: NetworkPart)]) throws(RecurrentError) {
        func refuse(_ what: String, why: String? = nil) -> RecurrentError { RecurrentError(.badModel, what, why: why) }
        guard parts.contains(where: { $0.part.outputSize != nil }) else {
            throw refuse("a network needs at least one layer with weights")
        }
        guard parts.count <= NetworkPart.maximumLayers else { throw refuse("there are \(parts.count) layers") }
        var names: Set<String> = []
        var features: (count: Int, name: String)?
        var isLastOnly = false
        for (index, (name, part)) in parts.enumerated() {
            try part.validate(name)
            let shown = name.isEmpty ? part.kind : name
            if part.takesTokens, index > 0 { throw refuse("the embedding '\(shown)' is not the first layer") }
            if let input = part.inputSize, let features, features.count != input {
                throw refuse(
                    "'\(shown)' takes \(input) features",
                    why: "'\(features.name)' before it gives \(features.count)")
            }
            if let output = part.outputSize { features = (output, shown) }
            if isLastOnly, part.recurrentSizes != nil || part.endsSequence {
                throw refuse(
                    "'\(shown)' needs a sequence", why: "behind `last` or `final` there is one output for each sequence"
                )
            }
            if part == .function(.final), index == 0 || parts[index - 1].part.recurrentSizes == nil {
                throw refuse("`final` does not stand right behind a recurrent layer")
            }
            if part.endsSequence { isLastOnly = true }
            for parameter in part.parameters where !names.insert(name + "." + parameter.name).inserted {
                throw refuse("the parameter '\(name).\(parameter.name)' stands twice")
            }
        }
    }
}

extension Module {
    fileprivate mutating func loadParameters(_ tensors: [String: Tensor], from place: String?) throws {
        try load(tensors, from: place)
    }
}

/// Drops biases that a layer does not have, and the endings that PyTorch's cells do not have.
private struct PyTorchNames<Visitor: ParameterVisitor>: ParameterVisitor {
    var visitor: Visitor
    let hasBias: Bool
    let isCell: Bool

    init(visitor: Visitor, part: NetworkPart) {
        self.visitor = visitor
        isCell = part.recurrentSizes?.isCell ?? false
        if case .layerNorm(_, _, let bias) = part {
            hasBias = bias
        } else {
            hasBias = part.recurrentSizes?.hasBias ?? true
        }
    }

    var prefix: String {
        get { visitor.prefix }
        set { visitor.prefix = newValue }
    }

    mutating func visit(_ path: String, _ parameter: inout Parameter) {
        let leaf = path.utf8.dropFirst(prefix.utf8.count)
        if !hasBias, leaf.starts(with: "bias".utf8) { return }
        visitor.visit(isCell && path.hasSuffix("_l0") ? String(path.dropLast(3)) : path, &parameter)
    }
}
