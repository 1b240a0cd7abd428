import RecurrentFormats
import RecurrentTensor

/// Losses of classes.
enum Losses {
    static let table: [String: ONNXOperator] = [
        "NegativeLogLikelihoodLoss": ONNXOperator.one { call in
            try likelihood(try call.input(0), call)
        }.widened(),
        "SoftmaxCrossEntropyLoss": ONNXOperator { call in
            let x = try call.input(0)
            guard x.rank >= 2 else { throw call.failure("\(x.shape) has no axis of classes") }
            let order = [0] + Array(2..<x.rank) + [1]
            let rows = try Normalisation.softmax(call.transposed(x, order), isLog: true, call)
            let back = [0, x.rank - 1] + Array(1..<max(1, x.rank - 1))
            let logarithms = try call.transposed(rows, back)
            return [.array(try likelihood(logarithms, call)), .array(logarithms)]
        }.widened(),
    ]

    /// What a place adds to the loss, and its weight.
    private struct Gathering: FloatVisitor {
        let x: ONNXArray
        let targets: [Int]
        let weights: [Double]?
        let ignored: Int?
        let reduction: String
        let shape: [Int]
        let call: ONNXCall

        func visit<S: ONNXNumber & FloatingScalar>(_: S.Type) throws -> ONNXArray {
            let classes = x.shape[1]
            let inner = x.shape[2...].reduce(1, *)
            var (losses, total): ([Double], Double) = ([], 0)
            losses.reserveCapacity(targets.count)
            try x.read(S.self) { x in
                for (k, target) in targets.enumerated() {
                    if target == ignored {
                        losses.append(0)
                        continue
                    }
                    guard target >= 0, target < classes else {
                        throw call.failure("the target \(target) is not among \(classes) classes")
                    }
                    let weight = weights?[target] ?? 1
                    let place = (k / max(1, inner) * classes + target) * inner + k % max(1, inner)
                    losses.append(-Double(x[place]) * weight)
                    total += weight
                }
            }
            if reduction == "none" {
                return try call.make(shape, S.self) { for k in $0.indices { $0[k] = S(losses[k]) } }
            }
            let sum = losses.reduce(0, +)
            return try call.make([], S.self) { $0[0] = S(reduction == "mean" ? sum / total : sum) }
        }
    }

    private static func likelihood(_ x: ONNXArray, _ call: ONNXCall) throws -> ONNXArray {
        let target = try call.input(1)
        guard x.rank >= 2, target.shape == [x.shape[0]] + Array(x.shape[2...]) else {
            throw call.failure("the targets \(target.shape) do not fit \(x.shape)")
        }
        let weight = try call.optional(2)
        if let weight, weight.shape != [x.shape[1]] || weight.elementType != x.elementType {
            throw call.failure("the weights are \(weight.elementType.name) \(weight.shape)")
        }
        let reduction = try call.text("reduction", or: "mean")
        guard ["none", "sum", "mean"].contains(reduction) else { throw call.failure("the reduction is unknown") }
        let gathering = Gathering(
            x: x, targets: try call.integers(target), weights: weight?.doubles(),
            ignored: try call.optionalInteger("ignore_index"), reduction: reduction, shape: target.shape, call: call)
        guard let result = try gathering.visit(x.elementType) else { throw call.unsupported(x.elementType) }
        return result
    }
}
