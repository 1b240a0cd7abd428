package import RecurrentNN
package import RecurrentTensor

/// A cell that is exported as one of ONNX's operators where one computes the same, else as a loop.
protocol ExportedCell: ScannedCell {
    var operatorForm: RecurrentOperator? { get }
}

extension LSTMCell: ExportedCell {}
extension GRUCell: ExportedCell {}
extension RNNCell: ExportedCell {}
extension MinGRUCell: ExportedCell { var operatorForm: RecurrentOperator? { nil } }
extension MinLSTMCell: ExportedCell { var operatorForm: RecurrentOperator? { nil } }
extension MGUCell: ExportedCell { var operatorForm: RecurrentOperator? { nil } }
extension SLSTMCell: ExportedCell { var operatorForm: RecurrentOperator? { nil } }
extension MLSTMCell: ExportedCell { var operatorForm: RecurrentOperator? { nil } }

extension SequenceExport {
    package typealias Run = (output: GraphValue, final: [GraphValue])

    /// One cell in one direction.
    func run(_ cell: any ExportedCell, reversed: Bool, _ x: GraphValue, from state: [GraphValue]?)
        throws(RecurrentError)
        -> Run
    {
        guard let form = cell.operatorForm else { return try cell.scanned(x, from: state, reversed: reversed, self) }
        let run = RecurrentOperator.run([form], reversed: reversed, x, from: state.map { [$0] }, self)
        return (run.output, run.final[0])
    }

    /// Stacked cells in one or both directions; the state is that of each layer and direction in turn.
    func run(
        _ cells: [any ExportedCell], directions: Int, _ x: GraphValue, from state: [[GraphValue]]?
    ) throws(RecurrentError) -> (output: GraphValue, final: [[GraphValue]]) {
        var (value, final) = (x, [[GraphValue]]())
        for layer in 0..<cells.count / directions {
            let range = layer * directions..<(layer + 1) * directions
            let own = state.map { Array($0[range]) }
            let forms = cells[range].compactMap(\.operatorForm)
            let run = try scoped("layer\(layer)") { () throws(RecurrentError) in
                if forms.count == directions {
                    return RecurrentOperator.run(forms, reversed: false, value, from: own, self)
                }
                var runs: [Run] = []
                for direction in 0..<directions {
                    let cell = cells[layer * directions + direction]
                    runs.append(
                        try scoped(direction == 1 ? "reverse" : directions == 2 ? "forward" : "") {
                            () throws(RecurrentError) in
                            try cell.scanned(value, from: own?[direction], reversed: direction == 1, self)
                        })
                }
                return (graph.concatenated(runs.map(\.output), axis: 2), runs.map(\.final))
            }
            value = run.output
            final += run.final
        }
        return (value, final)
    }

    /// A network of LSTMs; the state is h of all layers and directions, then c of all.
    package func run(_ lstm: LSTM, _ x: GraphValue, from state: [GraphValue]?) throws(RecurrentError) -> Run {
        let count = lstm.cells.count
        let own = state.map { state in (0..<count).map { [state[$0], state[count + $0]] } }
        let run = try run(lstm.cells, directions: lstm.isBidirectional ? 2 : 1, x, from: own)
        return (run.output, run.final.map { $0[0] } + run.final.map { $0[1] })
    }

    /// Any layer; the state is its parts.
    package func run(_ layer: any RecurrentLayer, _ x: GraphValue, from state: [GraphValue]?) throws(RecurrentError)
        -> Run
    {
        switch layer {
        case let layer as any CellLayer:
            guard let cell = layer.cell as? any ExportedCell else {
                throw RecurrentError(
                    .failure, "a layer of \(type(of: layer.cell)) cannot be written as ONNX",
                    why: "how its step is made of operators is not known",
                    help: "the cells of the catalogue can be written")
            }
            return try run(cell, reversed: layer.isReversed, x, from: state)
        case let stack as RecurrentStack: return try run(stack, x, from: state)
        case let pair as Bidirectional: return try run(pair, x, from: state)
        default:
            throw RecurrentError(
                .failure, "a layer of the type \(type(of: layer)) cannot be written as ONNX",
                why: "how it is made of operators is not known")
        }
    }

    private func run(_ stack: RecurrentStack, _ x: GraphValue, from state: [GraphValue]?) throws(RecurrentError) -> Run
    {
        var below = stack.hasResidual[0] ? withoutPadding(x) : x
        var final: [GraphValue] = []
        for (index, layer) in stack.layers.enumerated() {
            let first = final.count
            let own = state.map { Array($0[first..<first + layer.stateSizes.count]) }
            try scoped("layer\(index)") { () throws(RecurrentError) in
                var input = below
                if index > 0, !stack.norms.isEmpty {
                    let norm = stack.norms[index - 1]
                    input = graph.layerNorm(
                        input, scale: norm.weight.value, shift: norm.bias.value, epsilon: norm.epsilon)
                }
                let run = try run(layer, input, from: own)
                below = stack.hasResidual[index] ? graph.add(run.output, below) : run.output
                final += run.final
            }
        }
        return (below, final)
    }

    private func run(_ pair: Bidirectional, _ x: GraphValue, from state: [GraphValue]?) throws(RecurrentError) -> Run {
        let count = pair.forward.stateSizes.count
        let ahead = try scoped("forward") { () throws(RecurrentError) in
            try run(pair.forward, x, from: state.map { Array($0.prefix(count)) })
        }
        let back = try scoped("backward") { () throws(RecurrentError) in
            try run(pair.backward, x, from: state.map { Array($0.dropFirst(count)) })
        }
        let (a, b) = (ahead.output, back.output)
        let output =
            switch pair.merge {
            case .concatenation: graph.concatenated([a, b], axis: 2)
            case .sum: graph.add(a, b)
            case .mean: graph.multiply(graph.add(a, b), 0.5)
            case .product: graph.multiply(a, b)
            }
        return (output, ahead.final + back.final)
    }
}
