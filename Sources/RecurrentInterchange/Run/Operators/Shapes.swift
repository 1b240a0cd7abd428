import RecurrentFormats
import RecurrentTensor

/// Operators that move elements without computing with them.
enum Shapes {
    static let table: [String: ONNXOperator] = [
        "Identity": ONNXOperator { [$0.value(0)] },
        "Shape": ONNXOperator.one(shape),
        "Size": ONNXOperator.one { call in
            let count = try call.input(0).count
            return try call.make([], Int64.self) { $0[0] = Int64(count) }
        },
        "Reshape": ONNXOperator.one(since: 5, reshape), "Flatten": ONNXOperator.one(flatten),
        "Squeeze": ONNXOperator.one(squeeze), "Unsqueeze": ONNXOperator.one(unsqueeze),
        "Transpose": ONNXOperator.one(transpose), "Concat": ONNXOperator.one(concat),
        "Slice": ONNXOperator.one(slice), "Split": ONNXOperator(split), "Expand": ONNXOperator.one(expand),
        "Tile": ONNXOperator.one(since: 6, tile), "Pad": ONNXOperator.one(since: 2, pad),
        "DepthToSpace": ONNXOperator.one(depthToSpace), "SpaceToDepth": ONNXOperator.one(spaceToDepth),
        "ReverseSequence": ONNXOperator.one(reverseSequence), "Trilu": ONNXOperator.one(trilu),
        "CenterCropPad": ONNXOperator.one(centerCropPad),
    ]

    private static func shape(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        func bound(_ name: String, _ fallback: Int) throws -> Int {
            let value = try call.integer(name, or: fallback)
            return min(max(0, value < 0 ? max(value, -x.rank) + x.rank : value), x.rank)
        }
        let (start, end) = (try bound("start", 0), try bound("end", x.rank))
        return try call.vector(start < end ? Array(x.shape[start..<end]) : [])
    }

    private static func reshape(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        guard var shape = try call.integers(1) else { throw call.failure("the shape is missing") }
        let allowsZero = try call.flag("allowzero", or: false)
        for axis in shape.indices where shape[axis] == 0 && !allowsZero {
            guard axis < x.rank else { throw call.failure("0 in \(shape) stands for an axis that is not there") }
            shape[axis] = x.shape[axis]
        }
        let open = shape.indices.filter { shape[$0] == -1 }
        guard open.count <= 1, shape.allSatisfy({ $0 >= -1 }) else { throw call.failure("\(shape) is no shape") }
        let known = try call.reserve(shape.map { $0 == -1 ? 1 : $0 }, width: 0)
        if let axis = open.first {
            guard known > 0, x.count % known == 0 else {
                throw call.failure("\(x.shape) cannot be given the shape \(shape)")
            }
            shape[axis] = x.count / known
        }
        guard try call.reserve(shape, width: 0) == x.count else {
            throw call.failure("\(x.shape) cannot be given the shape \(shape)")
        }
        return x.reshaped(shape)
    }

    private static func flatten(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        let axis = try call.axis(call.integer("axis", or: 1), rank: x.rank, allowsEnd: true)
        // A negative axis counts from the last axis, not from behind it.
        let named = try call.integer("axis", or: 1)
        let cut = named < 0 ? named + x.rank : axis
        guard cut >= 0 else { throw call.failure("there is no axis \(named)") }
        return x.reshaped([x.shape[..<cut].reduce(1, *), x.shape[cut...].reduce(1, *)])
    }

    private static func squeeze(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        let named = try call.integers(1) ?? call.integers("axes")
        let axes =
            try named.map { try call.axes($0, rank: x.rank) } ?? x.shape.indices.filter { x.shape[$0] == 1 }
        for axis in axes where x.shape[axis] != 1 { throw call.failure("axis \(axis) of \(x.shape) is not 1") }
        return x.reshaped(x.shape.indices.filter { !axes.contains($0) }.map { x.shape[$0] })
    }

