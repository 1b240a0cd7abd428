package import RecurrentAutodiff
package import RecurrentNN
package import RecurrentTensor

/// The network of a forecaster: recurrent layers, LSTMs unless the recipe names another cell, over segments of the look-back
/// window, decoded for all segments of the horizon at once, beside a linear path from the window to the horizon.
///
/// Each segment of S steps, with its covariates, becomes one input of the layers: e_n = relu(W_e s_n + b_e). From the state
/// after the last segment, each segment m of the horizon is decoded by one more step of the same layers, whose input is a
/// learned vector of the position m, plus one of the series, plus a map of the covariates known ahead. A linear head turns
/// the hidden state into the quantiles of the S steps of that segment, to which the linear path adds its own.
///
/// - Shapes: window [B, L] with past covariates [B, L, F] and future covariates [B, H, K] → [B, H, Q].
/// - Source: segments and parallel decoding follow SegRNN (Lin et al. 2023); the linear path follows LSTNet (Lai et al. 2018).
package struct ForecastNetwork: Module {
    let recipe: ForecastRecipe
    var input: Linear
    /// The recurrent layers where the cell is the standard LSTM.
    var lstm: LSTM?
    /// The recurrent layers where it is another.
    var stack: RecurrentStack?
    var position: Parameter
    var identity: Embedding?
    var future: Linear?
    var head: Linear
    var highway: Linear

    init(_ recipe: ForecastRecipe, key: RandomKey) {
        self.recipe = recipe
        let (D, R, S) = (recipe.embeddingSize, recipe.hiddenSize, recipe.segment)
        let encoded = S * (1 + recipe.pastCovariates.count + recipe.knownCount)
        input = Linear(inputSize: encoded, outputSize: D, key: key.substream(0))
        var width = R
        if recipe.cell == ForecastRecipe.standardCell {
            lstm = LSTM(
                inputSize: D, hiddenSize: R, layers: recipe.layers, dropout: recipe.dropout, key: key.substream(1))
        } else {
            // Windows may begin before the data, with steps of zeros; a normalised layer has no finite slope along
            // many of them, so they must not arrive as zeros.
            input.bias = Parameter(
                Tensor(uniform: 0.1, 0.5, shape: [D], key: key.substream(0).substream(1)))
            let stack = ForecastNetwork.stack(recipe, key.substream(1))
            width = stack.outputSize
            self.stack = stack
        }
        position = Parameter(
            Tensor(normal: 0, deviation: 0.1, shape: [recipe.horizonSegments, D], key: key.substream(2)))
        if recipe.seriesIds.count > 1 {
            identity = Embedding(count: recipe.seriesIds.count, size: D, deviation: 0.1, key: key.substream(3))
        }
        if recipe.knownCount > 0 {
            future = Linear(
                inputSize: S * recipe.knownCount, outputSize: D, bias: false, key: key.substream(4))
        }
        head = Linear(inputSize: width, outputSize: S * ForecastRecipe.quantiles.count, key: key.substream(5))
        // A small head starts the forecast near that of the linear path.
        head.weight.value = head.weight.value * 0.3
        highway = Linear(inputSize: recipe.lookback, outputSize: recipe.horizon, key: key.substream(6))
        highway.weight.value = recipe.highwayStart()
    }

    /// The layers of a cell that the recipe has been checked to know.
    private static func stack(_ recipe: ForecastRecipe, _ key: RandomKey) -> RecurrentStack {
        do {
            return try RecurrentStack(
                named: [String](repeating: recipe.cell, count: recipe.layers), inputSize: recipe.embeddingSize,
                hiddenSize: recipe.hiddenSize, dropout: recipe.dropout, key: key)
        } catch {
            preconditionFailure(error.description)
        }
    }

    /// The forecast of a batch of windows in scaled units: the quantiles in ascending order of level, [B, H, Q].
    package func callAsFunction(_ batch: ForecastBatch) -> Variable {
        forecast(batch, isThinned: true) { input, state, _ in
            if let lstm {
                let count = lstm.cells.count
                var parts =
                    state.isEmpty
                    ? LSTMState() : LSTMState(hidden: Array(state[..<count]), cell: Array(state[count...]))
                defer { state = parts.hidden + parts.cell }
                return lstm(input, from: &parts)
            }
            return stack.map { $0(input, from: &state) } ?? input
        }
    }

    /// The same under the eyes of a recorder, without dropout.
    func observed(_ batch: ForecastBatch, by recorder: inout CellRecorder) -> Variable {
        forecast(batch, isThinned: false) { input, state, part in
            if let lstm {
                let count = lstm.cells.count
                var parts =
                    state.isEmpty
                    ? LSTMState() : LSTMState(hidden: Array(state[..<count]), cell: Array(state[count...]))
                defer { state = parts.hidden + parts.cell }
                return recorder.run(lstm, input, from: &parts, name: part.rawValue)
            }
            return stack.map { recorder.run($0, input, from: &state, name: part.rawValue) } ?? input
        }
    }

    /// Which steps the recurrent layers take: over the window, or one for each segment of the horizon.
    enum Part: String { case window, horizon }

    private func forecast(
        _ batch: ForecastBatch, isThinned: Bool,
        _ recurrent: (_ input: Variable, _ state: inout [Variable], _ part: Part) -> Variable
    ) -> Variable {
        let (S, M) = (recipe.segment, recipe.horizonSegments)
        let (B, L) = (batch.window.shape[0], batch.window.shape[1])
        var segments = [segmented(batch.window, S)]
        if let past = batch.past { segments.append(segmented(past, S)) }
        let encoded = Variable(segments.count == 1 ? segments[0] : .concatenated(segments, axis: 2))
        var state: [Variable] = []
        _ = recurrent(input(encoded).relu(), &state, .window)

        let D = recipe.embeddingSize
        var query = position.variable.reshaped([M, 1, D])
        if let identity { query = query + identity(batch.series).reshaped([1, B, D]) }
        if let future, let known = batch.future { query = query + future(Variable(segmented(known, S))) }
        if query.shape[1] != B { query = query.broadcast(to: [M, B, D]) }
        var decoding = state.map { part in
            let size = part.shape[1]
            return part.reshaped([1, B, size]).broadcast(to: [M, B, size]).reshaped([M * B, size])
        }
        let last = recurrent(query.reshaped([1, M * B, D]), &decoding, .horizon)
        var decoded = last.reshaped([M * B, last.shape[2]])
        if isThinned { decoded = decoded.dropout(recipe.dropout) }
        let steps = head(decoded).reshaped([M, B, S, ForecastRecipe.quantiles.count])
        let joined = steps.transposed([1, 0, 2, 3]).reshaped([B, M * S, ForecastRecipe.quantiles.count])
        let made = M * S == recipe.horizon ? joined : joined.sliced(0..<recipe.horizon, axis: 1)
        // Of a window that is longer than those of the training the linear path sees the end that it knows.
        let seen = L > recipe.lookback ? batch.window.sliced(L - recipe.lookback..<L, axis: 1) : batch.window
        return made + highway(Variable(seen)).reshaped([B, recipe.horizon, 1])
    }

    package mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("input", &input)
        if lstm != nil { visit("lstm", &lstm!) }
        if stack != nil { visit("recurrent", &stack!) }
        visit("position", &position)
        if identity != nil { visit("identity", &identity!) }
        if future != nil { visit("future", &future!) }
        visit("head", &head)
        visit("highway", &highway)
    }

    /// Windows cut into segments: [B, N·S] or [B, N·S, F] → [N, B, S·F], padded with zeros to whole segments.
    private func segmented(_ windows: Tensor, _ S: Int) -> Tensor {
        let (B, L) = (windows.shape[0], windows.shape[1])
        let F = windows.rank == 3 ? windows.shape[2] : 1
        let N = (L + S - 1) / S
        var whole = windows.reshaped([B, L, F])
        if N * S > L { whole = .concatenated([whole, Tensor(zeros: [B, N * S - L, F])], axis: 1) }
        return whole.reshaped([B, N, S * F]).transposed([1, 0, 2])
    }
}

/// A batch of windows with what is to be forecast from them, in scaled units.
package struct ForecastBatch: Sendable {
    /// [B, L].
    var window: Tensor
    /// Covariates over the window, [B, L, F], the known ones last; nil where there are none.
    var past: Tensor?
    /// Covariates known ahead over the horizon, [B, H, K]; nil where there are none.
    var future: Tensor?
    /// The index of each row's series, [B], `int32`.
    var series: Tensor
    /// What is to be forecast, [B, H]; missing values are 0.
    package var target: Tensor
    /// The weight of each target, [B, H]; 0 where it is missing.
    package var weight: Tensor
    /// The level and the scale of each row: value = scaled · scale + level.
    var level: [Double]
    var scale: [Double]
}
