import RecurrentAutodiff
import RecurrentData
import RecurrentNN
import RecurrentTensor

/// The probabilities of the classes at every frame of a record of any length, in memory of a few windows beside them.
///
/// Networks that read in one direction go over the record piece by piece and carry their state, so that the answer is that of
/// the whole record to the bit, wherever the pieces end. Networks that read in both directions look through windows that
/// overlap. Where two windows overlap their probabilities are mixed with weights that go over from one to the other in the
/// middle of the overlap and are zero near the windows' edges, where a network has seen too little: there is no seam.
struct RecordScan: Sendable {
    let networks: [RecordTagNetwork]
    let recipe: RecordTagRecipe
    let framing: RecordFraming
    let classes: Int

    /// The frames of a window of the answer: twice what was trained on, so that most frames see as much as the network learnt to
    /// use, and half of them belong to two windows.
    private var window: Int { max(32, 2 * recipe.window) }
    private var overlap: Int { window / 2 }
    private static let windowsAtOnce = 16

    /// The probabilities of a record, the mean of the networks'.
    ///
    /// - Parameter offset: how many frames before the record's beginning the first window or piece begins.
    /// - Shapes: [frames, K], one frame after another.
    func probabilities(_ record: LabelledRecord, offset: Int = 0) -> [Float] {
        let frames = framing.frameCount(record.stepCount)
        var sum = [Float](repeating: 0, count: frames * classes)
        guard frames > 0 else { return sum }
        for network in networks {
            if recipe.isBidirectional {
                addWindows(network, record, frames, offset, &sum)
            } else {
                addPieces(network, record, frames, offset, &sum)
            }
        }
        let share = 1 / Float(networks.count)
        for index in sum.indices { sum[index] *= share }
        return sum
    }

    private func addPieces(
        _ network: RecordTagNetwork, _ record: LabelledRecord, _ frames: Int, _ offset: Int, _ sum: inout [Float]
    ) {
        var state = LSTMState()
        var first = 0
        var end = min(frames, max(1, window - offset))
        while first < frames {
            let piece = framing.tensor([(record, first)], frames: end - first)
            let scores = network.scores(Variable(piece), from: &state)
            let own = scores.value.softmax().scalars(of: Float.self)
            for (index, value) in own.enumerated() { sum[first * classes + index] += value }
            (first, end) = (end, min(frames, end + window))
        }
    }

    private func addWindows(
        _ network: RecordTagNetwork, _ record: LabelledRecord, _ frames: Int, _ offset: Int, _ sum: inout [Float]
    ) {
        let T = min(window, frames)
        // One window holds the whole record: its edges are those of the record.
        var starts = [0]
        if frames > T {
            starts = Array(Swift.stride(from: -min(offset, overlap - 1), to: frames - overlap, by: window - overlap))
        }
        for begin in Swift.stride(from: 0, to: starts.count, by: Self.windowsAtOnce) {
            let chosen = Array(starts[begin..<min(starts.count, begin + Self.windowsAtOnce)])
            let input = framing.tensor(chosen.map { (record, $0) }, frames: T)
            var state = LSTMState()
            let own = network.scores(Variable(input), from: &state).value.softmax().scalars(of: Float.self)
            for (b, start) in chosen.enumerated() {
                let (isFirst, isLast) = (start == starts[0], start == starts[starts.count - 1])
                for t in 0..<T where start + t >= 0 && start + t < frames {
                    let weight = Self.weight(t, T, overlap, isFirst: isFirst, isLast: isLast)
                    guard weight > 0 else { continue }
                    for k in 0..<classes {
                        sum[(start + t) * classes + k] += weight * own[(t * chosen.count + b) * classes + k]
                    }
                }
            }
        }
    }

    /// What a window says counts for a frame: 1 in its middle, falling to 0 over the middle half of an overlap; the weights of
    /// two neighbours sum to 1.
    static func weight(_ t: Int, _ window: Int, _ overlap: Int, isFirst: Bool, isLast: Bool) -> Float {
        func ramp(_ distance: Int) -> Float {
            let quarter = Float(overlap) / 4
            return max(0, min(1, (Float(distance) + 0.5 - quarter) / (2 * quarter)))
        }
        var weight: Float = 1
        if !isFirst, t < overlap { weight *= ramp(t) }
        if !isLast, t >= window - overlap { weight *= ramp(window - 1 - t) }
        return weight
    }
}
