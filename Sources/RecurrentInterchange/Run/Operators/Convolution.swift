import RecurrentFormats
import RecurrentTensor

/// Convolutions along any number of axes, as products of matrices.
enum Convolution {
    static let table: [String: ONNXOperator] = [
        "Conv": ONNXOperator.one(convolve).widened(),
        "ConvTranspose": ONNXOperator.one(convolveTransposed).widened(),
        "ConvInteger": ONNXOperator.one(convolveBytes),
    ]

    private static func convolve(_ call: ONNXCall) throws -> ONNXArray {
        let (x, weight) = (try call.input(0), try call.input(1))
        return try convolve(x, weight, bias: try call.optional(2), call)
    }

    static func convolve(_ x: ONNXArray, _ weight: ONNXArray, bias: ONNXArray?, _ call: ONNXCall) throws -> ONNXArray {
        let type = try call.sameType([x, weight] + (bias.map { [$0] } ?? []))
        let groups = try call.integer("group", or: 1)
        guard x.rank >= 3, weight.rank == x.rank, groups >= 1, groups <= x.shape[1], x.shape[1] % groups == 0,
            weight.shape[0] % groups == 0, weight.shape[1] == x.shape[1] / groups
        else { throw call.failure("weights \(weight.shape) do not fit \(x.shape) in \(groups) groups") }
        let kernel = Array(weight.shape[2...])
        if let named = try call.integers("kernel_shape"), named != kernel {
            throw call.failure("kernel_shape \(named) is not that of the weights \(weight.shape)")
        }
        if let bias, bias.shape != [weight.shape[0]] {
            throw call.failure("the bias \(bias.shape) does not fit \(weight.shape)")
        }
        let window = try SpatialWindow(call, input: Array(x.shape[2...]), kernel: kernel)
        let shape = [x.shape[0], weight.shape[0]] + window.output
        let count = try call.reserve(shape, type)
        let depth = weight.shape[1] * window.kernelCount
        try call.spend(Double(count) * Double(depth))
        try call.reserve([depth, window.outputCount], type)
        let job = Forward(
            x: x, weight: weight, bias: bias, groups: groups, window: window, places: try window.places(call),
            shape: shape, call: call)
        guard let result = try job.visit(type) else { throw call.unsupported(type) }
        return result
    }

    private struct Forward: NumberVisitor {
        let x, weight: ONNXArray
        let bias: ONNXArray?
        let groups: Int
        let window: SpatialWindow
        let places: [Int]
        let shape: [Int]
        let call: ONNXCall

        func visit<S: ONNXNumber>(_: S.Type) throws -> ONNXArray {
            let (channels, filters) = (weight.shape[1], weight.shape[0] / groups)
            let (size, windows) = (window.inputCount, window.outputCount)
            let depth = channels * window.kernelCount
            let zero = S(wide: 0)
            var columns = [S](repeating: zero, count: depth * windows)
            let bias = bias.map { $0.read(S.self) { Array($0) } }
            return try call.make(shape, S.self) { target in
                guard let c = target.baseAddress, target.count > 0, depth > 0 else { return }
                x.read(S.self) { source in
                    weight.read(S.self) { weights in
                        for part in 0..<x.shape[0] * groups {
                            let begin = part * channels * size
                            for row in 0..<depth {
                                let from = begin + row / window.kernelCount * size
                                let table = row % window.kernelCount * windows
                                for o in 0..<windows {
                                    let place = places[table + o]
                                    columns[row * windows + o] = place < 0 ? zero : source[from + place]
                                }
                            }
                            guard let w = weights.baseAddress else { continue }
                            columns.withUnsafeBufferPointer { columns in
                                guard let columns = columns.baseAddress else { return }
                                Products.product(
                                    w + part % groups * filters * depth, columns, c + part * filters * windows,
                                    filters, depth, windows)
                            }
                        }
                    }
                }
                guard let bias else { return }
                for k in target.indices { target[k] = S.sum(target[k], bias[k / windows % bias.count]) }
            }
        }
    }

    private static func convolveBytes(_ call: ONNXCall) throws -> ONNXArray {
        func shifted(_ index: Int) throws -> ONNXArray {
            let x = try call.input(index)
            guard x.elementType == .int8 || x.elementType == .uint8 else { throw call.unsupported(x.elementType) }
            let wide = try Casts.cast(x, to: .int32, call)
            guard let zero = try call.optional(index + 2).map({ try Casts.cast($0, to: .int32, call) }) else {
                return wide
            }
            let column = [zero.count] + (0..<max(0, x.rank - 1)).map { _ in 1 }
            guard zero.count == 1 || index == 1 && zero.count == x.shape.first else {
                throw call.failure("the zero point \(zero.shape) does not fit \(x.shape)")
            }
            return try Elementwise.combine(.subtract, wide, zero.reshaped(column), call)
        }
        return try convolve(shifted(0), shifted(1), bias: nil, call)
    }

    // MARK: - Transposed

