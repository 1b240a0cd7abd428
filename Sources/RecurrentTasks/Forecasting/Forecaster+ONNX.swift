import RecurrentAutodiff
import RecurrentData
public import RecurrentFormats
import RecurrentInterchange
import RecurrentNN
public import RecurrentTensor

extension Forecaster {
    /// The forecaster as an ONNX model, from scaled windows to scaled quantiles; its metadata say how to scale.
    ///
    /// Inputs: `window` [batch, L]; `past` [batch, L, F] where there are covariates; `future` [batch, H, K] where some are
    /// known ahead; `series` [batch], `int64`, where there is more than one series. Output: `quantiles` [batch, H, 9], in
    /// ascending order, averaged over the networks of the forecaster.
    ///
    /// - Throws: `failure` for a cell of a kind that cannot be written.
    public func onnxModel() throws(RecurrentError) -> ONNXModel {
        let graph = ONNXGraphBuilder()
        let batch = ONNXDimension.symbol("batch")
        let (L, H, Q) = (recipe.lookback, recipe.horizon, ForecastRecipe.quantiles.count)
        let F = recipe.pastCovariates.count + recipe.knownCount
        let inputs = ForecastNetwork.ExportInputs(
            window: graph.input("window", .float32, [batch, .size(L)]),
            past: F > 0 ? graph.input("past", .float32, [batch, .size(L), .size(F)]) : nil,
            future: recipe.knownCount > 0
                ? graph.input("future", .float32, [batch, .size(H), .size(recipe.knownCount)]) : nil,
            series: recipe.seriesIds.count > 1 ? graph.input("series", .int64, [batch]) : nil)
        var sum: GraphValue?
        for (index, member) in ensemble.members.enumerated() {
            graph.scope = ensemble.members.count > 1 ? "member\(index)" : ""
            let made = try member.exported(inputs, graph)
            // Quantiles never cross.
            let sorted = graph.nodes(
                "TopK", [made, graph.ints([Q])], outputs: ["quantiles", "order"],
                [ONNXAttribute("largest", .int(0)), ONNXAttribute("axis", .int(-1))])[0]
            sum = sum.map { graph.add($0, sorted) } ?? sorted
        }
        graph.scope = ""
        guard let sum else { throw RecurrentError(.failure, "the forecaster has no network") }
        graph.output(
            graph.multiply(sum, 1 / Double(ensemble.members.count)), as: "quantiles", .float32,
            [batch, .size(H), .size(Q)])
        return ONNXExporter.model(graph, name: "forecaster", notes: onnxNotes)
    }

    private var onnxNotes: [(key: String, value: String)] {
        let deviations = recipe.seriesIds.map { JSON(scales[$0]?.deviation ?? 1) }
        func text(_ names: [String], _ scales: [CovariateScale]) -> String {
            JSON.array(
                zip(names, scales).map {
                    ["name": .string($0), "mean": JSON($1.mean), "deviation": JSON($1.deviation)]
                }
            ).text()
        }
        var notes = [
            (
                key: "window",
                value:
                    "the last \(recipe.lookback) values, oldest first: (value - level) / width, limited to -20...20, where "
                    + "level is the last value and width the standard deviation of the window plus 0.02 times that of the "
                    + "series; zeros before its beginning"
            ),
            (
                key: "quantiles",
                value: "value = quantile * width + level, for the levels "
                    + ForecastRecipe.quantiles.map { "\($0)" }.joined(separator: ", ")
            ),
            (key: "series", value: JSON(recipe.seriesIds).text()),
            (key: "deviations", value: JSON.array(deviations).text()),
        ]
        if !recipe.pastCovariates.isEmpty || recipe.knownCount > 0 {
            notes.append(("past", text(recipe.pastCovariates, covariateScales.past)))
            notes.append(("known", text(recipe.knownCovariates, covariateScales.known)))
            notes.append(
                (
                    "covariates",
                    "(value - mean) / deviation, limited to -10...10; in past those of past come first, then known, then "
                        + "\(recipe.calendarFeatures) calendar features"
                ))
        }
        return notes
    }

