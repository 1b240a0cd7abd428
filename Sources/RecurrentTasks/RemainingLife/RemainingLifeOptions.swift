/// What a person may choose about a model of remaining life; what is nil is found from the data.
public struct RemainingLifeOptions: Sendable {
    /// The greatest life that is told; nil: none.
    public var cap: Double?
    /// The share of the units that judge the training.
    public var validShare = 0.15
    /// How many networks are trained, whose answers are averaged.
    public var members: Int?
    /// The number of passes over the units.
    public var epochs: Int?
    /// The seed of everything random.
    public var seed: UInt64 = 0
    /// Changes the recipe after it was chosen.
    public var adjustRecipe: (@Sendable (inout RemainingLifeRecipe) -> Void)?

    /// Everything found from the data.
    public init() {}
}
