public import RecurrentTensor

/// Where each label of a sequence stands.
public struct CTCAlignment: Sendable, Hashable {
    /// A label with its frames.
    public struct Span: Sendable, Hashable {
        /// The label.
        public let label: Int32
        /// The frames that spell it.
        public let frames: Range<Int>
        /// The mean of its probability over its frames.
        public let confidence: Double
    }

    /// The labels in order.
    public let spans: [Span]
    /// The logarithm of the probability of this alignment alone.
    public let logProbability: Double

    /// The most probable alignment of labels that are known to be there.
    ///
    /// - Parameter logProbabilities: the logarithms of the probabilities of all classes, [T, K], `float32`.
    /// - Returns: nil where there are too few frames, or every alignment has probability 0.
    /// - Complexity: O(T·N) time, and T·(2N + 1) bytes.
    /// - Source: Viterbi 1967, over the states of Graves et al. 2006.
    /// - Precondition: the labels lie in 0..<K and are not the blank.
    public init?(_ labels: [Int32], logProbabilities: Tensor, blank: Int = 0) {
        precondition(logProbabilities.rank == 2, "CTCAlignment: \(logProbabilities.shape); [T, K] is needed")
        let (T, K, S) = (logProbabilities.shape[0], logProbabilities.shape[1], 2 * labels.count + 1)
        precondition(
            labels.allSatisfy { $0 >= 0 && $0 < K && $0 != blank } && blank >= 0 && blank < K,
            "CTCAlignment: labels must lie in 0..<\(K) and not be the blank, \(blank)")
        let classes = (0..<S).map { $0 % 2 == 0 ? blank : Int(labels[$0 / 2]) }
        var steps = [UInt8](repeating: 0, count: T * S)
        var scores = [Double](repeating: -.infinity, count: S)
        var path = [Int](repeating: 0, count: T)
        let found = logProbabilities.withBuffer(of: Float.self) { p -> Double? in
            guard T > 0 else { return labels.isEmpty ? 0 : nil }
            for t in 0..<T {
                // Downwards, so that what stands below is still that of the frame before.
                for s in stride(from: S - 1, through: 0, by: -1) {
                    var (best, step) = (scores[s], UInt8(0))
                    if s > 0, scores[s - 1] > best { (best, step) = (scores[s - 1], 1) }
                    if s > 1, s % 2 == 1, classes[s] != classes[s - 2], scores[s - 2] > best {
                        (best, step) = (scores[s - 2], 2)
                    }
                    if t == 0 { (best, step) = (s < 2 ? 0 : -.infinity, 0) }
                    scores[s] = best + Double(p[t * K + classes[s]])
                    steps[t * S + s] = step
                }
            }
            var state = S > 1 && scores[S - 2] > scores[S - 1] ? S - 2 : S - 1
            let score = scores[state]
            guard score > -.infinity else { return nil }
            for t in stride(from: T - 1, through: 0, by: -1) {
                path[t] = state
                state -= Int(steps[t * S + state])
            }
            return score
        }
        guard let found else { return nil }
        logProbability = found
        spans = logProbabilities.withBuffer(of: Float.self) { p in
            var spans: [Span] = []
            var t = 0
            while t < T {
                var end = t + 1
                while end < T, path[end] == path[t] { end += 1 }
                if path[t] % 2 == 1 {
                    let label = labels[path[t] / 2]
                    let sum = (t..<end).reduce(0.0) { $0 + Double.exp(Double(p[$1 * K + Int(label)])) }
                    spans.append(Span(label: label, frames: t..<end, confidence: sum / Double(end - t)))
                }
                t = end
            }
            return spans
        }
    }
}

/// The labelling of the most probable path: the best class of each frame, repeats made one, blanks taken out.
public struct CTCBestPath: Sendable {
    /// The class that stands for no label.
    public let blank: Int
    /// The label whose run is not over yet.
    public private(set) var open: CTCAlignment.Span?
    /// The number of frames so far.
    public private(set) var frameCount = 0
    private var confidence = 0.0

    /// Before the first frame.
    public init(blank: Int = 0) { self.blank = blank }

    /// Takes the logarithms of the probabilities of one frame; gives the label that ended before it.
    public mutating func push(_ logProbabilities: UnsafeBufferPointer<Float>) -> CTCAlignment.Span? {
        var best = 0
        for k in logProbabilities.indices where logProbabilities[k] > logProbabilities[best] { best = k }
        let t = frameCount
        frameCount += 1
        if let current = open, Int(current.label) == best {
            confidence += Double.exp(Double(logProbabilities[best]))
            open = CTCAlignment.Span(
                label: current.label, frames: current.frames.lowerBound..<t + 1,
                confidence: confidence / Double(t + 1 - current.frames.lowerBound))
            return nil
        }
        let ended = open
        open = nil
        if best != blank {
            confidence = Double.exp(Double(logProbabilities[best]))
            open = CTCAlignment.Span(label: Int32(best), frames: t..<t + 1, confidence: confidence)
        }
        return ended
    }

    /// Ends the sequence; gives the label whose run it ended.
    public mutating func finish() -> CTCAlignment.Span? {
        defer { open = nil }
        return open
    }

    /// The labels of a whole sequence of logarithms of probabilities, [T, K], `float32`.
    public static func labels(of logProbabilities: Tensor, blank: Int = 0) -> [CTCAlignment.Span] {
        precondition(logProbabilities.rank == 2, "CTCBestPath: \(logProbabilities.shape); [T, K] is needed")
        var path = CTCBestPath(blank: blank)
        let K = logProbabilities.shape[1]
        var spans: [CTCAlignment.Span] = []
        logProbabilities.withBuffer(of: Float.self) { p in
            for t in 0..<logProbabilities.shape[0] {
                let frame = UnsafeBufferPointer(rebasing: p[t * K..<(t + 1) * K])
                if let span = path.push(frame) { spans.append(span) }
            }
        }
        if let span = path.finish() { spans.append(span) }
        return spans
    }
}
