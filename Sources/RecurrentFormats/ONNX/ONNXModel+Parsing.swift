public import RecurrentTensor

extension ONNXModel {
    /// A model from the bytes of a file.
    ///
    /// - Throws: `badModel`, with the place in bytes, where they are no ONNX model.
    public init(parsing bytes: [UInt8], source: String = "onnx") throws(RecurrentError) {
        var reader = ProtobufReader(bytes, source: source)
        self.init(graph: ONNXGraph(name: ""), operatorSets: [], irVersion: 0)
        var hasGraph = false
        while let field = try reader.next() {
            switch field.number {
            case 1: irVersion = try reader.int64(field)
            case 2: producerName = try reader.string(field)
            case 3: producerVersion = try reader.string(field)
            case 4: domain = try reader.string(field)
            case 5: modelVersion = try reader.int64(field)
            case 6: documentation = try reader.string(field)
            case 7:
                if hasGraph { throw reader.failure("the model has two graphs", at: field.position) }
                graph = try ONNXGraph(parsing: try reader.message(field), depth: 1)
                hasGraph = true
            case 8: operatorSets.append(try ONNXOperatorSet(parsing: try reader.message(field)))
            case 14: storedMetadata.append(try Entry(parsing: try reader.message(field)))
            case 25: functions.append(try ONNXFunction(parsing: try reader.message(field)))
            default: try reader.skip(field)
            }
        }
        guard hasGraph else {
            throw RecurrentError(
                .badModel, "there is no graph in it", at: source, why: "an ONNX model has one",
                help: "check that this is an .onnx file")
        }
    }
}

extension ONNXModel.Entry {
    init(parsing message: ProtobufReader) throws(RecurrentError) {
        var reader = message
        self.init(key: "", value: "")
        while let field = try reader.next() {
            switch field.number {
            case 1: key = try reader.string(field)
            case 2: value = try reader.string(field)
            default: try reader.skip(field)
            }
        }
    }
}

extension ONNXOperatorSet {
    init(parsing message: ProtobufReader) throws(RecurrentError) {
        var reader = message
        self.init(version: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: domain = try reader.string(field)
            case 2: version = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
    }
}

extension ONNXFunction {
    init(parsing message: ProtobufReader) throws(RecurrentError) {
        var reader = message
        self.init(
            name: "", domain: "", overload: "", inputs: [], outputs: [], attributeNames: [], attributeDefaults: [],
            nodes: [], operatorSets: [])
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.string(field)
            case 4: inputs.append(try reader.string(field))
            case 5: outputs.append(try reader.string(field))
            case 6: attributeNames.append(try reader.string(field))
            case 7: nodes.append(try ONNXNode(parsing: try reader.message(field), depth: 1))
            case 9: operatorSets.append(try ONNXOperatorSet(parsing: try reader.message(field)))
            case 10: domain = try reader.string(field)
            case 11: attributeDefaults.append(try ONNXAttribute(parsing: try reader.message(field), depth: 1))
            case 13: overload = try reader.string(field)
            default: try reader.skip(field)
            }
        }
    }
}

extension ONNXGraph {
    init(parsing message: ProtobufReader, depth: Int) throws(RecurrentError) {
        var reader = message
        guard depth <= ONNXModel.maximumGraphDepth else {
            throw reader.failure("graphs nest more than \(ONNXModel.maximumGraphDepth) deep")
        }
        self.init(name: "")
        while let field = try reader.next() {
            switch field.number {
            case 1: nodes.append(try ONNXNode(parsing: try reader.message(field), depth: depth))
            case 2: name = try reader.string(field)
            case 5: initializers.append(try ONNXTensor(parsing: try reader.message(field)))
            case 10: documentation = try reader.string(field)
            case 11: inputs.append(try ONNXValueInfo(parsing: try reader.message(field)))
            case 12: outputs.append(try ONNXValueInfo(parsing: try reader.message(field)))
            case 13: valueInfo.append(try ONNXValueInfo(parsing: try reader.message(field)))
            case 15:
                sparseInitializerCount += 1
                try reader.skip(field)
            default: try reader.skip(field)
            }
        }
    }
}

