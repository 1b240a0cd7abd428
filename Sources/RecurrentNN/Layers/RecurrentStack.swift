public import RecurrentAutodiff
public import RecurrentTensor

/// Recurrent layers one above the other: any mixture of cells, sizes and directions.
///
///     u₀ = x                  y₀ = layer₀(u₀) (+ u₀)
///     u_k = D(N_k(y_{k−1}))     y_k = layer_k(u_k) (+ y_{k−1})
///
/// N is layer normalisation, D dropout, where they are asked for; the sums in parentheses are the residual connections, which
/// pass around normalisation and dropout.
///
/// - Shapes: [T, B, I] → [T, B, Y], Y the output size of the last layer; the state is that of every layer in turn.
/// - Source: residual connections between recurrent layers: Wu et al. 2016; normalisation before a layer, beside the
///   residual connection: Xiong et al. 2020.
public struct RecurrentStack: RecurrentLayer {
    /// Which layers have a residual connection around them.
    public enum Residual: Sendable, Hashable {
        /// None.
        case none
        /// Those whose outputs have as many features as their inputs.
        case whereSizesAllow
        /// The layers of these numbers, the first layer having number 0; one whose sizes differ is an error.
        case layers(Set<Int>)
    }

    /// The layers, the first one first.
    public var layers: [any RecurrentLayer]
    /// For each layer but the first the normalisation of what enters it; empty: none.
    public var norms: [LayerNorm]
    /// The dropout rate between layers, active while gradients are taken.
    public let dropout: Double
    /// For each layer whether there is a residual connection around it.
    public let hasResidual: [Bool]

    /// Layers one above the other.
    ///
    /// - Parameters:
    ///   - layers: the layers, the first one first.
    ///   - residual: which layers have a residual connection around them.
    ///   - layerNormalization: whether what enters a layer from the one below is normalised.
    ///   - dropout: the dropout rate between layers.
    /// - Throws: `usage`, naming the layer, where one does not fit what is below it or its residual connection.
    public init(
        _ layers: [any RecurrentLayer], residual: Residual = .none, layerNormalization: Bool = false,
        dropout: Double = 0
    ) throws(RecurrentError) {
        func refuse(_ why: String) -> RecurrentError {
            RecurrentError(.usage, "these layers do not make a stack", why: why)
        }
        guard !layers.isEmpty else { throw refuse("there is no layer") }
        guard dropout >= 0, dropout < 1 else {
            throw refuse("the dropout rate is \(dropout); it must be at least 0 and less than 1")
        }
        for index in 1..<max(1, layers.count) where layers[index].inputSize != layers[index - 1].outputSize {
            throw refuse(
                "layer \(index) has \(layers[index].inputSize) inputs; layer \(index - 1) below it has "
                    + "\(layers[index - 1].outputSize) outputs")
        }
        let fits = layers.map { $0.inputSize == $0.outputSize }
        switch residual {
        case .none: hasResidual = layers.map { _ in false }
        case .whereSizesAllow: hasResidual = fits
        case .layers(let wanted):
            if let none = wanted.filter({ !layers.indices.contains($0) }).min() {
                throw refuse("there is no layer \(none) for a residual connection: they are 0 to \(layers.count - 1)")
            }
            if let bad = wanted.filter({ !fits[$0] }).min() {
                throw refuse(
                    "layer \(bad) can have no residual connection: it has \(layers[bad].inputSize) inputs and "
                        + "\(layers[bad].outputSize) outputs")
            }
            hasResidual = layers.indices.map(wanted.contains)
        }
        self.layers = layers
        self.dropout = dropout
        norms = layerNormalization ? layers.dropFirst().map { LayerNorm(size: $0.inputSize) } : []
    }

    /// Layers of the cells of these names, of one size.
    ///
    /// - Throws: `usage` where there is no such cell, with the nearest name, or no such size.
    public init(
        named names: [String], inputSize: Int, hiddenSize: Int, residual: Residual = .none,
        layerNormalization: Bool = false, dropout: Double = 0, key: RandomKey
    ) throws(RecurrentError) {
        var layers: [any RecurrentLayer] = []
        for (index, name) in names.enumerated() {
            layers.append(
                try CellCatalog.layer(
                    named: name, inputSize: layers.last?.outputSize ?? inputSize, hiddenSize: hiddenSize,
                    key: key.substream(UInt64(index))))
        }
        try self.init(layers, residual: residual, layerNormalization: layerNormalization, dropout: dropout)
    }

    /// The number of features of an input.
    public var inputSize: Int { layers[0].inputSize }
    /// The number of features of an output.
    public var outputSize: Int { layers[layers.count - 1].outputSize }
    /// The extents of the parts of the state of every layer in turn.
    public var stateSizes: [Int] { layers.flatMap(\.stateSizes) }
    /// Whether every layer reads from the last step to the first.
    public var isReversed: Bool { layers.allSatisfy(\.isReversed) }

    /// The output of the last layer, then each part of the state of every layer in turn.
    public func history(_ x: Variable, from state: inout [Variable], lengths: [Int]?) -> [Variable] {
        checkSequence(x, state, lengths, "RecurrentStack")
        var parts: [Variable] = []
        let output = run(x, from: &state, lengths: lengths, isThinned: true) { layer, input, state in
            let history = layers[layer].history(input, from: &state, lengths: lengths)
            parts += history.suffix(layers[layer].stateSizes.count)
            return history[0]
        }
        return [output] + parts
    }

    /// Every layer, as `layer 0`, `layer 1`, ….
    public func observed(
        _ x: Variable, from state: inout [Variable], lengths: [Int]?, by recorder: inout CellRecorder
    ) -> Variable {
        checkSequence(x, state, lengths, "RecurrentStack")
        return run(x, from: &state, lengths: lengths, isThinned: false) { layer, input, state in
            recorder.run(layers[layer], input, from: &state, lengths: lengths, name: "layer \(layer)")
        }
    }

    /// The way through the layers, each of which `body` runs from its part of the state.
    private func run(
        _ x: Variable, from state: inout [Variable], lengths: [Int]?, isThinned: Bool,
        _ body: (_ layer: Int, _ input: Variable, _ state: inout [Variable]) -> Variable
    ) -> Variable {
        // What stands in padding may be anything, NaN included: a residual connection must not carry it on.
        var below = hasResidual[0] ? x.withoutPadding(lengths) : x
        var final: [Variable] = []
        var first = 0
        for (index, layer) in layers.enumerated() {
            let count = layer.stateSizes.count
            var own = state.isEmpty ? [] : Array(state[first..<first + count])
            first += count
            var input = below
            if index > 0 {
                if !norms.isEmpty { input = norms[index - 1](input) }
                if isThinned { input = input.dropout(dropout) }
            }
            let output = body(index, input, &own)
            below = hasResidual[index] ? output + below : output
            final += own
        }
        state = final
        return below
    }

    /// Visits every layer as `layers.0`, `layers.1`, …, then the normalisations as `norms.1`, ….
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        for index in layers.indices { visit("layers.\(index)", &layers[index]) }
        for index in norms.indices { visit("norms.\(index + 1)", &norms[index]) }
    }
}
