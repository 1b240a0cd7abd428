import RecurrentFormats
import RecurrentTensor

/// What a node does: a function from inputs to outputs, and from which version of the set of operators on it is known here.
struct ONNXOperator: Sendable {
    let since: Int
    let run: @Sendable (ONNXCall) throws -> [ONNXValue?]

    init(since: Int = 1, _ run: @escaping @Sendable (ONNXCall) throws -> [ONNXValue?]) {
        (self.since, self.run) = (since, run)
    }

    /// An operator with one array for an output.
    static func one(since: Int = 1, _ run: @escaping @Sendable (ONNXCall) throws -> ONNXArray) -> ONNXOperator {
        ONNXOperator(since: since) { [.array(try run($0))] }
    }

    /// An operator of floats that computes those of 16 bits with 32, and rounds its outputs.
    func widened() -> ONNXOperator {
        let run = run
        return ONNXOperator(since: since) { call in
            var narrow: ONNXElementType?
            let inputs = try call.inputs.map { value -> ONNXValue? in
                guard case .array(let array)? = value, array.elementType == .float16 || array.elementType == .bfloat16
                else { return value }
                narrow = array.elementType
                return .array(try call.widened(array))
            }
            guard let narrow else { return try run(call) }
            return try run(call.with(inputs)).map { value in
                guard case .array(let array)? = value, array.elementType == .float32 else { return value }
                return .array(try call.narrowed(array, to: narrow))
            }
        }
    }

    /// All operators by name; those of ONNX's own set.
    static let all: [String: ONNXOperator] = {
        var all: [String: ONNXOperator] = [:]
        for table in [
            Elementwise.table, Comparisons.table, Reductions.table, Shapes.table, Selections.table, Generators.table,
            Casts.table, Products.table, Convolution.table, Pooling.table, Normalisation.table, Recurrences.table,
            Control.table, Sequences.table, Losses.table, Quantisation.table,
        ] {
            all.merge(table) { first, _ in first }
        }
        return all
    }()
}

extension ONNXCall {
    /// Floats of 16 bits as floats of 32.
    func widened(_ array: ONNXArray) throws -> ONNXArray {
        let isBrain = array.elementType == .bfloat16
        return try make(array.shape, Float.self) { target in
            array.read(UInt16.self) { source in
                for k in source.indices {
                    target[k] = isBrain ? HalfFloat.float(brain: source[k]) : HalfFloat.float(source[k])
                }
            }
        }
    }

    /// Floats of 32 bits rounded to 16.
    func narrowed(_ array: ONNXArray, to type: ONNXElementType) throws -> ONNXArray {
        try make(array.shape, type, of: UInt16.self) { target in
            array.read(Float.self) { source in
                for k in source.indices {
                    target[k] =
                        type == .bfloat16 ? HalfFloat.bits(brain: source[k]) : HalfFloat.bits(Double(source[k]))
                }
            }
        }
    }
}
