public import RecurrentNN
public import RecurrentTensor

/// Adam, and AdamW where weight decay is decoupled from the gradient.
///
///     m ← β₁ m + (1 − β₁) g      v ← β₂ v + (1 − β₂) g²
///     w ← w − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
///
/// Decoupled decay first shrinks w by 1 − ηλ; otherwise λw is added to the gradient.
///
/// - Source: Kingma & Ba 2015; Loshchilov & Hutter 2019. Equal to PyTorch's `Adam` and `AdamW`.
public struct Adam: Optimizer {
    /// The step size η.
    public var learningRate: Double
    /// The decay rate β₁ of the mean of gradients.
    public let beta1: Double
    /// The decay rate β₂ of the mean of squared gradients.
    public let beta2: Double
    /// ε, added to the root of the second moment.
    public let epsilon: Double
    /// The coefficients λ.
    public let weightDecay: WeightDecay
    /// Whether decay acts on the weights directly (AdamW).
    public let isDecoupled: Bool
    /// The number of updates so far.
    public private(set) var stepCount = 0
    private var first = Moments()
    private var second = Moments()

    /// Creates Adam.
    public init(
        learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        weightDecay: WeightDecay = .none, decoupled: Bool = false
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        isDecoupled = decoupled
    }

    /// AdamW: Adam with decoupled weight decay.
    public static func decoupled(
        learningRate: Double = 1e-3, weightDecay: WeightDecay = .weightsOnly(0.01), beta1: Double = 0.9,
        beta2: Double = 0.999, epsilon: Double = 1e-8
    ) -> Adam {
        Adam(
            learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
            decoupled: true)
    }

    /// Changes the parameters of `model` in place.
    public mutating func update(_ model: inout some Module, along gradients: Gradients) {
        update(&model, along: gradients, scaledBy: 1)
    }

    /// Changes the parameters of `model` in place, along the gradients times `factor`.
    public mutating func update(_ model: inout some Module, along gradients: Gradients, scaledBy factor: Double) {
        stepCount += 1
        let gradients = gradients.byName
        let correction1 = 1 - Double.pow(beta1, Double(stepCount))
        let correction2 = (1 - Double.pow(beta2, Double(stepCount))).squareRoot()
        var (first, second) = (self.first, self.second)
        (self.first, self.second) = (Moments(), Moments())
        model.updateParameters { name, value in
            guard let gradient = gradients[name] else { return }
            let decay = weightDecay.coefficient(name)
            let step = VectorKernels.AdamStep(
                rate: learningRate / correction1, beta1: beta1, beta2: beta2, epsilon: epsilon, root: correction2,
                shrink: isDecoupled ? 1 - learningRate * decay : 1, lambda: isDecoupled ? 0 : decay, scale: factor)
            func run<S: FloatingScalar>(_: S.Type) {
                first.update(name, value.shape, value.elementType) { m in
                    second.update(name, value.shape, value.elementType) { v in
                        gradient.withBuffer(of: S.self) { g in
                            m.withMutableBuffer(of: S.self) { m in
                                v.withMutableBuffer(of: S.self) { v in
                                    value.withMutableBuffer(of: S.self) { w in
                                        VectorKernels.adam(step, weight: w, mean: m, square: v, gradient: g)
                                    }
                                }
                            }
                        }
                    }
                }
            }
            if value.elementType == .float64 { run(Double.self) } else { run(Float.self) }
        }
        (self.first, self.second) = (first, second)
    }

    /// The moments and the step count.
    public var state: [String: Tensor] {
        first.state("mean.").merging(second.state("square.")) { $1 }
            .merging(["step": stepTensor(stepCount)]) { $1 }
    }

    /// Restores the moments and the step count.
    public mutating func restore(_ state: [String: Tensor]) throws {
        stepCount = try restoredStep(state)
        first.restore(state, "mean.")
        second.restore(state, "square.")
    }
}
