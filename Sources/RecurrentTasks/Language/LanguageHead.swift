import RecurrentAutodiff
package import RecurrentNN
import RecurrentTensor

/// The output layer of a language model: scores of the next token.
///
///     scores = W h + b        W the embedding's vectors where the recipe ties them
///
/// or, for a large vocabulary, an ``AdaptiveSoftmax``, whose rare tokens cost less.
package struct LanguageHead: Module {
    /// W, [V, H]; nil where it is the embedding's or there are clusters.
    package var weight: Parameter?
    /// b, [V]; nil where there are clusters.
    package var bias: Parameter?
    /// The clusters of rare tokens, where the recipe asks for them.
    package var adaptive: AdaptiveSoftmax?

    init(_ recipe: LanguageRecipe, inputSize: Int, key: RandomKey) {
        guard recipe.adaptiveCutoffs.isEmpty else {
            adaptive = AdaptiveSoftmax(
                inputSize: inputSize, classCount: recipe.vocabulary, cutoffs: recipe.adaptiveCutoffs, key: key)
            return
        }
        weight = recipe.isTied ? nil : Parameter(.glorotUniform(recipe.vocabulary, inputSize, key: key))
        bias = Parameter(Tensor(zeros: [recipe.vocabulary]))
    }

    /// The mean cross entropy of targets, in nats.
    ///
    /// - Parameter tied: the embedding's vectors.
    /// - Shapes: `x` [T, B, H], targets [T, B].
    func crossEntropy(_ x: Variable, _ targets: Tensor, tied: Parameter) -> Variable {
        if let adaptive { return adaptive.loss(x, targets) }
        return x.linearCrossEntropy(
            weight: (weight ?? tied).variable, bias: bias?.variable, targets: targets)
    }

    /// The unnormalised logarithms of the probabilities of all tokens, [T, B, V].
    func scores(_ x: Variable, tied: Parameter) -> Variable {
        if let adaptive { return adaptive.logProbabilities(x) }
        let weight = (weight ?? tied).variable
        return x.affine(weight, bias?.variable ?? Variable(Tensor(zeros: [weight.shape[0]])))
    }

    /// Visits `weight`, `bias`, `head` and `tail`.
    package mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("weight", &weight)
        visit("bias", &bias)
        adaptive?.visitParameters(&visit)
    }
}
