package import RecurrentAutodiff
package import RecurrentNN
package import RecurrentTensor

/// The network of a language model: vectors of tokens, recurrent layers, scores of the next token.
///
///     x_t = E[token_t]        h_t = layers(x_t, h_{t−1})        p(token_{t+1}) = softmax(W h_t + b)
///
/// W is E where the recipe ties them; see ``LanguageHead``. Dropout is variational: one mask a sequence.
///
/// - Shapes: tokens [T, B] → scores [T, B, V].
/// - Source: Merity, Keskar & Socher 2018 (AWD-LSTM) for the regularisation.
package struct LanguageNetwork: Module {
    let recipe: LanguageRecipe
    package var embedding: Embedding
    package var layers: [any RecurrentLayer]
    package var head: LanguageHead

    init(_ recipe: LanguageRecipe, key: RandomKey) throws(RecurrentError) {
        self.recipe = recipe
        let (V, E) = (recipe.vocabulary, recipe.embeddingSize)
        embedding = Embedding(
            count: V, size: E, deviation: recipe.isTied ? 1 / Double(E).squareRoot() : 1, key: key.substream(0))
        layers = []
        for (index, size) in recipe.layerSizes.enumerated() {
            let own = key.substream(UInt64(index + 2))
            let width = layers.last?.outputSize ?? size.input
            if recipe.cell == "lstm", recipe.weightDropout > 0 {
                let description = LSTMDescription { $0.dropConnect = recipe.weightDropout }
                layers.append(
                    LSTMLayer(try LSTMCell(inputSize: width, hiddenSize: size.hidden, description, key: own)))
            } else {
                layers.append(
                    try CellCatalog.layer(named: recipe.cell, inputSize: width, hiddenSize: size.hidden, key: own))
            }
        }
        let top = layers[layers.count - 1].outputSize
        head = LanguageHead(recipe, inputSize: top, key: key.substream(1))
    }

    /// The same network, nothing of which is random.
    func withoutDropout() throws(RecurrentError) -> LanguageNetwork {
        var recipe = self.recipe
        (recipe.embeddingDropout, recipe.inputDropout, recipe.hiddenDropout, recipe.outputDropout) = (0, 0, 0, 0)
        recipe.weightDropout = 0
        var plain = try LanguageNetwork(recipe, key: RandomKey(seed: 0))
        let weights = Dictionary(parameters.map { ($0.name, $0.value) }) { first, _ in first }
        plain.updateParameters { name, value in value = weights[name] ?? value }
        return plain
    }

    /// The output of the last layer, before and after its dropout: [T, B, H].
    ///
    /// - Parameter state: of every layer in turn; empty: the initial state.
    func hidden(
        _ tokens: Tensor, from state: inout [Variable]
    ) -> (raw: Variable, thinned: Variable) {
        let table = embedding.weight.variable.dropout(recipe.embeddingDropout, sharedOver: [1])
        var x = table.gathered(tokens).dropout(recipe.inputDropout, sharedOver: [0])
        var raw = x
        var final: [Variable] = []
        var first = 0
        for (index, layer) in layers.enumerated() {
            let count = layer.stateSizes.count
            var own = state.isEmpty ? [] : Array(state[first..<first + count])
            first += count
            raw = layer(x, from: &own)
            final += own
            let rate = index == layers.count - 1 ? recipe.outputDropout : recipe.hiddenDropout
            x = raw.dropout(rate, sharedOver: [0])
        }
        state = final
        return (raw, x)
    }

    /// The mean cross entropy of the next tokens, in nats, without regularisation.
    package func crossEntropy(_ batch: LanguageBatch, _ state: inout [Variable]) -> Variable {
        head.crossEntropy(
            hidden(batch.tokens, from: &state).thinned, batch.targets, tied: embedding.weight)
    }

    /// What the training lowers.
    package func loss(_ batch: LanguageBatch, _ state: inout [Variable]) -> Variable {
        let (raw, thinned) = hidden(batch.tokens, from: &state)
        var loss = head.crossEntropy(thinned, batch.targets, tied: embedding.weight)
        if recipe.activationRegularization > 0 {
            loss = loss + thinned.squared().mean() * recipe.activationRegularization
        }
        let T = batch.tokens.shape[0]
        if recipe.temporalRegularization > 0, T > 1 {
            let change = raw.sliced(1..<T) - raw.sliced(0..<T - 1)
            loss = loss + change.squared().mean() * recipe.temporalRegularization
        }
        return loss
    }

    /// The scores of every token at every step, [T, B, V].
    package func scores(_ tokens: Tensor, from state: inout [Variable]) -> Tensor {
        scores(of: hidden(tokens, from: &state).raw)
    }

    /// The scores of every token above outputs of the last layer.
    func scores(of hidden: Variable) -> Tensor { head.scores(hidden, tied: embedding.weight).value }

    /// Names the parameters as one recurrent network of PyTorch does: `rnn.weight_ih_l0`, ….
    package mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("embedding", &embedding)
        visit.visitNetwork(&layers)
        visit("decoder", &head)
    }
}

/// A piece of contiguous streams: tokens, and those that follow them.
package struct LanguageBatch: Sendable {
    /// [T, B], `int32`.
    package var tokens: Tensor
    /// [T, B], `int32`.
    package var targets: Tensor
}
