import RecurrentTensor

/// The header of a safetensors file: which tensors there are and where their bytes lie.
///
/// - Source: the safetensors format, as its reference implementation checks it.
struct SafetensorsHeader: Sendable {
    var entries: [SafetensorsFile.Entry] = []
    /// Where each name stands in `entries`.
    var positions: [String: Int] = [:]
    var metadata: [String: String] = [:]

    /// The longest header that is read or written.
    static let maximumBytes = 100_000_000

    /// Checks the first eight bytes of a file of a known length, and returns the length of the header.
    static func headerLength(_ prefix: [UInt8], fileLength: Int, source: String) throws(RecurrentError) -> Int {
        guard prefix.count == 8, fileLength >= 8 else {
            throw failure("the file is too short: \(fileLength) bytes", source, why: "its header alone has 8 or more")
        }
        let length = prefix.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        if length > maximumBytes {
            throw failure("the header claims \(length) bytes", source, why: "at most \(maximumBytes) are allowed")
        }
        let available = fileLength - 8
        if length > available {
            throw failure(
                "the header claims \(length) bytes, but only \(available) follow", source,
                help: "the file was cut off; copy it again")
        }
        return Int(length)
    }

    /// Reads a header and checks it against the number of bytes that follow it.
    init(parsing bytes: [UInt8], dataLength: Int, source: String) throws(RecurrentError) {
        guard bytes.first == UInt8(ascii: "{") else {
            throw Self.failure("the header does not begin with \"{\"", source)
        }
        try bytes.withUnsafeBufferPointer { (buffer) throws(RecurrentError) in
            // Steps through the text instead of making a tree of it: a header may have 100,000 tensors.
            try JSONParser.read(
                buffer, from: source, maximumBytes: Self.maximumBytes, maximumDepth: 3, category: .badModel
            ) { (parser) throws(JSONParser.Failure) in
                try parser.members(depth: 1) { (parser, name, place) throws(JSONParser.Failure) in
                    if name == "__metadata__" {
                        guard positions.updateValue(-1, forKey: name) == nil else {
                            throw JSONParser.duplicate(name, place)
                        }
                        metadata = try Self.metadata(&parser)
                    } else {
                        guard positions.updateValue(entries.count, forKey: name) == nil else {
                            throw JSONParser.duplicate(name, place)
                        }
                        entries.append(try Self.entry(name, place, &parser))
                    }
                }
            }
        }
        positions["__metadata__"] = nil
        try checkLayout(dataLength: dataLength, source: source)
    }

    private static func metadata(_ parser: inout JSONParser) throws(JSONParser.Failure) -> [String: String] {
        var metadata: [String: String] = [:]
        try parser.members(depth: 2) { (parser, key, place) throws(JSONParser.Failure) in
            guard metadata.updateValue(try parser.string(), forKey: key) == nil else {
                throw JSONParser.duplicate(key, place)
            }
        }
        return metadata
    }

