/// Where the time of an update went, in seconds.
public struct StepTiming: Sendable, Hashable {
    /// Reading and building batches.
    public var batch = 0.0
    /// The model and its loss.
    public var forward = 0.0
    /// The gradients.
    public var backward = 0.0
    /// The norm of the gradients, the watch for divergence, and whatever looks at them.
    public var clipping = 0.0
    /// The optimizer.
    public var update = 0.0

    /// No time.
    public init() {}

    /// The whole.
    public var total: Double { batch + forward + backward + clipping + update }

    /// The share of all but the model, its loss and their gradients.
    public var overhead: Double { total > 0 ? (batch + clipping + update) / total : 0 }

    /// Adds the times of another update.
    public static func += (a: inout StepTiming, b: StepTiming) {
        a.batch += b.batch
        a.forward += b.forward
        a.backward += b.backward
        a.clipping += b.clipping
        a.update += b.update
    }
}

/// Reads the time since it was last read.
struct LapClock {
    private let clock = ContinuousClock()
    private var last: ContinuousClock.Instant

    init() { last = clock.now }

    mutating func lap() -> Double {
        let now = clock.now
        defer { last = now }
        let time = (now - last).components
        return Double(time.seconds) + Double(time.attoseconds) * 1e-18
    }
}
