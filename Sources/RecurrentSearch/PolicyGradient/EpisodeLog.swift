package import RecurrentFormats
package import RecurrentTensor

/// The episode that an environment is in: enough to come to the same place again in a new world.
package struct EpisodeLog: Sendable, Hashable {
    /// The number of the environment's episode.
    package var number = 0
    /// The seed that it began with.
    package var seed: UInt64 = 0
    /// The actions since, one after another.
    package var actions: [Double] = []
    /// The rewards since, of all creatures together.
    package var total = 0.0
    /// The steps since.
    package var length = 0

    package init() {}

    /// The episode after this one.
    package mutating func next(seed: UInt64) {
        number += 1
        self.seed = seed
        actions.removeAll(keepingCapacity: true)
        (total, length) = (0, 0)
    }

    // MARK: - Stored

    package var json: JSON {
        ["number": JSON(number), "seed": .string("\(seed)"), "length": JSON(length)]
    }

    package init(_ json: JSONCursor, actions: [Double], actionSize: Int) throws(RecurrentError) {
        number = try json["number"].int(in: 0...Int.max)
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("the seed is no number") }
        self.seed = seed
        length = try json["length"].int(in: 0...Int(Int32.max))
        self.actions = actions
        guard actions.count == length * actionSize, actions.allSatisfy(\.isFinite) else {
            throw json["length"].error("there are \(actions.count) numbers of actions for \(length) steps")
        }
    }
}

/// An episode that came to its end.
public struct EpisodeResult: Sendable, Hashable {
    /// The sum of its rewards, of all creatures together.
    public var total: Double
    /// Its steps.
    public var length: Int

    package init(total: Double, length: Int) { (self.total, self.length) = (total, length) }
}
