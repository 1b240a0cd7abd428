import RecurrentAutodiff
import RecurrentTensor
import RecurrentTestSupport
import Testing

// Central differences of the fourth order in Double leave errors near 1e-10; 1e-7 leaves room for curvature.
private let tolerance = 1e-7

struct Operation: Sendable, CustomTestStringConvertible {
    let name: String
    let shapes: [[Int]]
    let apply: @Sendable ([Variable]) -> Variable
    var testDescription: String { name }

    init(_ name: String, _ shapes: [[Int]], _ apply: @escaping @Sendable ([Variable]) -> Variable) {
        (self.name, self.shapes, self.apply) = (name, shapes, apply)
    }
}

private let indices = Tensor([2, 0, 2, 1] as [Int32], shape: [2, 2])
private let answers = Tensor([1.0, 0, 1, 0, 0, 0.25, 1, 1, 0, 1, 0, 0], shape: [3, 4])
private let halfMask = Tensor([1.0, 0, 1, 0, 0, 1], shape: [2, 3])

private let operations: [Operation] = [
    Operation("sum with broadcasting", [[2, 3], [3]]) { $0[0] + $0[1] },
    Operation("difference with an inner axis repeated", [[2, 1, 3], [4, 1]]) { $0[0] - $0[1] },
    Operation("product", [[2, 3], [2, 1]]) { $0[0] * $0[1] },
    Operation("quotient", [[2, 3], [3]]) { $0[0] / ($0[1].squared() + 1) },
    Operation("numbers on either side", [[5]]) { 2 * (1 - $0[0]) / 3 + ($0[0] - 1) * 4 + 5 },
    Operation("maximum", [[3, 4], [4]]) { $0[0].maximum($0[1]) },
    Operation("minimum", [[3, 4], [3, 4]]) { $0[0].minimum($0[1]) },
    Operation("clamp", [[20]]) { $0[0].clamped(-0.5, 0.7) },
    Operation("selection", [[2, 3], [2, 3]]) { $0[0].selected(where: halfMask, otherwise: $0[1]) },
    Operation("exp and log", [[6]]) { ($0[0].exp() + 1).log() },
    Operation("log1p", [[6]]) { $0[0].squared().log1p() },
    Operation("square root and power", [[6]]) { ($0[0].squared() + 1).squareRoot() + ($0[0].squared() + 1).power(1.7) },
    Operation("tanh and sigmoid", [[6]]) { $0[0].tanh() * $0[0].sigmoid() },
    Operation("relu and softplus", [[9]]) { $0[0].relu() + $0[0].softplus() },
    Operation("magnitude", [[9]]) { $0[0].magnitude() },
    Operation("sine and cosine", [[6]]) { $0[0].sin() * ($0[0] * 2).cos() },
    Operation("sum over the middle axis", [[2, 3, 4]]) { $0[0].sum(axes: [1]) },
    Operation("mean over two axes, kept", [[2, 3, 4]]) { $0[0].mean(axes: [0, -1], keepingAxes: true) },
    Operation("mean of all", [[2, 3]]) { $0[0].mean() },
    Operation("softmax", [[3, 5]]) { $0[0].softmax() },
    Operation("log softmax", [[3, 5]]) { $0[0].logSoftmax() },
    Operation("matrix product", [[3, 4], [4, 2]]) { $0[0].matmul($0[1]) },
    Operation("rows times a matrix", [[2, 3, 4], [4, 2]]) { $0[0].matmul($0[1]) },
    Operation("batched matrix product", [[5, 3, 4], [5, 4, 2]]) { $0[0].matmul($0[1]) },
    Operation("rows times a transposed matrix", [[2, 3, 4], [2, 4]]) { $0[0].matmul($0[1], transposingOther: true) },
    Operation("batched product with transposed matrices", [[5, 3, 4], [5, 2, 4]]) {
        $0[0].matmul($0[1], transposingOther: true)
    },
    Operation("affine map", [[2, 3, 4], [5, 4], [5]]) { $0[0].affine($0[1], $0[2]) },
    Operation("reshape and transpose", [[2, 3, 4]]) { $0[0].transposed([2, 0, 1]).reshaped([-1, 3]) },
    Operation("slice of the last axis", [[2, 5]]) { $0[0].sliced(1..<4, axis: -1) },
    Operation("subscript", [[3, 4]]) { $0[0][1] },
    Operation("concatenation", [[2, 3], [2, 1]]) { Variable.concatenated([$0[0], $0[1]], axis: 1) },
    Operation("stack", [[2, 3], [2, 3]]) { Variable.stacked([$0[0], $0[1]]) },
    Operation("broadcast", [[3, 1]]) { $0[0].broadcast(to: [2, 3, 4]) },
    Operation("gather", [[3, 4]]) { $0[0].gathered(indices) },
    Operation("scattered sum", [[2, 2, 3]]) { $0[0].scatteredSum(indices, rows: 4) },
    Operation("layer norm", [[4, 6], [6], [6]]) { $0[0].layerNorm(scale: $0[1], shift: $0[2]) },
    Operation("sigmoid cross entropy of rows", [[3, 4]]) {
        $0[0].sigmoidCrossEntropy(answers, weights: Tensor([1.0, 0, 2]))
    },
    Operation("sigmoid cross entropy of elements", [[3, 4]]) {
        $0[0].sigmoidCrossEntropy(answers, weights: answers * 3 + 0.5)
    },
    Operation("a variable used twice accumulates", [[4]]) { $0[0] * $0[0] + $0[0].tanh() * $0[0] },
]

@Test(arguments: operations)
func theGradientEqualsCentralDifferences(_ operation: Operation) {
    let inputs = operation.shapes.enumerated().map { randomTensor($0.element, UInt64($0.offset + 1)) }
    #expect(gradientError(inputs, operation.apply) < tolerance)
}