    /// The inputs of the exported model for the data that the forecaster remembers, and the quantiles that it makes of
    /// them itself.
    package func onnxExample() -> [(name: String, tensor: Tensor)] {
        let windows = windows(context.series, ends: context.series.map(\.count))
        let batch = windows.batch(context.series.indices.map { ($0, context.series[$0].count) })
        let (B, H, Q) = (batch.window.shape[0], recipe.horizon, ForecastRecipe.quantiles.count)
        var mean = [Float](repeating: 0, count: B * H * Q)
        for member in ensemble.members {
            let values = member(batch).value.scalars(of: Float.self)
            for start in stride(from: 0, to: values.count, by: Q) {
                for (q, value) in values[start..<start + Q].sorted().enumerated() {
                    mean[start + q] += value / Float(ensemble.members.count)
                }
            }
        }
        let series = batch.series.scalars(of: Int32.self).map { Int64($0) }
        return [("window", batch.window), ("quantiles", Tensor(mean, shape: [B, H, Q]))]
            + (batch.past.map { [("past", $0)] } ?? []) + (batch.future.map { [("future", $0)] } ?? [])
            + (recipe.seriesIds.count > 1 ? [("series", Tensor(series))] : [])
    }
}

extension ForecastNetwork {
    /// What goes into an exported network.
    struct ExportInputs {
        let window: GraphValue
        let past: GraphValue?
        let future: GraphValue?
        let series: GraphValue?
    }

    /// The network in operators, as its forward computes it: [B, H, Q].
    func exported(_ inputs: ExportInputs, _ graph: ONNXGraphBuilder) throws(RecurrentError) -> GraphValue {
        let (S, M, H) = (recipe.segment, recipe.horizonSegments, recipe.horizon)
        let (D, Q, N) = (recipe.embeddingSize, ForecastRecipe.quantiles.count, recipe.lookback / recipe.segment)
        func segmented(_ value: GraphValue, _ count: Int, _ width: Int) -> GraphValue {
            graph.transposed(graph.reshaped(value, [0, count, width]), [1, 0, 2])
        }
        let F = recipe.pastCovariates.count + recipe.knownCount
        var segments = [segmented(inputs.window, N, S)]
        if let past = inputs.past { segments.append(segmented(past, N, S * F)) }
        let encoded = graph.node(
            "Relu",
            graph.affine(graph.concatenated(segments, axis: 2), input.weight.value, input.bias?.value, "input"))
        let window = SequenceExport(graph, sequence: encoded, lengths: nil)
        let state = try recurrent(window, encoded, nil).final

        var query = graph.constant(position.value.reshaped([M, 1, D]), "position")
        if let identity, let series = inputs.series {
            let rows = graph.node("Gather", graph.constant(identity.weight.value, "identity.weight"), series)
            query = graph.add(query, graph.unsqueezed(rows, 0))
        }
        if let future, let known = inputs.future {
            let K = recipe.knownCount
            let whole =
                M * S == H ? known : graph.node("Pad", known, graph.ints([0, 0, 0, 0, M * S - H, 0]))
            query = graph.add(
                query, graph.affine(segmented(whole, M, S * K), future.weight.value, future.bias?.value, "future"))
        }
        let B = window.batchSize
        func repeated(_ value: GraphValue, _ size: Int) -> GraphValue {
            graph.node("Expand", value, graph.concatenated([graph.ints([M]), B, graph.ints([size])], axis: 0))
        }
        let queries = graph.reshaped(repeated(query, D), [1, -1, D])
        let decoding = zip(state, stateSizes).map { part, size in
            graph.reshaped(repeated(graph.unsqueezed(part, 0), size), [-1, size])
        }
        let horizon = SequenceExport(graph, sequence: queries, lengths: nil)
        let last = try recurrent(horizon, queries, decoding).output
        let steps = graph.affine(last, head.weight.value, head.bias?.value, "head")
        let joined = graph.reshaped(
            graph.transposed(graph.reshaped(steps, [M, -1, S, Q]), [1, 0, 2, 3]), [0, M * S, Q])
        let made = M * S == H ? joined : graph.sliced(joined, 0..<H, axis: 1)
        let path = graph.affine(inputs.window, highway.weight.value, highway.bias?.value, "highway")
        return graph.add(made, graph.unsqueezed(path, 2))
    }

    private func recurrent(
        _ context: SequenceExport, _ x: GraphValue, _ state: [GraphValue]?
    ) throws(RecurrentError) -> SequenceExport.Run {
        try context.scoped("recurrent") { () throws(RecurrentError) in
            if let lstm { return try context.run(lstm, x, from: state) }
            guard let stack else { throw RecurrentError(.failure, "the forecaster has no recurrent layers") }
            return try context.run(stack, x, from: state)
        }
    }

    /// The extents of the parts of the state, in the order of the layers' own.
    private var stateSizes: [Int] {
        guard let lstm else { return stack?.stateSizes ?? [] }
        return lstm.cells.map { $0.stateSizes[0] } + lstm.cells.map { $0.stateSizes[1] }
    }
}
