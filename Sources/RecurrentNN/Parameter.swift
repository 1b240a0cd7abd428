public import RecurrentAutodiff
public import RecurrentTensor

/// A tensor that training changes.
public struct Parameter: Sendable {
    /// The value.
    public var value: Tensor
    /// Whether gradients are taken and updates applied.
    public var isTrainable = true
    /// The recorded form, present only in the copy of a model that a gradient evaluation works on.
    package var bound: Variable?

    /// A trainable parameter.
    public init(_ value: Tensor) { self.value = value }

    /// The parameter in a computation: recorded while gradients are taken, else a constant.
    public var variable: Variable { bound ?? Variable(value) }

    /// The extent of each axis.
    public var shape: [Int] { value.shape }
}

/// Something with parameters: a layer, a cell, a whole model. A value, safe to share between threads.
public protocol Module: Sendable {
    /// Shows each parameter and each sub-module to `visit`, by name, always in the same order.
    ///
    /// Counting, updating, saving, loading and export all go through this one method:
    ///
    ///     mutating func visitParameters(_ visit: inout some ParameterVisitor) {
    ///         visit("embedding", &embedding)
    ///         visit("lstm", &lstm)
    ///     }
    mutating func visitParameters(_ visit: inout some ParameterVisitor)
}

/// What a walk over the parameters of a module does with each.
public protocol ParameterVisitor {
    /// The path of the module being visited, with a full stop at the end unless empty.
    var prefix: String { get set }
    /// Takes one parameter with its whole path, such as `lstm.weight_ih_l0`.
    mutating func visit(_ path: String, _ parameter: inout Parameter)
}

extension ParameterVisitor {
    /// Visits a parameter.
    public mutating func callAsFunction(_ name: String, _ parameter: inout Parameter) {
        visit(prefix + name, &parameter)
    }

    /// Visits a parameter that may be absent.
    public mutating func callAsFunction(_ name: String, _ parameter: inout Parameter?) {
        guard parameter != nil else { return }
        visit(prefix + name, &parameter!)
    }

    /// Visits a module: its parameters' paths begin with `name` and a full stop.
    public mutating func callAsFunction(_ name: String, _ module: inout some Module) {
        let outer = prefix
        prefix += name + "."
        module.visitParameters(&self)
        prefix = outer
    }

    /// Visits the modules of an array as `name.0`, `name.1`, ….
    public mutating func callAsFunction(_ name: String, _ modules: inout [some Module]) {
        for index in modules.indices { self("\(name).\(index)", &modules[index]) }
    }
}

extension Module {
    /// The names and values of the parameters, in visiting order.
    public var parameters: [(name: String, value: Tensor)] {
        var copy = self
        var collector = Collector()
        copy.visitParameters(&collector)
        return collector.found
    }

    /// The number of trainable numbers.
    public var parameterCount: Int {
        var copy = self
        var collector = Collector()
        copy.visitParameters(&collector)
        return zip(collector.found, collector.trainable).reduce(0) { $0 + ($1.1 ? $1.0.value.count : 0) }
    }

    /// Changes each parameter's value.
    ///
    /// - Precondition: `transform` keeps the shape.
    public mutating func updateParameters(_ transform: (_ name: String, _ value: inout Tensor) -> Void) {
        withoutActuallyEscaping(transform) { transform in
            var updater = Updater(transform: transform)
            visitParameters(&updater)
        }
    }

    /// Converts every floating-point parameter to `elementType`: `float64` for proofs.
    public func converted(to elementType: ElementType) -> Self {
        var copy = self
        copy.updateParameters { _, value in value = value.converted(to: elementType) }
        return copy
    }

    /// Replaces the parameters by tensors of the same names and shapes.
    ///
    /// - Throws: `RecurrentError` of category `badModel` that names what is missing, superfluous or of another shape; the
    ///   module is then unchanged.
    public mutating func load(_ tensors: [String: Tensor], from place: String? = nil) throws {
        let expected = parameters
        for (name, value) in expected {
            guard let tensor = tensors[name] else {
                throw RecurrentError(
                    .badModel, "the weights lack '\(name)'", at: place,
                    help: "use the weight file that was saved with this configuration")
            }
            guard tensor.shape == value.shape else {
                throw RecurrentError(
                    .badModel, "'\(name)' has shape \(tensor.shape); the model needs \(value.shape)", at: place)
            }
            guard tensor.elementType == value.elementType else {
                throw RecurrentError(
                    .badModel,
                    "'\(name)' is \(tensor.elementType.rawValue); the model needs \(value.elementType.rawValue)",
                    at: place)
            }
        }
        let names = Set(expected.map(\.name))
        if let surplus = tensors.keys.filter({ !names.contains($0) }).min() {
            throw RecurrentError(.badModel, "the weights hold '\(surplus)', which the model does not have", at: place)
        }
        updateParameters { name, value in value = tensors[name] ?? value }
    }
}

private struct Collector: ParameterVisitor {
    var prefix = ""
    var found: [(name: String, value: Tensor)] = []
    var trainable: [Bool] = []

    mutating func visit(_ path: String, _ parameter: inout Parameter) {
        found.append((path, parameter.value))
        trainable.append(parameter.isTrainable)
    }
}

private struct Updater: ParameterVisitor {
    var prefix = ""
    let transform: (String, inout Tensor) -> Void

    mutating func visit(_ path: String, _ parameter: inout Parameter) { transform(path, &parameter.value) }
}
