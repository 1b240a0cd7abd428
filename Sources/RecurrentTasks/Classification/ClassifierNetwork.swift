package import RecurrentAutodiff
package import RecurrentNN
package import RecurrentTensor

/// The network of a classifier: vectors of tokens, bidirectional LSTM, pooling, scores of the classes; and beside it the
/// evidence of short runs of tokens, which it learns how far to trust.
///
///     h = BiLSTM(E[tokens])        scores = W pool(h) + b + exp(s) · evidence
///
/// - Shapes: tokens [T, B] → scores [B, K].
/// - Source: Graves & Schmidhuber 2005 for the recurrent layer; ``RunEvidence`` for the evidence.
package struct ClassifierNetwork: Module {
    let recipe: ClassifierRecipe
    package var embedding: Embedding
    package var lstm: LSTM
    package var attention: Parameter?
    package var head: Linear
    /// s, [1].
    package var trust: Parameter?

    package init(_ recipe: ClassifierRecipe, key: RandomKey) {
        self.recipe = recipe
        embedding = Embedding(
            count: recipe.vocabulary, size: recipe.embeddingSize, deviation: 0.1, key: key.substream(0))
        lstm = LSTM(
            inputSize: recipe.embeddingSize, hiddenSize: recipe.hiddenSize, layers: recipe.layers, bidirectional: true,
            dropout: recipe.hiddenDropout, key: key.substream(1))
        if recipe.hasAttention {
            attention = Parameter(.glorotUniform(1, 2 * recipe.hiddenSize, key: key.substream(2)))
        }
        head = Linear(inputSize: recipe.featureCount, outputSize: recipe.classes, key: key.substream(3))
        if recipe.runLength > 0 { trust = Parameter(Tensor(zeros: [1])) }
    }

    /// The scores of the classes, [B, K].
    package func callAsFunction(_ batch: TextBatch) -> Variable { scored(batch).scores }

    /// The scores, and how much attention each step has, [T, B], where there is any.
    package func scored(_ batch: TextBatch) -> (scores: Variable, attention: Variable?) {
        var x = embedding(batch.tokens).dropout(recipe.embeddingDropout, sharedOver: [0])
        // A sequence without any token still needs a step to run over.
        if x.shape[0] == 0 { x = Variable(Tensor(zeros: [1, x.shape[1], x.shape[2]])) }
        var state = LSTMState()
        let h = lstm(x, from: &state, lengths: batch.lengths)
        let (pooled, weights) = recipe.pooling.pooled(h, lengths: batch.lengths, attention: attention) {
            Variable.concatenated(Array(state.hidden.suffix(2)), axis: 1)
        }
        var scores = head(pooled.dropout(recipe.outputDropout))
        if let trust, let evidence = batch.evidence {
            scores = scores + Variable(evidence) * trust.variable.exp()
        }
        return (scores, weights)
    }

    package mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("embedding", &embedding)
        visit("lstm", &lstm)
        visit("attention.weight", &attention)
        visit("head", &head)
        visit("trust", &trust)
    }
}

/// Texts side by side, as the network reads them.
package struct TextBatch: Sendable {
    /// [T, B], `int32`, padded with 0.
    package let tokens: Tensor
    /// The tokens of each text.
    package let lengths: [Int]
    /// What runs of tokens say about the classes, [B, K]; nil where they are not counted.
    let evidence: Tensor?
    /// The classes, [B], `int32`; of texts that are only read 0.
    package let labels: Tensor

    /// A batch of texts.
    ///
    /// - Parameters:
    ///   - labels: the classes of texts that are learned from.
    ///   - dropping: what some of the tokens are read as, and which: word dropout; nil: none.
    package init(
        _ texts: [[Int32]], labels: [Int32]? = nil, recipe: ClassifierRecipe, evidence: RunEvidence?,
        dropping: (unknown: Int32, key: RandomKey)? = nil
    ) {
        let B = texts.count
        lengths = texts.map(\.count)
        let T = max(1, lengths.max() ?? 1)
        var rows = [Int32](repeating: 0, count: T * B)
        var found: [Float] = []
        var random = dropping.map { RandomStream($0.key) }
        for (b, text) in texts.enumerated() {
            for (t, token) in text.enumerated() { rows[t * B + b] = token }
            if let unknown = dropping?.unknown, recipe.wordDropout > 0 {
                for t in text.indices where random?.uniform(0, 1) ?? 1 < recipe.wordDropout {
                    rows[t * B + b] = unknown
                }
            }
            if let evidence { found += evidence.evidence(text, leavingOut: labels.map { Int($0[b]) }) }
        }
        tokens = Tensor(rows, shape: [T, B])
        self.evidence = evidence == nil ? nil : Tensor(found, shape: [B, recipe.classes])
        self.labels = Tensor(labels ?? [Int32](repeating: 0, count: B))
    }
}
