public import RecurrentTensor

/// How the losses of many rows become one number.
public enum LossReduction: Sendable, Hashable {
    /// Σ w·loss / Σ w, zero where no row counts.
    case mean
    /// Σ w·loss.
    case sum
}

extension Variable {
    /// The cross entropy of the classes softmax(x Wᵀ + b) against target classes, without the scores of all rows and classes
    /// ever being held: the last layer of a language model, its softmax, the loss and their gradients in one operation.
    ///
    /// The value and the gradients are those of an affine map followed by the cross entropy with the same options, which
    /// are PyTorch's. Where a gradient is wanted it is formed together with the value.
    ///
    /// - Parameters:
    ///   - weight: [V, H].
    ///   - bias: [V], or nil.
    ///   - targets: `int32` classes; rows with `ignoredTarget` count nothing and may hold anything.
    ///   - classWeights: V numbers: how much a target of each class counts.
    ///   - labelSmoothing: the share of the target that is spread over all classes.
    /// - Shapes: `self` […, H]; `targets` […]; the result is a scalar.
    /// - Numerics: see ``LossReduction``; no bit depends on the number of threads.
    /// - Complexity: three products of N·V·H multiply-adds with all gradients; one without.
    /// - Precondition: every target is `ignoredTarget` or lies in 0..<V.
    public func linearCrossEntropy(
        weight: Variable, bias: Variable? = nil, targets: Tensor, classWeights: [Double]? = nil,
        labelSmoothing: Double = 0, ignoredTarget: Int32 = -100, reduction: LossReduction = .mean
    ) -> Variable {
        let (classes, width) = (weight.shape.first ?? 0, shape.last ?? 0)
        precondition(
            weight.shape == [classes, width] && classes > 0 && width > 0,
            "linearCrossEntropy: input \(shape) does not fit weight \(weight.shape)")
        precondition(
            bias.map { $0.shape == [classes] } ?? true,
            "linearCrossEntropy: bias \(bias?.shape ?? []) does not fit weight \(weight.shape)")
        precondition(
            Array(shape.dropLast()) == targets.shape,
            "linearCrossEntropy: input \(shape) does not fit targets \(targets.shape)")
        precondition(
            classWeights.map { $0.count == classes } ?? true,
            "linearCrossEntropy: \(classWeights?.count ?? 0) class weights for \(classes) classes")
        precondition(
            weight.elementType == elementType && bias.map { $0.elementType == elementType } ?? true,
            "linearCrossEntropy: the element types of input, weight and bias differ")
        let all = targets.scalars(of: Int32.self)
        let counted = all.indices.filter { all[$0] != ignoredTarget }
        let labels = counted.map { Int(all[$0]) }
        for label in labels {
            precondition(
                label >= 0 && label < classes, "linearCrossEntropy: target \(label) lies outside 0..<\(classes)")
        }
        let inputs = [self, weight] + (bias.map { [$0] } ?? [])
        let wanted = inputs.map(\.isRecorded)
        var outcome = Outcome(loss: Tensor(filled: 0, shape: [], of: elementType), gradients: inputs.map { _ in nil })
        if !counted.isEmpty {
            let importance = labels.map { classWeights?[$0] ?? 1 }
            let total = importance.reduce(0, +)
            let normaliser = reduction == .sum || total == 0 ? 1 : total
            var plan = LinearCrossEntropy(rows: counted.count, classes: classes, width: width)
            plan.classWeights = classWeights
            plan.smooth = labelSmoothing / Double(classes) / normaliser
            let direct = importance.map { (1 - labelSmoothing) * $0 / normaliser }
            // Rows that do not count are left out of the products, so that what stands in them reaches nothing.
            let isPartial = counted.count < all.count
            let positions = isPartial ? Tensor(counted.map { Int32($0) }) : nil
            let rows = value.flattenedRows()
            let used = positions.map { rows.gathered($0) } ?? rows
            outcome =
                elementType == .float32
                ? evaluate(Float.self, plan, used, weight.value, bias?.value, labels, direct, wanted)
                : evaluate(Double.self, plan, used, weight.value, bias?.value, labels, direct, wanted)
            if let dx = outcome.gradients[0] {
                outcome.gradients[0] =
                    (positions.map { dx.scatteredSum($0, rows: all.count) } ?? dx).reshaped(shape)
            }
        }
        let gradients = outcome.gradients
        let shapes = inputs.map(\.shape)
        return Variable.operation(inputs, outcome.loss) { upstream, needed in
            let factor = upstream.item
            return needed.indices.map { index in
                guard needed[index] else { return nil }
                guard let gradient = gradients[index] else {
                    return Tensor(zeros: shapes[index], of: upstream.elementType)
                }
                return factor == 1 ? gradient : gradient * factor
            }
        }
    }
}

/// A loss with the gradients of x, weight and bias that were wanted.
private struct Outcome {
    var loss: Tensor
    var gradients: [Tensor?]
}

private func evaluate<S: FloatingScalar>(
    _: S.Type, _ plan: LinearCrossEntropy, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ labels: [Int],
    _ direct: [Double], _ wanted: [Bool]
) -> Outcome {
    var gradients = zip(wanted, [x, weight] + (bias.map { [$0] } ?? [])).map { wanted, like in
        wanted ? Tensor(uninitialized: like.shape, of: S.elementType) : nil
    }
    // No other tensor shares the new gradients, so that their memory stays where it is.
    func memory(_ index: Int) -> UnsafeMutablePointer<S>? {
        guard index < gradients.count, gradients[index] != nil else { return nil }
        return gradients[index]!.withMutableBuffer(of: S.self) { $0.baseAddress }
    }
    let targets = LinearCrossEntropy.Gradients<S>(x: memory(0), weight: memory(1), bias: memory(2))
    let loss = x.withBuffer(of: S.self) { x in
        weight.withBuffer(of: S.self) { weight in
            func run(_ bias: UnsafePointer<S>?) -> Double {
                guard let x = x.baseAddress, let weight = weight.baseAddress else { return 0 }
                return plan(x, weight, bias, labels: labels, direct: direct, gradients: targets)
            }
            return bias.map { $0.withBuffer(of: S.self) { run($0.baseAddress) } } ?? run(nil)
        }
    }
    return Outcome(loss: Tensor(scalar: S(loss)), gradients: gradients)
}
