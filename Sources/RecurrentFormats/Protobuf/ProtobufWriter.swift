/// Writes one protobuf message into memory.
///
/// Fields with default values are left out by the callers that know which are; what is written is written as asked.
package struct ProtobufWriter: Sendable {
    /// What was written so far.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// A whole number, as int64 and enumerations are stored.
    package mutating func int64(_ number: Int, _ value: Int64) {
        tag(number, .varint)
        varint(UInt64(bitPattern: value))
    }

    /// A float of 32 bits.
    package mutating func float(_ number: Int, _ value: Float) {
        tag(number, .fixed32)
        fixed(value.bitPattern)
    }

    /// A float of 64 bits.
    package mutating func double(_ number: Int, _ value: Double) {
        tag(number, .fixed64)
        fixed(value.bitPattern)
    }

    /// Bytes.
    package mutating func data(_ number: Int, _ value: some Collection<UInt8>) {
        tag(number, .lengthDelimited)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// A text.
    package mutating func string(_ number: Int, _ value: String) { data(number, value.utf8) }

    /// A text, left out where it is empty.
    package mutating func nonEmpty(_ number: Int, _ value: String) {
        if !value.isEmpty { string(number, value) }
    }

    /// A message inside this one.
    package mutating func message(_ number: Int, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        data(number, inner.bytes)
    }

    /// Whole numbers one by one, as proto2 stores them where it is not told to pack.
    package mutating func int64s(_ number: Int, _ values: [Int64]) {
        for value in values { int64(number, value) }
    }

    /// Whole numbers, packed.
    package mutating func packedInt64s(_ number: Int, _ values: [Int64]) {
        var inner = ProtobufWriter()
        for value in values { inner.varint(UInt64(bitPattern: value)) }
        data(number, inner.bytes)
    }

    /// Floats of 32 bits, packed.
    package mutating func packedFloats(_ number: Int, _ values: [Float]) {
        tag(number, .lengthDelimited)
        varint(UInt64(values.count) * 4)
        for value in values { fixed(value.bitPattern) }
    }

    /// Floats of 64 bits, packed.
    package mutating func packedDoubles(_ number: Int, _ values: [Double]) {
        tag(number, .lengthDelimited)
        varint(UInt64(values.count) * 8)
        for value in values { fixed(value.bitPattern) }
    }

    private mutating func tag(_ number: Int, _ type: ProtobufWireType) {
        varint(UInt64(number) << 3 | UInt64(type.rawValue))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func fixed(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
