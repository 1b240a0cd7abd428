import RecurrentTensor

/// What the header of an NPY array says: element type, byte order, order of the axes and shape.
///
/// - Source: the NPY format, versions 1.0, 2.0 and 3.0, as numpy documents it.
struct NPYHeader: Sendable, Hashable {
    var elementType: ElementType
    var isBigEndian = false
    /// Whether the first axis runs fastest.
    var isFortranOrder = false
    var shape: [Int]
    /// The bytes of magic, version, length and dictionary together: where the elements begin.
    var byteCount = 0

    /// The number of bytes of the elements.
    var dataByteCount: Int { shape.reduce(1, *) * elementType.byteCount }

    /// The longest dictionary that is read. numpy itself reads 10,000 bytes at most.
    static let maximumBytes = 1 << 16
    /// The most axes that are read: those of numpy.
    static let maximumRank = 64

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    // MARK: - Reading

    /// Reads the header that begins at a place, and checks it against the number of bytes from there on.
    static func read(
        _ bytes: StoredBytes, at start: Int, available: Int, source: String
    ) throws(RecurrentError) -> NPYHeader {
        let prefix = try bytes.read(at: start, count: min(12, available), source)
        guard prefix.starts(with: magic) else {
            throw failure("it does not begin with \"\\x93NUMPY\"", source)
        }
        guard prefix.count >= 10 else { throw failure("it is cut off in its header", source) }
        let wide: Bool
        switch (prefix[6], prefix[7]) {
        case (1, 0): wide = false
        case (2, 0), (3, 0): wide = true
        default:
            throw failure("its version is \(prefix[6]).\(prefix[7])", source, why: "1.0, 2.0 and 3.0 can be read")
        }
        guard prefix.count == 12 || !wide else { throw failure("it is cut off in its header", source) }
        let lengthBytes = prefix[8..<(wide ? 12 : 10)]
        let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        let begin = lengthBytes.endIndex
        guard length <= maximumBytes else {
            throw failure("its header claims \(length) bytes", source, why: "at most \(maximumBytes) are read")
        }
        guard length <= available - begin else {
            throw failure(
                "its header claims \(length) bytes, but only \(available - begin) follow", source,
                help: "the file was cut off; copy it again")
        }
        let text = try bytes.read(at: start + begin, count: length, source)
        var header = try NPYHeaderParser.parse(text, source: source)
        header.byteCount = begin + length
        try header.check(available: available, source: source)
        return header
    }

    private func check(available: Int, source: String) throws(RecurrentError) {
        // The order of the factors matters to what overflows, and is that of Tensor.
        var needed = 1
        var overflow = false
        for extent in shape where !overflow { (needed, overflow) = needed.multipliedReportingOverflow(by: extent) }
        if !overflow { (needed, overflow) = needed.multipliedReportingOverflow(by: elementType.byteCount) }
        if overflow { throw Self.failure("its shape \(shape) has more elements than a file can hold", source) }
        let present = available - byteCount
        if present < needed {
            throw Self.failure(
                "\(elementType.rawValue) of shape \(shape) needs \(needed) bytes, but only \(present) follow the header",
                source, help: "the file was cut off; copy it again")
        }
        if present > needed {
            throw Self.failure(
                "\(present - needed) bytes follow the array", source, why: "a file holds one array",
                help: "save several arrays with numpy.savez")
        }
    }

    static func failure(_ what: String, _ source: String, why: String? = nil, help: String? = nil) -> RecurrentError {
        RecurrentError(.badData, "no NPY array that can be read: " + what, at: source, why: why, help: help)
    }

    // MARK: - Writing

    /// The bytes before the elements, a multiple of 64 so that a mapped file is aligned.
    func bytes() -> [UInt8] {
        let axes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        let text = "{'descr': '\(Self.code(elementType))', 'fortran_order': False, 'shape': (\(axes)), }"
        // A rank of thousands needs a longer header than version 1.0 can say.
        let wide = text.utf8.count + 64 > Int(UInt16.max)
        let prefix = Self.magic + [wide ? 2 : 1, 0]
        let before = prefix.count + (wide ? 4 : 2)
        let length = (before + text.utf8.count + 1 + 63) / 64 * 64 - before
        let padding = [UInt8](repeating: UInt8(ascii: " "), count: length - text.utf8.count - 1)
        let lengthBytes = (0..<(wide ? 4 : 2)).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        return prefix + lengthBytes + Array(text.utf8) + padding + [UInt8(ascii: "\n")]
    }

    /// How numpy spells an element type, little-endian.
    static func code(_ type: ElementType) -> String {
        switch type {
        case .float32: "<f4"
        case .float64: "<f8"
        case .int32: "<i4"
        case .int64: "<i8"
        case .float16: "<f2"
        // numpy has no bfloat16; its extension ml_dtypes stores one as two bytes without a meaning.
        case .bfloat16: "<V2"
        case .int8: "|i1"
        case .uint8: "|u1"
        case .bool: "|b1"
        }
    }
}
