public import RecurrentFormats
import RecurrentNN
public import RecurrentTensor

/// The weights of a Keras model, turned into PyTorch's names, orders and axes.
///
/// Names are paths, as `model.weights` gives them: `lstm/lstm_cell/kernel`. Kernels are transposed, [I, G·H]; an LSTM's gates
/// stand in the order i, f, c, o, which is that of PyTorch, and a GRU's in z, r, h. A GRU with `reset_after=True` has a bias
/// [2, 3H], without it one of [3H].
struct KerasWeights {
    /// With PyTorch's names.
    private(set) var tensors: [(name: String, tensor: Tensor)] = []
    /// The forms of GRUs that can be told from their biases, by name.
    private(set) var gruForms: [String: GRUForm] = [:]
    /// The names of tables and of dense layers, whose shapes do not tell them apart.
    private(set) var (embeddings, linears): (Set<String>, Set<String>) = ([], [])
    private(set) var notes: [String] = []
    private let source: String

    init(_ arrays: [(name: String, tensor: Tensor)], source: String) throws(RecurrentError) {
        self.source = source
        var layers: [String: [String: Tensor]] = [:]
        for (name, tensor) in arrays.sorted(by: { $0.name < $1.name }) {
            // Keras 2 ends names with the number of an output.
            var parts = name.split(separator: "/").map { String($0.hasSuffix(":0") ? $0.dropLast(2) : $0) }
            guard let leaf = parts.popLast() else { throw Self.refuse("an array has no name", source) }
            if leaf == "seed_generator_state" || parts.last == "seed_generator" {
                notes.append("'\(name)' is the state of a random generator and is left out")
                continue
            }
            if let last = parts.last, last == "cell" || last.hasSuffix("_cell") { parts.removeLast() }
            guard layers[parts.joined(separator: "/"), default: [:]].updateValue(tensor, forKey: leaf) == nil else {
                throw Self.refuse("'\(name)' stands twice", source)
            }
        }
        let prefix = Self.commonFolder(of: Array(layers.keys))
        for (path, weights) in layers.sorted(by: { $0.key < $1.key }) {
            let parts = path.split(separator: "/").dropFirst(prefix).map(String.init)
            try take(weights, parts)
        }
    }

    /// How many names all paths begin with, short of a layer's own.
    private static func commonFolder(of paths: [String]) -> Int {
        let split = paths.map { $0.split(separator: "/") }
        let most = (split.map(\.count).min() ?? 0) - 1
        guard paths.count > 1, most > 0 else { return 0 }
        return (0..<most).first { depth in split.contains { $0[depth] != split[0][depth] } } ?? most
    }

    private mutating func take(_ weights: [String: Tensor], _ path: [String]) throws(RecurrentError) {
        var path = path
        var suffix = "_l0"
        if let last = path.last, last.hasPrefix("forward_") || last.hasPrefix("backward_") {
            if last.hasPrefix("backward_") { suffix += "_reverse" }
            path.removeLast()
            if path.isEmpty { path = [String(last[last.index(after: last.firstIndex(of: "_") ?? last.startIndex)...])] }
        }
        let name = path.joined(separator: ".")
        func named(_ leaf: String) -> String { name.isEmpty ? leaf : name + "." + leaf }
        let leaves = Set(weights.keys)
        func only(_ known: Set<String>) throws(RecurrentError) {
            if let other = leaves.subtracting(known).min() {
                throw Self.refuse("'\(path.joined(separator: "/"))/\(other)' has no place in its layer", source)
            }
        }
        if let table = weights["embeddings"] {
            try only(["embeddings"])
            try check(table, rank: 2, path)
            embeddings.insert(name)
            return tensors.append((named("weight"), table))
        }
        if let scale = weights["gamma"] {
            try only(["gamma", "beta"])
            try check(scale, rank: 1, path)
            tensors.append((named("weight"), scale))
            if let shift = weights["beta"] { tensors.append((named("bias"), shift)) }
            return
        }
        guard let kernel = weights["kernel"], kernel.rank == 2 else {
            throw Self.refuse(
                "'\(path.joined(separator: "/"))' is of no layer that is known: it has \(leaves.sorted().joined(separator: ", "))",
                source)
        }
        guard let recurrent = weights["recurrent_kernel"] else {
            try only(["kernel", "bias"])
            linears.insert(name)
            tensors.append((named("weight"), kernel.transposed()))
            if let bias = weights["bias"] { tensors.append((named("bias"), bias)) }
            return
        }
        try only(["kernel", "recurrent_kernel", "bias"])
        try takeRecurrent(kernel, recurrent, weights["bias"], name, named, suffix)
    }

