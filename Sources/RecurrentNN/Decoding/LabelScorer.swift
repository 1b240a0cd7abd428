/// Something that knows which labels follow one another: a model of characters or words, a list of expected words.
///
/// A search asks for the score of one more label after a beginning, and for the new beginning only where it keeps it, so that
/// what is costly there is done once for each beginning that lives on.
public protocol LabelScorer: Sendable {
    /// What a beginning leaves to be known.
    associatedtype State: Sendable
    /// The state before the first label.
    var start: State { get }
    /// What a label adds to the score of a beginning: a weighted logarithm of a probability, a bonus.
    func score(of label: Int, after state: State) -> Double
    /// The state after a label.
    func state(after state: State, label: Int) -> State
    /// What an end adds.
    func endScore(after state: State) -> Double
}

/// No knowledge beside the sound.
public struct NoScorer: LabelScorer, Hashable {
    /// The scorer.
    public init() {}
    /// Nothing.
    public var start: Bool { false }
    /// Zero.
    public func score(of label: Int, after state: Bool) -> Double { 0 }
    /// Nothing.
    public func state(after state: Bool, label: Int) -> Bool { state }
    /// Zero.
    public func endScore(after state: Bool) -> Double { 0 }
}

/// Two scorers whose scores are added.
public struct ScorerPair<First: LabelScorer, Second: LabelScorer>: LabelScorer {
    /// The one.
    public let first: First
    /// The other.
    public let second: Second

    /// The sum of two scorers.
    public init(_ first: First, _ second: Second) { (self.first, self.second) = (first, second) }

    /// The states of both.
    public struct State: Sendable {
        let first: First.State
        let second: Second.State
    }

    /// The states of both before the first label.
    public var start: State { State(first: first.start, second: second.start) }

    /// The sum of both.
    public func score(of label: Int, after state: State) -> Double {
        first.score(of: label, after: state.first) + second.score(of: label, after: state.second)
    }

    /// The states of both after a label.
    public func state(after state: State, label: Int) -> State {
        State(
            first: first.state(after: state.first, label: label),
            second: second.state(after: state.second, label: label))
    }

    /// The sum of both.
    public func endScore(after state: State) -> Double {
        first.endScore(after: state.first) + second.endScore(after: state.second)
    }
}
