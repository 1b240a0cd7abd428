/// What a person may choose about a classifier or regressor of signals; what is nil is found from the data.
public struct SignalOptions: Sendable {
    /// How the files are read.
    public var reading = SignalFileOptions()
    /// A file of examples that judge the training.
    public var validFile: String?
    /// The share of the examples of each class that judge the training; nil: found from the number of examples.
    public var validShare: Double?
    /// The number of parts of which each in turn judges the networks that learned from the others; nil: found from the number
    /// of examples; 0: none.
    public var folds: Int?
    /// A file of examples that judge the model at the end.
    public var testFile: String?
    /// The share of the examples of each class that judge the model at the end.
    public var testShare = 0.0
    /// Whether an example that occurred before, number by number, is passed over.
    public var dropsDuplicates = false
    /// Whether differences accompany the channels.
    public var differences: Bool?
    /// Whether the time since the step before is a channel.
    public var timeDeltas: Bool?
    /// The number of passes over the examples.
    public var epochs: Int?
    /// The seed of everything random.
    public var seed: UInt64 = 0
    /// Changes the recipe after it was chosen.
    public var adjustRecipe: (@Sendable (inout SignalRecipe) -> Void)?

    /// Everything found from the data.
    public init() {}
}