    private func check(_ tensor: Tensor, rank: Int, _ path: [String]) throws(RecurrentError) {
        guard tensor.rank != rank else { return }
        throw Self.refuse(
            "the weights of '\(path.joined(separator: "/"))' have shape \(tensor.shape)", source,
            why: "\(rank == 1 ? "one axis is" : "\(rank) axes are") needed")
    }

    private mutating func takeRecurrent(
        _ kernel: Tensor, _ recurrent: Tensor, _ bias: Tensor?, _ name: String, _ named: (String) -> String,
        _ suffix: String
    ) throws(RecurrentError) {
        guard recurrent.rank == 2, recurrent.shape[0] > 0, recurrent.shape[1] % recurrent.shape[0] == 0,
            kernel.shape[1] == recurrent.shape[1]
        else {
            throw Self.refuse(
                "the kernels of '\(name)' have shapes \(kernel.shape) and \(recurrent.shape)", source,
                why: "[I, G·H] and [H, G·H] belong together")
        }
        let rows = recurrent.shape[1]
        let isGRU = rows == 3 * recurrent.shape[0]
        func ordered(_ tensor: Tensor) -> Tensor { isGRU ? GateOrder.gruONNX.reordered(tensor, to: .gru) : tensor }
        tensors.append((named("weight_ih" + suffix), ordered(kernel.transposed())))
        tensors.append((named("weight_hh" + suffix), ordered(recurrent.transposed())))
        guard let bias else { return }
        let pair: [Tensor]
        switch bias.shape {
        case [2, rows] where isGRU:
            pair = [bias[0], bias[1]]
            gruForms[name] = .resetAfter
        case [rows]:
            pair = [bias, Tensor(zeros: [rows], of: bias.elementType)]
            if isGRU { gruForms[name] = .resetBefore }
        default:
            throw Self.refuse(
                "the bias of '\(name)' has shape \(bias.shape)", source,
                why: isGRU ? "[2, \(rows)] or [\(rows)] is needed" : "[\(rows)] is needed")
        }
        tensors.append((named("bias_ih" + suffix), ordered(pair[0])))
        tensors.append((named("bias_hh" + suffix), ordered(pair[1])))
    }

    private static func refuse(_ what: String, _ source: String, why: String? = nil) -> RecurrentError {
        RecurrentError(.badModel, what, at: source, why: why)
    }
}

extension NetworkImport {
    /// Finds the network in the weights of a Keras model.
    ///
    /// ```python
    /// numpy.savez("weights.npz", **{w.path: w.numpy() for w in model.weights})
    /// ```
    /// Keras layers have zeros as their second bias here, where PyTorch's have two.
    ///
    /// - Throws: `badModel` that says which array has no place; otherwise as for a state dict.
    public init(keras file: NPZFile, options: Options = Options()) throws(RecurrentError) {
        let weights = try KerasWeights(file.tensors(), source: file.source)
        var options = options
        options.gruForms = weights.gruForms
        (options.embeddings, options.linears) = (weights.embeddings, weights.linears)
        try self.init(tensors: weights.tensors, options: options, source: file.source, notes: weights.notes)
    }
}
