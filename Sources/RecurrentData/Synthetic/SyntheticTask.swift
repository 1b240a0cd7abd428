public import RecurrentTensor

/// A batch of made-up sequences with what is to be answered at each step.
public struct SyntheticBatch: Sendable {
    /// [T, B, I]; zero at padded steps.
    public var input: Tensor
    /// The number of steps of each sequence.
    public var lengths: [Int]
    /// [T, B, K]: values, or a probability for each class.
    public var target: Tensor
    /// [T, B]: how much an answer counts; 0 where none is asked for.
    public var weight: Tensor
    /// [T, B, K]: 1 for every answer that is right, where several may be; nil where the target says it.
    public var allowed: Tensor?
}

/// A task of which a network can learn as many sequences as it wants, each from a counter: the same key, the same sequences.
///
/// Each of them can only be solved by remembering over many steps.
public protocol SyntheticTask: Sendable {
    /// What a person calls it.
    var name: String { get }
    /// The number of features of an input.
    var inputSize: Int { get }
    /// The number of values or classes of an answer.
    var outputSize: Int { get }
    /// How an answer is judged.
    var judgement: SyntheticJudgement { get }
    /// A batch of sequences.
    func batch(_ count: Int, key: RandomKey) -> SyntheticBatch
}

/// How the answers to a synthetic task are judged.
public enum SyntheticJudgement: Sendable, Hashable {
    /// Every value lies within a distance of its target.
    case value(within: Double)
    /// The most probable class is the target's.
    case likeliestClass
    /// The allowed classes are more probable than all others.
    case allowedClasses
}

/// One sequence while it is being made.
struct SyntheticSequence {
    var inputs: [[Double]] = []
    /// By step: the target, and which classes are right; nil where nothing is asked.
    var answers: [(target: [Double], allowed: [Double]?)?] = []
    /// By step: how much an answer counts; empty: all the same.
    var weights: [Double] = []

    static func batch(_ sequences: [SyntheticSequence], inputSize: Int, outputSize: Int) -> SyntheticBatch {
        let (B, T) = (sequences.count, sequences.map(\.inputs.count).max() ?? 0)
        var input = [Float](repeating: 0, count: T * B * inputSize)
        var target = [Float](repeating: 0, count: T * B * outputSize)
        var allowed = target
        var weight = [Float](repeating: 0, count: T * B)
        var hasAllowed = false
        for (b, sequence) in sequences.enumerated() {
            for (t, values) in sequence.inputs.enumerated() {
                let row = t * B + b
                for (k, value) in values.enumerated() { input[row * inputSize + k] = Float(value) }
                guard let answer = sequence.answers[t] else { continue }
                weight[row] = sequence.weights.isEmpty ? 1 : Float(sequence.weights[t])
                for (k, value) in answer.target.enumerated() { target[row * outputSize + k] = Float(value) }
                for (k, value) in (answer.allowed ?? []).enumerated() {
                    allowed[row * outputSize + k] = Float(value)
                    hasAllowed = true
                }
            }
        }
        return SyntheticBatch(
            input: Tensor(input, shape: [T, B, inputSize]), lengths: sequences.map(\.inputs.count),
            target: Tensor(target, shape: [T, B, outputSize]), weight: Tensor(weight, shape: [T, B]),
            allowed: hasAllowed ? Tensor(allowed, shape: [T, B, outputSize]) : nil)
    }

    /// A vector of zeros with a one.
    static func oneHot(_ index: Int, of count: Int) -> [Double] { (0..<count).map { $0 == index ? 1 : 0 } }
}

extension SyntheticTask {
    func batch(_ count: Int, key: RandomKey, _ sequence: (inout RandomStream) -> SyntheticSequence) -> SyntheticBatch {
        var stream = RandomStream(key)
        return SyntheticSequence.batch(
            (0..<count).map { _ in sequence(&stream) }, inputSize: inputSize, outputSize: outputSize)
    }
}
