/// The SHA-256 hash of bytes that arrive in pieces.
///
/// ```swift
/// var hash = SHA256()
/// hash.update(bytes)
/// print(hash.finish())          // 64 hexadecimal digits
/// ```
/// - Source: FIPS 180-4, section 6.2.
public struct SHA256: Sendable {
    private var state: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
    )
    /// The bytes of a block that is not yet full.
    private var pending: [UInt8] = []
    private var byteCount: UInt64 = 0

    private static let blockSize = 64

    /// The hash of no bytes yet.
    public init() { pending.reserveCapacity(Self.blockSize) }

    /// The hash of these bytes as 64 hexadecimal digits.
    public static func hash(_ bytes: [UInt8]) -> String {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        byteCount &+= UInt64(bytes.count)
        if !pending.isEmpty {
            let taken = min(Self.blockSize - pending.count, rest.count)
            pending.append(contentsOf: rest.prefix(taken))
            rest = rest.dropFirst(taken)
            if pending.count < Self.blockSize { return }
            let block = pending
            pending.removeAll(keepingCapacity: true)
            block.withUnsafeBytes { compress($0) }
        }
        let whole = rest.count & ~(Self.blockSize - 1)
        compress(UnsafeRawBufferPointer(rebasing: rest.prefix(whole)))
        pending.append(contentsOf: rest.dropFirst(whole))
    }

    /// The hash of all bytes added, as 64 hexadecimal digits. More bytes may follow.
    public func finish() -> String { Hexadecimal.text(digest()) }

    /// The 32 bytes of the hash of all bytes added. More bytes may follow.
    public func digest() -> [UInt8] {
        var copy = self
        let bitCount = byteCount &* 8
        let zeros = (119 - pending.count) % Self.blockSize
        copy.update([0x80] + [UInt8](repeating: 0, count: zeros))
        copy.update((0..<8).map { UInt8(truncatingIfNeeded: bitCount >> (56 - 8 * $0)) })
        let (a, b, c, d, e, f, g, h) = copy.state
        return [a, b, c, d, e, f, g, h].flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) }
        }
    }

    // MARK: - The compression function

    private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
        if blocks.isEmpty { return }
        state = Self.constants.withUnsafeBufferPointer { constants in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
                var state = state
                for start in stride(from: 0, to: blocks.count, by: Self.blockSize) {
                    Self.compress(blocks, at: start, schedule.baseAddress!, constants.baseAddress!, &state)
                }
                return state
            }
        }
    }

    @inline(__always)
    private static func compress(
        _ blocks: UnsafeRawBufferPointer, at start: Int, _ w: UnsafeMutablePointer<UInt32>,
        _ k: UnsafePointer<UInt32>, _ state: inout (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)
    ) {
        for t in 0..<16 {
            w[t] = UInt32(bigEndian: blocks.loadUnaligned(fromByteOffset: start + 4 * t, as: UInt32.self))
        }
        for t in 16..<64 {
            let x = w[t &- 15]
            let y = w[t &- 2]
            let small0 = rotate(x, 7) ^ rotate(x, 18) ^ (x &>> 3)
            let small1 = rotate(y, 17) ^ rotate(y, 19) ^ (y &>> 10)
            w[t] = w[t &- 16] &+ small0 &+ w[t &- 7] &+ small1
        }
        var (a, b, c, d, e, f, g, h) = state
        var t = 0
        // Eight rounds written out, each with the letters moved on by one, so that no value is copied.
        while t < 64 {
            round(a, b, c, &d, e, f, g, &h, w[t] &+ k[t])
            round(h, a, b, &c, d, e, f, &g, w[t &+ 1] &+ k[t &+ 1])
            round(g, h, a, &b, c, d, e, &f, w[t &+ 2] &+ k[t &+ 2])
            round(f, g, h, &a, b, c, d, &e, w[t &+ 3] &+ k[t &+ 3])
            round(e, f, g, &h, a, b, c, &d, w[t &+ 4] &+ k[t &+ 4])
            round(d, e, f, &g, h, a, b, &c, w[t &+ 5] &+ k[t &+ 5])
            round(c, d, e, &f, g, h, a, &b, w[t &+ 6] &+ k[t &+ 6])
            round(b, c, d, &e, f, g, h, &a, w[t &+ 7] &+ k[t &+ 7])
            t &+= 8
        }
        state.0 &+= a
        state.1 &+= b
        state.2 &+= c
        state.3 &+= d
        state.4 &+= e
        state.5 &+= f
        state.6 &+= g
        state.7 &+= h
    }

    @inline(__always)
    private static func round(
        _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
        _ h: inout UInt32, _ wk: UInt32
    ) {
        let big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
        let choice = g ^ (e & (f ^ g))
        let t1 = h &+ big1 &+ choice &+ wk
        let big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
        let majority = (a & b) | (c & (a | b))
        d &+= t1
        h = t1 &+ big0 &+ majority
    }

    @inline(__always)
    private static func rotate(_ x: UInt32, _ bits: UInt32) -> UInt32 { x &>> bits | x &<< (32 &- bits) }

    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
