public import RecurrentFormats
import RecurrentNN
public import RecurrentTensor

extension ONNXExporter {
    /// A model of a network with PyTorch's names.
    ///
    /// - Throws: nothing as things are; every network can be written.
    public static func model(
        of network: LayeredNetwork, options: Options = Options()
    ) throws(RecurrentError) -> ONNXModel {
        let steps: [ONNXDimension] = [.symbol("time"), .symbol("batch")]
        let input: (name: String, type: ONNXElementType, shape: [ONNXDimension]) =
            network.takesTokens
            ? ("tokens", .int64, steps) : ("x", .float32, steps + [.size(network.inputSize ?? 0)])
        let output: [ONNXDimension] = (network.givesLastOnly ? [.symbol("batch")] : steps) + [.size(network.outputSize)]
        let frame = Frame(
            input: input, output: output, state: network.stateParts.map { ($0.name, [.size($0.size)]) })
        return try model(frame, options) { context, x, state throws(RecurrentError) in
            var value = x
            var rest = (state ?? [])[...]
            var final: [GraphValue] = []
            var end: GraphValue?
            for layer in network.layers {
                let count = layer.weights.statePartCount
                let own = state.map { _ in Array(rest.prefix(count)) }
                rest = rest.dropFirst(count)
                if layer.part == .function(.final), let end {
                    value = end
                    continue
                }
                let name = layer.name.isEmpty ? layer.part.kind : layer.name
                try context.scoped(name) { () throws(RecurrentError) in
                    let run = try context.run(layer.weights, value, from: own)
                    value = run.output
                    final += run.final
                    end = layer.weights.hiddenParts.map {
                        context.graph.concatenated(Array(run.final[$0]), axis: 1)
                    }
                }
            }
            return (value, final)
        }
    }
}

extension SequenceExport {
    /// A layer of a network; its state is h of all layers and directions, then c of all.
    fileprivate func run(
        _ layer: LayerWeights, _ x: GraphValue, from state: [GraphValue]?
    ) throws(RecurrentError) -> Run {
        switch layer {
        case .embedding(let embedding):
            // Padding may hold anything; it must not be looked up.
            let tokens =
                lengths == nil ? x : graph.choose(flat(mask), x, graph.constant(Tensor(scalar: Int64(0)), "none"))
            return (graph.node("Gather", graph.constant(embedding.weight.value, "weight"), tokens), [])
        case .lstm(let lstm): return try run(lstm, x, from: state)
        case .gru(let gru):
            let run = try run(gru.cells, directions: gru.isBidirectional ? 2 : 1, x, from: state?.map { [$0] })
            return (run.output, run.final.map { $0[0] })
        case .rnn(let rnn):
            let run = try run(rnn.cells, directions: rnn.isBidirectional ? 2 : 1, x, from: state?.map { [$0] })
            return (run.output, run.final.map { $0[0] })
        case .layerNorm(let norm):
            return (
                graph.layerNorm(x, scale: norm.weight.value, shift: norm.bias.value, epsilon: norm.epsilon, "norm"), []
            )
        case .linear(let linear): return (graph.affine(x, linear.weight.value, linear.bias?.value), [])
        case .function(let function): return (applied(function, x), [])
        }
    }

    /// `bool` [T, B, 1] → [T, B]
    private func flat(_ mask: GraphValue?) -> GraphValue {
        guard let mask else { preconditionFailure("SequenceExport: there are no lengths") }
        return graph.squeezed(mask, 2)
    }

    private func applied(_ function: NetworkFunction, _ x: GraphValue) -> GraphValue {
        if let activation = function.activation { return graph.activated(x, activation) }
        switch function {
        case .softmax: return graph.node("Softmax", x, attributes: [ONNXAttribute("axis", .int(-1))])
        case .logSoftmax: return graph.node("LogSoftmax", x, attributes: [ONNXAttribute("axis", .int(-1))])
        default: return last(x)
        }
    }

    private func last(_ x: GraphValue) -> GraphValue {
        guard let lengths, let isAny else {
            return graph.node("Gather", x, graph.constant(Tensor(scalar: Int64(-1)), "last"))
        }
        let counts = graph.node("Cast", lengths, attributes: [ONNXAttribute("to", .int(7))])
        let steps = graph.maximum(
            graph.subtract(counts, graph.constant(Tensor(scalar: Int64(1)), "one")),
            graph.constant(Tensor(scalar: Int64(0)), "zero"))
        let picked = graph.node(
            "GatherND", graph.transposed(x, [1, 0, 2]), graph.unsqueezed(steps, 1),
            attributes: [ONNXAttribute("batch_dims", .int(1))])
        return graph.choose(isAny, picked, graph.scalar(0))
    }
}
