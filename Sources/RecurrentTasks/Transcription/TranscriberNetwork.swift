import RecurrentAutodiff
public import RecurrentNN
import RecurrentTensor

/// Rows of features to scores of symbols: an LSTM, and a linear map of its outputs.
///
/// - Source: Graves & Jaitly 2014; the projection: Sak, Senior & Beaufays 2014.
public struct TranscriberNetwork: Module {
    var reader: LSTM
    var head: Linear
    private let dropout: Double

    init(_ recipe: TranscriberRecipe, classes: Int, key: RandomKey) throws(RecurrentError) {
        var description = LSTMDescription()
        if recipe.projectionSize > 0 { description.projectionSize = recipe.projectionSize }
        reader = try LSTM(
            inputSize: recipe.inputSize, hiddenSize: recipe.hiddenSize, description, layers: recipe.layers,
            bidirectional: recipe.isBidirectional, dropout: recipe.dropout, key: key.substream(0))
        head = Linear(inputSize: recipe.readSize, outputSize: classes, key: key.substream(1))
        dropout = recipe.dropout
    }

    /// The scores of the symbols of each step, [T, B, F] → [T, B, K].
    func scores(_ x: Variable, lengths: [Int]) -> Variable {
        head(reader(x, lengths: lengths).dropout(dropout))
    }

    /// The scores of the steps of one recording, [T, F] → [T, K], from the state behind those before.
    func scores(_ x: Tensor, from state: inout LSTMState) -> Tensor {
        let input = Variable(x.reshaped([x.shape[0], 1, x.shape[1]]))
        let scores = head(reader(input, from: &state)).value
        return scores.reshaped([scores.shape[0], scores.shape[2]])
    }

    /// The loss of a batch: the mean over recordings of that of a label.
    func loss(_ batch: TranscriberBatch) -> Variable {
        ctcLoss(
            scores(Variable(batch.input), lengths: batch.lengths), targets: batch.targets, lengths: batch.lengths,
            zeroesInfinity: true)
    }

    /// Visits all parts.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("reader", &reader)
        visit("head", &head)
    }
}
