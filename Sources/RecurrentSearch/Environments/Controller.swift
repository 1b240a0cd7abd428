/// What acts in an environment: an observation goes in, an action comes out, and what has been seen is carried along.
public protocol Controller: Sendable {
    /// Forgets what was seen: an episode of so many creatures begins.
    mutating func reset(creatures: Int)
    /// The actions for the observations of all creatures, a row after another.
    mutating func act(on observations: [Double], into actions: inout [Double])
}
