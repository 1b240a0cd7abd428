/// Bits of a window of bytes, the most significant first. Beyond the window there are zeros, and `isShort` is set.
struct FLACBits {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let bitCount: Int
    /// The number of bits that were read.
    private(set) var position: Int
    /// More bits were asked for than there are.
    private(set) var isShort = false

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        bitCount = bytes.count * 8
        position = 0
    }

    /// Where the next whole byte begins.
    var byteOffset: Int { (position + 7) / 8 }

    /// The next bits at the top of a word, 57 of them at least.
    @inline(__always)
    private var word: UInt64 {
        let offset = position >> 3
        var value: UInt64 = 0
        if offset + 8 <= bytes.count, let base = bytes.baseAddress {
            value = UInt64(bigEndian: UnsafeRawPointer(base).loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        } else {
            for index in 0..<8 where offset + index < bytes.count {
                value |= UInt64(bytes[offset + index]) << UInt64(56 - 8 * index)
            }
        }
        return value << UInt64(position & 7)
    }

    /// The next `count` bits, 0 to 57, as a whole number.
    @inline(__always)
    mutating func unsigned(_ count: Int) -> Int64 {
        if count == 0 { return 0 }
        let value = word >> UInt64(64 - count)
        position += count
        if position > bitCount { isShort = true }
        return Int64(bitPattern: value)
    }

    /// The next `count` bits, 0 to 57, as a number with a sign in two's complement.
    @inline(__always)
    mutating func signed(_ count: Int) -> Int64 {
        if count == 0 { return 0 }
        let value = Int64(bitPattern: word) >> Int64(64 - count)
        position += count
        if position > bitCount { isShort = true }
        return value
    }

    /// The number of zeros before the next one, which is read, too.
    @inline(__always)
    mutating func unary() -> Int64 {
        var zeros = 0
        while true {
            let there = word.leadingZeroBitCount
            if there < 57 {
                position += there + 1
                if position > bitCount { isShort = true }
                return Int64(zeros + there)
            }
            zeros += 56
            position += 56
            if position >= bitCount {
                isShort = true
                return Int64(zeros)
            }
        }
    }

    mutating func alignToByte() { position = (position + 7) & ~7 }
}
