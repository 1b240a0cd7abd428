import RecurrentFormats

/// How a window slides over the axes behind batch and channels: of convolutions and of pooling.
struct SpatialWindow {
    let input: [Int]
    let kernel: [Int]
    let strides: [Int]
    let dilations: [Int]
    let before: [Int]
    let after: [Int]
    let output: [Int]

    /// The number of places in the window, and of windows.
    var kernelCount: Int { kernel.reduce(1, *) }
    var outputCount: Int { output.reduce(1, *) }
    var inputCount: Int { input.reduce(1, *) }

    private static let limit = 1 << 31

    init(_ call: ONNXCall, input: [Int], kernel: [Int], ceils: Bool = false) throws {
        let rank = input.count
        func list(_ name: String, _ count: Int, _ fallback: Int, least: Int) throws -> [Int] {
            let list = try call.integers(name) ?? Array(repeating: fallback, count: count)
            guard list.count == count, list.allSatisfy({ $0 >= least && $0 < Self.limit }) else {
                throw call.failure("\(name) \(list.prefix(16)) do not fit \(rank) axes")
            }
            return list
        }
        guard rank >= 1, kernel.count == rank, kernel.allSatisfy({ $0 >= 1 && $0 < Self.limit }),
            input.allSatisfy({ $0 < Self.limit })
        else { throw call.failure("a window of \(kernel) does not fit \(input)") }
        let strides = try list("strides", rank, 1, least: 1)
        let dilations = try list("dilations", rank, 1, least: 1)
        let pads = try list("pads", 2 * rank, 0, least: 0)
        let mode = try call.text("auto_pad", or: "NOTSET")
        guard ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"].contains(mode) else {
            throw call.failure("auto_pad \(ONNXTensor.shown(mode)) is unknown")
        }
        var (before, after, output): ([Int], [Int], [Int]) = ([], [], [])
        for axis in 0..<rank {
            let span = (kernel[axis] - 1) * dilations[axis] + 1
            var (front, back) = mode == "NOTSET" ? (pads[axis], pads[axis + rank]) : (0, 0)
            if mode.hasPrefix("SAME") {
                let count = (input[axis] + strides[axis] - 1) / strides[axis]
                let total = max(0, (count - 1) * strides[axis] + span - input[axis])
                front = mode == "SAME_UPPER" ? total / 2 : (total + 1) / 2
                back = total - front
            }
            let room = input[axis] + front + back - span
            guard room >= 0 else {
                throw call.failure("a window of \(kernel) with dilations \(dilations) does not fit into \(input)")
            }
            var count = room / strides[axis] + 1
            if ceils, room % strides[axis] != 0, mode == "NOTSET" {
                // A window that begins behind the input and its front padding would see nothing.
                if count * strides[axis] < input[axis] + front { count += 1 }
            }
            before.append(front)
            after.append(back)
            output.append(count)
        }
        for extents in [input, kernel, output] { try call.reserve(extents, width: 0) }
        (self.input, self.kernel, self.strides, self.dilations) = (input, kernel, strides, dilations)
        (self.before, self.after, self.output) = (before, after, output)
    }

    /// A geometry that is already known.
    init(
        input: [Int], kernel: [Int], strides: [Int], dilations: [Int], before: [Int], after: [Int], output: [Int]
    ) {
        (self.input, self.kernel, self.strides, self.dilations) = (input, kernel, strides, dilations)
        (self.before, self.after, self.output) = (before, after, output)
    }

    /// A place in padding, and one behind it.
    static let padding = -1
    static let beyond = -2

    /// For each place of the window, for each window: the number of the element of a channel, or `padding`, or `beyond`.
    func places(_ call: ONNXCall) throws -> [Int] {
        try call.reserve([kernelCount, outputCount], .int64)
        var table = [0]
        var (kernels, outputs) = (1, 1)
        for axis in input.indices {
            let (k, o) = (kernel[axis], output[axis])
            var next = [Int](repeating: 0, count: kernels * k * outputs * o)
            for kk in 0..<kernels {
                for a in 0..<k {
                    for oo in 0..<outputs {
                        let base = table[kk * outputs + oo]
                        for b in 0..<o {
                            let place = b * strides[axis] + a * dilations[axis] - before[axis]
                            let found: Int
                            if base == Self.beyond || place >= input[axis] + after[axis] {
                                found = Self.beyond
                            } else if base < 0 || place < 0 || place >= input[axis] {
                                found = Self.padding
                            } else {
                                found = base * input[axis] + place
                            }
                            next[((kk * k + a) * outputs + oo) * o + b] = found
                        }
                    }
                }
            }
            table = next
            (kernels, outputs) = (kernels * k, outputs * o)
        }
        return table
    }
}
