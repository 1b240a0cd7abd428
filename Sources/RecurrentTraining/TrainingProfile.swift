public import RecurrentFormats
import Synchronization

/// Sums up where the time of a run goes.
public final class TrainingProfile: TrainingObserver, Sendable {
    private let sums = Mutex((timing: StepTiming(), steps: 0))

    /// A profile without a step.
    public init() {}

    /// The number of updates seen.
    public var steps: Int { sums.withLock { $0.steps } }

    /// The sum over all updates seen.
    public var timing: StepTiming { sums.withLock { $0.timing } }

    /// Takes the time of an update.
    public func didStep(_ report: StepReport) {
        sums.withLock { sums in
            sums.timing += report.timing
            sums.steps += 1
        }
    }

    /// The parts by name, with their seconds.
    public var parts: [(name: String, seconds: Double)] {
        let timing = timing
        return [
            ("batch", timing.batch), ("forward", timing.forward), ("backward", timing.backward),
            ("clipping", timing.clipping), ("update", timing.update),
        ]
    }

    /// The number of updates, the seconds of each part and the peak of the memory, under stable keys.
    public var json: JSONObject {
        var seconds = JSONObject()
        for (name, value) in parts { seconds[name] = JSON(value) }
        return [
            "steps": JSON(steps), "seconds": .object(seconds), "peak_memory_bytes": JSON(ProcessMemory.peakBytes),
        ]
    }

    /// The same for a person, a line for each part.
    public var lines: [String] {
        let total = timing.total
        let count = max(1, steps)
        func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
        return parts.map { name, seconds in
            let share = total > 0 ? rounded(100 * seconds / total) : 0
            return "  \(name): \(rounded(1e6 * seconds / Double(count))) µs an update, \(share) %"
        } + ["  peak memory: \(rounded(Double(ProcessMemory.peakBytes) / 1_048_576)) MiB"]
    }
}
