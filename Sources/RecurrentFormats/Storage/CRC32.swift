/// A cyclic redundancy check of 32 bits: notices damage, not forgery.
///
/// - Source: reflected polynomials; eight bytes a step by eight tables (Kounavis & Berry 2005).
struct CRC32: Sendable {
    private let tables: Tables
    private var state: UInt32 = 0xFFFF_FFFF

    /// Begins a check.
    init(_ tables: Tables) { self.tables = tables }

    /// The check of all bytes given so far.
    var value: UInt32 { ~state }

    /// Takes more bytes.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var crc = state
        tables.words.withUnsafeBufferPointer { table in
            var place = 0
            while bytes.count - place >= 8 {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
                let low = UInt32(truncatingIfNeeded: word) ^ crc
                let high = UInt32(truncatingIfNeeded: word >> 32)
                let first = table[1792 + Int(low & 0xFF)] ^ table[1536 + Int(low >> 8 & 0xFF)]
                let second = table[1280 + Int(low >> 16 & 0xFF)] ^ table[1024 + Int(low >> 24)]
                let third = table[768 + Int(high & 0xFF)] ^ table[512 + Int(high >> 8 & 0xFF)]
                let fourth = table[256 + Int(high >> 16 & 0xFF)] ^ table[Int(high >> 24)]
                crc = first ^ second ^ third ^ fourth
                place += 8
            }
            while place < bytes.count {
                crc = table[Int((crc ^ UInt32(bytes[place])) & 0xFF)] ^ crc >> 8
                place += 1
            }
        }
        state = crc
    }

    /// Takes more bytes.
    mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The eight tables of a polynomial, one after the other.
    struct Tables: Sendable {
        /// The polynomial of ZIP and gzip.
        static let zip = Tables(0xEDB8_8320)
        /// The polynomial of Castagnoli, Bräuer & Herrmann 1993, as TensorFlow's record files use it.
        static let castagnoli = Tables(0x82F6_3B78)

        fileprivate let words: [UInt32]

        fileprivate init(_ polynomial: UInt32) {
            var words = [UInt32](repeating: 0, count: 2048)
            for byte in 0..<256 {
                var crc = UInt32(byte)
                for _ in 0..<8 { crc = crc & 1 == 1 ? polynomial ^ crc >> 1 : crc >> 1 }
                words[byte] = crc
            }
            for place in 256..<2048 {
                let before = words[place - 256]
                words[place] = words[Int(before & 0xFF)] ^ before >> 8
            }
            self.words = words
        }
    }
}
