import RecurrentFormats
import RecurrentTensor

/// Products of matrices.
enum Products {
    static let table: [String: ONNXOperator] = [
        "MatMul": ONNXOperator.one { try multiply(try $0.input(0), try $0.input(1), $0) }.widened(),
        "Gemm": ONNXOperator.one(since: 6, gemm).widened(), "Einsum": ONNXOperator.one(einsum).widened(),
        "Det": ONNXOperator.one(determinant).widened(), "MatMulInteger": ONNXOperator.one(multiplyBytes),
    ]

    /// The product of the last two axes of both, the others repeated where needed.
    static func multiply(_ a: ONNXArray, _ b: ONNXArray, _ call: ONNXCall) throws -> ONNXArray {
        let type = try call.sameType([a, b])
        guard a.rank >= 1, b.rank >= 1 else { throw call.failure("a scalar has no matrix product") }
        let x = a.rank == 1 ? a.reshaped([1, a.count]) : a
        let y = b.rank == 1 ? b.reshaped([b.count, 1]) : b
        let (rows, depth, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1], y.shape[y.rank - 1])
        guard y.shape[y.rank - 2] == depth else {
            throw call.failure("the product of \(a.shape) and \(b.shape) does not exist")
        }
        let batch = try call.broadcastShape([Array(x.shape.dropLast(2)), Array(y.shape.dropLast(2))])
        let count = try call.reserve(batch + [rows, columns], type)
        try call.spend(Double(count) * Double(depth))
        let product = Product(x: x, y: y, batch: batch, rows: rows, depth: depth, columns: columns, call: call)
        guard let result = try product.visit(type) else { throw call.unsupported(type) }
        var shape = batch
        if a.rank > 1 { shape.append(rows) }
        if b.rank > 1 { shape.append(columns) }
        return result.reshaped(shape)
    }

    private struct Product: NumberVisitor {
        let x, y: ONNXArray
        let batch: [Int]
        let rows, depth, columns: Int
        let call: ONNXCall

        func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
            let walk = StridedWalk(
                batch + [1],
                strides: [x, y].map { array in
                    let own = Array(array.shape.dropLast(2))
                    let size = array.shape[array.rank - 2] * array.shape[array.rank - 1]
                    return StridedWalk.broadcastStrides(own, in: batch).map { $0 * size } + [0]
                })
            return try call.make(batch + [rows, columns], S.self) { target in
                guard let c = target.baseAddress, target.count > 0, depth > 0 else { return }
                x.read(S.self) { a in
                    y.read(S.self) { b in
                        guard let a = a.baseAddress, let b = b.baseAddress else { return }
                        walk.rows { row, offsets in
                            Products.product(
                                a + offsets[0], b + offsets[1], c + row * rows * columns, rows, depth, columns)
                        }
                    }
                }
            }
        }
    }

    /// C = A·B, by the kernels for floats and by loops for whole numbers.
    static func product<S: ONNXNumber>(
        _ a: UnsafePointer<S>, _ b: UnsafePointer<S>, _ c: UnsafeMutablePointer<S>, _ rows: Int, _ depth: Int,
        _ columns: Int
    ) {
        let kernel = MatrixProduct(rows: rows, columns: columns, depth: depth)
        if let a = a as? UnsafePointer<Float>, let b = b as? UnsafePointer<Float>,
            let c = c as? UnsafeMutablePointer<Float>
        {
            kernel(a, b, c)
        } else if let a = a as? UnsafePointer<Double>, let b = b as? UnsafePointer<Double>,
            let c = c as? UnsafeMutablePointer<Double>
        {
            kernel(a, b, c)
        } else {
            for row in 0..<rows {
                for k in 0..<depth {
                    let factor = a[row * depth + k]
                    for column in 0..<columns {
                        let sum = S.product(factor, b[k * columns + column])
                        c[row * columns + column] = S.sum(c[row * columns + column], sum)
                    }
                }
            }
        }
    }

    private static func gemm(_ call: ONNXCall) throws -> ONNXArray {
        var (a, b) = (try call.input(0), try call.input(1))
        guard a.rank == 2, b.rank == 2 else { throw call.failure("\(a.shape) and \(b.shape) are no matrices") }
        if try call.flag("transA", or: false) { a = try call.transposed(a, [1, 0]) }
        if try call.flag("transB", or: false) { b = try call.transposed(b, [1, 0]) }
        var result = try multiply(a, b, call)
        let (alpha, beta) = (try call.number("alpha", or: 1), try call.number("beta", or: 1))
        if alpha != 1 { result = try scaled(result, alpha, call) }
        guard var c = try call.optional(2) else { return result }
        if beta != 1 { c = try scaled(c, beta, call) }
        guard try call.broadcastShape([result.shape, c.shape]) == result.shape else {
            throw call.failure("\(c.shape) cannot be added to \(result.shape)")
        }
        return try Elementwise.combine(.add, result, c, call)
    }

    static func scaled(_ x: ONNXArray, _ factor: Double, _ call: ONNXCall) throws -> ONNXArray {
        struct Scale: NumberVisitor {
            let x: ONNXArray
            let factor: Double
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                let factor = S(double: factor)
                return try call.mapped(x, S.self, S.onnxType, S.self) { S.product($0, factor) }
            }
        }
        guard let result = try Scale(x: x, factor: factor, call: call).visit(x.elementType) else {
            throw call.unsupported(x.elementType)
        }
        return result
    }

    private static func multiplyBytes(_ call: ONNXCall) throws -> ONNXArray {
        func shifted(_ index: Int, alongRows: Bool) throws -> ONNXArray {
            let x = try Casts.cast(call.input(index), to: .int32, call)
            guard var zero = try call.optional(index + 2).map({ try Casts.cast($0, to: .int32, call) }) else {
                return x
            }
            if alongRows, zero.rank == 1, zero.count > 1 { zero = zero.reshaped([zero.count, 1]) }
            guard try call.broadcastShape([x.shape, zero.shape]) == x.shape else {
                throw call.failure("the zero point \(zero.shape) does not fit \(x.shape)")
            }
            return try Elementwise.combine(.subtract, x, zero, call)
        }
        for index in 0..<2 {
            let type = try call.input(index).elementType
            guard type == .int8 || type == .uint8 else { throw call.unsupported(type) }
        }
        return try multiply(shifted(0, alongRows: true), shifted(1, alongRows: false), call)
    }

    private static func determinant(_ call: ONNXCall) throws -> ONNXArray {
        struct Determinant: FloatVisitor {
            let x: ONNXArray
            let call: ONNXCall
            func visit<S: ONNXNumber & FloatingScalar>(_: S.Type) throws -> ONNXArray {
                let n = x.shape[x.rank - 1]
                let numbers = x.doubles()
                return try call.make(Array(x.shape.dropLast(2)), S.self) { target in
                    for k in target.indices {
                        var m = Array(numbers[k * n * n..<(k + 1) * n * n])
                        var result = 1.0
                        for column in 0..<n {
                            var pivot = column
                            for row in column..<n where abs(m[row * n + column]) > abs(m[pivot * n + column]) {
                                pivot = row
                            }
                            if m[pivot * n + column] == 0 {
                                result = 0
                                break
                            }
                            if pivot != column {
                                for j in 0..<n { m.swapAt(pivot * n + j, column * n + j) }
                                result = -result
                            }
                            result *= m[column * n + column]
                            for row in column + 1..<max(n, column + 1) {
                                let factor = m[row * n + column] / m[column * n + column]
                                for j in column..<n { m[row * n + j] -= factor * m[column * n + j] }
                            }
                        }
                        target[k] = S(result)
                    }
                }
            }
        }
        let x = try call.input(0)
        guard x.rank >= 2, x.shape[x.rank - 1] == x.shape[x.rank - 2] else {
            throw call.failure("\(x.shape) is no square matrix")
        }
        try call.spend(Double(x.count) * Double(x.shape[x.rank - 1]))
        guard let result = try Determinant(x: x, call: call).visit(x.elementType) else {
            throw call.unsupported(x.elementType)
        }
        return result
    }

    // MARK: - Einsum

    private static func einsum(_ call: ONNXCall) throws -> ONNXArray {
        let text = try call.text("equation", or: "").filter { $0 != " " }
        let inputs = try call.allInputs()
        _ = try call.sameType(inputs)
        let equation = try EinsumEquation(text, inputs.map(\.shape), call)
        // One operand after another joins the product, and a letter is summed over when no later one has it.
        var (value, letters) = try equation.arranged(inputs[0], 0, call)
        for index in 1..<max(1, inputs.count) {
            let (next, nextLetters) = try equation.arranged(inputs[index], index, call)
            let later = Set(equation.terms[(index + 1)...].joined()).union(equation.result)
            (value, letters) = try joined(value, letters, next, nextLetters, keeping: later, call)
        }
        let extra = letters.indices.filter { !equation.result.contains(letters[$0]) }
        if !extra.isEmpty {
            value = try Reductions.reduced(value, axes: extra, .sum, call)
            letters = letters.filter { equation.result.contains($0) }
        }
        let order = try equation.result.map { letter -> Int in
            guard let place = letters.firstIndex(of: letter) else {
                throw call.failure("the output letter \(letter) is in no input")
            }
            return place
        }
        return try call.transposed(value, order)
    }

    /// The product of two arrays over all letters, summed over those that nothing needs any more.
    private static func joined(
        _ a: ONNXArray, _ la: [Character], _ b: ONNXArray, _ lb: [Character], keeping later: Set<Character>,
        _ call: ONNXCall
    ) throws -> (ONNXArray, [Character]) {
        let shared = la.filter { lb.contains($0) }
        let summed = shared.filter { !later.contains($0) }
        let batch = shared.filter { later.contains($0) }
        let (onlyA, onlyB) = (la.filter { !shared.contains($0) }, lb.filter { !shared.contains($0) })
        func arranged(_ x: ONNXArray, _ letters: [Character], _ order: [[Character]]) throws -> ONNXArray {
            let moved = try call.transposed(x, order.joined().compactMap { letters.firstIndex(of: $0) })
            var (shape, at): ([Int], Int) = ([], 0)
            for (k, group) in order.enumerated() {
                let extents = moved.shape[at..<at + group.count]
                at += group.count
                if k == 0 { shape.append(contentsOf: extents) } else { shape.append(extents.reduce(1, *)) }
            }
            return moved.reshaped(shape)
        }
        func extents(_ letters: [Character], _ x: ONNXArray, _ own: [Character]) -> [Int] {
            letters.compactMap { letter in own.firstIndex(of: letter).map { x.shape[$0] } }
        }
        for letter in shared where extents([letter], a, la) != extents([letter], b, lb) {
            // One of them is 1: it is repeated.
            let target = max(extents([letter], a, la)[0], extents([letter], b, lb)[0])
            func stretched(_ x: ONNXArray, _ own: [Character]) throws -> ONNXArray {
                var shape = x.shape
                for (axis, name) in own.enumerated() where name == letter { shape[axis] = target }
                return try call.broadcast(x, to: shape)
            }
            return try joined(stretched(a, la), la, stretched(b, lb), lb, keeping: later, call)
        }
        let product = try multiply(
            arranged(a, la, [batch, onlyA, summed]), arranged(b, lb, [batch, summed, onlyB]), call)
        let shape = extents(batch, a, la) + extents(onlyA, a, la) + extents(onlyB, b, lb)
        return (product.reshaped(shape), batch + onlyA + onlyB)
    }
}

