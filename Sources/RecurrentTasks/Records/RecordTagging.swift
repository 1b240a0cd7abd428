import RecurrentData

/// What a tagger of records found in one.
public struct RecordTagging: Sendable {
    /// A stretch of steps of one class, or a point.
    public struct Finding: Sendable, Hashable {
        /// The first step.
        public var begin: Int
        /// The step after the last; of a point the one after it.
        public var end: Int
        /// The class.
        public var label: String
        /// How probable the class is: over a stretch in the mean, of a point that one of this class is there.
        public var probability: Double
    }

    /// The name of the record.
    public var record: String
    /// The steps of a second, where that is known.
    public var rate: Double?
    /// The number of steps.
    public var stepCount: Int
    /// What was found, in order.
    public var findings: [Finding]
}

/// Points and stretches from the probabilities of frames.
struct FindingDecoder: Sendable {
    let recipe: RecordTagRecipe
    let classes: [String]
    /// How probable a point has to be.
    let threshold: Double

    // MARK: - Points

    /// The points of a record: where the probability that there is any, as a mean over as many frames as a point was learnt on,
    /// is greatest in its neighbourhood. The first class is that of frames without a point.
    func points(_ probabilities: [Float], steps: Int) -> [(position: Int, label: Int, probability: Double)] {
        let K = classes.count
        let frames = probabilities.count / max(1, K)
        guard frames > 0, K > 1 else { return [] }
        let half = max(0, (2 * recipe.radius / recipe.stride - 1) / 2)
        let any = (0..<frames).map { 1 - Double(probabilities[$0 * K]) }
        var mean = any
        if half > 0 {
            var sums = [0.0]
            for value in any { sums.append(sums[sums.count - 1] + value) }
            for frame in 0..<frames {
                let (low, high) = (max(0, frame - half), min(frames, frame + half + 1))
                mean[frame] = (sums[high] - sums[low]) / Double(high - low)
            }
        }
        let peaks = (0..<frames).filter { frame in
            mean[frame] >= threshold && (frame == 0 || mean[frame] >= mean[frame - 1])
                && (frame + 1 == frames || mean[frame] > mean[frame + 1])
        }
        // The surest first; what stands too near to a surer one is the same point.
        let distance = max(1, recipe.refractory / recipe.stride)
        var isTaken = [Bool](repeating: false, count: frames)
        var kept: [Int] = []
        for frame in peaks.sorted(by: { (mean[$0], $1) > (mean[$1], $0) }) {
            let near = max(0, frame - distance + 1)..<min(frames, frame + distance)
            guard !near.contains(where: { isTaken[$0] }) else { continue }
            isTaken[frame] = true
            kept.append(frame)
        }
        return kept.sorted().map { frame in
            let around = max(0, frame - half - 1)..<min(frames, frame + half + 2)
            var sums = [Double](repeating: 0, count: K)
            var (mass, moment) = (0.0, 0.0)
            for t in around {
                for k in 1..<K { sums[k] += Double(probabilities[t * K + k]) }
                mass += any[t]
                moment += any[t] * (Double(t) + 0.5) * Double(recipe.stride)
            }
            var best = 1
            for k in 1..<K where sums[k] > sums[best] { best = k }
            let total = sums[1...].reduce(0, +)
            let position = mass > 0 ? moment / mass : (Double(frame) + 0.5) * Double(recipe.stride)
            return (
                max(0, min(steps - 1, Int(position))), best, mean[frame] * (total > 0 ? sums[best] / total : 1)
            )
        }
    }

    // MARK: - Stretches

    /// The class of each step.
    func steps(_ probabilities: [Float], steps: Int) -> [Int32] {
        let K = classes.count
        var result: [Int32] = []
        result.reserveCapacity(steps)
        for frame in 0..<(probabilities.count / max(1, K)) {
            var best = 0
            for k in 0..<K where probabilities[frame * K + k] > probabilities[frame * K + best] { best = k }
            for _ in 0..<min(recipe.stride, steps - result.count) { result.append(Int32(best)) }
        }
        return result
    }

    /// The stretches of a record.
    func stretches(_ probabilities: [Float], steps count: Int) -> [RecordTagging.Finding] {
        let K = classes.count
        let labels = steps(probabilities, steps: count)
        return StepRuns.runs(labels).map { run in
            let frames = run.begin / recipe.stride...(run.end - 1) / recipe.stride
            let sum = frames.reduce(0.0) { $0 + Double(probabilities[$1 * K + Int(run.label)]) }
            return RecordTagging.Finding(
                begin: run.begin, end: run.end, label: classes[Int(run.label)], probability: sum / Double(frames.count))
        }
    }
}

/// Runs of one class.
enum StepRuns {
    /// The runs of equal classes of at least 0.
    static func runs(_ labels: [Int32]) -> [(begin: Int, end: Int, label: Int32)] {
        var runs: [(begin: Int, end: Int, label: Int32)] = []
        for (step, label) in labels.enumerated() where label >= 0 {
            if let last = runs.last, last.end == step, last.label == label {
                runs[runs.count - 1].end = step + 1
            } else {
                runs.append((step, step + 1, label))
            }
        }
        return runs
    }
}
