import RecurrentAutodiff
public import RecurrentNN
import RecurrentTensor

/// Words and their characters to scores of tags.
///
/// A word is its vector, the last states of a bidirectional LSTM over its characters, vectors of its affixes and of its shape.
/// A bidirectional LSTM reads the words of the sentence; a linear map scores the tags of each; a linear-chain field, if there
/// is one, scores tags that follow one another. Each different word of a batch is spelt once.
///
/// - Source: Ling et al. 2015; Lample et al. 2016; Plank, Søgaard & Goldberg 2016.
public struct TaggerNetwork: Module {
    var words: Embedding
    var characters: Embedding
    var speller: LSTM
    var affixes: [Embedding]
    var shapes: Embedding
    var reader: LSTM
    var head: Linear
    var field: LinearChainCRF?
    private let dropout: Double

    init(_ recipe: TaggerRecipe, _ vocabulary: TaggerVocabulary, rules: TransitionRules?, key: RandomKey) {
        func table(_ count: Int, _ size: Int, _ stream: UInt64) -> Embedding {
            // Sums of squares of about 1 whatever the size, so that no kind of vector drowns the others.
            Embedding(count: count, size: size, deviation: 1 / Double(size).squareRoot(), key: key.substream(stream))
        }
        words = table(vocabulary.words.count + 1, recipe.wordSize, 0)
        characters = table(vocabulary.characters.count + 1, recipe.characterSize, 1)
        speller = LSTM(
            inputSize: recipe.characterSize, hiddenSize: recipe.characterHiddenSize, bidirectional: true,
            key: key.substream(2))
        affixes =
            recipe.affixSize == 0
            ? []
            : vocabulary.affixes.enumerated().map {
                table($0.element.count + 1, recipe.affixSize, UInt64(10 + $0.offset))
            }
        shapes = table(WordShape.count, recipe.shapeSize, 3)
        reader = LSTM(
            inputSize: recipe.inputSize(affixKinds: affixes.count), hiddenSize: recipe.hiddenSize,
            layers: recipe.layers,
            bidirectional: true, dropout: recipe.dropout, key: key.substream(4))
        head = Linear(inputSize: 2 * recipe.hiddenSize, outputSize: vocabulary.tags.count, key: key.substream(5))
        field =
            recipe.usesField
            ? LinearChainCRF(labelCount: vocabulary.tags.count, rules: rules, key: key.substream(6)) : nil
        dropout = recipe.dropout
    }

    /// The scores of the tags of each step.
    ///
    /// - Shapes: [T, B, K].
    func scores(_ batch: TaggerBatch) -> Variable {
        var state = LSTMState()
        _ = speller(characters(batch.characters), from: &state, lengths: batch.characterCounts)
        let forms = Variable.concatenated(
            state.hidden + zip(affixes, batch.affixes).map { $0($1) } + [shapes(batch.shapes)], axis: 1)
        let input = Variable.concatenated([words(batch.words), forms.gathered(batch.forms)], axis: 2)
        let read = reader(input.dropout(dropout), lengths: batch.lengths)
        return head(read.dropout(dropout))
    }

    /// −ln of the probability of the tags of a batch, a token.
    func loss(_ batch: TaggerBatch) -> Variable {
        guard let tags = batch.tags else { preconditionFailure("TaggerNetwork.loss: the batch has no tags") }
        let scores = scores(batch)
        guard let field else { return crossEntropy(scores, tags) }
        let tokens = batch.lengths.reduce(0, +)
        return field.losses(scores, tags, lengths: batch.lengths).sum() / Double(max(1, tokens))
    }

    /// Visits all parts.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("words", &words)
        visit("characters", &characters)
        visit("speller", &speller)
        visit("affixes", &affixes)
        visit("shapes", &shapes)
        visit("reader", &reader)
        visit("head", &head)
        if field != nil { visit("field", &field!) }
    }
}
