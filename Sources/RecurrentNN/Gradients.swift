public import RecurrentAutodiff
public import RecurrentTensor

/// The gradients of a loss with respect to the parameters of a model, in visiting order.
public struct Gradients: Sendable {
    /// The paths of the trainable parameters.
    public let names: [String]
    /// The gradient of each; nil where the loss does not depend on the parameter.
    public internal(set) var tensors: [Tensor?]

    package init(names: [String], tensors: [Tensor?]) {
        self.names = names
        self.tensors = tensors
    }

    /// The gradient of the parameter at a path.
    public subscript(name: String) -> Tensor? { names.firstIndex(of: name).flatMap { tensors[$0] } }

    /// The Euclidean norm over all gradients, computed in double precision.
    public var globalNorm: Double { tensors.reduce(0) { $0 + ($1?.sumOfSquares ?? 0) }.squareRoot() }

    /// Scaled down so that the global norm is at most `limit`, as PyTorch's `clip_grad_norm_` does.
    public func clipped(globalNorm limit: Double) -> Gradients { clipped(globalNorm: limit, norm: globalNorm) }

    /// As ``clipped(globalNorm:)``, for a norm that is known already.
    package func clipped(globalNorm limit: Double, norm: Double) -> Gradients {
        let factor = Gradients.clipFactor(globalNorm: limit, norm: norm)
        return factor < 1 ? scaled(by: factor) : self
    }

    /// The factor, at most 1, that brings gradients of a norm down to a limit.
    package static func clipFactor(globalNorm limit: Double, norm: Double) -> Double { min(1, limit / (norm + 1e-6)) }

    /// Each element held within `-limit...limit`.
    public func clipped(value limit: Double) -> Gradients {
        mapped { $0.maximum($0.scalar(-limit)).minimum($0.scalar(limit)) }
    }

    /// Each element times `factor`.
    public func scaled(by factor: Double) -> Gradients { mapped { $0 * factor } }

    /// Adds the gradients of another batch.
    public mutating func accumulate(_ other: Gradients) {
        precondition(names == other.names, "Gradients.accumulate: the gradients belong to different models")
        for index in tensors.indices {
            guard let addend = other.tensors[index] else { continue }
            if tensors[index] == nil { tensors[index] = addend } else { tensors[index]!.accumulate(addend) }
        }
    }

    private func mapped(_ transform: (Tensor) -> Tensor) -> Gradients {
        Gradients(names: names, tensors: tensors.map { $0.map(transform) })
    }
}

extension Tensor {
    /// The sum of the squares of all elements, in double precision; it does not depend on the number of threads.
    package var sumOfSquares: Double {
        switch elementType {
        case .float32: withBuffer(of: Float.self) { VectorKernels.sumOfSquares($0) }
        case .float64: withBuffer(of: Double.self) { VectorKernels.sumOfSquares($0) }
        default: 0
        }
    }
}

extension Module {
    /// The value of a loss and its gradients with respect to every trainable parameter.
    ///
    /// Inside `loss` the argument is this model, recorded. State carried out of it is a constant afterwards.
    ///
    /// - Parameters:
    ///   - random: the randomness of this step, for dropout; nil where nothing in the model is random.
    ///   - loss: computes a single number from the model.
    public func valueAndGradient(
        random: RandomKey? = nil, _ loss: (Self) throws -> Variable
    ) rethrows -> (value: Double, gradients: Gradients) {
        try valueAndGradient(random: random, turning: {}, loss)
    }

    /// The same; `turning` is called between the way forward and the way back.
    package func valueAndGradient(
        random: RandomKey?, turning: () -> Void, _ loss: (Self) throws -> Variable
    ) rethrows -> (value: Double, gradients: Gradients) {
        let tape = Tape(randomKey: random)
        var bound = self
        var binder = Binder(tape: tape)
        bound.visitParameters(&binder)
        let result = try loss(bound)
        turning()
        let gradients = tape.gradients(of: result, for: binder.variables)
        return (result.value.item, Gradients(names: binder.names, tensors: gradients))
    }
}

/// Puts the recorded form of every trainable parameter on a tape.
struct Binder: ParameterVisitor {
    let tape: Tape
    var prefix = ""
    var names: [String] = []
    var variables: [Variable] = []

    init(tape: Tape) { self.tape = tape }

    mutating func visit(_ path: String, _ parameter: inout Parameter) {
        guard parameter.isTrainable else { return }
        let variable = tape.variable(parameter.value)
        parameter.bound = variable
        names.append(path)
        variables.append(variable)
    }
}
