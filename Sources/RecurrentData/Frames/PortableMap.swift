public import RecurrentTensor

/// Pictures in the formats of Netpbm: PGM (P2, P5) and PPM (P3, P6), of 8 or 16 bits.
///
/// - Source: the Netpbm manual, pgm(5) and ppm(5).
public enum PortableMap {
    /// The endings of files that hold such pictures.
    public static let endings = ["pgm", "ppm", "pnm"]

    /// Reads a file.
    ///
    /// - Throws: `badData` with the byte where it is damaged, `inputOutput` where it cannot be read.
    public static func read(_ path: String) throws(RecurrentError) -> Picture {
        let source = try ByteSource(path: path)
        let (bytes, isWhole) = try source.peek(1 << 29)
        guard isWhole else { throw RecurrentError(.badData, "the picture is larger than 512 MiB", at: source.name) }
        return try picture(Array(bytes), source: source.name)
    }

    /// Reads the bytes of a file.
    ///
    /// - Throws: as ``read(_:)``.
    public static func picture(_ bytes: [UInt8], source: String = "picture") throws(RecurrentError) -> Picture {
        var scanner = Scanner(bytes: bytes, source: source)
        guard bytes.count >= 2, bytes[0] == UInt8(ascii: "P") else {
            throw scanner.error("this is no PGM or PPM picture", help: "its first two bytes are P2, P3, P5 or P6")
        }
        let kind = bytes[1]
        let (isColoured, isText): (Bool, Bool)
        switch kind {
        case UInt8(ascii: "2"): (isColoured, isText) = (false, true)
        case UInt8(ascii: "3"): (isColoured, isText) = (true, true)
        case UInt8(ascii: "5"): (isColoured, isText) = (false, false)
        case UInt8(ascii: "6"): (isColoured, isText) = (true, false)
        default:
            throw scanner.error(
                "pictures of this kind are not read", help: "convert it to PGM or PPM: P2, P3, P5 or P6")
        }
        scanner.at = 2
        let width = try scanner.number("the width", most: Picture.mostPixels)
        let height = try scanner.number("the height", most: Picture.mostPixels)
        let most = try scanner.number("the greatest value", most: 65_535)
        guard width > 0, height > 0, most > 0 else {
            throw scanner.error("a picture of \(width) × \(height) pixels with values up to \(most)")
        }
        let (pixels, isTooMany) = width.multipliedReportingOverflow(by: height)
        guard !isTooMany, pixels <= Picture.mostPixels else {
            throw scanner.error("a picture of \(width) × \(height) pixels is too large")
        }
        let channels = isColoured ? 3 : 1
        let count = pixels * channels
        // Each number takes a byte at least: what the head promises must be there before memory is taken for it.
        let width8 = isText ? 1 : most < 256 ? 1 : 2
        if !isText {
            // One byte of white space ends the head.
            guard scanner.at < bytes.count, Scanner.isSpace(bytes[scanner.at]) else {
                throw scanner.error("the head does not end")
            }
            scanner.at += 1
        }
        guard bytes.count - scanner.at >= count * width8 else {
            throw scanner.error(
                "the picture ends early: \(bytes.count - scanner.at) bytes of \(count * width8)",
                help: "check that the file is whole")
        }
        var values: [Float] = []
        values.reserveCapacity(count)
        for index in 0..<count {
            let value: Int
            if isText {
                value = try scanner.number("a pixel", most: most)
            } else if width8 == 1 {
                value = Int(bytes[scanner.at + index])
            } else {
                value = Int(bytes[scanner.at + 2 * index]) << 8 | Int(bytes[scanner.at + 2 * index + 1])
            }
            values.append(min(1, Float(value) / Float(most)))
        }
        return Picture(width: width, height: height, channels: channels, values: values)
    }

    /// Numbers between white space and comments.
    private struct Scanner {
        let bytes: [UInt8]
        let source: String
        var at = 0

        static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

        func error(_ what: String, help: String? = nil) -> RecurrentError {
            RecurrentError(.badData, what, at: "\(source): byte \(at)", help: help)
        }

        mutating func number(_ what: String, most: Int) throws(RecurrentError) -> Int {
            while at < bytes.count {
                if Self.isSpace(bytes[at]) {
                    at += 1
                } else if bytes[at] == UInt8(ascii: "#") {
                    while at < bytes.count, bytes[at] != 10, bytes[at] != 13 { at += 1 }
                } else {
                    break
                }
            }
            let first = at
            var value = 0
            while at < bytes.count, bytes[at] &- 48 < 10 {
                value = value * 10 + Int(bytes[at] - 48)
                guard value <= most else { throw error("\(what) is greater than \(most)") }
                at += 1
            }
            guard at > first else {
                throw error(at < bytes.count ? "\(what) is no number" : "the picture ends before \(what)")
            }
            return value
        }
    }
}