extension ONNXNode {
    init(parsing message: ProtobufReader, depth: Int) throws(RecurrentError) {
        var reader = message
        self.init("", inputs: [], outputs: [])
        while let field = try reader.next() {
            switch field.number {
            case 1: inputs.append(try reader.string(field))
            case 2: outputs.append(try reader.string(field))
            case 3: name = try reader.string(field)
            case 4: operatorType = try reader.string(field)
            case 5: attributes.append(try ONNXAttribute(parsing: try reader.message(field), depth: depth))
            case 7: domain = try reader.string(field)
            default: try reader.skip(field)
            }
        }
    }
}

extension ONNXAttribute {
    init(parsing message: ProtobufReader, depth: Int) throws(RecurrentError) {
        var reader = message
        let start = reader.position
        var (name, kind): (String, Int?) = ("", nil)
        var reference: String?
        var fields = Fields()
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.string(field)
            case 20: kind = Int(try reader.int32(field))
            case 21: reference = try reader.string(field)
            default: try fields.take(field, from: &reader, depth: depth)
            }
        }
        if let reference, !reference.isEmpty {
            self.init(name, .reference(reference, kind: kind ?? 0))
            return
        }
        // Files of the first versions do not say which field is meant.
        guard let value = fields.value(kind: kind ?? fields.firstKind ?? 0) else {
            throw reader.failure(
                "the attribute \(ONNXTensor.shown(name)) has the type \(kind ?? 0), which does not exist", at: start)
        }
        self.init(name, value)
    }

    /// All fields that can hold the value; the type says which does.
    private struct Fields {
        var firstKind: Int?
        var float: Float = 0
        var int: Int64 = 0
        var string: ArraySlice<UInt8> = []
        var tensor: ONNXTensor?
        var graph: ONNXGraph?
        var type: ONNXType?
        var floats: [Float] = []
        var ints: [Int64] = []
        var strings: [ArraySlice<UInt8>] = []
        var tensors: [ONNXTensor] = []
        var graphs: [ONNXGraph] = []

        mutating func take(
            _ field: ProtobufField, from reader: inout ProtobufReader, depth: Int
        ) throws(RecurrentError) {
            switch field.number {
            case 2: float = try reader.float(field)
            case 3: int = try reader.int64(field)
            case 4: string = try reader.data(field)
            case 5: tensor = try ONNXTensor(parsing: try reader.message(field))
            case 6: graph = try ONNXGraph(parsing: try reader.message(field), depth: depth + 1)
            case 7: try reader.appendFloats(field, to: &floats)
            case 8: try reader.appendInt64s(field, to: &ints)
            case 9: strings.append(try reader.data(field))
            case 10: tensors.append(try ONNXTensor(parsing: try reader.message(field)))
            case 11: graphs.append(try ONNXGraph(parsing: try reader.message(field), depth: depth + 1))
            case 14: type = try ONNXType(parsing: try reader.message(field))
            default: try reader.skip(field)
            }
            // The number of a field that holds a value is that of its type and one.
            if firstKind == nil, (2...11).contains(field.number) || field.number == 14 { firstKind = field.number - 1 }
        }

        func value(kind: Int) -> Value? {
            switch kind {
            case 1: .float(float)
            case 2: .int(int)
            case 3: .string(string)
            case 4: tensor.map { .tensor($0) }
            case 5: graph.map { .graph($0) }
            case 6: .floats(floats)
            case 7: .ints(ints)
            case 8: .strings(strings)
            case 9: .tensors(tensors)
            case 10: .graphs(graphs)
            case 11: .unsupported("a sparse tensor")
            case 12: .unsupported("sparse tensors")
            case 13: .type(type ?? .unknown)
            case 14: .unsupported("types")
            default: nil
            }
        }
    }
}
