import RecurrentFormats
import RecurrentTensor

/// Every choice of a tagger: its network, and how it learns.
public struct TaggerRecipe: Sendable, Hashable {
    /// The numbers of a word's vector.
    public var wordSize = 100
    /// The numbers of a character's vector.
    public var characterSize = 32
    /// The units of each direction of the LSTM over the characters of a word.
    public var characterHiddenSize = 64
    /// The numbers of the vector of each prefix and suffix; 0: none.
    public var affixSize = 24
    /// The numbers of the vector of a word's shape: capitals, digits, punctuation.
    public var shapeSize = 8
    /// The units of each direction of the LSTM over the words of a sentence.
    public var hiddenSize = 192
    /// The number of layers of that LSTM.
    public var layers = 1
    /// Whether a linear-chain field scores tags that follow one another; else each token is judged alone.
    public var usesField = true

    /// The dropout rate of a word's vectors, between layers and before the scores.
    public var dropout = 0.4
    /// α: a word that occurs n times is read as unknown with probability α / (α + n), so that unknown words are learnt.
    ///
    /// Source: Kiperwasser & Goldberg 2016.
    public var wordDropout = 0.25
    /// Words that are rarer have no vector of their own.
    public var minimumCount = 1
    /// The sentences of a batch.
    public var batchSize = 32
    /// The number of passes over the data.
    public var epochs = 8
    /// The step size of Adam at its greatest; it falls along a cosine.
    public var learningRate = 2e-3
    /// The decay rate of a mean of the weights; 0: none.
    public var averageDecay = 0.998
    /// The limit of the gradient's norm.
    public var clipNorm = 5.0
    /// How many networks are trained, whose scores are averaged.
    public var members = 1

    /// Choices for data of a size, from measured runs.
    ///
    /// - Parameters:
    ///   - tokens: the tokens of the training data.
    ///   - spans: whether tags write spans; else they are parts of speech or the like.
    public init(tokens: Int, spans: Bool) {
        usesField = spans
        if tokens < 20_000 {
            (wordSize, characterHiddenSize, hiddenSize) = (64, 32, 96)
            batchSize = 16
            epochs = 30
            dropout = 0.5
        } else if tokens < 100_000 {
            epochs = 20
        } else if tokens > 2_000_000 {
            epochs = 5
            dropout = 0.3
        }
        minimumCount = tokens >= 50_000 ? 2 : 1
        averageDecay = tokens < 20_000 ? 0.99 : 0.998
    }

    /// The numbers of one network, as a double so that no declared size can overflow it.
    func parameterCount(words: Int, characters: Int, affixes: [Int], tags: Int) -> Double {
        func cells(_ input: Double, _ hidden: Int) -> Double {
            let H = Double(hidden)
            return 2 * (4 * H * input + 4 * H * H + 8 * H)
        }
        let (H, K) = (Double(hiddenSize), Double(tags))
        var total = Double(words) * Double(wordSize) + Double(characters) * Double(characterSize)
        total += cells(Double(characterSize), characterHiddenSize)
        if affixSize > 0 { total += affixes.reduce(0.0) { $0 + Double($1) } * Double(affixSize) }
        total += Double(WordShape.count) * Double(shapeSize)
        total += cells(Double(inputSize(affixKinds: affixes.count)), hiddenSize)
        total += Double(layers - 1) * cells(2 * H, hiddenSize)
        total += K * 2 * H + K
        return total + (usesField ? K * K + 2 * K : 0)
    }

    /// The numbers that stand for one word.
    func inputSize(affixKinds: Int) -> Int {
        wordSize + 2 * characterHiddenSize + affixSize * affixKinds + shapeSize
    }

    var json: JSON {
        [
            "word_size": JSON(wordSize), "character_size": JSON(characterSize),
            "character_hidden_size": JSON(characterHiddenSize), "affix_size": JSON(affixSize),
            "shape_size": JSON(shapeSize), "hidden_size": JSON(hiddenSize), "layers": JSON(layers),
            "uses_field": JSON(usesField), "dropout": JSON(dropout), "word_dropout": JSON(wordDropout),
            "minimum_count": JSON(minimumCount), "batch_size": JSON(batchSize), "epochs": JSON(epochs),
            "learning_rate": JSON(learningRate), "average_decay": JSON(averageDecay), "clip_norm": JSON(clipNorm),
            "members": JSON(members),
        ]
    }

    /// - Throws: `badModel` that names the key; every number is held to a sane range.
    init(_ json: JSONCursor) throws(RecurrentError) {
        wordSize = try json["word_size"].int(in: 1...4096)
        characterSize = try json["character_size"].int(in: 1...4096)
        characterHiddenSize = try json["character_hidden_size"].int(in: 1...4096)
        affixSize = try json["affix_size"].int(in: 0...4096)
        shapeSize = try json["shape_size"].int(in: 1...4096)
        hiddenSize = try json["hidden_size"].int(in: 1...8192)
        layers = try json["layers"].int(in: 1...16)
        usesField = try json["uses_field"].bool()
        dropout = try json["dropout"].double(in: 0...0.99)
        wordDropout = try json["word_dropout"].double(in: 0...1e6)
        minimumCount = try json["minimum_count"].int(in: 1...1_000_000)
        batchSize = try json["batch_size"].int(in: 1...65_536)
        epochs = try json["epochs"].int(in: 1...1_000_000)
        learningRate = try json["learning_rate"].double(in: 1e-9...10)
        averageDecay = try json["average_decay"].double(in: 0...0.999_999)
        clipNorm = try json["clip_norm"].double(in: 1e-9...1e9)
        members = try json["members"].int(in: 1...64)
    }
}
