public import RecurrentTensor

/// The choices of a search for weights and wiring.
public struct NEATSettings: Sendable, Hashable {
    /// The members of a generation.
    public var populationSize = 150
    /// The seed and stream of everything random.
    public var key = RandomKey(seed: 0)
    /// What new hidden nodes may be.
    public var kinds: [NEATGenome.Kind] = [.unit]
    /// Whether links may carry what a node gave a step before.
    public var isRecurrent = true
    /// The share of the inputs that are linked to the outputs at the beginning.
    public var startingLinks = 1.0

    /// The share of children that come of two parents.
    public var crossoverRate = 0.75
    /// The share of crossed children whose second parent is of another species.
    public var foreignRate = 0.01
    /// The share of children whose weights change.
    public var weightRate = 0.9
    /// The share of the weights of such a child that are drawn anew.
    public var replacementRate = 0.1
    /// The deviation of a change.
    public var weightPower = 0.5
    /// The deviation of a new weight.
    public var newWeightPower = 1.5
    /// Weights stay within ± this.
    public var weightLimit = 12.0
    /// The share of children with a new link.
    public var linkRate = 0.1
    /// The share of new links that are recurrent, where they may be.
    public var recurrentShare = 0.4
    /// The share of children with a new node.
    public var nodeRate = 0.03
    /// The share of children one of whose links is switched on or off.
    public var toggleRate = 0.03

    /// The weight of genes that only one of two genomes has in their distance.
    public var unmatchedWeight = 1.0
    /// The weight of the mean difference of matching weights in the distance.
    public var differenceWeight = 0.5
    /// How many species are aimed at: the distance at which species part follows it.
    public var targetSpecies = 8
    /// A species that brings nothing better for so many generations has no more children.
    public var patience = 20
    /// The share of a species that may have children.
    public var survivalShare = 0.25
    /// From how many members on the best of a species survives unchanged.
    public var eliteSize = 5

    /// The usual choices.
    public init() {}

    func check() throws(RecurrentError) {
        try SearchCheck.population(populationSize, least: 4, "NEAT")
        guard !kinds.isEmpty else { throw RecurrentError(.usage, "NEAT needs a kind of hidden node") }
        let shares = [
            startingLinks, crossoverRate, foreignRate, weightRate, replacementRate, linkRate, recurrentShare, nodeRate,
            toggleRate, survivalShare,
        ]
        guard shares.allSatisfy({ (0...1).contains($0) }), targetSpecies >= 1, patience >= 1 else {
            throw RecurrentError(.usage, "a share of NEAT is not from 0 to 1, or a count is below 1")
        }
    }
}
