package import RecurrentTensor

/// How the bytes of a field are laid out.
package enum ProtobufWireType: UInt8, Sendable, Hashable {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case startGroup = 3
    case endGroup = 4
    case fixed32 = 5

    /// Without reflection, which is slow where a damaged file makes many errors.
    var name: String {
        switch self {
        case .varint: "varint"
        case .fixed64: "fixed64"
        case .lengthDelimited: "lengthDelimited"
        case .startGroup: "startGroup"
        case .endGroup: "endGroup"
        case .fixed32: "fixed32"
        }
    }
}

/// The number of a field and how its bytes are laid out.
package struct ProtobufField: Sendable, Hashable {
    package let number: Int
    package let wireType: ProtobufWireType
    /// Where its tag begins, in bytes from the start of the file.
    package let position: Int
}

/// Steps through one protobuf message in memory: a field, then its value or `skip`.
///
/// Every loop consumes bytes, so that reading ends; nothing is allocated that the remaining bytes do not pay for; messages
/// nest at most ``maximumDepth`` deep. The bytes are shared with the readers of the messages inside, not copied.
///
/// - Source: the encoding of Protocol Buffers, proto2 and proto3.
package struct ProtobufReader: Sendable {
    /// The deepest message inside messages.
    package static let maximumDepth = 64

    private let bytes: [UInt8]
    /// Where the next byte is read, from the start of the file.
    package private(set) var position: Int
    private let end: Int
    private let depth: Int
    /// The name of the file, for messages.
    package let source: String

    /// A reader of a whole file.
    package init(_ bytes: [UInt8], source: String) {
        self.bytes = bytes
        position = 0
        end = bytes.count
        depth = 0
        self.source = source
    }

    private init(_ other: ProtobufReader, _ range: Range<Int>) {
        bytes = other.bytes
        position = range.lowerBound
        end = range.upperBound
        depth = other.depth + 1
        source = other.source
    }

    /// The bytes that are left of this message.
    package var remaining: Int { end - position }

    /// An error about what stands at a byte, by default about the next one.
    package func failure(_ what: String, at place: Int? = nil, why: String? = nil, help: String? = nil)
        -> RecurrentError
    {
        RecurrentError(.badModel, what, at: "\(source):byte \(place ?? position)", why: why, help: help)
    }

    // MARK: - Fields

    /// The next field, or nil at the end of the message.
    package mutating func next() throws(RecurrentError) -> ProtobufField? {
        guard position < end else { return nil }
        let start = position
        let tag = try varint()
        guard let type = ProtobufWireType(rawValue: UInt8(tag & 7)) else {
            throw failure("a field has the wire type \(tag & 7), which does not exist", at: start)
        }
        let number = tag >> 3
        guard number >= 1, number < 1 << 29 else { throw failure("a field has the number \(number)", at: start) }
        return ProtobufField(number: Int(number), wireType: type, position: start)
    }

    /// Steps over the value of a field that is not known here.
    package mutating func skip(_ field: ProtobufField) throws(RecurrentError) {
        switch field.wireType {
        case .varint: _ = try varint()
        case .fixed64: try advance(8)
        case .fixed32: try advance(4)
        case .lengthDelimited: _ = try range()
        case .endGroup: throw failure("a group ends that did not begin", at: field.position)
        case .startGroup:
            var open = [field.number]
            while let last = open.last {
                guard let inner = try next() else { throw failure("a group does not end", at: field.position) }
                if inner.wireType == .startGroup {
                    guard open.count < Self.maximumDepth else { throw tooDeep(inner.position) }
                    open.append(inner.number)
                } else if inner.wireType == .endGroup {
                    guard inner.number == last else { throw failure("a wrong group ends", at: inner.position) }
                    open.removeLast()
                } else {
                    try skip(inner)
                }
            }
        }
    }

    // MARK: - Values

    /// A whole number, as int64 and enumerations are stored.
    package mutating func int64(_ field: ProtobufField) throws(RecurrentError) -> Int64 {
        try expect(.varint, field)
        return Int64(bitPattern: try varint())
    }

    /// A whole number of 32 bits; larger ones lose their upper half, as the format demands.
    package mutating func int32(_ field: ProtobufField) throws(RecurrentError) -> Int32 {
        Int32(truncatingIfNeeded: try int64(field))
    }

    /// A float of 32 bits.
    package mutating func float(_ field: ProtobufField) throws(RecurrentError) -> Float {
        try expect(.fixed32, field)
        return Float(bitPattern: try load(UInt32.self))
    }

    /// The bytes of a string or of a bytes field, shared with the file.
    package mutating func data(_ field: ProtobufField) throws(RecurrentError) -> ArraySlice<UInt8> {
        try expect(.lengthDelimited, field)
        return bytes[try range()]
    }

    /// A text, which must be UTF-8.
    package mutating func string(_ field: ProtobufField) throws(RecurrentError) -> String {
        guard let text = String(validating: try data(field), as: UTF8.self) else {
            throw failure("a text is no UTF-8", at: field.position)
        }
        return text
    }

    /// A reader of a message inside this one.
    package mutating func message(_ field: ProtobufField) throws(RecurrentError) -> ProtobufReader {
        try expect(.lengthDelimited, field)
        guard depth < Self.maximumDepth else { throw tooDeep(field.position) }
        return ProtobufReader(self, try range())
    }

    // MARK: - Repeated values, packed or one by one

    /// Appends whole numbers.
    package mutating func appendInt64s(_ field: ProtobufField, to values: inout [Int64]) throws(RecurrentError) {
        guard field.wireType == .lengthDelimited else { return values.append(try int64(field)) }
        var inner = ProtobufReader(self, try range())
        while inner.remaining > 0 { values.append(Int64(bitPattern: try inner.varint())) }
    }

    /// Appends whole numbers of 32 bits.
    package mutating func appendInt32s(_ field: ProtobufField, to values: inout [Int32]) throws(RecurrentError) {
        guard field.wireType == .lengthDelimited else { return values.append(try int32(field)) }
        var inner = ProtobufReader(self, try range())
        while inner.remaining > 0 { values.append(Int32(truncatingIfNeeded: try inner.varint())) }
    }

    /// Appends whole numbers without sign.
    package mutating func appendUInt64s(_ field: ProtobufField, to values: inout [UInt64]) throws(RecurrentError) {
        guard field.wireType == .lengthDelimited else { return values.append(UInt64(bitPattern: try int64(field))) }
        var inner = ProtobufReader(self, try range())
        while inner.remaining > 0 { values.append(try inner.varint()) }
    }

    /// Appends floats of 32 bits.
    package mutating func appendFloats(_ field: ProtobufField, to values: inout [Float]) throws(RecurrentError) {
        guard field.wireType == .lengthDelimited else { return values.append(try float(field)) }
        var inner = ProtobufReader(self, try wholeRange(4, field))
        values.reserveCapacity(values.count + inner.remaining / 4)
        while inner.remaining > 0 { values.append(Float(bitPattern: try inner.load(UInt32.self))) }
    }

    /// Appends floats of 64 bits.
    package mutating func appendDoubles(_ field: ProtobufField, to values: inout [Double]) throws(RecurrentError) {
        if field.wireType == .lengthDelimited {
            var inner = ProtobufReader(self, try wholeRange(8, field))
            values.reserveCapacity(values.count + inner.remaining / 8)
            while inner.remaining > 0 { values.append(Double(bitPattern: try inner.load(UInt64.self))) }
        } else {
            try expect(.fixed64, field)
            values.append(Double(bitPattern: try load(UInt64.self)))
        }
    }

    // MARK: - Bytes

    private mutating func varint() throws(RecurrentError) -> UInt64 {
        var value: UInt64 = 0
        let start = position
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard position < end else { throw failure("a number is cut off", at: start) }
            let byte = bytes[position]
            position += 1
            if shift == 63, byte > 1 { throw failure("a number has more than 64 bits", at: start) }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw failure("a number has more than 64 bits", at: start)
    }

    private mutating func load<I: FixedWidthInteger>(_: I.Type) throws(RecurrentError) -> I {
        let size = MemoryLayout<I>.size
        guard remaining >= size else { throw failure("a number of \(size) bytes is cut off") }
        let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: I.self) }
        position += size
        return I(littleEndian: value)
    }

    private mutating func advance(_ count: Int) throws(RecurrentError) {
        guard remaining >= count else { throw failure("a value of \(count) bytes is cut off") }
        position += count
    }

    /// The bytes behind a length.
    private mutating func range() throws(RecurrentError) -> Range<Int> {
        let start = position
        let length = try varint()
        guard length <= UInt64(remaining) else {
            throw failure(
                "a value claims \(length) bytes, but only \(remaining) follow", at: start,
                help: "the file was cut off or damaged; copy it again")
        }
        let range = position..<position + Int(length)
        position = range.upperBound
        return range
    }

    private mutating func wholeRange(_ size: Int, _ field: ProtobufField) throws(RecurrentError) -> Range<Int> {
        let range = try range()
        guard range.count % size == 0 else {
            throw failure("\(range.count) bytes are no whole count of \(size)-byte numbers", at: field.position)
        }
        return range
    }

    private func expect(_ type: ProtobufWireType, _ field: ProtobufField) throws(RecurrentError) {
        guard field.wireType == type else {
            throw failure(
                "field \(field.number) is stored as \(field.wireType.name)", at: field.position,
                why: "it should be \(type.name)")
        }
    }

    private func tooDeep(_ place: Int) -> RecurrentError {
        failure("messages nest more than \(Self.maximumDepth) deep", at: place)
    }
}
