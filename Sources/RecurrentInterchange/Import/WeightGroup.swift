import RecurrentFormats
import RecurrentNN
import RecurrentTensor

/// The tensors of one layer of a weight file: those whose names are equal up to the last full stop.
struct WeightGroup {
    /// What the names have in common; empty for a layer that was saved alone.
    let name: String
    /// The shapes by the rest of the name.
    var shapes: [String: [Int]] = [:]

    /// The name in messages and in `--order`.
    var shown: String { name.isEmpty ? "." : name }

    /// Sorts tensors by layer, in the order of their names.
    static func groups(of tensors: [(name: String, tensor: Tensor)]) -> [WeightGroup] {
        var groups: [WeightGroup] = []
        var positions: [String: Int] = [:]
        for (name, tensor) in tensors.sorted(by: { $0.name < $1.name }) {
            // Bytes, not characters: a full stop with an accent on it is another character.
            let end = name.utf8.lastIndex(of: UInt8(ascii: "."))
            let prefix = end.map { String(name[..<$0]) } ?? ""
            let leaf = end.map { String(name[name.utf8.index(after: $0)...]) } ?? name
            if positions[prefix] == nil {
                positions[prefix] = groups.count
                groups.append(WeightGroup(name: prefix))
            }
            groups[positions[prefix] ?? 0].shapes[leaf] = tensor.shape
        }
        return groups
    }

    /// What the layer can be: one part, or an embedding and a linear layer where the shapes do not tell.
    ///
    /// - Throws: `badModel` that says which tensor is unknown, missing or of the wrong shape.
    func candidates(_ options: NetworkImport.Options, _ source: String) throws(RecurrentError) -> [NetworkPart] {
        for (leaf, shape) in shapes.sorted(by: { $0.key < $1.key }) where shape.contains(where: { $0 < 1 }) {
            throw failure("'\(whole(leaf))' has shape \(shape), which holds nothing", source)
        }
        let leaves = shapes.keys.compactMap { RecurrentLeaf($0) }
        if !leaves.isEmpty {
            guard leaves.count == shapes.count else {
                throw unknown(shapes.keys.filter { RecurrentLeaf($0) == nil }, source)
            }
            return [try recurrent(leaves, options, source)]
        }
        let others = shapes.keys.filter { !["weight", "bias"].contains($0) }
        guard others.isEmpty, let weight = shapes["weight"] else {
            throw unknown(others.isEmpty ? Array(shapes.keys) : others, source)
        }
        let bias = shapes["bias"]
        if let bias, !(1...2).contains(weight.count) || bias != [weight[0]] {
            throw failure(
                "'\(whole("weight"))' of shape \(weight) and '\(whole("bias"))' of shape \(bias) make no layer that is known",
                source)
        }
        switch weight.count {
        case 1: return [.layerNorm(size: weight[0], epsilon: options.normEpsilon ?? 1e-5, hasBias: bias != nil)]
        case 2:
            let linear = NetworkPart.linear(inputSize: weight[1], outputSize: weight[0], hasBias: bias != nil)
            let embedding = NetworkPart.embedding(count: weight[0], size: weight[1])
            if bias != nil || options.linears.contains(name) { return [linear] }
            if options.embeddings.contains(name) { return [embedding] }
            let hint = name.lowercased()
            if ["emb", "lookup", "wte"].contains(where: hint.contains) { return [embedding] }
            let names = ["linear", "fc", "head", "out", "proj", "dense", "classifier", "decoder"]
            return names.contains(where: hint.contains) ? [linear] : [embedding, linear]
        default: throw failure("'\(whole("weight"))' of shape \(weight) makes no layer that is known", source)
        }
    }

    // MARK: - Recurrent layers

