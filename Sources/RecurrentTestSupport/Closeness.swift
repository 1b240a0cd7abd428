public import RecurrentAutodiff
public import RecurrentTensor

/// The greatest absolute difference of two tensors, relative to the greatest magnitude of the second or to 1.
public func relativeError(_ a: Tensor, _ b: Tensor) -> Double {
    guard a.shape == b.shape else { return .infinity }
    let (x, y) = (a.doubles(), b.doubles())
    let scale = max(1, y.map(abs).max() ?? 0)
    var worst = 0.0
    for (p, q) in zip(x, y) {
        guard p.isFinite && q.isFinite else { return .infinity }
        worst = max(worst, abs(p - q) / scale)
    }
    return worst
}

/// The slope of `function` in each element of `point`, by central differences of the fourth order.
public func centralDifferences(of function: (Tensor) -> Double, at point: Tensor, step: Double = 1e-3) -> Tensor {
    precondition(point.elementType == .float64)
    let values = point.scalars(of: Double.self)
    let slopes = values.indices.map { index in
        func at(_ offset: Double) -> Double {
            var moved = values
            moved[index] += offset
            return function(Tensor(moved, shape: point.shape))
        }
        return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
    }
    return Tensor(slopes, shape: point.shape)
}

/// The greatest relative error between the tape's gradients and central differences, over `inputs`.
///
/// `function` maps variables to a variable of any shape; a random upstream gradient makes it a number.
public func gradientError(_ inputs: [Tensor], seed: UInt64 = 7, _ function: ([Variable]) -> Variable) -> Double {
    let shape = function(inputs.map { Variable($0) }).shape
    let upstream = Tensor(normal: 0, deviation: 1, shape: shape, of: .float64, key: RandomKey(seed: seed, stream: 99))
    let tape = Tape()
    let variables = inputs.map { tape.variable($0) }
    let gradients = tape.gradients(of: (function(variables) * Variable(upstream)).sum(), for: variables)
    var worst = 0.0
    for (index, input) in inputs.enumerated() {
        let numeric = centralDifferences(
            of: { moved in
                var arguments = inputs
                arguments[index] = moved
                return (function(arguments.map { Variable($0) }).value * upstream).sum().item
            }, at: input)
        worst = max(worst, relativeError(gradients[index] ?? Tensor(zeros: input.shape, of: .float64), numeric))
    }
    return worst
}

/// Normal numbers in double precision, a different tensor for every stream.
public func randomTensor(_ shape: [Int], _ stream: UInt64, of elementType: ElementType = .float64) -> Tensor {
    Tensor(normal: 0, deviation: 1, shape: shape, of: elementType, key: RandomKey(seed: 42, stream: stream))
}
