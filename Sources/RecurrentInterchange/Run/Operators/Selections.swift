import RecurrentFormats
import RecurrentTensor

/// Operators that choose elements by numbers or truth values, or put elements in chosen places.
enum Selections {
    static let table: [String: ONNXOperator] = [
        "Where": ONNXOperator.one(choose), "Gather": ONNXOperator.one(gather),
        "GatherElements": ONNXOperator.one(gatherElements), "GatherND": ONNXOperator.one(gatherND),
        "ScatterElements": ONNXOperator.one(scatterElements).widened(),
        "Scatter": ONNXOperator.one(scatterElements).widened(), "ScatterND": ONNXOperator.one(scatterND).widened(),
        "Compress": ONNXOperator.one(compress), "NonZero": ONNXOperator.one(nonZero),
        "OneHot": ONNXOperator.one(oneHot), "Unique": ONNXOperator(unique),
    ]

    private static func choose(_ call: ONNXCall) throws -> ONNXArray {
        struct Choice: WidthVisitor {
            let condition, a, b: ONNXArray
            let shape: [Int]
            let call: ONNXCall
            func visit<U: BitwiseCopyable>(_: U.Type) throws -> ONNXArray {
                let walk = StridedWalk(
                    shape, strides: [condition, a, b].map { StridedWalk.broadcastStrides($0.shape, in: shape) })
                let (s, t, u) = (walk.last(0), walk.last(1), walk.last(2))
                return try call.make(shape, a.elementType, of: U.self) { target in
                    condition.read(UInt8.self) { c in
                        a.read(U.self) { x in
                            b.read(U.self) { y in
                                walk.rows { row, offsets in
                                    for k in 0..<walk.width {
                                        target[row * walk.width + k] =
                                            c[offsets[0] + k * s] != 0 ? x[offsets[1] + k * t] : y[offsets[2] + k * u]
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        let (condition, a, b) = (try call.input(0), try call.input(1), try call.input(2))
        guard condition.elementType == .bool else { throw call.failure("the condition is no truth value") }
        _ = try call.sameType([a, b])
        let shape = try call.broadcastShape([condition.shape, a.shape, b.shape])
        return try Choice(condition: condition, a: a, b: b, shape: shape, call: call).visit(width: a.width)
    }

    /// Indices counted from 0; negative ones count from the end.
    private static func places(_ indices: ONNXArray, extent: Int, _ call: ONNXCall) throws -> [Int] {
        guard indices.elementType == .int32 || indices.elementType == .int64 else {
            throw call.failure("indices are \(indices.elementType.name), not int32 or int64")
        }
        return try call.integers(indices).map { index in
            guard index >= -extent, index < extent else {
                throw call.failure("the index \(index) is not among \(extent) elements")
            }
            return index < 0 ? index + extent : index
        }
    }

    private static func gather(_ call: ONNXCall) throws -> ONNXArray {
        let (x, indices) = (try call.input(0), try call.input(1))
        let axis = try call.axis(call.integer("axis", or: 0), rank: x.rank)
        let places = try places(indices, extent: x.shape[axis], call)
        let shape = Array(x.shape[..<axis]) + indices.shape + Array(x.shape[(axis + 1)...])
        try call.reserve(shape, x.elementType)
        var result = ONNXArray(zeros: shape, x.elementType)
        let block = x.shape[(axis + 1)...].reduce(x.width, *)
        let outer = x.shape[..<axis].reduce(1, *)
        guard result.count > 0 else { return result }
        x.storage.withUnsafeBytes { source in
            result.writeBytes { target in
                for o in 0..<outer {
                    for (k, place) in places.enumerated() {
                        let from = (o * x.shape[axis] + place) * block
                        let to = (o * places.count + k) * block
                        UnsafeMutableRawBufferPointer(rebasing: target[to..<to + block])
                            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from..<from + block]))
                    }
                }
            }
        }
        return result
    }

    /// For each place of `shape` the number of the element of `x` whose index along `axis` is replaced by `places`.
    private static func replaced(
        _ x: ONNXArray, _ shape: [Int], axis: Int, _ places: [Int], _ call: ONNXCall
    ) throws -> [Int] {
        guard shape.count == x.rank, shape.indices.allSatisfy({ $0 == axis || shape[$0] <= x.shape[$0] }) else {
            throw call.failure("indices of shape \(shape) do not fit \(x.shape)")
        }
        let strides = StridedWalk.strides(x.shape)
        var free = strides
        free[axis] = 0
        let walk = StridedWalk(shape, strides: [free])
        var result = [Int](repeating: 0, count: places.count)
        walk.rows { row, offsets in
            for k in 0..<walk.width {
                let at = row * walk.width + k
                result[at] = offsets[0] + k * walk.last(0) + places[at] * strides[axis]
            }
        }
        return result
    }

    private static func gatherElements(_ call: ONNXCall) throws -> ONNXArray {
        let (x, indices) = (try call.input(0), try call.input(1))
        let axis = try call.axis(call.integer("axis", or: 0), rank: x.rank)
        let places = try places(indices, extent: x.shape[axis], call)
        return try call.picked(x, replaced(x, indices.shape, axis: axis, places, call), shape: indices.shape)
    }

    /// For each row of `indices` the number of the first element that it names after `batch` shared axes.
    private static func rows(
        _ x: ONNXArray, _ indices: ONNXArray, batch: Int, _ call: ONNXCall
    ) throws -> (starts: [Int], depth: Int) {
        guard x.rank >= 1, indices.rank >= 1, batch >= 0, batch < min(x.rank, indices.rank) + 0,
            Array(x.shape[..<batch]) == Array(indices.shape[..<batch])
        else { throw call.failure("\(batch) axes are not shared by \(x.shape) and \(indices.shape)") }
        let depth = indices.shape[indices.rank - 1]
        guard depth >= 1, depth <= x.rank - batch else {
            throw call.failure("\(depth) indices do not fit \(x.shape) after \(batch) axes")
        }
        let numbers = try call.integers(indices)
        let strides = StridedWalk.strides(x.shape)
        let perBatch = indices.shape[batch..<indices.rank - 1].reduce(1, *)
        let batchStride = batch == 0 ? 0 : strides[batch - 1]
        var starts: [Int] = []
        for row in 0..<numbers.count / depth {
            var start = perBatch == 0 ? 0 : row / perBatch * batchStride
            for k in 0..<depth {
                let (index, extent) = (numbers[row * depth + k], x.shape[batch + k])
                guard index >= -extent, index < extent else {
                    throw call.failure("the index \(index) is not among \(extent) elements")
                }
                start += (index < 0 ? index + extent : index) * strides[batch + k]
            }
            starts.append(start)
        }
        return (starts, depth)
    }

    private static func gatherND(_ call: ONNXCall) throws -> ONNXArray {
        let (x, indices) = (try call.input(0), try call.input(1))
        let batch = try call.integer("batch_dims", or: 0)
        let (starts, depth) = try rows(x, indices, batch: batch, call)
        let tail = Array(x.shape[(batch + depth)...])
        let block = tail.reduce(1, *)
        let shape = Array(indices.shape.dropLast()) + tail
        try call.reserve(shape, .int64)
        return try call.picked(x, starts.flatMap { $0..<$0 + block }, shape: shape)
    }

    // MARK: - Putting

    private static func scatter(
        _ x: ONNXArray, _ updates: ONNXArray, at places: [Int], _ call: ONNXCall
    ) throws -> ONNXArray {
        struct Put: WidthVisitor {
            let x, updates: ONNXArray
            let places: [Int]
            func visit<U: BitwiseCopyable>(_: U.Type) throws -> ONNXArray {
                var result = x
                let count = x.count
                updates.read(U.self) { source in
                    result.write(U.self) { target in
                        for (k, place) in places.enumerated() {
                            precondition(place >= 0 && place < count, "ONNX: element \(place) of \(count)")
                            target[place] = source[k]
                        }
                    }
                }
                return result
            }
        }
        struct Combine: NumberVisitor {
            let x, updates: ONNXArray
            let places: [Int]
            let kind: String
            func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray? {
                let function: (S, S) -> S
                switch kind {
                case "add": function = S.sum
                case "mul": function = S.product
                case "max": function = S.larger
                case "min": function = S.lesser
                default: return nil
                }
                var result = x
                let count = x.count
                updates.read(S.self) { source in
                    result.write(S.self) { target in
                        for (k, place) in places.enumerated() {
                            precondition(place >= 0 && place < count, "ONNX: element \(place) of \(count)")
                            target[place] = function(target[place], source[k])
                        }
                    }
                }
                return result
            }
        }
        _ = try call.sameType([x, updates])
        try call.reserve(x.shape, x.elementType)
        let kind = try call.text("reduction", or: "none")
        if kind == "none" { return try Put(x: x, updates: updates, places: places).visit(width: x.width) }
        let combine = Combine(x: x, updates: updates, places: places, kind: kind)
        guard let result = try combine.visit(x.elementType) else { throw call.unsupported(x.elementType) }
        guard let result else { throw call.failure("the reduction \(ONNXTensor.shown(kind)) is not supported") }
        return result
    }

    private static func scatterElements(_ call: ONNXCall) throws -> ONNXArray {
        let (x, indices, updates) = (try call.input(0), try call.input(1), try call.input(2))
        guard indices.shape == updates.shape else {
            throw call.failure("indices \(indices.shape) and updates \(updates.shape) do not fit")
        }
        let axis = try call.axis(call.integer("axis", or: 0), rank: x.rank)
        let places = try places(indices, extent: x.shape[axis], call)
        return try scatter(x, updates, at: replaced(x, indices.shape, axis: axis, places, call), call)
    }

    private static func scatterND(_ call: ONNXCall) throws -> ONNXArray {
        let (x, indices, updates) = (try call.input(0), try call.input(1), try call.input(2))
        let (starts, depth) = try rows(x, indices, batch: 0, call)
        let tail = Array(x.shape[depth...])
        guard updates.shape == Array(indices.shape.dropLast()) + tail else {
            throw call.failure("updates \(updates.shape) do not fit indices \(indices.shape) of \(x.shape)")
        }
        let block = tail.reduce(1, *)
        try call.reserve(updates.shape, .int64)
        return try scatter(x, updates, at: starts.flatMap { $0..<$0 + block }, call)
    }

    // MARK: - By truth values

    private static func compress(_ call: ONNXCall) throws -> ONNXArray {
        var x = try call.input(0)
        let condition = try call.input(1)
        guard condition.elementType == .bool, condition.rank == 1 else {
            throw call.failure("the condition is no vector of truth values")
        }
        let axis: Int
        if let named = try call.optionalInteger("axis") {
            axis = try call.axis(named, rank: x.rank)
        } else {
            x = x.reshaped([x.count])
            axis = 0
        }
        let extent = x.shape[axis]
        let kept = condition.read(UInt8.self) { flags in flags.indices.filter { flags[$0] != 0 } }
        guard kept.last ?? -1 < extent else { throw call.failure("the condition has more than \(extent) elements") }
        var shape = x.shape
        shape[axis] = kept.count
        guard try call.reserve(shape, .int64) > 0 else { return ONNXArray(zeros: shape, x.elementType) }
        let sources = x.shape.indices.map { $0 == axis ? kept : Array(0..<x.shape[$0]) }
        return try call.picked(
            x, Shapes.places(sources, StridedWalk.strides(x.shape), missing: 0), shape: shape)
    }

    private static func nonZero(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        let flags = try Casts.cast(x, to: .bool, call)
        let found = flags.read(UInt8.self) { flags in flags.indices.filter { flags[$0] != 0 } }
        let strides = StridedWalk.strides(x.shape)
        return try call.make([x.rank, found.count], Int64.self) { target in
            for (k, place) in found.enumerated() {
                for axis in 0..<x.rank {
                    target[axis * found.count + k] = Int64(place / strides[axis] % max(1, x.shape[axis]))
                }
            }
        }
    }

    private static func oneHot(_ call: ONNXCall) throws -> ONNXArray {
        let (indices, values) = (try call.input(0), try call.input(2))
        guard let depth = try call.number(1).map({ Int(Int64(double: $0)) }), depth >= 0, depth < 1 << 40,
            values.shape == [2]
        else { throw call.failure("the depth is missing or negative, or there are not two values") }
        let axis = try call.axis(call.integer("axis", or: -1), rank: indices.rank, allowsEnd: true)
        var shape = indices.shape
        shape.insert(depth, at: axis)
        let count = try call.reserve(shape, .int64)
        var picks = [Int](repeating: 0, count: count)
        let inner = indices.shape[axis...].reduce(1, *)
        for (k, number) in indices.doubles().enumerated() where count > 0 {
            let index = Int(Int64(double: number))
            guard index >= -depth, index < depth else { continue }
            let place = index < 0 ? index + depth : index
            picks[(k / inner * depth + place) * inner + k % inner] = 1
        }
        return try call.picked(values, picks, shape: shape)
    }

    private static func unique(_ call: ONNXCall) throws -> [ONNXValue?] {
        var x = try call.input(0)
        guard ONNXArray.storageType(x.elementType) != nil else { throw call.unsupported(x.elementType) }
        let axis: Int
        if let named = try call.optionalInteger("axis") {
            axis = try call.axis(named, rank: x.rank)
        } else {
            x = x.reshaped([x.count])
            axis = 0
        }
        let kept = (0..<x.rank).filter { $0 != axis }
        let rows = try call.transposed(x, [axis] + kept)
        let (extent, width) = (x.shape[axis], kept.reduce(1) { $0 * x.shape[$1] })
        try call.reserve([rows.count], .float64)
        try call.reserve([extent], .int64)
        let numbers = rows.doubles()
        func row(_ k: Int) -> ArraySlice<Double> { numbers[k * width..<(k + 1) * width] }
        var order = Array(0..<extent)
        order.sort { a, b in
            row(a).elementsEqual(row(b)) ? a < b : row(a).lexicographicallyPrecedes(row(b))
        }
        var firsts: [Int] = []
        var group = [Int](repeating: 0, count: extent)
        var counts: [Int] = []
        for k in order {
            if let last = firsts.last, row(last).elementsEqual(row(k)) {
                counts[counts.count - 1] += 1
            } else {
                firsts.append(k)
                counts.append(1)
            }
            group[k] = firsts.count - 1
        }
        if try !call.flag("sorted", or: true) {
            let places = firsts.indices.sorted { firsts[$0] < firsts[$1] }
            var new = [Int](repeating: 0, count: places.count)
            for (at, old) in places.enumerated() { new[old] = at }
            (firsts, counts) = (places.map { firsts[$0] }, places.map { counts[$0] })
            group = group.map { new[$0] }
        }
        let picks = firsts.flatMap { $0 * width..<($0 + 1) * width }
        let values = try call.picked(rows, picks, shape: [firsts.count] + kept.map { x.shape[$0] })
        let back = (0..<x.rank).map { $0 == axis ? 0 : $0 < axis ? $0 + 1 : $0 }
        return [
            .array(try call.transposed(values, back)), .array(try call.vector(firsts)),
            .array(try call.vector(group)), .array(try call.vector(counts)),
        ]
    }
}
