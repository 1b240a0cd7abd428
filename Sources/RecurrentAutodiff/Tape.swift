public import RecurrentTensor
import Synchronization

/// The record of the operations of one evaluation, walked backwards for gradients.
///
/// A tape is an append-only array with few, large operations: a whole recurrent layer over a whole sequence is one. The
/// backward walk is a loop, so sequences of any length are safe, and it lets go of every operation's memory as it passes.
/// A tape closes when its gradients are taken: its variables are constants from then on.
public final class Tape: Sendable {
    /// Turns the gradients of an operation's outputs (nil: zero) into those of its inputs.
    ///
    /// The second argument tells which inputs need a gradient; for the others the result is ignored.
    public typealias Backward = @Sendable (_ upstream: [Tensor?], _ needed: [Bool]) -> [Tensor?]

    private struct Operation {
        let outputs: Range<Int>
        let inputs: [Int?]
        let backward: Backward
    }

    private struct State {
        var operations: [Operation] = []
        var valueCount = 0
        var randomUses: UInt64 = 0
        var isOpen = true
    }

    private let state = Mutex(State())

    /// The randomness of this evaluation (dropout); nil where the evaluation is deterministic.
    public let randomKey: RandomKey?

    /// An empty tape.
    public init(randomKey: RandomKey? = nil) { self.randomKey = randomKey }

    /// A value whose gradient is wanted.
    public func variable(_ value: Tensor) -> Variable {
        let id = state.withLock { state in
            precondition(state.isOpen, "Tape.variable: the tape is closed")
            state.valueCount += 1
            return state.valueCount - 1
        }
        return Variable(value: value, tape: self, id: id)
    }

    /// Whether operations on this tape's variables are recorded.
    public var isOpen: Bool { state.withLock { $0.isOpen } }

    /// The number of recorded operations.
    public var operationCount: Int { state.withLock { $0.operations.count } }

    /// The key of the next random operation, or nil where the evaluation is deterministic.
    package func nextRandomKey() -> RandomKey? {
        guard let randomKey else { return nil }
        let use = state.withLock { state in
            state.randomUses += 1
            return state.randomUses
        }
        return randomKey.substream(use)
    }

    fileprivate func append(_ inputs: [Variable], _ outputs: [Tensor], _ backward: @escaping Backward) -> [Variable] {
        let ids = inputs.map { $0.tape === self ? $0.id : nil }
        let first = state.withLock { state in
            let first = state.valueCount
            state.valueCount += outputs.count
            state.operations.append(
                Operation(outputs: first..<first + outputs.count, inputs: ids, backward: backward))
            return first
        }
        return outputs.enumerated().map { Variable(value: $0.element, tape: self, id: first + $0.offset) }
    }

    /// Walks the tape backwards from `loss` and closes it.
    ///
    /// - Shapes: the gradients have the shapes of `variables`.
    /// - Returns: the gradient of each variable; nil where the loss does not depend on it.
    /// - Precondition: `loss` has one element, unless `seed` gives the upstream gradient, of the shape of `loss`.
    public func gradients(of loss: Variable, for variables: [Variable], seed: Tensor? = nil) -> [Tensor?] {
        precondition(
            seed.map { $0.shape == loss.shape } ?? (loss.value.count == 1),
            "Tape.gradients: the loss has shape \(loss.shape); one element, or a seed of its shape, is needed")
        var (operations, count) = state.withLock { state in
            precondition(state.isOpen, "Tape.gradients: the tape is closed; its gradients were taken before")
            let taken = (state.operations, state.valueCount)
            state.isOpen = false
            state.operations = []
            return taken
        }
        var gradients = [Tensor?](repeating: nil, count: count)
        guard loss.tape === self else { return variables.map { _ in nil } }
        gradients[loss.id] = seed ?? Tensor(filled: 1, shape: loss.shape, of: loss.value.elementType)
        let kept = Set(variables.map(\.id))
        while let operation = operations.popLast() {
            let upstream = operation.outputs.map { gradients[$0] }
            for id in operation.outputs where !kept.contains(id) { gradients[id] = nil }
            guard upstream.contains(where: { $0 != nil }) else { continue }
            let needed = operation.inputs.map { $0 != nil }
            let results = operation.backward(upstream, needed)
            for (id, gradient) in zip(operation.inputs, results) {
                guard let id, let gradient else { continue }
                if gradients[id] == nil { gradients[id] = gradient } else { gradients[id]!.accumulate(gradient) }
            }
        }
        return variables.map { $0.tape === self ? gradients[$0.id] : nil }
    }
}

/// A tensor in a computation: recorded on a tape, or a constant.
public struct Variable: Sendable {
    /// The value.
    public let value: Tensor
    fileprivate let tape: Tape?
    fileprivate let id: Int

    fileprivate init(value: Tensor, tape: Tape, id: Int) {
        self.value = value
        self.tape = tape
        self.id = id
    }

    /// A constant.
    public init(_ value: Tensor) {
        self.value = value
        tape = nil
        id = -1
    }

    /// The extent of each axis.
    public var shape: [Int] { value.shape }

    /// The type of the elements.
    public var elementType: ElementType { value.elementType }

    /// The same value as a constant: no gradient flows through it.
    public func detached() -> Variable { Variable(value) }

    /// The tape that records operations on this variable; nil for a constant and after the tape closed.
    public var openTape: Tape? { tape.flatMap { $0.isOpen ? $0 : nil } }

    /// Whether a gradient can flow to this variable.
    public var isRecorded: Bool { openTape != nil }

    /// An operation of several outputs, recorded if any input is.
    ///
    /// - Parameters:
    ///   - inputs: what the operation depends on.
    ///   - outputs: its values.
    ///   - backward: its gradient, written below the values that it belongs to.
    public static func operation(
        _ inputs: [Variable], outputs: [Tensor], backward: @escaping Tape.Backward
    ) -> [Variable] {
        let tapes = inputs.compactMap(\.openTape)
        guard let tape = tapes.first else { return outputs.map { Variable($0) } }
        precondition(tapes.allSatisfy { $0 === tape }, "Variable: the inputs of an operation are on different tapes")
        return tape.append(inputs, outputs, backward)
    }

    /// An operation of one output, recorded if any input is.
    public static func operation(
        _ inputs: [Variable], _ output: Tensor,
        backward: @escaping @Sendable (_ upstream: Tensor, _ needed: [Bool]) -> [Tensor?]
    ) -> Variable {
        operation(inputs, outputs: [output]) { upstream, needed in
            upstream[0].map { backward($0, needed) } ?? needed.map { _ in nil }
        }[0]
    }
}

extension Variable: CustomStringConvertible {
    /// The value, and whether it is recorded.
    public var description: String { "\(isRecorded ? "variable" : "constant") \(value)" }
}
