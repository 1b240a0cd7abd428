/// What a person may choose about a tagger of records; what is nil is found from the data.
public struct RecordTagOptions: Sendable {
    /// The share of each record, at its end, that judges the training where no other records do.
    public var validShare = 0.1
    /// How far apart, in steps, a point and the one found for it may lie.
    public var tolerance: Int?
    /// The steps of a frame.
    public var stride: Int?
    /// Whether frames that come later are read as well.
    public var isBidirectional: Bool?
    /// How many networks are trained, whose probabilities are averaged.
    public var members: Int?
    /// The number of passes over the data.
    public var epochs: Int?
    /// The seed of everything random.
    public var seed: UInt64 = 0
    /// Changes the recipe after it was chosen.
    public var adjustRecipe: (@Sendable (inout RecordTagRecipe) -> Void)?

    /// Everything found from the data.
    public init() {}
}
