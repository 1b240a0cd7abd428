public import RecurrentNN
public import RecurrentTensor

/// A rule that changes parameters along gradients.
///
/// An optimizer is a value: it holds its own moments by parameter name, and a checkpoint stores them with the model.
public protocol Optimizer: Sendable {
    /// The step size. Schedules set it before each update.
    var learningRate: Double { get set }
    /// The number of updates so far.
    var stepCount: Int { get }
    /// Changes the parameters of `model` in place; parameters without a gradient stay as they are.
    mutating func update(_ model: inout some Module, along gradients: Gradients)
    /// The same along the gradients times `factor`, as clipping asks for: without a pass of its own over the gradients where
    /// the optimizer has its own form, with the same bits either way.
    mutating func update(_ model: inout some Module, along gradients: Gradients, scaledBy factor: Double)
    /// The optimizer's memory, by name, to be stored in a checkpoint.
    var state: [String: Tensor] { get }
    /// Restores what ``state`` gave.
    ///
    /// - Throws: `RecurrentError` of category `badModel` if an entry is missing or has another type.
    mutating func restore(_ state: [String: Tensor]) throws
}

extension Optimizer {
    /// Scales the gradients first.
    public mutating func update(_ model: inout some Module, along gradients: Gradients, scaledBy factor: Double) {
        update(&model, along: factor == 1 ? gradients : gradients.scaled(by: factor))
    }
}

/// Which parameters decay: a weight-decay coefficient by parameter path.
public struct WeightDecay: Sendable {
    /// The coefficient of a parameter.
    public let coefficient: @Sendable (_ name: String) -> Double

    /// No decay.
    public static let none = WeightDecay { _ in 0 }

    /// The same coefficient for every parameter, as PyTorch's `weight_decay`.
    public static func all(_ coefficient: Double) -> WeightDecay { WeightDecay { _ in coefficient } }

    /// A coefficient for weight matrices; biases do not decay.
    public static func weightsOnly(_ coefficient: Double) -> WeightDecay {
        WeightDecay { $0.split(separator: ".").last?.hasPrefix("bias") ?? false ? 0 : coefficient }
    }

    /// A coefficient by parameter path.
    public init(_ coefficient: @escaping @Sendable (_ name: String) -> Double) { self.coefficient = coefficient }
}

/// The moments of an optimizer: tensors like the parameters, by parameter name.
struct Moments: Sendable {
    private(set) var tensors: [String: Tensor] = [:]

    /// Changes the moment of a parameter in place; a new one is zero.
    mutating func update(_ name: String, _ shape: [Int], _ type: ElementType, _ change: (inout Tensor) -> Void) {
        // The tensor leaves the dictionary while it changes, so that it is not copied.
        var moment = tensors.removeValue(forKey: name) ?? Tensor(zeros: shape, of: type)
        change(&moment)
        tensors[name] = moment
    }

    func state(_ prefix: String) -> [String: Tensor] {
        Dictionary(uniqueKeysWithValues: tensors.map { (prefix + $0.key, $0.value) })
    }

    mutating func restore(_ state: [String: Tensor], _ prefix: String) {
        tensors = [:]
        for (name, tensor) in state where name.hasPrefix(prefix) {
            tensors[String(name.dropFirst(prefix.count))] = tensor
        }
    }
}

func stepTensor(_ count: Int) -> Tensor { Tensor(scalar: Int64(count)) }

func restoredStep(_ state: [String: Tensor]) throws -> Int {
    guard let tensor = state["step"], tensor.elementType == .int64, tensor.count == 1 else {
        throw RecurrentError(.badModel, "the optimizer's state lacks its step count")
    }
    return Int(tensor.scalars(of: Int64.self)[0])
}

extension Gradients {
    /// The gradients by parameter path.
    var byName: [String: Tensor] {
        Dictionary(
            zip(names, tensors).compactMap { name, tensor in tensor.map { (name, $0) } }, uniquingKeysWith: { $1 })
    }
}
