import RecurrentAutodiff
public import RecurrentNN
import RecurrentTensor

/// The network of a model of remaining life: an LSTM over the steps of a unit, a number at each, in units of the life's scale.
public struct RemainingLifeNetwork: Module {
    var reader: LSTM
    var head: Linear
    private let dropout: Double

    init(_ recipe: RemainingLifeRecipe, inputSize: Int, key: RandomKey) {
        reader = LSTM(
            inputSize: inputSize, hiddenSize: recipe.hiddenSize, layers: recipe.layers, dropout: recipe.dropout,
            key: key.substream(0))
        head = Linear(inputSize: recipe.hiddenSize, outputSize: 1, key: key.substream(1))
        dropout = recipe.dropout
    }

    /// The life that is left after each step.
    ///
    /// - Shapes: `x` [T, B, I] → [T, B].
    func lives(_ x: Variable, lengths: [Int]? = nil) -> Variable {
        let read = reader(x, lengths: lengths).dropout(dropout, sharedOver: [0])
        let answer = head(read)
        return answer.reshaped(Array(answer.shape.dropLast()))
    }

    /// The mean square of the errors of all steps. A unit that was seen no longer is an error only where less than the time
    /// that it was still seen is told.
    func loss(_ batch: UnitWindows.Batch) -> Variable {
        let error = Variable(batch.lives) - lives(Variable(batch.rows), lengths: batch.lengths)
        // Where a life is a lower bound, max(0, e); else |e|: their squares are what is summed.
        let kept = error.relu() + (-error).relu() * Variable(batch.known)
        let weighted = kept.squared() * Variable(batch.weights)
        return weighted.sum() / max(1, batch.weights.doubles().reduce(0, +))
    }

    /// Visits all parts.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("reader", &reader)
        visit("head", &head)
    }
}