    private static func convolveTransposed(_ call: ONNXCall) throws -> ONNXArray {
        let (x, weight, bias) = (try call.input(0), try call.input(1), try call.optional(2))
        let type = try call.sameType([x, weight] + (bias.map { [$0] } ?? []))
        let groups = try call.integer("group", or: 1)
        guard x.rank >= 3, weight.rank == x.rank, groups >= 1, groups <= x.shape[1], x.shape[1] % groups == 0,
            weight.shape[0] == x.shape[1]
        else { throw call.failure("weights \(weight.shape) do not fit \(x.shape) in \(groups) groups") }
        let filters = weight.shape[1] * groups
        if let bias, bias.shape != [filters] {
            throw call.failure("the bias \(bias.shape) does not fit \(weight.shape)")
        }
        let window = try transposedWindow(x, weight, call)
        let shape = [x.shape[0], filters] + window.input
        try call.reserve(shape, type)
        let depth = weight.shape[1] * window.kernelCount
        let columns = try call.reserve([depth, window.outputCount], type)
        try call.spend(Double(columns) * Double(x.shape[0]) * Double(x.shape[1]))
        let job = Transposed(
            x: x, weight: weight, bias: bias, groups: groups, window: window, places: try window.places(call),
            shape: shape, call: call)
        guard let result = try job.visit(type) else { throw call.unsupported(type) }
        return result
    }

    /// The window of the convolution whose derivative this is: its output is the input here.
    private static func transposedWindow(
        _ x: ONNXArray, _ weight: ONNXArray, _ call: ONNXCall
    ) throws -> SpatialWindow {
        let (input, kernel) = (Array(x.shape[2...]), Array(weight.shape[2...]))
        let rank = input.count
        func list(_ name: String, _ count: Int, _ fallback: Int, least: Int) throws -> [Int] {
            let list = try call.integers(name) ?? Array(repeating: fallback, count: count)
            guard list.count == count, list.allSatisfy({ $0 >= least && $0 < 1 << 24 }) else {
                throw call.failure("\(name) \(list.prefix(16)) do not fit \(rank) axes")
            }
            return list
        }
        guard (input + kernel).allSatisfy({ $0 >= 1 && $0 < 1 << 24 }) else {
            throw call.failure("\(x.shape) or \(weight.shape) is empty or out of reach")
        }
        if let named = try call.integers("kernel_shape"), named != kernel {
            throw call.failure("kernel_shape \(named) is not that of the weights \(weight.shape)")
        }
        let strides = try list("strides", rank, 1, least: 1)
        let dilations = try list("dilations", rank, 1, least: 1)
        let extra = try list("output_padding", rank, 0, least: 0)
        var pads = try list("pads", 2 * rank, 0, least: 0)
        let mode = try call.text("auto_pad", or: "NOTSET")
        let named = try call.integers("output_shape").map { Array($0.suffix(rank)) }
        var output: [Int] = []
        for axis in 0..<rank {
            let span = (kernel[axis] - 1) * dilations[axis] + 1
            let full = strides[axis] * (input[axis] - 1) + extra[axis] + span
            var wanted = full - pads[axis] - pads[axis + rank]
            if let named, named.count == rank {
                wanted = named[axis]
            } else if mode.hasPrefix("SAME") {
                wanted = input[axis] * strides[axis]
            }
            if named != nil || mode.hasPrefix("SAME") {
                let total = max(0, full - wanted)
                pads[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
                pads[axis + rank] = total - pads[axis]
            } else if mode == "VALID" {
                (pads[axis], pads[axis + rank]) = (0, 0)
                wanted = full
            }
            guard wanted >= 1, wanted < 1 << 31 else {
                throw call.failure("the output would have the extent \(wanted)")
            }
            output.append(wanted)
        }
        return SpatialWindow(
            input: output, kernel: kernel, strides: strides, dilations: dilations, before: Array(pads[..<rank]),
            after: Array(pads[rank...]), output: input)
    }

    private struct Transposed: FloatVisitor {
        let x, weight: ONNXArray
        let bias: ONNXArray?
        let groups: Int
        let window: SpatialWindow
        let places: [Int]
        let shape: [Int]
        let call: ONNXCall

        func visit<S: ONNXNumber & FloatingScalar>(_: S.Type) throws -> ONNXArray {
            let (channels, filters) = (x.shape[1] / groups, weight.shape[1])
            let (size, windows) = (window.inputCount, window.outputCount)
            let depth = filters * window.kernelCount
            var columns = [S](repeating: 0, count: depth * windows)
            let bias = bias.map { $0.read(S.self) { Array($0) } }
            return try call.make(shape, S.self) { target in
                x.read(S.self) { source in
                    weight.read(S.self) { weights in
                        guard let a = weights.baseAddress, let b = source.baseAddress, depth > 0, windows > 0 else {
                            return
                        }
                        for part in 0..<x.shape[0] * groups {
                            columns.withUnsafeMutableBufferPointer { columns in
                                guard let c = columns.baseAddress else { return }
                                MatrixProduct(rows: depth, columns: windows, depth: channels, transposeA: true)(
                                    a + part % groups * channels * depth, b + part * channels * windows, c)
                            }
                            for row in 0..<depth {
                                let to = (part * filters + row / window.kernelCount) * size
                                let table = row % window.kernelCount * windows
                                for o in 0..<windows where places[table + o] >= 0 {
                                    target[to + places[table + o]] += columns[row * windows + o]
                                }
                            }
                        }
                    }
                }
                guard let bias else { return }
                for k in target.indices { target[k] += bias[k / size % bias.count] }
            }
        }
    }
}
