public import RecurrentTensor

extension ONNXTensor {
    /// A tensor from the bytes of a file of one, as test data are stored.
    ///
    /// - Throws: `badModel`, with the place in bytes, where they are no tensor.
    public init(parsing bytes: [UInt8], source: String = "onnx") throws(RecurrentError) {
        try self.init(parsing: ProtobufReader(bytes, source: source))
    }

    package init(parsing message: ProtobufReader) throws(RecurrentError) {
        var reader = message
        let start = reader.position
        self.init(elementType: .undefined, dimensions: [], data: .raw([]))
        var stored: [Data] = []
        var (extents, floats, doubles): ([Int64], [Float], [Double]) = ([], [], [])
        var (int32s, int64s, uint64s): ([Int32], [Int64], [UInt64]) = ([], [], [])
        var strings: [ArraySlice<UInt8>] = []
        var entries: [ONNXModel.Entry] = []
        var isExternal = false
        while let field = try reader.next() {
            switch field.number {
            case 1: try reader.appendInt64s(field, to: &extents)
            case 2:
                let number = try reader.int32(field)
                guard let type = ONNXElementType(rawValue: number) else {
                    throw reader.failure("a tensor has the element type \(number)", at: field.position)
                }
                elementType = type
            case 3: throw reader.failure("a tensor is stored in segments, which are not supported", at: field.position)
            case 4: try reader.appendFloats(field, to: &floats)
            case 5: try reader.appendInt32s(field, to: &int32s)
            case 6: strings.append(try reader.data(field))
            case 7: try reader.appendInt64s(field, to: &int64s)
            case 8: name = try reader.string(field)
            case 9: stored.append(.raw(try reader.data(field)))
            case 10: try reader.appendDoubles(field, to: &doubles)
            case 11: try reader.appendUInt64s(field, to: &uint64s)
            case 13: entries.append(try ONNXModel.Entry(parsing: try reader.message(field)))
            case 14: isExternal = try reader.int32(field) == 1
            default: try reader.skip(field)
            }
        }
        dimensions = try ONNXTensor.checked(extents, reader, start)
        if !floats.isEmpty { stored.append(.floats(floats)) }
        if !doubles.isEmpty { stored.append(.doubles(doubles)) }
        if !int32s.isEmpty { stored.append(.int32s(int32s)) }
        if !int64s.isEmpty { stored.append(.int64s(int64s)) }
        if !uint64s.isEmpty { stored.append(.uint64s(uint64s)) }
        if !strings.isEmpty { stored.append(.strings(strings)) }
        if isExternal { stored.append(.external(try External(entries, reader, start))) }
        // An empty raw field beside another one says nothing.
        if stored.count > 1 { stored.removeAll { $0 == .raw([]) } }
        guard stored.count <= 1 else {
            throw reader.failure("the tensor \(ONNXTensor.shown(name)) has its data twice", at: start)
        }
        data = stored.first ?? (elementType == .string ? .strings([]) : .raw([]))
    }

    private static func checked(
        _ extents: [Int64], _ reader: ProtobufReader, _ start: Int
    ) throws(RecurrentError) -> [Int] {
        guard extents.count <= 64, extents.allSatisfy({ $0 >= 0 }) else {
            throw reader.failure("a tensor has the shape \(extents.prefix(64))", at: start)
        }
        return extents.map { Int($0) }
    }
}

extension ONNXTensor.External {
    init(_ entries: [ONNXModel.Entry], _ reader: ProtobufReader, _ start: Int) throws(RecurrentError) {
        self.init(location: "")
        for entry in entries {
            switch entry.key {
            case "location": location = entry.value
            case "offset", "length":
                guard let number = Int(entry.value), number >= 0 else {
                    throw reader.failure(
                        "the \(entry.key) of external data is \(ONNXTensor.shown(entry.value))", at: start)
                }
                if entry.key == "offset" { offset = number } else { length = number }
            default: continue
            }
        }
    }
}

extension ONNXValueInfo {
    init(parsing message: ProtobufReader) throws(RecurrentError) {
        var reader = message
        self.init("", .unknown)
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try reader.string(field)
            case 2: type = try ONNXType(parsing: try reader.message(field))
            default: try reader.skip(field)
            }
        }
    }
}

extension ONNXType {
    init(parsing message: ProtobufReader) throws(RecurrentError) {
        var reader = message
        self = .unknown
        while let field = try reader.next() {
            switch field.number {
            case 1: self = try ONNXType.tensor(try reader.message(field))
            case 4: self = .sequence(try ONNXType.element(try reader.message(field)))
            case 5:
                try reader.skip(field)
                self = .unsupported("map")
            case 7:
                try reader.skip(field)
                self = .unsupported("opaque")
            case 8:
                try reader.skip(field)
                self = .unsupported("sparse tensor")
            case 9: self = .optional(try ONNXType.element(try reader.message(field)))
            default: try reader.skip(field)
            }
        }
    }

    private static func element(_ message: ProtobufReader) throws(RecurrentError) -> ONNXType? {
        var reader = message
        var type: ONNXType?
        while let field = try reader.next() {
            if field.number == 1 {
                type = try ONNXType(parsing: try reader.message(field))
            } else {
                try reader.skip(field)
            }
        }
        return type
    }

    private static func tensor(_ message: ProtobufReader) throws(RecurrentError) -> ONNXType {
        var reader = message
        var (type, shape): (ONNXElementType, [ONNXDimension]?) = (.undefined, nil)
        while let field = try reader.next() {
            switch field.number {
            case 1:
                let number = try reader.int32(field)
                guard let known = ONNXElementType(rawValue: number) else {
                    throw reader.failure("a value has the element type \(number)", at: field.position)
                }
                type = known
            case 2: shape = try dimensions(try reader.message(field))
            default: try reader.skip(field)
            }
        }
        return .tensor(type, shape: shape)
    }

    private static func dimensions(_ message: ProtobufReader) throws(RecurrentError) -> [ONNXDimension] {
        var reader = message
        var dimensions: [ONNXDimension] = []
        while let field = try reader.next() {
            guard field.number == 1 else {
                try reader.skip(field)
                continue
            }
            var inner = try reader.message(field)
            var dimension = ONNXDimension.unknown
            while let part = try inner.next() {
                switch part.number {
                case 1: dimension = .size(Int(try inner.int64(part)))
                case 2: dimension = .symbol(try inner.string(part))
                default: try inner.skip(part)
                }
            }
            if case .symbol("") = dimension { dimension = .unknown }
            dimensions.append(dimension)
        }
        return dimensions
    }
}
