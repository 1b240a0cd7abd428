import RecurrentAutodiff
package import RecurrentNN
import RecurrentTensor

/// The network of a forecaster: an LSTM over segments of the look-back window, decoded for all segments of the horizon at
/// once, beside a linear path from the window to the horizon.
///
/// Each segment of S steps, with its covariates, becomes one input of the LSTM: e_n = relu(W_e s_n + b_e). From the state
/// after the last segment, each segment m of the horizon is decoded by one more step of the same LSTM, whose input is a
/// learned vector of the position m, plus one of the series, plus a map of the covariates known ahead. A linear head turns
/// the hidden state into the quantiles of the S steps of that segment, to which the linear path adds its own.
///
/// - Shapes: window [B, L] with past covariates [B, L, F] and future covariates [B, H, K] → [B, H, Q].
/// - Source: segments and parallel decoding follow SegRNN (Lin et al. 2023); the linear path follows LSTNet (Lai et al. 2018).
package struct ForecastNetwork: Module {
    let recipe: ForecastRecipe
    var input: Linear
    var lstm: LSTM
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
        lstm = LSTM(inputSize: D, hiddenSize: R, layers: recipe.layers, dropout: recipe.dropout, key: key.substream(1))
        position = Parameter(
            Tensor(normal: 0, deviation: 0.1, shape: [recipe.horizonSegments, D], key: key.substream(2)))
        if recipe.seriesIds.count > 1 {
            identity = Embedding(count: recipe.seriesIds.count, size: D, deviation: 0.1, key: key.substream(3))
        }
        if recipe.knownCount > 0 {
            future = Linear(
                inputSize: S * recipe.knownCount, outputSize: D, bias: false, key: key.substream(4))
        }
        head = Linear(inputSize: R, outputSize: S * ForecastRecipe.quantiles.count, key: key.substream(5))
        // A small head starts the forecast near that of the linear path.
        head.weight.value = head.weight.value * 0.3
        highway = Linear(inputSize: recipe.lookback, outputSize: recipe.horizon, key: key.substream(6))
        highway.weight.value = recipe.highwayStart()
    }

    /// The forecast of a batch of windows in scaled units: the quantiles in ascending order of level, [B, H, Q].
    func callAsFunction(_ batch: ForecastBatch) -> Variable {
        let (S, M, R) = (recipe.segment, recipe.horizonSegments, recipe.hiddenSize)
        let B = batch.window.shape[0]
        let window = Variable(batch.window)
        var segments = [segmented(batch.window, S)]
        if let past = batch.past { segments.append(segmented(past, S)) }
        let encoded = Variable(segments.count == 1 ? segments[0] : .concatenated(segments, axis: 2))
        var state = LSTMState()
        _ = lstm(input(encoded).relu(), from: &state)

        let D = recipe.embeddingSize
        var query = position.variable.reshaped([M, 1, D])
        if let identity { query = query + identity(batch.series).reshaped([1, B, D]) }
        if let future, let known = batch.future { query = query + future(Variable(segmented(known, S))) }
        if query.shape[1] != B { query = query.broadcast(to: [M, B, D]) }
        func repeated(_ part: Variable) -> Variable {
            part.reshaped([1, B, R]).broadcast(to: [M, B, R]).reshaped([M * B, R])
        }
        var decoding = LSTMState(hidden: state.hidden.map(repeated), cell: state.cell.map(repeated))
        let decoded = lstm(query.reshaped([1, M * B, D]), from: &decoding).reshaped([M * B, R])
        let steps = head(decoded.dropout(recipe.dropout)).reshaped([M, B, S, ForecastRecipe.quantiles.count])
        let joined = steps.transposed([1, 0, 2, 3]).reshaped([B, M * S, ForecastRecipe.quantiles.count])
        let recurrent = M * S == recipe.horizon ? joined : joined.sliced(0..<recipe.horizon, axis: 1)
        return recurrent + highway(window).reshaped([B, recipe.horizon, 1])
    }

    package mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("input", &input)
        visit("lstm", &lstm)
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
struct ForecastBatch: Sendable {
    /// [B, L].
    var window: Tensor
    /// Covariates over the window, [B, L, F], the known ones last; nil where there are none.
    var past: Tensor?
    /// Covariates known ahead over the horizon, [B, H, K]; nil where there are none.
    var future: Tensor?
    /// The index of each row's series, [B], `int32`.
    var series: Tensor
    /// What is to be forecast, [B, H]; missing values are 0.
    var target: Tensor
    /// The weight of each target, [B, H]; 0 where it is missing.
    var weight: Tensor
    /// The level and the scale of each row: value = scaled · scale + level.
    var level: [Double]
    var scale: [Double]
}