/// The letters of an Einsum: those of each operand and those of the result. The axes of `...` get letters of their own.
struct EinsumEquation {
    private(set) var terms: [[Character]] = []
    private(set) var result: [Character] = []

    init(_ text: String, _ shapes: [[Int]], _ call: ONNXCall) throws {
        let sides = text.components(separatedBy: "->")
        let operands = sides[0].split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
        guard sides.count <= 2, operands.count == shapes.count, text.utf8.count < 1024 else {
            throw call.failure("the equation \(ONNXTensor.shown(text)) does not fit \(shapes.count) inputs")
        }
        var extents: [Character: Int] = [:]
        var widest = 0
        for (operand, shape) in zip(operands, shapes) {
            let term = try EinsumEquation.letters(operand, rank: shape.count, call)
            for (letter, extent) in zip(term, shape) {
                guard extent == 1 || extents[letter] ?? 1 == 1 || extents[letter] == extent else {
                    throw call.failure("the letter \(letter) stands for \(extents[letter] ?? 0) and for \(extent)")
                }
                extents[letter] = max(extents[letter] ?? 0, extent)
            }
            widest = max(widest, term.filter { $0.isNumber }.count)
            terms.append(term)
        }
        if sides.count == 2 {
            let named = sides[1].filter { $0.isLetter }.count
            result = try EinsumEquation.letters(sides[1], rank: sides[1].contains(".") ? named + widest : named, call)
        } else {
            let all = terms.joined().map { $0 }
            let once = Set(all.filter { letter in all.filter { $0 == letter }.count == 1 && letter.isLetter })
            result = Array(Set(all.filter { $0.isNumber })).sorted() + once.sorted()
        }
        guard Set(result).count == result.count else { throw call.failure("an output letter is there twice") }
    }

