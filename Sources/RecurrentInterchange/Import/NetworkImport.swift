public import RecurrentFormats
public import RecurrentNN
public import RecurrentTensor

/// A network that was found in the weights of another program.
///
/// ```swift
/// let imported = try NetworkImport(stateDict: SafetensorsFile("state.safetensors"))
/// try imported.network.save(to: "model")
/// ```
/// A file of weights has names and shapes alone. What follows from them is found: which layers there are, of which sizes,
/// and in which order they can stand. What does not is taken from ``Options``, or told in ``notes``.
public struct NetworkImport: Sendable {
    /// What weights do not tell.
    public struct Options: Sendable {
        /// The layers in their order and the functions between them; nil: found from the sizes.
        public var order: [String]?
        /// The activation of simple recurrent layers; nil: tanh.
        public var rnnActivation: Activation?
        /// What layer normalisations add to the variance; nil: 1e-5.
        public var normEpsilon: Double?
        /// The form of gated recurrent units whose weights do not tell it.
        public var gruForm = GRUForm.resetAfter

        /// The form of each that tells it, by name.
        var gruForms: [String: GRUForm] = [:]
        /// Layers that are known to be tables or maps, by name.
        var (embeddings, linears): (Set<String>, Set<String>) = ([], [])

        /// What PyTorch takes where nothing is said.
        public init() {}

        func form(of name: String) -> GRUForm { gruForms[name] ?? gruForm }
    }

    /// The network with its weights.
    public let network: LayeredNetwork
    /// What was taken for granted, or is worth knowing.
    public private(set) var notes: [String]

    /// Finds the network in a PyTorch state dict.
    ///
    /// - Throws: `badModel` that says which tensor has no place, or which orders of the layers are possible where there are
    ///   several; `usage` where the given order does not fit.
    public init(stateDict file: SafetensorsFile, options: Options = Options()) throws(RecurrentError) {
        try self.init(tensors: file.tensors(), options: options, source: file.source)
    }

    /// Finds the network in tensors with PyTorch's names.
    ///
    /// - Throws: as for a file.
    package init(
        tensors: [(name: String, tensor: Tensor)], options: Options, source: String, notes: [String] = []
    ) throws(RecurrentError) {
        guard !tensors.isEmpty else { throw RecurrentError(.badModel, "there are no weights in the file", at: source) }
        self.notes = notes
        let (weights, widening) = try Self.widened(tensors, source)
        let groups = WeightGroup.groups(of: weights)
        var candidates: [[NetworkPart]] = []
        for group in groups { candidates.append(try group.candidates(options, source)) }
        let order = LayerOrder(groups: groups, candidates: candidates, source: source)
        let chain: LayerOrder.Chain
        if let words = options.order { chain = try order.given(words) } else { chain = try order.found() }
        var network: LayeredNetwork
        do throws(RecurrentError) {
            network = try LayeredNetwork(chain)
        } catch {
            throw RecurrentError(
                options.order == nil ? .badModel : .usage, error.what, at: options.order == nil ? source : "--order",
                why: error.why)
        }
        do {
            try network.load(Dictionary(weights) { first, _ in first }, from: source)
        } catch let error as RecurrentError {
            throw error
        } catch {
            throw RecurrentError(.badModel, "the weights cannot be loaded: \(error)", at: source)
        }
        self.network = network
        self.notes += widening
        self.notes += Self.notes(on: chain, weights, options)
    }

    private static func notes(
        on chain: LayerOrder.Chain, _ weights: [(name: String, tensor: Tensor)], _ options: Options
    ) -> [String] {
        var notes: [String] = []
        if options.order == nil, chain.count > 1 {
            let names = chain.map { $0.name.isEmpty ? $0.part.kind : $0.name }.joined(separator: " → ")
            notes.append(
                "the order was found from the sizes: \(names); functions between the layers are not in a weight file")
        }
        for (name, part) in chain {
            switch part {
            case .rnn(_, let activation) where options.rnnActivation == nil:
                notes.append("the activation of '\(name)' is taken to be \(activation.name)")
            case .layerNorm(_, let epsilon, _) where options.normEpsilon == nil:
                notes.append("the epsilon of '\(name)' is taken to be \(epsilon)")
            default: break
            }
        }
        let bad = weights.filter { !$0.tensor.isFinite }.map(\.name)
        if !bad.isEmpty {
            notes.append("NaN or infinity stands in " + bad.prefix(5).map { "'\($0)'" }.joined(separator: ", "))
        }
        return notes
    }

    /// Numbers of one type that can be computed with.
    private static func widened(
        _ tensors: [(name: String, tensor: Tensor)], _ source: String
    ) throws(RecurrentError) -> (weights: [(name: String, tensor: Tensor)], notes: [String]) {
        let types = Set(tensors.map(\.tensor.elementType))
        let wanted: ElementType = types.contains(.float64) ? .float64 : .float32
        var weights: [(name: String, tensor: Tensor)] = []
        for (name, tensor) in tensors {
            guard let wide = tensor.widened() else {
                throw RecurrentError(
                    .badModel, "'\(name)' holds \(tensor.elementType.rawValue)", at: source,
                    why: "weights are floating-point numbers",
                    help: "leave it out of the file")
            }
            weights.append((name, wide.converted(to: wanted)))
        }
        let narrow = types.subtracting([wanted]).map(\.rawValue).sorted()
        return (
            weights,
            narrow.isEmpty ? [] : ["\(narrow.joined(separator: " and ")) weights are kept as \(wanted.rawValue)"]
        )
    }
}

extension Tensor {
    /// The same numbers as a type that is computed with; nil where these are no floating-point numbers.
    func widened() -> Tensor? {
        switch elementType {
        case .float32, .float64: return self
        case .float16: return bits { Float(bitPattern: Self.widened($0)) }
        case .bfloat16: return bits { Float(bitPattern: UInt32($0) << 16) }
        default: return nil
        }
    }

    private func bits(_ convert: (UInt16) -> Float) -> Tensor {
        withUnsafeBytes { bytes in
            Tensor(
                (0..<count).map { convert(bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }, shape: shape)
        }
    }

    /// binary16 → binary32, by bits: not every processor has the type.
    private static func widened(_ half: UInt16) -> UInt32 {
        let sign = UInt32(half & 0x8000) << 16
        let (exponent, fraction) = (UInt32(half >> 10) & 0x1F, UInt32(half) & 0x3FF)
        switch exponent {
        case 0x1F: return sign | 0x7F80_0000 | fraction << 13
        case 0: return sign | (Float(fraction) * 0x1p-24).bitPattern
        default: return sign | (exponent + 112) << 23 | fraction << 13
        }
    }
}
