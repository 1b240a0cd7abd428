/// One frame of a FLAC stream: some thousand samples of every channel.
///
/// - Source: RFC 9639, sections 9 and 10.
struct FLACFrame {
    /// Why a frame could not be read.
    enum Fault: Error {
        /// The window ends before the frame does.
        case short
        /// The bytes are no frame: what is wrong, and how many bytes into it.
        case damaged(String, Int)
    }

    /// The rate in Hz; nil for that of the stream.
    private(set) var sampleRate: Int?
    /// The bits of a sample; nil for those of the stream.
    private(set) var bitsPerSample: Int?
    private(set) var channelCount: Int
    private(set) var blockSize: Int
    /// The samples of each channel, one channel after another.
    private(set) var samples: [Int64] = []
    /// The bytes that the frame takes.
    private(set) var byteCount: Int = 0

    /// Reads the frame at the beginning of a window.
    init(_ window: UnsafeBufferPointer<UInt8>, streamBits: Int, checksSums: Bool) throws(Fault) {
        var bits = FLACBits(window)
        guard bits.unsigned(14) == 0x3FFE, bits.unsigned(1) == 0 else {
            throw bits.isShort ? .short : .damaged("there is no frame where one should begin", 0)
        }
        _ = bits.unsigned(1)
        let sizeCode = bits.unsigned(4)
        let rateCode = bits.unsigned(4)
        let channelCode = Int(bits.unsigned(4))
        let depthCode = Int(bits.unsigned(3))
        guard bits.unsigned(1) == 0, sizeCode != 0, rateCode != 15, channelCode < 11, depthCode != 3 else {
            throw bits.isShort ? .short : .damaged("the head of a frame holds a reserved code", 3)
        }
        try Self.skipNumber(&bits)
        switch sizeCode {
        case 1: blockSize = 192
        case 2...5: blockSize = 576 << Int(sizeCode - 2)
        case 6: blockSize = Int(bits.unsigned(8)) + 1
        case 7: blockSize = Int(bits.unsigned(16)) + 1
        default: blockSize = 256 << Int(sizeCode - 8)
        }
        switch rateCode {
        case 0: sampleRate = nil
        case 12: sampleRate = Int(bits.unsigned(8)) * 1000
        case 13: sampleRate = Int(bits.unsigned(16))
        case 14: sampleRate = Int(bits.unsigned(16)) * 10
        default:
            let rates = [88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000]
            sampleRate = rates[Int(rateCode) - 1]
        }
        bitsPerSample = [nil, 8, 12, nil, 16, 20, 24, 32][depthCode]
        channelCount = channelCode < 8 ? channelCode + 1 : 2
        let headBytes = bits.byteOffset
        let sum = UInt8(truncatingIfNeeded: bits.unsigned(8))
        if bits.isShort { throw .short }
        guard !checksSums || FLACChecksum.of8(window.prefix(headBytes)) == sum else {
            throw .damaged("the head of a frame does not fit its checksum", headBytes)
        }
        let depth = bitsPerSample ?? streamBits
        try readSubframes(&bits, channelCode: channelCode, depth: depth)
        bits.alignToByte()
        let bodyBytes = bits.byteOffset
        let check = UInt16(truncatingIfNeeded: bits.unsigned(16))
        if bits.isShort { throw .short }
        guard !checksSums || FLACChecksum.of16(window.prefix(bodyBytes)) == check else {
            throw .damaged("a frame does not fit its checksum", bodyBytes)
        }
        byteCount = bodyBytes + 2
        let limit = Int64(1) << Int64(depth - 1)
        guard samples.allSatisfy({ $0 >= -limit && $0 < limit }) else {
            throw .damaged("a sample has more than \(depth) bits", bodyBytes)
        }
    }

    /// The number of the frame or of its first sample, coded like UTF-8 with up to seven bytes.
    private static func skipNumber(_ bits: inout FLACBits) throws(Fault) {
        let first = UInt8(truncatingIfNeeded: bits.unsigned(8))
        let ones = (~first).leadingZeroBitCount
        guard ones != 1, ones < 8 else { throw bits.isShort ? .short : .damaged("a frame has a damaged number", 4) }
        for _ in 0..<max(0, ones - 1) {
            guard bits.unsigned(2) == 2 else {
                throw bits.isShort ? .short : .damaged("a frame has a damaged number", 4)
            }
            _ = bits.unsigned(6)
        }
    }

    // MARK: - Channels

    private mutating func readSubframes(
        _ bits: inout FLACBits, channelCode: Int, depth: Int
    ) throws(Fault) {
        let size = blockSize
        samples = [Int64](repeating: 0, count: size * channelCount)
        for channel in 0..<channelCount {
            // The difference of two channels takes one bit more.
            let isSide = channelCode == 9 ? channel == 0 : channelCode > 7 && channel == 1
            var fault: Fault?
            samples.withUnsafeMutableBufferPointer { all in
                let part = UnsafeMutableBufferPointer(rebasing: all[channel * size..<(channel + 1) * size])
                do throws(Fault) {
                    try FLACSubframe.read(&bits, depth: depth + (isSide ? 1 : 0), into: part)
                } catch { fault = error }
            }
            if let fault { throw fault }
        }
        if channelCode < 8 { return }
        samples.withUnsafeMutableBufferPointer { all in
            for index in 0..<size {
                let (first, second) = (all[index], all[size + index])
                switch channelCode {
                case 8: all[size + index] = first &- second
                case 9: all[index] = first &+ second
                default:
                    let sum = (first &<< 1) | (second & 1)
                    all[index] = (sum &+ second) &>> 1
                    all[size + index] = (sum &- second) &>> 1
                }
            }
        }
    }
}

/// The two checksums of FLAC frames.
enum FLACChecksum {
    private static let table8: [UInt8] = (0..<256).map { value in
        var rest = UInt8(value)
        for _ in 0..<8 { rest = rest & 0x80 != 0 ? rest << 1 ^ 0x07 : rest << 1 }
        return rest
    }
    private static let table16: [UInt16] = (0..<256).map { value in
        var rest = UInt16(value) << 8
        for _ in 0..<8 { rest = rest & 0x8000 != 0 ? rest << 1 ^ 0x8005 : rest << 1 }
        return rest
    }

    static func of8(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> UInt8 {
        bytes.reduce(0) { table8[Int($0 ^ $1)] }
    }

    static func of16(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> UInt16 {
        let bytes = UnsafeBufferPointer(rebasing: bytes)
        return table16.withUnsafeBufferPointer { table in
            var sum: UInt16 = 0
            for byte in bytes { sum = sum << 8 ^ table[Int(UInt8(truncatingIfNeeded: sum >> 8) ^ byte)] }
            return sum
        }
    }
}
