/// Checks bytes against the definition of UTF-8 (Unicode 15, table 3-7).
enum UTF8Validation {
    /// The length of the well-formed sequence that begins at `position`, 1 to 4, or 0 where it is not well formed.
    static func sequenceLength(in bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> Int {
        let first = bytes[position]
        if first < 0x80 { return 1 }
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)  // shorter spellings of the same scalar are not allowed
        case 0xED: (length, second) = (3, 0x80...0x9F)  // nor are surrogates
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return 0
        }
        guard position + length <= bytes.count, second.contains(bytes[position + 1]) else { return 0 }
        for offset in 2..<max(length, 2) where bytes[position + offset] & 0xC0 != 0x80 { return 0 }
        return length
    }

    /// The position of the first byte that is no part of a well-formed sequence, or nil where all are.
    static func firstError(in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var position = 0
        while position < bytes.count {
            let length = sequenceLength(in: bytes, at: position)
            if length == 0 { return position }
            position += length
        }
        return nil
    }
}

/// Where a byte of a text stands, as a person counts.
enum TextPlace {
    /// Line and column of a byte, both from 1; columns count Unicode scalars.
    static func lineAndColumn(of offset: Int, in bytes: UnsafeBufferPointer<UInt8>) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for byte in bytes[..<min(offset, bytes.count)] {
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return (line, column)
    }
}

/// Bytes as hexadecimal digits.
package enum Hexadecimal {
    /// Two lower-case digits a byte.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
