public import RecurrentNN
public import RecurrentTensor

/// Stochastic gradient descent with momentum.
///
///     v ← μ v + g + λ w          w ← w − η v             (Nesterov: w ← w − η (g + λ w + μ v))
///
/// - Source: Sutskever et al. 2013 in PyTorch's form: the velocity is not scaled by the learning rate, and the first
///   velocity is the first gradient.
public struct SGD: Optimizer {
    /// The step size η.
    public var learningRate: Double
    /// The momentum μ.
    public let momentum: Double
    /// Whether the step looks ahead along the velocity.
    public let isNesterov: Bool
    /// The coefficients λ, added to the gradient.
    public let weightDecay: WeightDecay
    /// The number of updates so far.
    public private(set) var stepCount = 0
    private var velocities = Moments()

    /// Creates the optimizer.
    public init(
        learningRate: Double, momentum: Double = 0, nesterov: Bool = false, weightDecay: WeightDecay = .none
    ) {
        self.learningRate = learningRate
        self.momentum = momentum
        isNesterov = nesterov
        self.weightDecay = weightDecay
    }

    /// Nesterov momentum whose steps under a steady gradient are as long as those without momentum: the step size is
    /// η (1 − μ), so that η and μ can be chosen apart from one another.
    ///
    /// - Source: Greff et al. 2017, and Brainstorm, the program of that study.
    public static func steady(learningRate: Double, momentum: Double) -> SGD {
        SGD(learningRate: learningRate * (1 - momentum), momentum: momentum, nesterov: momentum > 0)
    }

    /// Changes the parameters of `model` in place.
    public mutating func update(_ model: inout some Module, along gradients: Gradients) {
        update(&model, along: gradients, scaledBy: 1)
    }

    /// Changes the parameters of `model` in place, along the gradients times `factor`.
    public mutating func update(_ model: inout some Module, along gradients: Gradients, scaledBy factor: Double) {
        stepCount += 1
        let gradients = gradients.byName
        var velocities = self.velocities
        self.velocities = Moments()
        model.updateParameters { name, value in
            guard let gradient = gradients[name] else { return }
            let decay = weightDecay.coefficient(name)
            func run<S: FloatingScalar>(_: S.Type) {
                gradient.withBuffer(of: S.self) { g in
                    func step(_ velocity: UnsafeMutableBufferPointer<S>?) {
                        value.withMutableBuffer(of: S.self) { w in
                            VectorKernels.sgd(
                                rate: learningRate, momentum: momentum, nesterov: isNesterov, lambda: decay,
                                scale: factor, weight: w, velocity: velocity, gradient: g)
                        }
                    }
                    guard momentum != 0 else { return step(nil) }
                    velocities.update(name, value.shape, value.elementType) { velocity in
                        velocity.withMutableBuffer(of: S.self) { step($0) }
                    }
                }
            }
            if value.elementType == .float64 { run(Double.self) } else { run(Float.self) }
        }
        self.velocities = velocities
    }

    /// The velocities and the step count.
    public var state: [String: Tensor] {
        velocities.state("velocity.").merging(["step": stepTensor(stepCount)]) { $1 }
    }

    /// Restores the velocities and the step count.
    public mutating func restore(_ state: [String: Tensor]) throws {
        stepCount = try restoredStep(state)
        velocities.restore(state, "velocity.")
    }
}
