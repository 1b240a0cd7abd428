import RecurrentFormats
import RecurrentTensor

/// Operators that make one number of many along axes.
enum Reductions {
    static let table: [String: ONNXOperator] = {
        var table: [String: ONNXOperator] = [
            "ArgMax": ONNXOperator.one { try arg($0, isMax: true) }.widened(),
            "ArgMin": ONNXOperator.one { try arg($0, isMax: false) }.widened(),
            "CumSum": ONNXOperator.one { try cumulated($0, isProduct: false) }.widened(),
            "CumProd": ONNXOperator.one { try cumulated($0, isProduct: true) }.widened(),
            "TopK": ONNXOperator(topK).widened(),
            "Hardmax": ONNXOperator.one(hardmax).widened(),
        ]
        for kind in Kind.allCases { table[kind.rawValue] = ONNXOperator.one { try reduce(kind, $0) }.widened() }
        return table
    }()

    enum Kind: String, CaseIterable, Sendable {
        case sum = "ReduceSum"
        case mean = "ReduceMean"
        case product = "ReduceProd"
        case max = "ReduceMax"
        case min = "ReduceMin"
        case l1 = "ReduceL1"
        case l2 = "ReduceL2"
        case sumOfSquares = "ReduceSumSquare"
        case logOfSum = "ReduceLogSum"
        case logOfSumOfExp = "ReduceLogSumExp"
    }

    private static func reduce(_ kind: Kind, _ call: ONNXCall) throws -> ONNXArray {
        var x = try call.input(0)
        let isBool = x.elementType == .bool
        if isBool, kind == .max || kind == .min { x = x.reinterpreted(as: .uint8) }
        let named = try call.integers(1) ?? call.integers("axes")
        if named?.isEmpty ?? true, try call.flag("noop_with_empty_axes", or: false) {
            return try reduced(x, axes: [], kind, call)
        }
        let axes =
            named.map { $0.isEmpty } ?? true ? Array(0..<x.rank) : try call.axes(named ?? [], rank: x.rank)
        let result = try reduced(x, axes: axes, kind, call)
        let keeps = try call.flag("keepdims", or: true)
        let shape = x.shape.enumerated().compactMap { axis, extent in
            axes.contains(axis) ? (keeps ? 1 : nil) : extent
        }
        let shaped = result.reshaped(shape)
        return isBool ? shaped.reinterpreted(as: .bool) : shaped
    }

    /// The axes left, in order.
    static func reduced(_ x: ONNXArray, axes: [Int], _ kind: Kind, _ call: ONNXCall) throws -> ONNXArray {
        let kept = (0..<x.rank).filter { !axes.contains($0) }
        let rows = try call.transposed(x, kept + axes)
        let shape = kept.map { x.shape[$0] }
        let width = axes.reduce(1) { $0 * x.shape[$1] }
        let reduction = Reduction(kind: kind, rows: rows, shape: shape, width: width, call: call)
        guard let result = try reduction.visit(x.elementType) else { throw call.unsupported(x.elementType) }
        return result
    }

    private struct Reduction: NumberVisitor {
        let kind: Kind
        let rows: ONNXArray
        let shape: [Int]
        let width: Int
        let call: ONNXCall

        func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
            try call.make(shape, S.self) { target in
                rows.read(S.self) { source in
                    for row in target.indices {
                        target[row] = one(UnsafeBufferPointer(rebasing: source[row * width..<(row + 1) * width]))
                    }
                }
            }
        }

        private func one<S: ONNXNumber>(_ row: UnsafeBufferPointer<S>) -> S {
            switch kind {
            case .max: row.dropFirst().reduce(row.first ?? S.least, S.larger)
            case .min: row.dropFirst().reduce(row.first ?? S.greatest, S.lesser)
            case .product: row.reduce(S(wide: 1), S.product)
            default: S.self == Float.self || S.self == Double.self ? S(double: float(row)) : whole(row)
            }
        }

