/// The MD5 hash of bytes that arrive in pieces, as FLAC keeps it of its samples. Not a guard against intent.
///
/// - Source: RFC 1321.
struct MD5 {
    private var state: (UInt32, UInt32, UInt32, UInt32) = (0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476)
    private var pending: [UInt8] = []
    private var byteCount: UInt64 = 0

    private static let shifts: [UInt32] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
    private static let constants: [UInt32] = (0..<64).map { index in
        UInt32(abs(sine(Double(index + 1))) * 0x1p32)
    }

    mutating func update(_ bytes: [UInt8]) {
        byteCount &+= UInt64(bytes.count)
        pending += bytes
        let whole = pending.count & ~63
        if whole == 0 { return }
        pending.withUnsafeBytes { raw in
            for block in stride(from: 0, to: whole, by: 64) { compress(raw, block) }
        }
        pending.removeSubrange(..<whole)
    }

    /// The 16 bytes of the hash of all bytes added.
    func digest() -> [UInt8] {
        var copy = self
        let bits = byteCount &* 8
        let zeros = (119 - pending.count) % 64
        copy.update([0x80] + [UInt8](repeating: 0, count: zeros))
        copy.update((0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) })
        let (a, b, c, d) = copy.state
        return [a, b, c, d].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }

    private mutating func compress(_ raw: UnsafeRawBufferPointer, _ block: Int) {
        var (a, b, c, d) = state
        Self.constants.withUnsafeBufferPointer { constants in
            Self.shifts.withUnsafeBufferPointer { shifts in
                for step in 0..<64 {
                    let mixed: UInt32
                    let word: Int
                    switch step >> 4 {
                    case 0: (mixed, word) = ((b & c) | (~b & d), step)
                    case 1: (mixed, word) = ((d & b) | (~d & c), (5 * step + 1) & 15)
                    case 2: (mixed, word) = (b ^ c ^ d, (3 * step + 5) & 15)
                    default: (mixed, word) = (c ^ (b | ~d), (7 * step) & 15)
                    }
                    let value = UInt32(
                        littleEndian: raw.loadUnaligned(fromByteOffset: block + 4 * word, as: UInt32.self))
                    let sum = a &+ mixed &+ constants[step] &+ value
                    let shift = shifts[4 * (step >> 4) + (step & 3)]
                    (a, d, c, b) = (d, c, b, b &+ (sum << shift | sum >> (32 - shift)))
                }
            }
        }
        state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d)
    }
}