    private func recurrent(
        _ leaves: [RecurrentLeaf], _ options: NetworkImport.Options, _ source: String
    ) throws(RecurrentError) -> NetworkPart {
        let isCell = leaves.contains { $0.layer == nil }
        if isCell, leaves.contains(where: { $0.layer != nil }) {
            throw failure("the weights of a cell and of layers stand together in '\(shown)'", source)
        }
        let first = isCell ? "" : "_l0"
        guard let input = shapes["weight_ih" + first], let state = shapes["weight_hh" + first] else {
            let lost = ["weight_ih", "weight_hh"].map { $0 + first }.first { shapes[$0] == nil } ?? ""
            throw failure("the weights lack '\(whole(lost))'", source)
        }
        guard input.count == 2, state.count == 2, input[0] == state[0] else {
            throw failure(
                "'\(whole("weight_ih" + first))' of shape \(input) and '\(whole("weight_hh" + first))' of shape \(state) "
                    + "do not belong together", source)
        }
        let projection = shapes["weight_hr" + first]
        if let projection, projection.count != 2 {
            throw failure("'\(whole("weight_hr" + first))' has shape \(projection); two axes are needed", source)
        }
        // Without a projection the state is as wide as there are units, which tells the number of gates.
        let units = projection?[1] ?? state[1]
        let layers = (leaves.compactMap(\.layer).max() ?? 0) + 1
        guard layers <= leaves.count else {
            let lost = (0..<layers).first { shapes["weight_ih_l\($0)"] == nil } ?? 0
            throw failure("the weights lack '\(whole("weight_ih_l\(lost)"))'", source)
        }
        let sizes = NetworkPart.RecurrentSizes(
            inputSize: input[1], hiddenSize: units, layers: layers,
            bidirectional: leaves.contains(where: \.isReverse), hasBias: leaves.contains { $0.kind.hasPrefix("bias") },
            isCell: isCell)
        let part: NetworkPart
        switch input[0].quotientAndRemainder(dividingBy: units) {
        case (4, 0): part = .lstm(sizes, projection: projection?[0])
        case (3, 0) where projection == nil: part = .gru(sizes, form: options.form(of: name))
        case (1, 0) where projection == nil: part = .rnn(sizes, activation: options.rnnActivation ?? .tanh)
        default:
            throw failure(
                "'\(whole("weight_hh" + first))' has shape \(state)"
                    + (projection.map { " and '\(whole("weight_hr" + first))' \($0)" } ?? ""), source,
                why: "the rows of an LSTM are 4, of a GRU 3, and of an RNN 1 times its units, which are \(units)")
        }
        let expected = part.parameters
        for (leaf, shape) in expected {
            guard let found = shapes[leaf] else { throw failure("the weights lack '\(whole(leaf))'", source) }
            guard found == shape else {
                throw failure(
                    "'\(whole(leaf))' has shape \(found)", source, why: "beside the others it must be \(shape)")
            }
        }
        let names = Set(expected.map(\.name))
        if let surplus = shapes.keys.filter({ !names.contains($0) }).min() {
            throw failure("'\(whole(surplus))' has no place in the layer '\(shown)'", source)
        }
        return part
    }

    private func whole(_ leaf: String) -> String { name.isEmpty ? leaf : name + "." + leaf }

    private func unknown(_ leaves: [String], _ source: String) -> RecurrentError {
        let names = leaves.sorted().prefix(3).map { "'\(whole($0))'" }.joined(separator: ", ")
        return failure(
            "\(names) \(leaves.count == 1 ? "belongs" : "belong") to no layer that is known", source,
            help:
                "LSTM, GRU, RNN and their cells, Embedding, Linear and LayerNorm can be imported; leave the others out "
                + "of the file")
    }

    private func failure(
        _ what: String, _ source: String, why: String? = nil, help: String? = nil
    ) -> RecurrentError { RecurrentError(.badModel, what, at: source, why: why, help: help) }
}

/// The name of a recurrent layer's tensor, taken apart: `weight_ih_l1_reverse`.
private struct RecurrentLeaf {
    let kind: String
    /// nil for a cell.
    let layer: Int?
    let isReverse: Bool

    init?(_ leaf: String) {
        let kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"]
        guard let kind = kinds.first(where: { leaf.utf8.starts(with: $0.utf8) }) else { return nil }
        self.kind = kind
        var rest = Array(leaf.utf8.dropFirst(kind.utf8.count))
        let ending = Array("_reverse".utf8)
        if rest.isEmpty {
            (layer, isReverse) = (nil, false)
            return
        }
        isReverse = rest.suffix(ending.count) == ending[...]
        if isReverse { rest.removeLast(ending.count) }
        let digits = rest.dropFirst(2)
        guard rest.prefix(2) == Array("_l".utf8)[...], (1...4).contains(digits.count),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            digits.count == 1 || digits.first != UInt8(ascii: "0"),
            let layer = Int(String(decoding: digits, as: UTF8.self)), layer < NetworkPart.maximumLayers
        else { return nil }
        self.layer = layer
    }
}