    /// Axes of `...` are numbered from the last: 0 is the last of them, so that operands of other ranks agree.
    private static func letters(_ text: String, rank: Int, _ call: ONNXCall) throws -> [Character] {
        let parts = text.components(separatedBy: "...")
        let named = parts.joined()
        guard parts.count <= 2, named.allSatisfy({ $0.isASCII && $0.isLetter }), named.count <= rank,
            parts.count == 2 || named.count == rank, rank - named.count <= 10
        else { throw call.failure("the letters \(ONNXTensor.shown(text)) do not fit \(rank) axes") }
        let open = rank - named.count
        // 9 − k grows along the axes, so that sorting keeps their order.
        let dots = (0..<open).map { Character("\(10 - open + $0)") }
        return Array(parts[0]) + (parts.count == 2 ? dots + Array(parts[1]) : [])
    }

    /// An operand with one axis for each of its letters: those of one letter are reduced to their diagonal.
    func arranged(_ x: ONNXArray, _ index: Int, _ call: ONNXCall) throws -> (ONNXArray, [Character]) {
        let term = terms[index]
        var letters: [Character] = []
        var (shape, strides): ([Int], [Int]) = ([], [])
        for (axis, stride) in StridedWalk.strides(x.shape).enumerated() {
            if let place = letters.firstIndex(of: term[axis]) {
                guard shape[place] == x.shape[axis] else {
                    throw call.failure("the letter \(term[axis]) stands for axes of two extents")
                }
                strides[place] += stride
            } else {
                letters.append(term[axis])
                shape.append(x.shape[axis])
                strides.append(stride)
            }
        }
        if letters.count == x.rank { return (x, letters) }
        return (try call.gathered(x, shape, strides: strides), letters)
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        var (parts, rest): ([String], Substring) = ([], self[...])
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
