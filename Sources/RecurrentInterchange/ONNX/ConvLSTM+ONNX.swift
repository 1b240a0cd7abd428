public import RecurrentFormats
public import RecurrentNN
public import RecurrentTensor

extension ONNXExporter {
    /// A model of a ConvLSTM layer: a Scan whose body convolves the state.
    ///
    /// The extents of the frames are dynamic unless peepholes fix them.
    ///
    /// - Shapes: `x` [time, batch, I, H, W] → `y` [time, batch, C, H′, W′]; one dimension: without the height.
    /// - Throws: `failure` for a layer without input channels, which has no convolution of an input.
    public static func model(of layer: ConvLSTM, options: Options = Options()) throws(RecurrentError) -> ONNXModel {
        let c = layer.configuration
        guard c.inputChannels > 0 else {
            throw RecurrentError(
                .failure, "a ConvLSTM without input channels cannot be written as ONNX",
                why: "ONNX has no convolution of frames without channels")
        }
        let axes = c.dimensions == 2 ? ["height", "width"] : ["width"]
        let channels = ONNXDimension.size(c.hiddenChannels)
        let stateAxes: [ONNXDimension] =
            c.peepholeFrame.map { $0.map { .size($0) } } ?? axes.map { .symbol("state_" + $0) }
        let shape = [channels] + stateAxes
        let frame = Frame(
            input: (
                "x", .float32,
                [.symbol("time"), .symbol("batch"), .size(c.inputChannels)] + axes.map { .symbol($0) }
            ),
            output: [.symbol("time"), .symbol("batch")] + shape, state: [("h", shape), ("c", shape)])
        return try model(frame, options) { context, x, state throws(RecurrentError) in
            try context.run(layer, x, from: state, shape: shape)
        }
    }
}

extension SequenceExport {
    fileprivate func run(
        _ layer: ConvLSTM, _ x: GraphValue, from state: [GraphValue]?, shape: [ONNXDimension]
    ) throws(RecurrentError) -> Run {
        let c = layer.configuration
        let rank = c.dimensions
        let clean =
            mask.map { mask in
                graph.choose(graph.reshaped(mask, [0, 0] + [Int](repeating: 1, count: rank + 1)), x, graph.scalar(0))
            } ?? x
        // The input's convolution for all steps at once, time and batch as one axis.
        let steps = graph.node("Shape", clean, attributes: [ONNXAttribute("end", .int(2))])
        let frames = graph.node("Shape", clean, attributes: [ONNXAttribute("start", .int(2))])
        let flat = graph.node("Reshape", clean, graph.concatenated([graph.ints([-1]), frames], axis: 0))
        let bias = graph.constant(layer.bias.value, "bias")
        let sums = Self.convolved(
            flat, graph.constant(layer.inputWeight.value, "weight_ih"), bias, c.stride, c.padding, graph)
        let extents = graph.node("Shape", sums, attributes: [ONNXAttribute("start", .int(1))])
        let terms = graph.node("Reshape", sums, graph.concatenated([steps, extents], axis: 0))
        let stateExtents = graph.concatenated(
            [
                batchSize, graph.ints([c.hiddenChannels]),
                graph.node("Shape", sums, attributes: [ONNXAttribute("start", .int(2))]),
            ], axis: 0)
        let initial = state ?? [graph.zeros(stateExtents), graph.zeros(stateExtents)]
        let rows = [ONNXDimension.size(4 * c.hiddenChannels)] + shape.dropFirst()
        return try scan(
            [StepInput(value: terms, shape: rows)], initial: initial, shapes: [shape, shape],
            reversed: layer.isReversed
        ) { body, inputs, state in Self.step(layer, inputs[0], state, body) }
    }

    private static func step(
        _ layer: ConvLSTM, _ input: GraphValue, _ state: [GraphValue], _ body: ONNXGraphBuilder
    ) -> [GraphValue] {
        let c = layer.configuration
        let channels = c.hiddenChannels
        let fromState = convolved(
            state[0], body.constant(layer.stateWeight.value, "weight_hh"), nil, c.kernel.map { _ in 1 },
            c.stateKernel.map { $0 / 2 }, body)
        let sums = body.add(input, fromState)
        func gate(_ k: Int, _ peephole: Int?, _ cell: GraphValue) -> GraphValue {
            let sum = body.sliced(sums, k * channels..<(k + 1) * channels, axis: 1)
            guard let peephole, let weights = layer.peephole?.value else { return sum }
            return body.add(sum, body.multiply(body.constant(weights[peephole], "peephole\(peephole)"), cell))
        }
        let i = body.sigmoid(gate(0, 0, state[1]))
        let f = body.sigmoid(gate(1, 1, state[1]))
        let next = body.add(body.multiply(f, state[1]), body.multiply(i, body.tanh(gate(2, nil, state[1]))))
        let o = body.sigmoid(gate(3, 2, next))
        return [body.multiply(o, body.tanh(next)), next]
    }

    private static func convolved(
        _ x: GraphValue, _ weight: GraphValue, _ bias: GraphValue?, _ stride: [Int], _ padding: [Int],
        _ graph: ONNXGraphBuilder
    ) -> GraphValue {
        func ints(_ values: [Int]) -> ONNXAttribute.Value { .ints(values.map { Int64($0) }) }
        return graph.nodes(
            "Conv", [x, weight, bias], outputs: ["conv"],
            [ONNXAttribute("strides", ints(stride)), ONNXAttribute("pads", ints(padding + padding))])[0]
    }
}
