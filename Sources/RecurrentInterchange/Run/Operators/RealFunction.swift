import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A function of one real number, with the constants that a node gives it. Without a kernel it is computed with doubles and
/// rounded once.
struct RealFunction: Sendable {
    let double: @Sendable (Double) -> Double
    /// The kernel that computes whole arrays; nil where there is none.
    let kernel: ElementaryFunction?

    init(kernel: ElementaryFunction? = nil, _ double: @escaping @Sendable (Double) -> Double) {
        (self.kernel, self.double) = (kernel, double)
    }

    typealias Maker = @Sendable (ONNXCall) throws -> RealFunction

    /// All functions, by operator.
    static let named: [String: Maker] = plain.merging(parametric) { first, _ in first }

    private static func constant(
        _ kernel: ElementaryFunction? = nil, _ function: @escaping @Sendable (Double) -> Double
    ) -> Maker {
        { _ in RealFunction(kernel: kernel, function) }
    }

    private static let plain: [String: Maker] = [
        "Exp": constant(.exp) { exp($0) }, "Log": constant(.log) { log($0) }, "Sqrt": constant { $0.squareRoot() },
        "Tanh": constant(.tanh) { tanh($0) }, "Sigmoid": constant(.sigmoid, sigmoid),
        "Relu": constant { $0 < 0 ? 0 : $0 },
        "Sin": constant { sin($0) }, "Cos": constant { cos($0) }, "Tan": constant { tan($0) },
        "Sinh": constant { sinh($0) }, "Cosh": constant { cosh($0) }, "Asin": constant { asin($0) },
        "Acos": constant { acos($0) }, "Atan": constant { atan($0) }, "Asinh": constant { asinh($0) },
        "Acosh": constant { acosh($0) }, "Atanh": constant { atanh($0) }, "Erf": constant { erf($0) },
        "Floor": constant { $0.rounded(.down) }, "Ceil": constant { $0.rounded(.up) },
        "Round": constant { $0.rounded(.toNearestOrEven) }, "Reciprocal": constant { 1 / $0 },
        "Softplus": constant(.softplus, softplus), "Softsign": constant { $0 / (1 + abs($0)) },
        "HardSwish": constant { $0 * max(0, min(1, $0 / 6 + 0.5)) }, "Mish": constant { $0 * tanh(softplus($0)) },
    ]

    private static let parametric: [String: Maker] = [
        "Elu": {
            let a = try $0.number("alpha", or: 1); return RealFunction { $0 < 0 ? a * expm1($0) : $0 }
        },
        "Celu": {
            let a = try $0.number("alpha", or: 1); return RealFunction { max(0, $0) + min(0, a * expm1($0 / a)) }
        },
        "LeakyRelu": {
            let a = try $0.number("alpha", or: 0.01); return RealFunction { $0 < 0 ? a * $0 : $0 }
        },
        "ThresholdedRelu": {
            let a = try $0.number("alpha", or: 1); return RealFunction { $0 > a ? $0 : 0 }
        },
        "Swish": {
            let a = try $0.number("alpha", or: 1); return RealFunction { $0 * sigmoid(a * $0) }
        },
        "Selu": selu, "HardSigmoid": hardSigmoid, "Shrink": shrink, "Gelu": gelu,
    ]

    private static func selu(_ call: ONNXCall) throws -> RealFunction {
        let alpha = try call.number("alpha", or: 1.67326319217681884765625)
        let gamma = try call.number("gamma", or: 1.05070102214813232421875)
        return RealFunction { gamma * ($0 > 0 ? $0 : alpha * expm1($0)) }
    }

    private static func hardSigmoid(_ call: ONNXCall) throws -> RealFunction {
        let (alpha, beta) = (try call.number("alpha", or: 0.2), try call.number("beta", or: 0.5))
        return RealFunction { max(0, min(1, alpha * $0 + beta)) }
    }

    private static func shrink(_ call: ONNXCall) throws -> RealFunction {
        let (bias, limit) = (try call.number("bias", or: 0), try call.number("lambd", or: 0.5))
        return RealFunction { $0 < -limit ? $0 + bias : $0 > limit ? $0 - bias : 0 }
    }

    private static func gelu(_ call: ONNXCall) throws -> RealFunction {
        switch try call.text("approximate", or: "none") {
        case "none": return RealFunction { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }
        case "tanh":
            let scale = (2 / Double.pi).squareRoot()
            return RealFunction { 0.5 * $0 * (1 + tanh(scale * ($0 + 0.044715 * $0 * $0 * $0))) }
        default: throw call.failure("approximate is neither none nor tanh")
        }
    }

    private static func sigmoid(_ x: Double) -> Double { 0.5 + 0.5 * tanh(0.5 * x) }
    private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }
}
