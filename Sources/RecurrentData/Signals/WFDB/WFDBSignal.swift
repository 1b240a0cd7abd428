/// A signal of a WFDB record: how its samples are stored, and what they mean.
public struct WFDBSignal: Sendable, Hashable {
    /// The file of the samples.
    public var file: String
    /// How a sample is stored.
    public var format: WFDBFormat
    /// How many samples it has in a frame.
    public var samplesPerFrame = 1
    /// How many frames it is late.
    public var skew = 0
    /// Where the samples begin in the file, in bytes.
    public var byteOffset = 0
    /// The steps of the converter for a physical unit.
    public var gain = 200.0
    /// The converter's value of the physical zero.
    public var baseline = 0
    /// The physical unit.
    public var unit = "mV"
    /// The bits of the converter.
    public var resolution = 12
    /// The converter's value in the middle of its range.
    public var zero = 0
    /// The first sample, as the head tells it.
    public var initialValue: Int?
    /// The sum of all samples, modulo 65536, as the head tells it; nil: it tells none.
    public var checksum: Int?
    /// What the signal is, such as a lead.
    public var name: String

    /// A sample in the physical unit; NaN where the sample says that it is missing.
    public func physical(_ sample: Int32) -> Float {
        if let missing = format.missing, sample == missing { return .nan }
        return Float((Double(sample) - Double(baseline)) / gain)
    }
}

/// How a sample of a WFDB record is stored.
///
/// - Source: the WFDB Applications Guide, signal(5).
public enum WFDBFormat: Int, Sendable, Hashable, CaseIterable {
    /// First differences in 8 bits.
    case differences8 = 8
    /// 16 bits, the low byte first.
    case little16 = 16
    /// 24 bits, the low byte first.
    case little24 = 24
    /// 32 bits, the low byte first.
    case little32 = 32
    /// 16 bits, the high byte first.
    case big16 = 61
    /// 8 bits, from 0 for the least value.
    case offset8 = 80
    /// 16 bits, from 0 for the least value.
    case offset16 = 160
    /// Two samples of 12 bits in three bytes.
    case packed12 = 212
    /// Three samples of 10 bits in four bytes, in the upper bits of two words.
    case packed10 = 310
    /// Three samples of 10 bits in four bytes, the first in the lowest bits.
    case packed10Low = 311

    /// The sample that stands for a missing one; nil: there is none.
    public var missing: Int32? {
        switch self {
        case .differences8: nil
        case .offset8: -128
        case .little16, .big16, .offset16: -32_768
        case .little24: -8_388_608
        case .little32: .min
        case .packed12: -2_048
        case .packed10, .packed10Low: -512
        }
    }

    /// The samples of a group and its bytes.
    var group: (samples: Int, bytes: Int) {
        switch self {
        case .differences8, .offset8: (1, 1)
        case .little16, .big16, .offset16: (1, 2)
        case .little24: (1, 3)
        case .little32: (1, 4)
        case .packed12: (2, 3)
        case .packed10, .packed10Low: (3, 4)
        }
    }

    /// The samples of the bytes of a file; the last group may be cut behind a whole sample.
    func samples(_ bytes: ArraySlice<UInt8>) -> [Int32] {
        func word(_ at: Int) -> Int32 { Int32(bytes[at]) | Int32(bytes[at + 1]) << 8 }
        func signed(_ value: Int32, bits: Int32) -> Int32 { (value << (32 - bits)) >> (32 - bits) }
        var result: [Int32] = []
        result.reserveCapacity(bytes.count / group.bytes * group.samples + 2)
        var at = bytes.startIndex
        while at + group.bytes <= bytes.endIndex {
            switch self {
            // A differences' sum starts anew in every signal; the reader of the record adds them up.
            case .differences8: result.append(Int32(Int8(bitPattern: bytes[at])))
            case .offset8: result.append(Int32(bytes[at]) - 128)
            case .little16: result.append(signed(word(at), bits: 16))
            case .big16: result.append(signed(Int32(bytes[at]) << 8 | Int32(bytes[at + 1]), bits: 16))
            case .offset16: result.append(word(at) - 32_768)
            case .little24: result.append(signed(word(at) | Int32(bytes[at + 2]) << 16, bits: 24))
            case .little32:
                result.append(word(at) | Int32(bitPattern: UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24))
            case .packed12:
                result.append(signed(Int32(bytes[at]) | Int32(bytes[at + 1] & 0x0F) << 8, bits: 12))
                result.append(signed(Int32(bytes[at + 2]) | Int32(bytes[at + 1] >> 4) << 8, bits: 12))
            case .packed10:
                let (first, second) = (word(at), word(at + 2))
                result.append(signed(first >> 1 & 0x3FF, bits: 10))
                result.append(signed(second >> 1 & 0x3FF, bits: 10))
                result.append(signed(first >> 11 & 0x1F | (second >> 11 & 0x1F) << 5, bits: 10))
            case .packed10Low:
                let all = UInt32(word(at)) | UInt32(word(at + 2)) << 16
                for shift: UInt32 in [0, 10, 20] { result.append(signed(Int32(all >> shift & 0x3FF), bits: 10)) }
            }
            at += group.bytes
        }
        // The last group of an odd number of samples may end with the bytes that it needs.
        let left = bytes.endIndex - at
        if self == .packed12, left == 2 {
            result.append(signed(Int32(bytes[at]) | Int32(bytes[at + 1] & 0x0F) << 8, bits: 12))
        }
        if self == .packed10, left >= 2 { result.append(signed(word(at) >> 1 & 0x3FF, bits: 10)) }
        if self == .packed10Low, left >= 2 { result.append(signed(word(at) & 0x3FF, bits: 10)) }
        return result
    }
}
