/// A champion that acts for all creatures of an environment, each with a memory of its own.
///
/// Unchecked sendability: copies share nothing that changes, for who acts is copied when it is no longer held alone.
public struct EvolvedAgent: Controller, @unchecked Sendable {
    private final class Crew {
        var responders: [any Responder]

        init(_ responders: [any Responder]) { self.responders = responders }
    }

    private let policy: EvolvedPolicy
    private let actions: ActionMap
    private var crew = Crew([])

    /// A champion in an environment.
    ///
    /// - Precondition: it fits, as ``EvolvedPolicy/checkFits(_:)`` says.
    public init(_ policy: EvolvedPolicy, in environment: any Environment) {
        self.policy = policy
        actions = ActionMap(environment.actionSpace, isSqueezed: policy.recipe.isSqueezed)
    }

    /// Forgets what was seen.
    public mutating func reset(creatures: Int) {
        crew = Crew((0..<creatures).map { _ in policy.makeResponder() })
    }

    /// The actions of all creatures.
    public mutating func act(on observations: [Double], into taken: inout [Double]) {
        let count = crew.responders.count
        guard count > 0 else { return }
        if !isKnownUniquelyReferenced(&crew) { crew = Crew(crew.responders.map { $0.copied() }) }
        let (seen, done) = (observations.count / count, taken.count / count)
        var answer = [Double](repeating: 0, count: actions.answerSize)
        for creature in 0..<count {
            observations.withUnsafeBufferPointer { all in
                crew.responders[creature].respond(
                    to: UnsafeBufferPointer(rebasing: all[creature * seen..<(creature + 1) * seen]), into: &answer)
            }
            actions.apply(answer, into: &taken, at: creature * done)
        }
    }
}
