/// A function of one number, applied to gates, to the cell input or to the cell output.
///
/// - Source: the names and constants of ONNX's recurrent operators, and the logistics of Hochreiter & Schmidhuber 1997.
public enum Activation: Sendable, Hashable {
    /// σ(x) = 1 / (1 + e⁻ˣ).
    case sigmoid
    /// tanh x.
    case tanh
    /// x.
    case identity
    /// max(0, x).
    case relu
    /// x limited to −1…1.
    case hardTanh
    /// slope·x + offset limited to 0…1. ONNX and Keras 2: 0.2 and 0.5; PyTorch: 1/6 and 0.5.
    case hardSigmoid(slope: Double = 0.2, offset: Double = 0.5)
    /// x / (1 + |x|).
    case softsign
    /// scale·σ(x) + shift. The 1997 cell squashes its input with `4σ − 2` and its output with `2σ − 1`.
    case scaledSigmoid(scale: Double, shift: Double)
    /// scale·tanh(slope·x).
    case scaledTanh(scale: Double, slope: Double)
    /// slope·x + offset.
    case affine(slope: Double, offset: Double)
    /// x where x ≥ 0, slope·x below.
    case leakyReLU(slope: Double = 0.01)
    /// x where x > threshold, 0 elsewhere; the threshold is at least 0.
    case thresholdedReLU(threshold: Double = 1)
    /// x where x ≥ 0, scale·(eˣ − 1) below.
    case elu(scale: Double = 1)
    /// log(1 + eˣ).
    case softplus

    /// `4σ(x) − 2`, in −2…2: the cell input of 1997.
    public static let cellInput1997 = Activation.scaledSigmoid(scale: 4, shift: -2)
    /// `2σ(x) − 1`, in −1…1: the cell output of 1997.
    public static let cellOutput1997 = Activation.scaledSigmoid(scale: 2, shift: -1)

    /// The name that a person types, the same for every choice of constants.
    public var name: String {
        switch self {
        case .sigmoid: "sigmoid"
        case .tanh: "tanh"
        case .identity: "identity"
        case .relu: "relu"
        case .hardTanh: "hard-tanh"
        case .hardSigmoid: "hard-sigmoid"
        case .softsign: "softsign"
        case .scaledSigmoid: "scaled-sigmoid"
        case .scaledTanh: "scaled-tanh"
        case .affine: "affine"
        case .leakyReLU: "leaky-relu"
        case .thresholdedReLU: "thresholded-relu"
        case .elu: "elu"
        case .softplus: "softplus"
        }
    }

    /// The constants, in the order of the case's labels.
    public var constants: [Double] {
        switch self {
        case .hardSigmoid(let slope, let offset), .affine(let slope, let offset): [slope, offset]
        case .scaledSigmoid(let scale, let shift): [scale, shift]
        case .scaledTanh(let scale, let slope): [scale, slope]
        case .leakyReLU(let constant), .thresholdedReLU(let constant), .elu(let constant): [constant]
        default: []
        }
    }

    /// The names of all activations.
    public static let names = [
        "sigmoid", "tanh", "identity", "relu", "hard-tanh", "hard-sigmoid", "softsign", "scaled-sigmoid", "scaled-tanh",
        "affine", "leaky-relu", "thresholded-relu", "elu", "softplus",
    ]

    /// The activation of a name and constants; missing constants take their defaults.
    ///
    /// - Throws: `usage` for an unknown name, and for constants that are missing, superfluous or senseless.
    public init(name: String, constants: [Double] = []) throws(RecurrentError) {
        func constant(_ index: Int, _ fallback: Double?) throws(RecurrentError) -> Double {
            if index < constants.count { return constants[index] }
            guard let fallback else {
                throw RecurrentError(
                    .usage, "the activation \(name) has \(constants.count) constants", why: "it needs two",
                    help: "give both, such as `scaled-sigmoid` with 4 and -2")
            }
            return fallback
        }
        switch name {
        case "sigmoid": self = .sigmoid
        case "tanh": self = .tanh
        case "identity": self = .identity
        case "relu": self = .relu
        case "hard-tanh": self = .hardTanh
        case "hard-sigmoid": self = .hardSigmoid(slope: try constant(0, 0.2), offset: try constant(1, 0.5))
        case "softsign": self = .softsign
        case "scaled-sigmoid": self = .scaledSigmoid(scale: try constant(0, nil), shift: try constant(1, nil))
        case "scaled-tanh": self = .scaledTanh(scale: try constant(0, nil), slope: try constant(1, nil))
        case "affine": self = .affine(slope: try constant(0, nil), offset: try constant(1, nil))
        case "leaky-relu": self = .leakyReLU(slope: try constant(0, 0.01))
        case "thresholded-relu": self = .thresholdedReLU(threshold: try constant(0, 1))
        case "elu": self = .elu(scale: try constant(0, 1))
        case "softplus": self = .softplus
        default:
            throw RecurrentError(
                .usage, "there is no activation \"\(name)\"", help: Spelling.help(for: name, in: Self.names))
        }
        guard constants.count <= self.constants.count else {
            throw RecurrentError(
                .usage, "the activation \(name) has \(constants.count) constants",
                why: "it takes \(self.constants.count)")
        }
        try validate()
    }

    /// Checks that the constants make a function with a usable derivative.
    package func validate() throws(RecurrentError) {
        guard constants.allSatisfy(\.isFinite) else {
            throw RecurrentError(.usage, "the activation \(name) has a constant that is no finite number")
        }
        let isSenseless =
            switch self {
            case .hardSigmoid(let slope, _), .affine(let slope, _): slope == 0
            case .scaledSigmoid(let scale, _): scale == 0
            case .scaledTanh(let scale, let slope): scale == 0 || slope == 0
            case .leakyReLU(let slope): slope <= 0
            case .thresholdedReLU(let threshold): threshold < 0
            case .elu(let scale): scale <= 0
            default: false
            }
        if isSenseless {
            throw RecurrentError(
                .usage, "the activation \(name) cannot have the constants \(constants)",
                why: "scales and slopes must not be 0, nor slopes, thresholds and scales of ReLUs and ELU negative",
                help: "choose other constants, or relu")
        }
    }

    /// Whether every value lies in 0…1, as a gate's that another is coupled to must.
    var isShare: Bool {
        switch self {
        case .sigmoid, .hardSigmoid: true
        default: false
        }
    }
}
