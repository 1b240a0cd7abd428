package import RecurrentAutodiff
package import RecurrentNN
package import RecurrentTensor

/// The network of a classifier: vectors of tokens, bidirectional LSTM, pooling, scores of the classes; and beside it a weight
/// for each run of a few tokens and each class.
///
///     h = BiLSTM(E[tokens])        scores = W pool(h) + b + (Σ_r U[r]) / √n
///
/// r goes over the n runs of one to `runLength` tokens of the text.
///
/// - Shapes: tokens [T, B] → scores [B, K].
/// - Source: recurrent layer: Graves & Schmidhuber 2005; runs: Joulin et al. 2017 (hashing), Wang & Manning 2012.
package struct ClassifierNetwork: Module {
    let recipe: ClassifierRecipe
    package var embedding: Embedding
    package var lstm: LSTM
    package var attention: Parameter?
    package var head: Linear
    package var runs: Parameter?

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
        if recipe.runLength > 0 { runs = Parameter(Tensor(zeros: [recipe.runCount, recipe.classes])) }
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
        var weights: Variable?
        func attended() -> Variable {
            guard let attention else { return h.meanOverTime(lengths: batch.lengths) }
            let (T, B) = (h.shape[0], h.shape[1])
            let scores = h.affine(attention.variable, nil).reshaped([T, B]).transposed([1, 0])
            let seen = batch.mask(T)
            let least = Variable(Tensor(filled: -1e30, shape: [B, T], of: .float32))
            let shares = scores.selected(where: seen, otherwise: least).softmax() * Variable(seen)
            weights = shares.transposed([1, 0])
            return (h * shares.transposed([1, 0]).reshaped([T, B, 1])).sum(axes: [0])
        }
        let pooled: Variable
        switch recipe.pooling {
        case .max: pooled = h.maximumOverTime(lengths: batch.lengths)
        case .mean: pooled = h.meanOverTime(lengths: batch.lengths)
        case .last: pooled = Variable.concatenated(Array(state.hidden.suffix(2)), axis: 1)
        case .attention: pooled = attended()
        case .all:
            pooled = Variable.concatenated(
                [h.maximumOverTime(lengths: batch.lengths), h.meanOverTime(lengths: batch.lengths), attended()],
                axis: 1)
        }
        var scores = head(pooled.dropout(recipe.outputDropout))
        if let runs, batch.runs.count > 0 {
            let found = runs.variable.gathered(batch.runs).dropout(recipe.runDropout, sharedOver: [1])
            let sums = found.scatteredSum(batch.runRows, rows: batch.lengths.count)
            scores = scores + sums * Variable(batch.runScale)
        }
        return (scores, weights)
    }

    package mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("embedding", &embedding)
        visit("lstm", &lstm)
        visit("attention.weight", &attention)
        visit("head", &head)
        visit("runs.weight", &runs)
    }
}

/// Texts side by side, as the network reads them.
package struct TextBatch: Sendable {
    /// [T, B], `int32`, padded with 0.
    package let tokens: Tensor
    /// The tokens of each text.
    package let lengths: [Int]
    /// The runs of all texts, `int32`, and the text of each.
    let runs: Tensor
    let runRows: Tensor
    /// One over the root of the number of runs of each text, [B, 1].
    let runScale: Tensor
    /// The classes, [B], `int32`; of texts that are only read 0.
    package let labels: Tensor

    /// A batch of texts.
    ///
    /// - Parameter unknown: what some of the tokens are read as, and which: word dropout; nil: none.
    package init(
        _ texts: [[Int32]], labels: [Int32]? = nil, recipe: ClassifierRecipe,
        dropping: (unknown: Int32, key: RandomKey)? = nil
    ) {
        let B = texts.count
        lengths = texts.map(\.count)
        let T = max(1, lengths.max() ?? 1)
        var rows = [Int32](repeating: 0, count: T * B)
        var runs: [Int32] = []
        var runRows: [Int32] = []
        var scale = [Float](repeating: 0, count: B)
        var random = dropping.map { RandomStream($0.key) }
        for (b, text) in texts.enumerated() {
            for (t, token) in text.enumerated() { rows[t * B + b] = token }
            if let unknown = dropping?.unknown, recipe.wordDropout > 0 {
                for t in text.indices where random?.uniform(0, 1) ?? 1 < recipe.wordDropout { rows[t * B + b] = unknown }
            }
            guard recipe.runLength > 0 else { continue }
            let found = TokenRuns.hashes(of: text, upTo: recipe.runLength, count: recipe.runCount)
            runs += found
            runRows += [Int32](repeating: Int32(b), count: found.count)
            scale[b] = found.isEmpty ? 0 : 1 / Float(found.count).squareRoot()
        }
        tokens = Tensor(rows, shape: [T, B])
        self.runs = Tensor(runs)
        self.runRows = Tensor(runRows)
        runScale = Tensor(scale, shape: [B, 1])
        self.labels = Tensor(labels ?? [Int32](repeating: 0, count: B))
    }

    /// 1 where a text has a token, else 0: [B, T].
    func mask(_ T: Int) -> Tensor {
        let B = lengths.count
        var seen = [Float](repeating: 0, count: B * T)
        for (b, length) in lengths.enumerated() { for t in 0..<min(length, T) { seen[b * T + t] = 1 } }
        return Tensor(seen, shape: [B, T])
    }
}

/// Runs of neighbouring tokens, each with a number below a count.
enum TokenRuns {
    /// The numbers of all runs of 1 to `longest` tokens; two runs may share one.
    static func hashes(of tokens: [Int32], upTo longest: Int, count: Int) -> [Int32] {
        var result: [Int32] = []
        result.reserveCapacity(tokens.count * longest)
        for start in tokens.indices {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for end in start..<min(tokens.count, start + longest) {
                hash = (hash ^ UInt64(UInt32(bitPattern: tokens[end]))) &* 0x9E37_79B9_7F4A_7C15
                hash ^= hash >> 29
                result.append(Int32(truncatingIfNeeded: hash % UInt64(count)))
            }
        }
        return result
    }
}
