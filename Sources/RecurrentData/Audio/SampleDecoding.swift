/// Stored samples to numbers: whole numbers of n bits are divided by 2ⁿ⁻¹, so that they lie in [−1, 1).
///
/// - Numerics: exact in double precision for every form; in single precision rounded once, and exact up to 24 bits.
enum SampleDecoding {
    /// Turns `count` stored samples at `bytes` into numbers.
    static func decode<S: BinaryFloatingPoint>(
        _ bytes: UnsafeRawPointer, _ count: Int, _ format: AudioFormat, into target: UnsafeMutablePointer<S>
    ) {
        switch format.encoding {
        case .unsigned8:
            for index in 0..<count {
                let value = bytes.load(fromByteOffset: index, as: UInt8.self)
                target[index] = S(Int32(value) - 128) * 0x1p-7
            }
        case .signed8:
            for index in 0..<count { target[index] = S(bytes.load(fromByteOffset: index, as: Int8.self)) * 0x1p-7 }
        case .muLaw, .aLaw:
            let table = format.encoding == .muLaw ? muLaw : aLaw
            table.withUnsafeBufferPointer { table in
                for index in 0..<count {
                    target[index] = S(table[Int(bytes.load(fromByteOffset: index, as: UInt8.self))]) * 0x1p-15
                }
            }
        case .signed16:
            for index in 0..<count {
                let raw = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                target[index] = S(Int16(bitPattern: ordered(raw, format.isBigEndian))) * 0x1p-15
            }
        case .signed24:
            for index in 0..<count {
                let first = Int32(bytes.load(fromByteOffset: 3 * index, as: UInt8.self))
                let second = Int32(bytes.load(fromByteOffset: 3 * index + 1, as: UInt8.self))
                let third = Int32(bytes.load(fromByteOffset: 3 * index + 2, as: UInt8.self))
                // The sign comes from the shift back by eight bits.
                let (high, low) = format.isBigEndian ? (first, third) : (third, first)
                target[index] = S(((high << 24) | (second << 16) | (low << 8)) >> 8) * 0x1p-23
            }
        case .signed32:
            for index in 0..<count {
                let raw = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                target[index] = S(Int32(bitPattern: ordered(raw, format.isBigEndian))) * 0x1p-31
            }
        case .float32:
            for index in 0..<count {
                let raw = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                target[index] = S(Float(bitPattern: ordered(raw, format.isBigEndian)))
            }
        case .float64:
            for index in 0..<count {
                let raw = bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
                target[index] = S(Double(bitPattern: ordered(raw, format.isBigEndian)))
            }
        case .flac: preconditionFailure("SampleDecoding: FLAC is not a form of single samples")
        }
    }

    @inline(__always)
    private static func ordered<T: FixedWidthInteger>(_ raw: T, _ isBigEndian: Bool) -> T {
        isBigEndian ? T(bigEndian: raw) : T(littleEndian: raw)
    }

    // ITU-T G.711: a sign, three bits of exponent and four of mantissa, all inverted.
    private static let muLaw: [Int16] = (0..<256).map { code in
        let bits = ~code & 0xFF
        let size = (((bits & 0x0F) << 3) + 0x84) << ((bits & 0x70) >> 4) - 0x84
        return Int16(bits & 0x80 != 0 ? -size : size)
    }

    // ITU-T G.711: the same with every second bit inverted, and without a bias in the lowest segment.
    private static let aLaw: [Int16] = (0..<256).map { code in
        let bits = code ^ 0x55
        let segment = (bits & 0x70) >> 4
        let low = ((bits & 0x0F) << 4) + (segment == 0 ? 8 : 0x108)
        let size = segment > 1 ? low << (segment - 1) : low
        return Int16(bits & 0x80 != 0 ? size : -size)
    }
}
