public import RecurrentData

/// What a person may choose about a tagger; what is nil is found from the data.
public struct TaggingOptions: Sendable {
    /// How the files are laid out; nil: by the name of the training file.
    public var format: TaggedFormat?
    /// A file to judge each pass by; nil: a tenth of the training sentences.
    public var validFile: String?
    /// A file to judge the trained model by.
    public var testFile: String?
    /// Whether a linear-chain field scores tags that follow one another; nil: where tags write spans.
    public var usesField: Bool?
    /// The scheme in which spans are learnt.
    public var scheme = TagScheme.bio
    /// How many networks are trained, whose scores are averaged.
    public var members: Int?
    /// The number of passes over the data.
    public var epochs: Int?
    /// The seed of weights, order and dropout.
    public var seed: UInt64 = 0
    /// Changes the recipe after it was chosen.
    public var adjustRecipe: (@Sendable (inout TaggerRecipe) -> Void)?

    /// Everything found from the data.
    public init() {}
}
