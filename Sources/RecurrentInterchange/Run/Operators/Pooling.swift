import RecurrentFormats
import RecurrentTensor

/// Operators that make one number of each window, or of each channel.
enum Pooling {
    static let table: [String: ONNXOperator] = [
        "MaxPool": ONNXOperator(largest).widened(), "AveragePool": ONNXOperator.one { try pool($0, .mean) }.widened(),
        "LpPool": ONNXOperator.one(since: 2) { call in
            try pool(call, .norm(Double(try call.integer("p", or: 2))))
        }.widened(),
        "GlobalAveragePool": ONNXOperator.one { try global($0, .mean) }.widened(),
        "GlobalMaxPool": ONNXOperator.one { try global($0, .max) }.widened(),
        "MaxUnpool": ONNXOperator.one(unpool).widened(),
    ]

    private static func geometry(_ x: ONNXArray, _ call: ONNXCall) throws -> SpatialWindow {
        guard x.rank >= 3, let kernel = try call.integers("kernel_shape") else {
            throw call.failure("\(x.shape) has no axes to slide along, or kernel_shape is missing")
        }
        return try SpatialWindow(
            call, input: Array(x.shape[2...]), kernel: kernel, ceils: try call.flag("ceil_mode", or: false))
    }

    private static func largest(_ call: ONNXCall) throws -> [ONNXValue?] {
        struct Search: NumberVisitor {
            let x: ONNXArray
            let window: SpatialWindow
            let places: [Int]
            /// The number of the largest element of each window, or −1 where it is all padding.
            func visit<S: ONNXNumber>(_: S.Type) throws -> [Int] {
                let (size, windows) = (window.inputCount, window.outputCount)
                var found = [Int](repeating: -1, count: x.shape[0] * x.shape[1] * windows)
                x.read(S.self) { source in
                    for channel in 0..<x.shape[0] * x.shape[1] {
                        for o in 0..<windows {
                            var best = -1
                            for k in 0..<window.kernelCount {
                                let place = places[k * windows + o]
                                guard place >= 0 else { continue }
                                let at = channel * size + place
                                if best < 0 || source[at] > source[best] { best = at }
                            }
                            found[channel * windows + o] = best
                        }
                    }
                }
                return found
            }
        }
        let x = try call.input(0)
        let window = try geometry(x, call)
        let shape = Array(x.shape[..<2]) + window.output
        let count = try call.reserve(shape, .int64)
        try call.spend(Double(count) * Double(window.kernelCount))
        guard let found = try Search(x: x, window: window, places: window.places(call)).visit(x.elementType) else {
            throw call.unsupported(x.elementType)
        }
        guard found.allSatisfy({ $0 >= 0 }) else { throw call.failure("a window is all padding") }
        let values = ONNXValue.array(try call.picked(x, found, shape: shape))
        guard call.wants(1) else { return [values, nil] }
        var numbers = found
        if try call.flag("storage_order", or: false) {
            // Columns first: the last axis is the slowest of the spatial ones.
            let (size, extents) = (window.inputCount, window.input)
            numbers = found.map { at in
                var (rest, place, factor) = (at % size, 0, 1)
                let strides = StridedWalk.strides(extents)
                for axis in extents.indices {
                    place += rest / strides[axis] * factor
                    rest %= strides[axis]
                    factor *= extents[axis]
                }
                return at / size * size + place
            }
        }
        let indices = try call.make(shape, Int64.self) { for k in $0.indices { $0[k] = Int64(numbers[k]) } }
        return [values, .array(indices)]
    }

    enum Kind { case mean, max, norm(Double) }

