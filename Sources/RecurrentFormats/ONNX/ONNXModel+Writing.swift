extension ONNXModel {
    /// The bytes of a file that holds the model.
    public func bytes() -> [UInt8] {
        var writer = ProtobufWriter()
        writer.int64(1, irVersion)
        writer.nonEmpty(2, producerName)
        writer.nonEmpty(3, producerVersion)
        writer.nonEmpty(4, domain)
        if modelVersion != 0 { writer.int64(5, modelVersion) }
        writer.nonEmpty(6, documentation)
        writer.message(7) { graph.write(to: &$0) }
        for set in operatorSets { writer.message(8) { set.write(to: &$0) } }
        for entry in storedMetadata {
            writer.message(14) {
                $0.string(1, entry.key)
                $0.string(2, entry.value)
            }
        }
        for function in functions { writer.message(25) { function.write(to: &$0) } }
        return writer.bytes
    }
}

extension ONNXOperatorSet {
    func write(to writer: inout ProtobufWriter) {
        writer.string(1, domain)
        writer.int64(2, version)
    }
}

extension ONNXFunction {
    func write(to writer: inout ProtobufWriter) {
        writer.string(1, name)
        for input in inputs { writer.string(4, input) }
        for output in outputs { writer.string(5, output) }
        for name in attributeNames { writer.string(6, name) }
        for node in nodes { writer.message(7) { node.write(to: &$0) } }
        for set in operatorSets { writer.message(9) { set.write(to: &$0) } }
        writer.nonEmpty(10, domain)
        for attribute in attributeDefaults { writer.message(11) { attribute.write(to: &$0) } }
        writer.nonEmpty(13, overload)
    }
}

extension ONNXGraph {
    func write(to writer: inout ProtobufWriter) {
        for node in nodes { writer.message(1) { node.write(to: &$0) } }
        writer.string(2, name)
        for tensor in initializers { writer.message(5) { tensor.write(to: &$0) } }
        writer.nonEmpty(10, documentation)
        for input in inputs { writer.message(11) { input.write(to: &$0) } }
        for output in outputs { writer.message(12) { output.write(to: &$0) } }
        for value in valueInfo { writer.message(13) { value.write(to: &$0) } }
    }
}

extension ONNXNode {
    func write(to writer: inout ProtobufWriter) {
        for input in inputs { writer.string(1, input) }
        for output in outputs { writer.string(2, output) }
        writer.nonEmpty(3, name)
        writer.string(4, operatorType)
        for attribute in attributes { writer.message(5) { attribute.write(to: &$0) } }
        writer.nonEmpty(7, domain)
    }
}

extension ONNXAttribute {
    func write(to writer: inout ProtobufWriter) {
        writer.string(1, name)
        let kind: Int
        switch value {
        case .float(let value):
            writer.float(2, value)
            kind = 1
        case .int(let value):
            writer.int64(3, value)
            kind = 2
        case .string(let bytes):
            writer.data(4, bytes)
            kind = 3
        case .tensor(let tensor):
            writer.message(5) { tensor.write(to: &$0) }
            kind = 4
        case .graph(let graph):
            writer.message(6) { graph.write(to: &$0) }
            kind = 5
        case .floats(let values):
            for value in values { writer.float(7, value) }
            kind = 6
        case .ints(let values):
            writer.int64s(8, values)
            kind = 7
        case .strings(let texts):
            for text in texts { writer.data(9, text) }
            kind = 8
        case .tensors(let tensors):
            for tensor in tensors { writer.message(10) { tensor.write(to: &$0) } }
            kind = 9
        case .graphs(let graphs):
            for graph in graphs { writer.message(11) { graph.write(to: &$0) } }
            kind = 10
        case .type(let type):
            writer.message(14) { type.write(to: &$0) }
            kind = 13
        case .reference(let name, let referenced):
            writer.string(21, name)
            kind = referenced
        case .unsupported: kind = 0
        }
        writer.int64(20, Int64(kind))
    }
}

extension ONNXTensor {
    /// The bytes of a file that holds the tensor alone, as test data are stored.
    public func bytes() -> [UInt8] {
        var writer = ProtobufWriter()
        write(to: &writer)
        return writer.bytes
    }

    func write(to writer: inout ProtobufWriter) {
        writer.int64s(1, dimensions.map { Int64($0) })
        writer.int64(2, Int64(elementType.rawValue))
        switch data {
        case .floats(let values): writer.packedFloats(4, values)
        case .int32s(let values): writer.packedInt64s(5, values.map { Int64($0) })
        case .strings(let texts): for text in texts { writer.data(6, text) }
        case .int64s(let values): writer.packedInt64s(7, values)
        case .doubles(let values): writer.packedDoubles(10, values)
        case .uint64s(let values): writer.packedInt64s(11, values.map { Int64(bitPattern: $0) })
        case .raw(let bytes): writer.data(9, bytes)
        case .external(let external):
            func entry(_ key: String, _ value: String) {
                writer.message(13) {
                    $0.string(1, key)
                    $0.string(2, value)
                }
            }
            entry("location", external.location)
            if external.offset != 0 { entry("offset", "\(external.offset)") }
            if let length = external.length { entry("length", "\(length)") }
            writer.int64(14, 1)
        }
        writer.nonEmpty(8, name)
    }
}

extension ONNXValueInfo {
    func write(to writer: inout ProtobufWriter) {
        writer.string(1, name)
        if type != .unknown { writer.message(2) { type.write(to: &$0) } }
    }
}

extension ONNXType {
    func write(to writer: inout ProtobufWriter) {
        switch self {
        case .tensor(let elementType, let shape):
            writer.message(1) { writer in
                writer.int64(1, Int64(elementType.rawValue))
                guard let shape else { return }
                writer.message(2) { writer in
                    for dimension in shape { writer.message(1) { dimension.write(to: &$0) } }
                }
            }
        case .sequence(let element): writer.message(4) { ONNXType.write(element, to: &$0) }
        case .optional(let element): writer.message(9) { ONNXType.write(element, to: &$0) }
        case .unsupported, .unknown: return
        }
    }

    private static func write(_ element: ONNXType?, to writer: inout ProtobufWriter) {
        if let element { writer.message(1) { element.write(to: &$0) } }
    }
}

extension ONNXDimension {
    func write(to writer: inout ProtobufWriter) {
        switch self {
        case .size(let extent): writer.int64(1, Int64(extent))
        case .symbol(let name): writer.string(2, name)
        case .unknown: return
        }
    }
}
