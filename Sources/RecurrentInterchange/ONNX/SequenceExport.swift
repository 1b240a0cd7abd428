import RecurrentFormats
package import RecurrentTensor

/// What the layers of one exported network have in common: the graph, the lengths of the sequences, and the batch.
package final class SequenceExport {
    package let graph: ONNXGraphBuilder
    /// `int32` [B], or nil where all sequences fill the batch.
    let lengths: GraphValue?
    /// Anything of shape [T, B, …].
    private let sequence: GraphValue
    private var batch: GraphValue?
    private var flags: GraphValue?

    package init(_ graph: ONNXGraphBuilder, sequence: GraphValue, lengths: GraphValue?) {
        (self.graph, self.sequence, self.lengths) = (graph, sequence, lengths)
    }

    /// B, as a vector of one number.
    package var batchSize: GraphValue {
        if let batch { return batch }
        let value = unscoped { graph.extent(sequence, axis: 1) }
        batch = value
        return value
    }

    /// Whether a step is one of its sequence, `bool` [T, B, 1]; nil without lengths.
    var mask: GraphValue? {
        guard let lengths else { return nil }
        if let flags { return flags }
        let value = unscoped {
            let steps = graph.node(
                "Range", graph.constant(Tensor(scalar: Int64(0)), "first"),
                graph.squeezed(graph.extent(sequence, axis: 0), 0), graph.constant(Tensor(scalar: Int64(1)), "step"))
            let counts = graph.node("Cast", lengths, attributes: [ONNXAttribute("to", .int(7))])
            return graph.unsqueezed(graph.node("Less", graph.unsqueezed(steps, 1), counts), 2)
        }
        flags = value
        return value
    }

    /// Whether a sequence has any step, `bool` [B, 1]; nil without lengths.
    lazy var isAny: GraphValue? = lengths.map { lengths in
        unscoped {
            graph.unsqueezed(graph.node("Greater", lengths, graph.constant(Tensor(scalar: Int32(0)), "none")), 1)
        }
    }

    /// A sequence with zeros in its padding, which may hold anything.
    func withoutPadding(_ x: GraphValue) -> GraphValue { mask.map { graph.choose($0, x, graph.scalar(0)) } ?? x }

    /// A state of zeros, or of a learned vector, for the batch: [B, n].
    func initialState(_ size: Int, learned: Tensor? = nil) -> GraphValue {
        let shape = graph.concatenated([batchSize, graph.ints([size])], axis: 0)
        guard let learned else { return graph.zeros(shape) }
        return graph.node("Expand", graph.constant(learned, "initial"), shape)
    }

    /// Does something within a scope of names.
    package func scoped<R>(_ name: String, _ body: () throws(RecurrentError) -> R) throws(RecurrentError) -> R {
        let outer = graph.scope
        if !name.isEmpty { graph.scope = outer.isEmpty ? name : outer + "." + name }
        defer { graph.scope = outer }
        return try body()
    }

    private func unscoped(_ body: () -> GraphValue) -> GraphValue {
        let outer = graph.scope
        graph.scope = ""
        defer { graph.scope = outer }
        return body()
    }

    // MARK: - Scan

    /// What a loop takes from each step.
    struct StepInput {
        let value: GraphValue
        /// The extents behind [T, B].
        let shape: [ONNXDimension]
    }

    /// Runs a step over time in either direction.
    ///
    /// - Parameters:
    ///   - initial: the state before the first step.
    ///   - shapes: of each part of the state, without the batch.
    ///   - step: the state after a step; its first part is the output.
    /// - Returns: the output of every step, zero at padded ones, and the final state.
    func scan(
        _ inputs: [StepInput], initial: [GraphValue], shapes: [[ONNXDimension]], reversed: Bool,
        step: (_ body: ONNXGraphBuilder, _ inputs: [GraphValue], _ state: [GraphValue]) throws(RecurrentError) ->
            [GraphValue]
    ) throws(RecurrentError) -> (output: GraphValue, final: [GraphValue]) {
        let body = graph.body()
        let batch = ONNXDimension.symbol("batch")
        let before = shapes.indices.map { body.bodyInput("state\($0)", .float32, [batch] + shapes[$0]) }
        let parts = inputs.indices.map { body.bodyInput("input\($0)", .float32, [batch] + inputs[$0].shape) }
        let rank = (shapes.first?.count ?? 1) + 1
        var flag: GraphValue?
        if mask != nil { flag = body.bodyInput("is_step", .bool, [batch, .size(1)]) }
        var after = try step(body, parts, before)
        var output = after[0]
        if let flag {
            // The flag as one number for a whole state of any rank.
            let wide = rank == 2 ? flag : body.reshaped(flag, [-1] + [Int](repeating: 1, count: rank - 1))
            output = body.choose(wide, output, body.scalar(0))
            after = after.indices.map { body.choose(wide, after[$0], before[$0]) }
        }
        for (index, value) in after.enumerated() {
            body.bodyOutput(value, "next\(index)", .float32, [batch] + shapes[index])
        }
        body.bodyOutput(output, "output", .float32, [batch] + shapes[0])

        let scanned = inputs.map(\.value) + (mask.map { [$0] } ?? [])
        let direction: Int64 = reversed ? 1 : 0
        let results = graph.nodes(
            "Scan", initial + scanned, outputs: initial.indices.map { "final\($0)" } + ["output"],
            [
                ONNXAttribute(
                    "body", .graph(body.graph(name: graph.scope.isEmpty ? "step" : graph.scope + ".step", isBody: true))
                ),
                ONNXAttribute("num_scan_inputs", .int(Int64(scanned.count))),
                ONNXAttribute("scan_input_directions", .ints(scanned.map { _ in direction })),
                ONNXAttribute("scan_output_directions", .ints([direction])),
            ])
        return (results[initial.count], Array(results[..<initial.count]))
    }
}
