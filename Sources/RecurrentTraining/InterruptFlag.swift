import Synchronization

/// A request to stop that may come from a signal handler or another thread: the trainer finishes its step, saves and ends.
public final class InterruptFlag: Sendable {
    private let raised = Atomic(false)

    /// A flag that is not raised.
    public init() {}

    /// Asks the run to stop. Safe in a signal handler.
    public func raise() { raised.store(true, ordering: .relaxed) }

    /// Whether a stop was asked for.
    public var isRaised: Bool { raised.load(ordering: .relaxed) }
}