        /// Floats are summed as doubles and rounded once.
        private func float<S: ONNXNumber>(_ row: UnsafeBufferPointer<S>) -> Double {
            switch kind {
            case .mean: return row.reduce(0) { $0 + $1.double } / Double(width)
            case .l1: return row.reduce(0) { $0 + abs($1.double) }
            case .l2: return row.reduce(0) { $0 + $1.double * $1.double }.squareRoot()
            case .sumOfSquares: return row.reduce(0) { $0 + $1.double * $1.double }
            case .logOfSum: return Double.log(row.reduce(0) { $0 + $1.double })
            case .logOfSumOfExp:
                let largest = row.reduce(-Double.infinity) { max($0, $1.double) }
                if !largest.isFinite { return largest }
                return largest + Double.log(row.reduce(0) { $0 + Double.exp($1.double - largest) })
            default: return row.reduce(0) { $0 + $1.double }
            }
        }

        private func whole<S: ONNXNumber>(_ row: UnsafeBufferPointer<S>) -> S {
            let zero = S(wide: 0)
            switch kind {
            case .mean:
                let sum = row.reduce(Int64(0)) { $0 &+ $1.wide }
                return width == 0 ? zero : S(wide: sum / Int64(width))
            case .sumOfSquares: return row.reduce(zero) { S.sum($0, S.product($1, $1)) }
            case .l1: return row.reduce(zero) { S.sum($0, $1 < zero ? S.difference(zero, $1) : $1) }
            case .l2, .logOfSum, .logOfSumOfExp: return S(double: float(row))
            default: return row.reduce(zero, S.sum)
            }
        }
    }

    // MARK: - Places

    private static func arg(_ call: ONNXCall, isMax: Bool) throws -> ONNXArray {
        struct Search: NumberVisitor {
            let rows: ONNXArray
            let shape: [Int]
            let width: Int
            let isMax, isLast: Bool
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                try call.make(shape, Int64.self) { target in
                    rows.read(S.self) { source in
                        for row in target.indices {
                            var best = 0
                            for k in 1..<Swift.max(1, width) {
                                let (a, b) = (source[row * width + k], source[row * width + best])
                                if isMax ? a > b : a < b { best = k } else if isLast, a == b { best = k }
                            }
                            target[row] = Int64(best)
                        }
                    }
                }
            }
        }
        let x = try call.input(0)
        let axis = try call.axis(call.integer("axis", or: 0), rank: x.rank)
        guard x.shape[axis] > 0 else { throw call.failure("axis \(axis) is empty") }
        let kept = (0..<x.rank).filter { $0 != axis }
        let search = Search(
            rows: try call.transposed(x, kept + [axis]), shape: kept.map { x.shape[$0] }, width: x.shape[axis],
            isMax: isMax, isLast: try call.flag("select_last_index", or: false), call: call)
        guard let result = try search.visit(x.elementType) else { throw call.unsupported(x.elementType) }
        guard try call.flag("keepdims", or: true) else { return result }
        var shape = x.shape
        shape[axis] = 1
        return result.reshaped(shape)
    }

    private static func hardmax(_ call: ONNXCall) throws -> ONNXArray {
        struct Mark: FloatVisitor {
            let rows: ONNXArray
            let call: ONNXCall
            func visit<S: ONNXNumber & FloatingScalar>(_: S.Type) throws -> ONNXArray {
                let width = rows.shape.last ?? 1
                return try call.make(rows.shape, S.self) { target in
                    rows.read(S.self) { source in
                        for row in 0..<(width == 0 ? 0 : rows.count / width) {
                            var best = 0
                            for k in 0..<width where source[row * width + k] > source[row * width + best] { best = k }
                            target[row * width + best] = 1
                        }
                    }
                }
            }
        }
        return try Normalisation.alongRows(call) { rows in
            guard let result = try Mark(rows: rows, call: call).visit(rows.elementType) else {
                throw call.unsupported(rows.elementType)
            }
            return result
        }
    }

    private static func cumulated(_ call: ONNXCall, isProduct: Bool) throws -> ONNXArray {
        struct Cumulation: NumberVisitor {
            let x: ONNXArray
            let axis: Int
            let isProduct, isExclusive, isReverse: Bool
            let call: ONNXCall
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
                let (extent, inner) = (x.shape[axis], x.shape[(axis + 1)...].reduce(1, *))
                return try call.make(x.shape, S.self) { target in
                    x.read(S.self) { source in
                        guard extent > 0, inner > 0 else { return }
                        for outer in 0..<x.count / (extent * inner) {
                            for column in 0..<inner {
                                var sum = S(wide: isProduct ? 1 : 0)
                                for k in 0..<extent {
                                    let step = isReverse ? extent - 1 - k : k
                                    let place = (outer * extent + step) * inner + column
                                    let next = isProduct ? S.product(sum, source[place]) : S.sum(sum, source[place])
                                    target[place] = isExclusive ? sum : next
                                    sum = next
                                }
                            }
                        }
                    }
                }
            }
        }
        let x = try call.input(0)
        guard let named = try call.integer(1) else { throw call.failure("the axis is missing") }
        let cumulation = Cumulation(
            x: x, axis: try call.axis(named, rank: x.rank), isProduct: isProduct,
            isExclusive: try call.flag("exclusive", or: false), isReverse: try call.flag("reverse", or: false),
            call: call)
        guard let result = try cumulation.visit(x.elementType) else { throw call.unsupported(x.elementType) }
        return result
    }

    private static func topK(_ call: ONNXCall) throws -> [ONNXValue?] {
        struct Order: NumberVisitor {
            let rows: ONNXArray
            let count: Int
            let isLargest: Bool
            /// The places of the first `count` elements of each row.
            func visit<S: ONNXNumber>(_: S.Type) throws -> [Int] {
                let width = rows.shape.last ?? 1
                var places: [Int] = []
                rows.read(S.self) { source in
                    for row in 0..<(width == 0 ? 0 : rows.count / width) {
                        // Equal elements stand in the order of their places; a NaN is the largest.
                        let order = (0..<width).sorted { a, b in
                            let (x, y) = (source[row * width + a], source[row * width + b])
                            if x.isNotANumber != y.isNotANumber { return x.isNotANumber == isLargest }
                            if x == y || x.isNotANumber { return a < b }
                            return isLargest ? x > y : x < y
                        }
                        places.append(contentsOf: order.prefix(count).map { row * width + $0 })
                    }
                }
                return places
            }
        }
        let x = try call.input(0)
        let axis = try call.axis(call.integer("axis", or: -1), rank: x.rank)
        guard let k = try call.integer(1) ?? call.optionalInteger("k"), k >= 0, k <= x.shape[axis] else {
            throw call.failure("k is missing or not in 0…\(x.shape[axis])")
        }
        let kept = (0..<x.rank).filter { $0 != axis }
        let rows = try call.transposed(x, kept + [axis])
        try call.reserve(x.shape, .int64)
        let order = Order(rows: rows, count: k, isLargest: try call.flag("largest", or: true))
        guard let places = try order.visit(x.elementType) else { throw call.unsupported(x.elementType) }
        let shape = kept.map { x.shape[$0] } + [k]
        let width = x.shape[axis]
        let numbers = try call.make(shape, Int64.self) { target in
            for (at, place) in places.enumerated() { target[at] = Int64(width == 0 ? 0 : place % width) }
        }
        let back = (0..<x.rank).map { $0 == axis ? x.rank - 1 : $0 < axis ? $0 : $0 - 1 }
        let values = try call.transposed(call.picked(rows, places, shape: shape), back)
        return [.array(values), .array(try call.transposed(numbers, back))]
    }
}