    private static func entry(
        _ name: String, _ place: Int, _ parser: inout JSONParser
    ) throws(JSONParser.Failure) -> SafetensorsFile.Entry {
        func failure(_ what: String, why: String? = nil, help: String? = nil) -> JSONParser.Failure {
            JSONParser.Failure(
                offset: place, what: "the tensor \(JSON.string(name).text()) \(what)", why: why, help: help)
        }
        var dtype: String?
        var shape: [Int]?
        var offsets: [Int]?
        try parser.members(depth: 2) { (parser, key, place) throws(JSONParser.Failure) in
            switch key {
            case "dtype" where dtype == nil: dtype = try parser.string()
            case "shape" where shape == nil: shape = try extents(&parser)
            case "data_offsets" where offsets == nil: offsets = try extents(&parser)
            case "dtype", "shape", "data_offsets": throw JSONParser.duplicate(key, place)
            default: _ = try parser.value(depth: 2)
            }
        }
        guard let dtype, let shape, let offsets else {
            let missing = dtype == nil ? "dtype" : shape == nil ? "shape" : "data_offsets"
            throw failure("has no \"\(missing)\"")
        }
        guard let type = SafetensorsType(rawValue: dtype) else {
            throw failure(
                "has elements of type \(JSON.string(dtype).text())", why: "this type is not known",
                help: "known: " + SafetensorsType.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw failure("has the data offsets \(offsets)", why: "they must be a begin and an end")
        }
        // The order of the factors matters to what overflows, and is that of the reference and of Tensor.
        var bitCount = 1
        var overflow = false
        for extent in shape where !overflow {
            (bitCount, overflow) = bitCount.multipliedReportingOverflow(by: extent)
        }
        if !overflow { (bitCount, overflow) = bitCount.multipliedReportingOverflow(by: type.bitCount) }
        if overflow { throw failure("of shape \(shape) has more elements than a file can hold") }
        let byteCount = offsets[1] - offsets[0]
        guard bitCount % 8 == 0, bitCount / 8 == byteCount else {
            throw failure("has \(byteCount) bytes of data", why: "\(dtype) of shape \(shape) has \(bitCount) bits")
        }
        return SafetensorsFile.Entry(name: name, type: type, shape: shape, byteRange: offsets[0]..<offsets[1])
    }

    private static func extents(_ parser: inout JSONParser) throws(JSONParser.Failure) -> [Int] {
        var extents: [Int] = []
        try parser.elements(depth: 3) { (parser) throws(JSONParser.Failure) in
            let place = parser.position
            guard case .integer(let value) = try parser.number(), value >= 0, let extent = Int(exactly: value) else {
                throw JSONParser.Failure(offset: place, what: "an extent or offset is no whole number from 0 up")
            }
            extents.append(extent)
        }
        return extents
    }

    /// Every byte behind the header belongs to exactly one tensor: no overlap, no hole, nothing after the last.
    private func checkLayout(dataLength: Int, source: String) throws(RecurrentError) {
        var end = 0
        // Most writers list the tensors as they lie, and then sorting is a single pass.
        let order = entries.indices.sorted {
            let (a, b) = (entries[$0].byteRange, entries[$1].byteRange)
            return (a.lowerBound, a.upperBound) < (b.lowerBound, b.upperBound)
        }
        for entry in order.lazy.map({ entries[$0] }) {
            let begin = entry.byteRange.lowerBound
            if begin != end {
                let name = JSON.string(entry.name).text()
                throw Self.failure(
                    "the data of \(name) begins at \(begin), but the data before it ends at \(end)", source,
                    why: begin < end ? "tensors must not overlap" : "there must be no hole between tensors")
            }
            end = entry.byteRange.upperBound
        }
        if end > dataLength {
            throw Self.failure(
                "the tensors need \(end) bytes, but only \(dataLength) follow the header", source,
                help: "the file was cut off; copy it again")
        }
        if end < dataLength {
            throw Self.failure(
                "\(dataLength - end) bytes follow the last tensor", source, why: "none are allowed there")
        }
    }

    private static func failure(
        _ what: String, _ source: String, why: String? = nil, help: String? = nil
    ) -> RecurrentError {
        RecurrentError(.badModel, "no valid safetensors file: " + what, at: source, why: why, help: help)
    }
}

/// The element types of the format. Some of them no tensor here can hold; they are listed but not loaded.
enum SafetensorsType: String, Sendable, Hashable, CaseIterable {
    case bool = "BOOL"
    case float4 = "F4"
    case float6e2m3 = "F6_E2M3"
    case float6e3m2 = "F6_E3M2"
    case uint8 = "U8"
    case int8 = "I8"
    case float8e5m2 = "F8_E5M2"
    case float8e4m3 = "F8_E4M3"
    case float8e8m0 = "F8_E8M0"
    case float8e4m3fnuz = "F8_E4M3FNUZ"
    case float8e5m2fnuz = "F8_E5M2FNUZ"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case complex64 = "C64"
    case float64 = "F64"
    case int64 = "I64"
    case uint64 = "U64"

    var bitCount: Int {
        switch self {
        case .float4: 4
        case .float6e2m3, .float6e3m2: 6
        case .bool, .uint8, .int8, .float8e5m2, .float8e4m3, .float8e8m0, .float8e4m3fnuz, .float8e5m2fnuz: 8
        case .int16, .uint16, .float16, .bfloat16: 16
        case .int32, .uint32, .float32: 32
        case .complex64, .float64, .int64, .uint64: 64
        }
    }

    /// Nil where no tensor here can hold it.
    var elementType: ElementType? {
        switch self {
        case .float32: .float32
        case .float64: .float64
        case .int32: .int32
        case .int64: .int64
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .int8: .int8
        case .uint8: .uint8
        case .bool: .bool
        default: nil
        }
    }

    init(_ type: ElementType) {
        self =
            switch type {
            case .float32: .float32
            case .float64: .float64
            case .int32: .int32
            case .int64: .int64
            case .float16: .float16
            case .bfloat16: .bfloat16
            case .int8: .int8
            case .uint8: .uint8
            case .bool: .bool
            }
    }
}