    private static func pool(_ call: ONNXCall, _ kind: Kind) throws -> ONNXArray {
        struct Pool: FloatVisitor {
            let x: ONNXArray
            let kind: Kind
            let window: SpatialWindow
            let places: [Int]
            let countsPadding: Bool
            let call: ONNXCall
            func visit<S: ONNXNumber & FloatingScalar>(_: S.Type) throws -> ONNXArray {
                let (size, windows) = (window.inputCount, window.outputCount)
                return try call.make(Array(x.shape[..<2]) + window.output, S.self) { target in
                    x.read(S.self) { source in
                        for at in target.indices {
                            let (begin, o) = (at / windows * size, at % windows)
                            var (sum, count) = (0.0, 0)
                            for k in 0..<window.kernelCount {
                                let place = places[k * windows + o]
                                if place >= 0 {
                                    let value = Double(source[begin + place])
                                    if case .norm(let p) = kind {
                                        sum += Double.pow(abs(value), p)
                                    } else {
                                        sum += value
                                    }
                                }
                                if place >= 0 || countsPadding && place == SpatialWindow.padding { count += 1 }
                            }
                            if case .norm(let p) = kind {
                                target[at] = S(Double.pow(sum, 1 / p))
                            } else {
                                target[at] = S(sum / Double(count))
                            }
                        }
                    }
                }
            }
        }
        let x = try call.input(0)
        let window = try geometry(x, call)
        let count = try call.reserve(Array(x.shape[..<2]) + window.output, x.elementType)
        try call.spend(Double(count) * Double(window.kernelCount))
        let pool = Pool(
            x: x, kind: kind, window: window, places: try window.places(call),
            countsPadding: try call.flag("count_include_pad", or: false), call: call)
        guard let result = try pool.visit(x.elementType) else { throw call.unsupported(x.elementType) }
        return result
    }

    private static func global(_ call: ONNXCall, _ kind: Kind) throws -> ONNXArray {
        let x = try call.input(0)
        guard x.rank >= 2 else { throw call.failure("\(x.shape) has no channels") }
        let axes = Array(2..<x.rank)
        let isMax = if case .max = kind { true } else { false }
        let result = try Reductions.reduced(x, axes: axes, isMax ? .max : .mean, call)
        return result.reshaped(Array(x.shape[..<2]) + axes.map { _ in 1 })
    }

    private static func unpool(_ call: ONNXCall) throws -> ONNXArray {
        let (x, indices) = (try call.input(0), try call.input(1))
        guard x.rank >= 3, indices.shape == x.shape, let kernel = try call.integers("kernel_shape") else {
            throw call.failure("\(x.shape) and \(indices.shape) do not fit, or kernel_shape is missing")
        }
        let rank = x.rank - 2
        let strides = try call.integers("strides") ?? kernel.map { _ in 1 }
        let pads = try call.integers("pads") ?? Array(repeating: 0, count: 2 * rank)
        guard kernel.count == rank, strides.count == rank, pads.count == 2 * rank,
            (kernel + strides + pads).allSatisfy({ $0 >= 0 && $0 < 1 << 24 }), x.shape.allSatisfy({ $0 < 1 << 31 })
        else { throw call.failure("kernel_shape, strides or pads do not fit \(x.shape)") }
        let plain =
            Array(x.shape[..<2])
            + (0..<rank).map { (x.shape[$0 + 2] - 1) * strides[$0] + kernel[$0] - pads[$0] - pads[$0 + rank] }
        let shape = try call.integers(2) ?? plain
        // The indices count in the output that the window itself would give.
        try call.reserve(plain, x.elementType)
        let count = try call.reserve(shape, x.elementType)
        guard shape.count == x.rank, zip(shape, plain).allSatisfy({ $0 >= $1 }) else {
            throw call.failure("the output shape \(shape) is smaller than \(plain)")
        }
        let (own, wide) = (StridedWalk.strides(plain), StridedWalk.strides(shape))
        let plainCount = plain.reduce(1, *)
        let zero = ONNXArray(zeros: [1], x.elementType)
        var picks = [Int](repeating: x.count, count: count)
        for (k, index) in try call.integers(indices).enumerated() {
            guard index >= 0, index < plainCount else { throw call.failure("the index \(index) is not in \(plain)") }
            var (rest, at) = (index, 0)
            for axis in plain.indices {
                at += rest / own[axis] * wide[axis]
                rest %= own[axis]
            }
            picks[at] = k
        }
        return try call.picked(
            Shapes.concatenated([x.reshaped([x.count]), zero], axis: 0, call), picks, shape: shape)
    }
}
