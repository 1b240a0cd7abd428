import RecurrentTensor

/// The header of a safetensors file: which tensors there are and where their bytes lie.
///
/// - Source: the safetensors format, as its reference implementation checks it.
struct SafetensorsHeader: Sendable {
    var entries: [SafetensorsFile.Entry] = []
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
        let json = try bytes.withUnsafeBufferPointer { (buffer) throws(RecurrentError) in
            try JSONParser.parse(
                buffer, from: source + " (header)", maximumBytes: Self.maximumBytes, maximumDepth: 3,
                maximumValues: 1 << 23, category: .badModel)
        }
        guard case .object(let object) = json else { throw Self.failure("the header is no object", source) }
        entries.reserveCapacity(object.count)
        for (name, value) in object {
            let cursor = JSONCursor(json, source: source)[name]
            if name == "__metadata__" {
                for (key, text) in try cursor.object() {
                    guard let text = text.stringValue else { throw cursor[key].error("is not a text") }
                    metadata[key] = text
                }
            } else {
                entries.append(try Self.entry(name, value, cursor))
            }
        }
        try checkLayout(dataLength: dataLength, source: source)
    }

    /// Reads straight from the value, for a cursor at each of 100,000 tensors would cost more than all the rest.
    private static func entry(
        _ name: String, _ value: JSON, _ cursor: @autoclosure () -> JSONCursor
    ) throws(RecurrentError) -> SafetensorsFile.Entry {
        guard let dtype = value["dtype"]?.stringValue else { throw cursor()["dtype"].error("is no element type") }
        guard let type = SafetensorsType(rawValue: dtype) else {
            throw cursor()["dtype"].error(
                "is \(JSON.string(dtype).text())", why: "this element type is not known",
                help: "known: " + SafetensorsType.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard let shape = extents(value["shape"]) else {
            throw cursor()["shape"].error("is not a list of extents")
        }
        guard let offsets = extents(value["data_offsets"]), offsets.count == 2, offsets[0] <= offsets[1] else {
            throw cursor()["data_offsets"].error("is not a begin and an end")
        }
        // The order of the factors matters to what overflows, and is that of the reference and of Tensor.
        var count = 1
        for extent in shape + [type.bitCount] {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            if overflow { throw cursor()["shape"].error("has more elements than a file can hold") }
            count = product
        }
        let byteCount = offsets[1] - offsets[0]
        guard count % 8 == 0, count / 8 == byteCount else {
            throw cursor().error(
                "has \(byteCount) bytes of data", why: "\(dtype) of shape \(shape) has \(count) bits")
        }
        return SafetensorsFile.Entry(name: name, type: type, shape: shape, byteRange: offsets[0]..<offsets[1])
    }

    private static func extents(_ value: JSON?) -> [Int]? {
        guard case .array(let elements)? = value else { return nil }
        var extents: [Int] = []
        extents.reserveCapacity(elements.count)
        for element in elements {
            guard case .integer(let extent) = element, extent >= 0, let extent = Int(exactly: extent) else {
                return nil
            }
            extents.append(extent)
        }
        return extents
    }

    /// Every byte behind the header belongs to exactly one tensor: no overlap, no hole, nothing after the last.
    private func checkLayout(dataLength: Int, source: String) throws(RecurrentError) {
        var end = 0
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