    private static func unsqueeze(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        guard let named = try call.integers(1) ?? call.integers("axes") else { throw call.failure("axes are missing") }
        let axes = try call.axes(named, rank: x.rank + named.count)
        var shape = x.shape
        for axis in axes { shape.insert(1, at: axis) }
        try call.reserve(shape, width: 0)
        return x.reshaped(shape)
    }

    private static func transpose(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        let order = try call.integers("perm") ?? Array((0..<x.rank).reversed())
        guard order.sorted() == Array(0..<x.rank) else {
            throw call.failure("perm \(order) does not order \(x.rank) axes")
        }
        return try call.transposed(x, order)
    }

    private static func concat(_ call: ONNXCall) throws -> ONNXArray {
        let parts = try call.allInputs()
        return try concatenated(parts, axis: call.integer("axis", or: 1), call)
    }

    static func concatenated(_ parts: [ONNXArray], axis named: Int, _ call: ONNXCall) throws -> ONNXArray {
        _ = try call.sameType(parts)
        let first = parts[0]
        let axis = try call.axis(named, rank: first.rank)
        var shape = first.shape
        shape[axis] = 0
        for part in parts {
            guard part.rank == first.rank,
                part.shape.indices.allSatisfy({ $0 == axis || part.shape[$0] == first.shape[$0] })
            else { throw call.failure("\(first.shape) and \(part.shape) do not fit along axis \(axis)") }
            shape[axis] += part.shape[axis]
        }
        try call.reserve(shape, first.elementType)
        var result = ONNXArray(zeros: shape, first.elementType)
        let inner = shape[(axis + 1)...].reduce(first.width, *)
        let outer = shape[..<axis].reduce(1, *)
        let row = shape[axis] * inner
        result.writeBytes { target in
            var begin = 0
            for part in parts {
                let length = part.shape[axis] * inner
                guard length > 0 else { continue }
                part.storage.withUnsafeBytes { source in
                    for k in 0..<outer {
                        UnsafeMutableRawBufferPointer(rebasing: target[k * row + begin..<k * row + begin + length])
                            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[k * length..<(k + 1) * length]))
                    }
                }
                begin += length
            }
        }
        return result
    }

    private static func slice(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        guard let starts = try call.integers(1) ?? call.integers("starts"),
            let ends = try call.integers(2) ?? call.integers("ends")
        else { throw call.failure("starts or ends are missing") }
        let named = try call.integers(3) ?? call.integers("axes") ?? Array(starts.indices)
        let steps = try call.integers(4) ?? starts.map { _ in 1 }
        guard starts.count == ends.count, named.count == starts.count, steps.count == starts.count else {
            throw call.failure("starts, ends, axes and steps are not of one length")
        }
        var (shape, strides, offset) = (x.shape, StridedWalk.strides(x.shape), 0)
        var seen: Set<Int> = []
        for k in starts.indices {
            let axis = try call.axis(named[k], rank: x.rank)
            guard seen.insert(axis).inserted else { throw call.failure("axis \(axis) is sliced twice") }
            let (extent, step) = (x.shape[axis], steps[k])
            guard step != 0, step > Int.min else { throw call.failure("a step is \(step)") }
            func bound(_ value: Int, _ low: Int, _ high: Int) -> Int {
                min(max(value < 0 ? max(value, -extent - 1) + extent : value, low), high)
            }
            let (start, end): (Int, Int)
            if step > 0 {
                (start, end) = (bound(starts[k], 0, extent), bound(ends[k], 0, extent))
                shape[axis] = end > start ? (end - start - 1) / step + 1 : 0
            } else {
                (start, end) = (bound(starts[k], -1, extent - 1), bound(ends[k], -1, extent - 1))
                shape[axis] = start > end ? (start - end - 1) / -step + 1 : 0
            }
            if shape[axis] > 0 { offset += start * strides[axis] }
            // One element has no neighbour, and a long step to it could overflow.
            strides[axis] = shape[axis] > 1 ? strides[axis] * step : 0
        }
        if shape.contains(0) {
            try call.reserve(shape, x.elementType)
            return ONNXArray(zeros: shape, x.elementType)
        }
        return try call.gathered(x, shape, offset: offset, strides: strides)
    }

    private static func split(_ call: ONNXCall) throws -> [ONNXValue?] {
        let x = try call.input(0)
        let axis = try call.axis(call.integer("axis", or: 0), rank: x.rank)
        var sizes: [Int]
        if let given = try call.integers(1) ?? call.integers("split") {
            sizes = given
        } else {
            let count = try call.optionalInteger("num_outputs") ?? call.outputCount
            guard count > 0, count <= max(call.outputCount, 1) else { throw call.failure("there are \(count) outputs") }
            let size = (x.shape[axis] + count - 1) / count
            sizes = (0..<count).map { min(size, max(0, x.shape[axis] - $0 * size)) }
        }
        guard sizes.allSatisfy({ $0 >= 0 && $0 <= x.shape[axis] }), sizes.reduce(0, &+) == x.shape[axis],
            sizes.count >= call.outputCount, sizes.count <= 1 << 20
        else { throw call.failure("\(x.shape[axis]) elements cannot be split into \(sizes.prefix(16))") }
        var begin = 0
        return try sizes.map { size in
            defer { begin += size }
            return .array(try part(x, axis: axis, begin..<begin + size, call))
        }
    }

    /// A range along an axis.
    static func part(_ x: ONNXArray, axis: Int, _ range: Range<Int>, _ call: ONNXCall) throws -> ONNXArray {
        var shape = x.shape
        shape[axis] = range.count
        let strides = StridedWalk.strides(x.shape)
        let offset = shape.contains(0) ? 0 : range.lowerBound * strides[axis]
        return try call.gathered(x, shape, offset: offset, strides: strides)
    }

    private static func expand(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        guard let wanted = try call.integers(1), wanted.allSatisfy({ $0 >= 0 }), wanted.count <= 64 else {
            throw call.failure("the shape is missing or negative")
        }
        return try call.broadcast(x, to: call.broadcastShape([x.shape, wanted]))
    }

    private static func tile(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        guard let repeats = try call.integers(1), repeats.count == x.rank, repeats.allSatisfy({ $0 >= 0 }) else {
            throw call.failure("repeats are missing or not \(x.rank) numbers from 0 up")
        }
        var final: [Int] = []
        for (extent, count) in zip(x.shape, repeats) {
            let (product, overflow) = extent.multipliedReportingOverflow(by: count)
            guard !overflow else { throw call.failure("\(x.shape) cannot be repeated \(repeats) times") }
            final.append(product)
        }
        try call.reserve(final, x.elementType)
        let own = StridedWalk.strides(x.shape)
        let shape = zip(repeats, x.shape).flatMap { [$0, $1] }
        return try call.gathered(x, shape, strides: own.flatMap { [0, $0] }).reshaped(final)
    }

    // MARK: - Padding

    private static func pad(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        guard let pads = try call.integers(1) ?? call.integers("pads") else { throw call.failure("pads are missing") }
        let axes = try call.integers(3).map { try $0.map { try call.axis($0, rank: x.rank) } } ?? Array(0..<x.rank)
        guard pads.count == 2 * axes.count, Set(axes).count == axes.count else {
            throw call.failure("\(pads.count) pads do not fit \(axes.count) axes")
        }
        var (before, after) = ([Int](repeating: 0, count: x.rank), [Int](repeating: 0, count: x.rank))
        for (k, axis) in axes.enumerated() { (before[axis], after[axis]) = (pads[k], pads[k + axes.count]) }
        guard pads.allSatisfy({ abs($0.clamped) < 1 << 40 }) else { throw call.failure("a pad is out of reach") }
        let mode = try call.text("mode", or: "constant")
        guard ["constant", "reflect", "edge", "wrap"].contains(mode) else {
            throw call.failure("the mode \(ONNXTensor.shown(mode)) is not supported")
        }
        var value = try call.optional(2)
        if value == nil, call.has("value") {
            let constant = try call.number("value", or: 0)
            let wide = try call.make([], Double.self) { $0[0] = constant }
            value = try Casts.cast(wide, to: x.elementType, call)
        }
        return try padded(x, before, after, mode, value, call)
    }

    static func padded(
        _ x: ONNXArray, _ before: [Int], _ after: [Int], _ mode: String, _ value: ONNXArray?, _ call: ONNXCall
    ) throws -> ONNXArray {
        let shape = x.shape.indices.map { x.shape[$0] + before[$0] + after[$0] }
        let count = try call.reserve(shape, x.elementType)
        try call.reserve(shape, .int64)
        // Where each place along an axis comes from; −1 for the constant.
        var sources: [[Int]] = []
        for (axis, extent) in shape.enumerated() {
            let own = x.shape[axis]
            guard count > 0 else { return ONNXArray(zeros: shape, x.elementType) }
            if own == 0, mode != "constant" { throw call.failure("an empty axis cannot be padded by \(mode)") }
            sources.append(
                (0..<extent).map { place in
                    let k = place - before[axis]
                    if k >= 0, k < own { return k }
                    switch mode {
                    case "edge": return k < 0 ? 0 : own - 1
                    case "wrap": return ((k % own) + own) % own
                    case "reflect":
                        guard own > 1 else { return 0 }
                        let period = 2 * (own - 1)
                        let m = ((k % period) + period) % period
                        return m < own ? m : period - m
                    default: return -1
                    }
                })
        }
        if let value, value.count != 1 || value.elementType != x.elementType {
            throw call.failure("the constant is \(value.elementType.name) \(value.shape)")
        }
        // The constant stands behind the elements.
        let constant = value?.reshaped([1]) ?? ONNXArray(zeros: [1], x.elementType)
        let all = try concatenated([x.reshaped([x.count]), constant], axis: 0, call)
        let strides = StridedWalk.strides(x.shape)
        let indices = places(sources, strides, missing: x.count)
        return try call.picked(all, indices, shape: shape)
    }

    /// The numbers of the elements at all combinations of places along the axes; `missing` where one is −1.
    static func places(_ sources: [[Int]], _ strides: [Int], missing: Int) -> [Int] {
        var result = [0]
        for (axis, places) in sources.enumerated() {
            var next: [Int] = []
            next.reserveCapacity(result.count * places.count)
            for base in result {
                for place in places { next.append(base < 0 || place < 0 ? -1 : base + place * strides[axis]) }
            }
            result = next
        }
        return result.map { $0 < 0 ? missing : $0 }
    }

    private static func centerCropPad(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        guard let wanted = try call.integers(1) else { throw call.failure("the shape is missing") }
        let axes = try call.integers("axes").map { try $0.map { try call.axis($0, rank: x.rank) } } ?? Array(0..<x.rank)
        guard wanted.count == axes.count, Set(axes).count == axes.count, wanted.allSatisfy({ $0 >= 0 && $0 < 1 << 40 })
        else { throw call.failure("the shape \(wanted) does not fit \(axes.count) axes") }
        var (before, after) = ([Int](repeating: 0, count: x.rank), [Int](repeating: 0, count: x.rank))
        for (axis, extent) in zip(axes, wanted) {
            let change = extent - x.shape[axis]
            // Cropping takes the smaller half from the front, as padding adds it there.
            before[axis] = change >= 0 ? change / 2 : -((-change) / 2)
            after[axis] = change - before[axis]
        }
        return try padded(x, before, after, "constant", nil, call)
    }

    // MARK: - Blocks and triangles

    private static func depthToSpace(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        let b = try call.integer("blocksize", or: 0)
        guard x.rank == 4, b > 0, b < 1 << 20, x.shape[1] % (b * b) == 0 else {
            throw call.failure("\(x.shape) has no blocks of \(b)")
        }
        let (n, c, h, w) = (x.shape[0], x.shape[1] / (b * b), x.shape[2], x.shape[3])
        let mode = try call.text("mode", or: "DCR")
        let isDepthFirst = mode == "DCR"
        guard isDepthFirst || mode == "CRD" else { throw call.failure("mode is neither DCR nor CRD") }
        let blocks = x.reshaped(isDepthFirst ? [n, b, b, c, h, w] : [n, c, b, b, h, w])
        let moved = try call.transposed(blocks, isDepthFirst ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3])
        return moved.reshaped([n, c, h * b, w * b])
    }

    private static func spaceToDepth(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        let b = try call.integer("blocksize", or: 0)
        guard x.rank == 4, b > 0, b < 1 << 20, x.shape[2] % b == 0, x.shape[3] % b == 0 else {
            throw call.failure("\(x.shape) has no blocks of \(b)")
        }
        let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2] / b, x.shape[3] / b)
        let blocks = x.reshaped([n, c, h, b, w, b])
        guard try call.text("mode", or: "DCR") == "DCR" else {
            return try call.transposed(blocks, [0, 1, 3, 5, 2, 4]).reshaped([n, c * b * b, h, w])
        }
        return try call.transposed(blocks, [0, 3, 5, 1, 2, 4]).reshaped([n, c * b * b, h, w])
    }

    private static func reverseSequence(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        let (time, batch) = (try call.integer("time_axis", or: 0), try call.integer("batch_axis", or: 1))
        guard x.rank >= 2, [time, batch].sorted() == [0, 1] else { throw call.failure("axes 0 and 1 are needed") }
        guard let lengths = try call.integers(1), lengths.count == x.shape[batch],
            lengths.allSatisfy({ $0 >= 0 && $0 <= x.shape[time] })
        else { throw call.failure("the lengths do not fit \(x.shape)") }
        // Without elements the axes could still be long enough to walk along for ever.
        guard x.count > 0 else { return x }
        let inner = x.shape[2...].reduce(1, *)
        try call.reserve([x.count], .int64)
        var indices: [Int] = []
        indices.reserveCapacity(x.count)
        for a in 0..<x.shape[0] {
            for b in 0..<x.shape[1] {
                let (step, row) = time == 0 ? (a, b) : (b, a)
                let from = step < lengths[row] ? lengths[row] - 1 - step : step
                let start = (time == 0 ? from * x.shape[1] + b : a * x.shape[1] + from) * inner
                indices.append(contentsOf: start..<start + inner)
            }
        }
        return try call.picked(x, indices, shape: x.shape)
    }

    private static func trilu(_ call: ONNXCall) throws -> ONNXArray {
        var x = try call.input(0)
        guard x.rank >= 2 else { throw call.failure("a matrix is needed") }
        let k = try call.integer(1) ?? 0
        let isUpper = try call.flag("upper", or: true)
        let (rows, columns, width) = (x.shape[x.rank - 2], x.shape[x.rank - 1], x.width)
        try call.reserve(x.shape, x.elementType)
        x.writeBytes { bytes in
            guard rows > 0, columns > 0 else { return }
            for row in 0..<bytes.count / (columns * width) {
                for column in 0..<columns {
                    // No overflow: k is compared, not added to.
                    let distance = column - row % rows
                    if isUpper ? distance < k : distance > k {
                        for byte in 0..<width { bytes[(row * columns + column) * width + byte] = 0 }
                    }
                }
            }
        }
        return x
    }
}

extension Int {
    /// The number, kept from the one whose magnitude is out of reach.
    var clamped: Int { Swift.max(self, -Int.max) }
}
