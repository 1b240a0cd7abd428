package import RecurrentAutodiff
public import RecurrentNN
package import RecurrentTensor

/// Frames of music: what the network sees of them, and what it is to say.
package struct MusicBatch: Sendable {
    /// [T, B, 89]: the frame before, or the sign that there is none.
    package var input: Tensor
    /// [T, B, 88]: 1 for each key that sounds.
    package var target: Tensor
    /// The number of frames of each piece.
    package var lengths: [Int]
    /// [T, B]: 1 for each frame that is there.
    package var weight: Tensor
}

/// The network of a model of music: recurrent layers over the frames so far, and the notes of the next frame.
///
///     h_t = layers(v_{t−1}, h_{t−1})        p(v_t | v_1 … v_{t−1}) = head(h_t)
///
/// - Shapes: frames [T, B, 89] → h [T, B, Y]; the head makes of it the probabilities of frames [T, B, 88].
/// - Source: Boulanger-Lewandowski, Bengio & Vincent 2012.
package struct MusicNetwork: Module {
    let recipe: MusicRecipe
    package var layers: [any RecurrentLayer]
    package var head: Linear
    package var joint: NoteEstimator?

    package init(_ recipe: MusicRecipe, key: RandomKey) throws(RecurrentError) {
        self.recipe = recipe
        layers = []
        for index in 0..<recipe.layers {
            layers.append(
                try CellCatalog.layer(
                    named: recipe.cell, inputSize: layers.last?.outputSize ?? MusicRecipe.inputSize,
                    hiddenSize: recipe.hiddenSize, key: key.substream(UInt64(index + 2))))
        }
        let width = layers[layers.count - 1].outputSize
        head = Linear(inputSize: width, outputSize: MusicRecipe.keyCount, key: key.substream(0))
        if recipe.output == .joint {
            joint = NoteEstimator(
                inputSize: width, keyCount: MusicRecipe.keyCount, hiddenSize: recipe.jointSize, key: key.substream(1))
        }
    }

    /// The output of the last layer, [T, B, Y].
    ///
    /// - Parameter state: of every layer in turn; empty: the initial state.
    package func hidden(_ input: Tensor, from state: inout [Variable], lengths: [Int]?) -> Variable {
        var x = Variable(input)
        var final: [Variable] = []
        var first = 0
        for (index, layer) in layers.enumerated() {
            let count = layer.stateSizes.count
            var own = state.isEmpty ? [] : Array(state[first..<first + count])
            first += count
            if index > 0 { x = x.dropout(recipe.hiddenDropout, sharedOver: [0]) }
            x = layer(x, from: &own, lengths: lengths)
            final += own
        }
        state = final
        return x.dropout(recipe.outputDropout)
    }

    /// The negative log-likelihood of frames, summed with their weights, in nats.
    package func negativeLogLikelihood(_ hidden: Variable, _ target: Tensor, weights: Tensor) -> Variable {
        if let joint {
            return joint.negativeLogLikelihood(hidden, keys: head, target, weights: weights)
        }
        return head(hidden).sigmoidCrossEntropy(target, weights: weights)
    }

    /// What the training lowers: the mean over frames of the sum over keys, the first frame of a piece included.
    package func loss(_ batch: MusicBatch) -> Variable {
        var state: [Variable] = []
        let h = hidden(batch.input, from: &state, lengths: batch.lengths)
        let count = batch.lengths.reduce(0, +)
        return negativeLogLikelihood(h, batch.target, weights: batch.weight) / Double(max(1, count))
    }

    package mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit.visitNetwork(&layers)
        visit("head", &head)
        if var joint {
            visit("joint", &joint)
            self.joint = joint
        }
    }
}

/// A network of music in training.
public struct MusicLearner: Module {
    package var network: MusicNetwork

    /// Visits the network's parameters under their own names.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) { network.visitParameters(&visit) }
}
