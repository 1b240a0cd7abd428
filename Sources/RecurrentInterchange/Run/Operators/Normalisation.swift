import RecurrentFormats
import RecurrentTensor

/// Softmax and its kin, and what brings numbers to a mean and a deviation.
enum Normalisation {
    static let table: [String: ONNXOperator] = [
        "Softmax": ONNXOperator.one { call in try alongRows(call) { try softmax($0, isLog: false, call) } }.widened(),
        "LogSoftmax": ONNXOperator.one { call in try alongRows(call) { try softmax($0, isLog: true, call) } }.widened(),
        "BatchNormalization": ONNXOperator(since: 7, batch).widened(),
        "InstanceNormalization": ONNXOperator.one(since: 6, instance).widened(),
        "GroupNormalization": ONNXOperator.one(since: 21, group).widened(),
        "LayerNormalization": ONNXOperator(layer).widened(),
        "RMSNormalization": ONNXOperator.one(rootMeanSquare).widened(),
        "LpNormalization": ONNXOperator.one(length).widened(),
        "MeanVarianceNormalization": ONNXOperator.one(meanVariance).widened(), "LRN": ONNXOperator.one(local).widened(),
    ]

    /// Calls `body` with the elements along the node's axis as rows. Before opset 13 all axes from it on are one row.
    static func alongRows(_ call: ONNXCall, _ body: (ONNXArray) throws -> ONNXArray) throws -> ONNXArray {
        let x = try call.input(0)
        if call.version < 13 {
            let axis = try call.axis(call.integer("axis", or: 1), rank: x.rank, allowsEnd: true)
            let rows = x.reshaped([x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)])
            return try body(rows).reshaped(x.shape)
        }
        let axis = try call.axis(call.integer("axis", or: -1), rank: x.rank)
        let kept = (0..<x.rank).filter { $0 != axis }
        let back = (0..<x.rank).map { $0 == axis ? x.rank - 1 : $0 < axis ? $0 : $0 - 1 }
        return try call.transposed(body(call.transposed(x, kept + [axis])), back)
    }

    static func softmax(_ rows: ONNXArray, isLog: Bool, _ call: ONNXCall) throws -> ONNXArray {
        struct Softmax: FloatVisitor {
            let rows: ONNXArray
            let isLog: Bool
            let call: ONNXCall
            func visit<S: ONNXNumber & FloatingScalar>(_: S.Type) throws -> ONNXArray {
                let width = rows.shape.last ?? 1
                return try call.make(rows.shape, S.self) { target in
                    rows.read(S.self) { x in
                        guard x.count > 0, let from = x.baseAddress, let to = target.baseAddress else { return }
                        if isLog {
                            VectorKernels.logSoftmax(rows: x.count / width, width: width, from, to)
                        } else {
                            VectorKernels.softmax(rows: x.count / width, width: width, from, to)
                        }
                    }
                }
            }
        }
        guard let result = try Softmax(rows: rows, isLog: isLog, call: call).visit(rows.elementType) else {
            throw call.unsupported(rows.elementType)
        }
        return result
    }

    // MARK: - Means and deviations

    /// Rows minus their mean over their deviation, with the means and one over the deviations.
    private struct Rows: FloatVisitor {
        let rows: ONNXArray
        let width: Int
        let epsilon: Double
        var subtractsMean = true
        /// The factor and the term of an element of a row.
        let scale: ((_ row: Int, _ column: Int) -> (Double, Double))
        let call: ONNXCall

        func visit<S: ONNXNumber & FloatingScalar>(
            _: S.Type
        ) throws -> (values: ONNXArray, means: [Double], inverses: [Double]) {
            let count = width == 0 ? 0 : rows.count / width
            var (means, inverses): ([Double], [Double]) = ([], [])
            let values = try call.make(rows.shape, S.self) { target in
                rows.read(S.self) { x in
                    for row in 0..<count {
                        let range = row * width..<(row + 1) * width
                        let mean = subtractsMean ? range.reduce(0) { $0 + Double(x[$1]) } / Double(width) : 0
                        let variance =
                            range.reduce(0) { $0 + (Double(x[$1]) - mean) * (Double(x[$1]) - mean) } / Double(width)
                        let inverse = 1 / (variance + epsilon).squareRoot()
                        for k in range {
                            let (factor, term) = scale(row, k - range.lowerBound)
                            target[k] = S((Double(x[k]) - mean) * inverse * factor + term)
                        }
                        means.append(mean)
                        inverses.append(inverse)
                    }
                }
            }
            return (values, means, inverses)
        }
    }

    private static func normalised(
        _ x: ONNXArray, width: Int, epsilon: Double, subtractsMean: Bool = true, _ call: ONNXCall,
        _ scale: @escaping (_ row: Int, _ column: Int) -> (Double, Double)
    ) throws -> (values: ONNXArray, means: [Double], inverses: [Double]) {
        let rows = Rows(
            rows: x, width: width, epsilon: epsilon, subtractsMean: subtractsMean, scale: scale, call: call)
        guard let result = try rows.visit(x.elementType) else { throw call.unsupported(x.elementType) }
        return result
    }

    /// The numbers of an input that must have one for each channel.
    private static func perChannel(_ index: Int, _ count: Int, _ call: ONNXCall) throws -> [Double] {
        let array = try call.input(index)
        guard array.count == count, array.elementType == .float32 || array.elementType == .float64 else {
            throw call.failure("input \(index) is \(array.elementType.name) \(array.shape); \(count) floats are needed")
        }
        return array.doubles()
    }

    private static func batch(_ call: ONNXCall) throws -> [ONNXValue?] {
        let x = try call.input(0)
        guard x.rank >= 2 else { throw call.failure("\(x.shape) has no channels") }
        let count = x.shape[1]
        let (scale, shift) = (try perChannel(1, count, call), try perChannel(2, count, call))
        var (mean, variance) = (try perChannel(3, count, call), try perChannel(4, count, call))
        let epsilon = try call.number("epsilon", or: 1e-5)
        var others: [ONNXValue?] = [nil, nil, nil, nil]
        let inner = x.shape[2...].reduce(1, *)
        if try call.flag("training_mode", or: false) {
            let momentum = try call.number("momentum", or: 0.9)
            let rows = try call.transposed(x, [1, 0] + Array(2..<x.rank))
            let numbers = rows.doubles()
            let width = count == 0 ? 0 : numbers.count / count
            var running: [[Double]] = [[], []]
            for channel in 0..<count where width > 0 {
                let row = numbers[channel * width..<(channel + 1) * width]
                let own = row.reduce(0, +) / Double(width)
                let spread = row.reduce(0) { $0 + ($1 - own) * ($1 - own) } / Double(width)
                running[0].append(mean[channel] * momentum + own * (1 - momentum))
                running[1].append(variance[channel] * momentum + spread * (1 - momentum))
                (mean[channel], variance[channel]) = (own, spread)
            }
            for k in 0..<2 {
                let type = try call.input(3 + k).elementType
                let wide = try call.make([running[k].count], Double.self) { target in
                    for (at, number) in running[k].enumerated() { target[at] = number }
                }
                others[k] = .array(try Casts.cast(wide, to: type, call))
            }
        } else if call.outputCount > 1, call.wants(1) {
            throw call.failure("the running statistics outside of training are not supported")
        }
        let factors = (0..<count).map { scale[$0] / (variance[$0] + epsilon).squareRoot() }
        let terms = (0..<count).map { shift[$0] - mean[$0] * factors[$0] }
        return [.array(try affine(x, factors, terms, inner, call))] + others
    }

    /// x·factor + term with one of each for a channel.
    private static func affine(
        _ x: ONNXArray, _ factors: [Double], _ terms: [Double], _ inner: Int, _ call: ONNXCall
    ) throws -> ONNXArray {
        struct Affine: FloatVisitor {
            let x: ONNXArray
            let factors, terms: [Double]
            let inner: Int
            let call: ONNXCall
            func visit<S: ONNXNumber & FloatingScalar>(_: S.Type) throws -> ONNXArray {
                try call.make(x.shape, S.self) { target in
                    x.read(S.self) { x in
                        for k in target.indices {
                            let channel = k / inner % factors.count
                            target[k] = S(Double(x[k]) * factors[channel] + terms[channel])
                        }
                    }
                }
            }
        }
        let affine = Affine(x: x, factors: factors, terms: terms, inner: inner, call: call)
        guard let result = try affine.visit(x.elementType) else { throw call.unsupported(x.elementType) }
        return result
    }

    private static func instance(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        guard x.rank >= 3 else { throw call.failure("\(x.shape) has no axes behind the channels") }
        let count = x.shape[1]
        let (scale, shift) = (try perChannel(1, count, call), try perChannel(2, count, call))
        return try normalised(
            x, width: x.shape[2...].reduce(1, *), epsilon: call.number("epsilon", or: 1e-5), call
        ) { row, _ in (scale[row % count], shift[row % count]) }.values
    }

    private static func group(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        let groups = try call.integer("num_groups", or: 0)
        guard x.rank >= 2, groups >= 1, x.shape[1] % groups == 0 else {
            throw call.failure("\(x.shape) has no \(groups) groups of channels")
        }
        let count = x.shape[1]
        let (scale, shift) = (try perChannel(1, count, call), try perChannel(2, count, call))
        let inner = x.shape[2...].reduce(1, *)
        return try normalised(
            x, width: count / groups * inner, epsilon: call.number("epsilon", or: 1e-5), call
        ) { row, column in
            let channel = row % groups * (count / groups) + column / max(1, inner)
            return (scale[channel], shift[channel])
        }.values
    }

    /// The scale or shift of each place of the last axes, repeated where it has fewer.
    private static func perPlace(
        _ index: Int, _ shape: [Int], or fallback: Double, _ call: ONNXCall
    ) throws -> [Double] {
        guard let array = try call.optional(index) else {
            return Array(repeating: fallback, count: shape.reduce(1, *))
        }
        guard try call.broadcastShape([shape, array.shape]) == shape else {
            throw call.failure("input \(index) of shape \(array.shape) does not fit \(shape)")
        }
        return try call.broadcast(array, to: shape).doubles()
    }

    private static func layer(_ call: ONNXCall) throws -> [ONNXValue?] {
        let x = try call.input(0)
        let axis = try call.axis(call.integer("axis", or: -1), rank: x.rank)
        let tail = Array(x.shape[axis...])
        try call.reserve(tail, .float64)
        let (scale, shift) = (try perPlace(1, tail, or: 1, call), try perPlace(2, tail, or: 0, call))
        let (values, means, inverses) = try normalised(
            x, width: scale.count, epsilon: call.number("epsilon", or: 1e-5), call
        ) { _, column in (scale[column], shift[column]) }
        let shape = Array(x.shape[..<axis]) + tail.map { _ in 1 }
        func statistic(_ numbers: [Double]) throws -> ONNXValue? {
            guard numbers.count == shape.reduce(1, *) else { return nil }
            return .array(try call.make(shape, Float.self) { for k in $0.indices { $0[k] = Float(numbers[k]) } })
        }
        return [.array(values), try statistic(means), try statistic(inverses)]
    }

    private static func rootMeanSquare(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        let axis = try call.axis(call.integer("axis", or: -1), rank: x.rank)
        let tail = Array(x.shape[axis...])
        try call.reserve(tail, .float64)
        let scale = try perPlace(1, tail, or: 1, call)
        return try normalised(
            x, width: scale.count, epsilon: call.number("epsilon", or: 1e-5), subtractsMean: false, call
        ) { _, column in (scale[column], 0) }.values
    }

    private static func length(_ call: ONNXCall) throws -> ONNXArray {
        struct Length: FloatVisitor {
            let rows: ONNXArray
            let isEuclidean: Bool
            let call: ONNXCall
            func visit<S: ONNXNumber & FloatingScalar>(_: S.Type) throws -> ONNXArray {
                let width = rows.shape.last ?? 1
                return try call.make(rows.shape, S.self) { target in
                    rows.read(S.self) { x in
                        for begin in stride(from: 0, to: x.count, by: max(1, width)) {
                            let range = begin..<begin + width
                            let size =
                                isEuclidean
                                ? range.reduce(0) { $0 + Double(x[$1]) * Double(x[$1]) }.squareRoot()
                                : range.reduce(0) { $0 + abs(Double(x[$1])) }
                            for k in range { target[k] = size == 0 ? 0 : S(Double(x[k]) / size) }
                        }
                    }
                }
            }
        }
        let x = try call.input(0)
        let p = try call.integer("p", or: 2)
        guard p == 1 || p == 2 else { throw call.failure("p is \(p), not 1 or 2") }
        let axis = try call.axis(call.integer("axis", or: -1), rank: x.rank)
        let kept = (0..<x.rank).filter { $0 != axis }
        let back = (0..<x.rank).map { $0 == axis ? x.rank - 1 : $0 < axis ? $0 : $0 - 1 }
        let rows = try call.transposed(x, kept + [axis])
        guard let result = try Length(rows: rows, isEuclidean: p == 2, call: call).visit(x.elementType) else {
            throw call.unsupported(x.elementType)
        }
        return try call.transposed(result, back)
    }

    private static func meanVariance(_ call: ONNXCall) throws -> ONNXArray {
        let x = try call.input(0)
        let axes = try call.axes(call.integers("axes") ?? [0, 2, 3], rank: x.rank)
        let kept = (0..<x.rank).filter { !axes.contains($0) }
        let order = kept + axes
        let rows = try call.transposed(x, order)
        let result = try normalised(
            rows, width: axes.reduce(1) { $0 * x.shape[$1] }, epsilon: 0, call
        ) { _, _ in (1, 0) }.values
        return try call.transposed(result, (0..<x.rank).map { order.firstIndex(of: $0) ?? 0 })
    }

    private static func local(_ call: ONNXCall) throws -> ONNXArray {
        struct Local: FloatVisitor {
            let x: ONNXArray
            let size: Int
            let alpha, beta, bias: Double
            let call: ONNXCall
            func visit<S: ONNXNumber & FloatingScalar>(_: S.Type) throws -> ONNXArray {
                let (channels, inner) = (x.shape[1], x.shape[2...].reduce(1, *))
                return try call.make(x.shape, S.self) { target in
                    x.read(S.self) { x in
                        for k in target.indices {
                            let channel = k / inner % channels
                            let (low, high) = (max(0, channel - (size - 1) / 2), min(channels - 1, channel + size / 2))
                            var sum = 0.0
                            for other in low...max(low, high) {
                                let value = Double(x[k + (other - channel) * inner])
                                sum += value * value
                            }
                            target[k] = S(Double(x[k]) / Double.pow(bias + alpha / Double(size) * sum, beta))
                        }
                    }
                }
            }
        }
        let x = try call.input(0)
        let size = try call.integer("size", or: 0)
        guard x.rank >= 3, size >= 1, size < 1 << 31 else {
            throw call.failure("the size is \(size) or \(x.shape) has no channels")
        }
        try call.spend(Double(x.count) * Double(min(size, x.shape[1])))
        let local = Local(
            x: x, size: size, alpha: try call.number("alpha", or: 1e-4), beta: try call.number("beta", or: 0.75),
            bias: try call.number("bias", or: 1), call: call)
        guard let result = try local.visit(x.elementType) else { throw call.unsupported(x.elementType) }
        return result
    }
}
