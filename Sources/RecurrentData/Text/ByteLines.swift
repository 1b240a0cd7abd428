package import RecurrentTensor

/// The lines of a file as bytes, one after another.
///
/// A line ends with LF or CRLF; a byte order mark at the beginning is skipped.
///
/// - Complexity: one pass; memory is bounded by the longest line, which is bounded by `limit`.
package final class ByteLines {
    /// The number of the current line, counted from 1.
    package private(set) var line = 0
    /// The name of the source, as it stands in errors.
    package var name: String { source.name }

    private let source: ByteSource
    private let limit: Int
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    /// - Parameter limit: the longest line, in bytes.
    package init(_ source: ByteSource, limit: Int = 1 << 28) { (self.source, self.limit) = (source, limit) }

    /// The place of the current line.
    package var place: String { "\(name):\(line)" }

    /// The place of a byte of the current line, from 0.
    package func place(at offset: Int) -> String { "\(name):\(line):\(offset + 1)" }

    /// Whether the next line has been read already, so that asking for it waits for nobody.
    package var hasLine: Bool { buffer[position...].contains(lineFeed) }

    /// The next line without its end; nil at the end of the file.
    ///
    /// - Throws: `badData` for a line beyond the limit or one that holds a NUL byte, which text does not.
    package func next() throws(RecurrentError) -> [UInt8]? {
        var scanned = position
        while true {
            if let end = buffer[scanned...].firstIndex(of: lineFeed) {
                defer { position = end + 1 }
                return try checked(buffer[position..<end])
            }
            if isAtEnd {
                guard position < buffer.count else { return nil }
                defer { position = buffer.count }
                return try checked(buffer[position...])
            }
            scanned = try refill()
        }
    }

    private func checked(_ bytes: ArraySlice<UInt8>) throws(RecurrentError) -> [UInt8] {
        line += 1
        var bytes = bytes
        if line == 1, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        if bytes.last == carriageReturn { bytes = bytes.dropLast() }
        if let zero = bytes.firstIndex(of: 0) {
            throw RecurrentError(
                .badData, "a NUL byte", at: place(at: zero - bytes.startIndex),
                why: "the file is not text, or is UTF-16",
                help: "give text in UTF-8: iconv -f UTF-16 -t UTF-8 converts it")
        }
        return Array(bytes)
    }

    /// Reads on behind what is not yet consumed; where the new bytes begin.
    private func refill() throws(RecurrentError) -> Int {
        buffer.removeSubrange(..<position)
        position = 0
        let before = buffer.count
        guard before <= limit else {
            throw RecurrentError(
                .badData, "a line is longer than \(limit) bytes", at: "\(name):\(line + 1)",
                why: "a line holds one sequence, one sentence or one token",
                help: "check that the file is text with line breaks")
        }
        buffer.append(contentsOf: repeatElement(0, count: min(max(1 << 16, before), 1 << 24)))
        var failure: RecurrentError?
        let got = buffer.withUnsafeMutableBytes { bytes -> Int in
            do throws(RecurrentError) {
                return try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[before...]))
            } catch {
                failure = error
                return 0
            }
        }
        buffer.removeSubrange((before + got)...)
        if let failure { throw failure }
        if got == 0 { isAtEnd = true }
        return before
    }
}

extension ByteSource {
    /// All bytes that are left.
    ///
    /// - Throws: `badData` where there are more than `limit`, or what reading threw.
    package func all(limit: Int) throws(RecurrentError) -> [UInt8] {
        let (bytes, isWhole) = try peek(limit + 1)
        guard isWhole, bytes.count <= limit else {
            throw RecurrentError(.badData, "is larger than \(limit >> 20) MiB", at: name)
        }
        return Array(bytes)
    }
}

extension RandomAccessCollection where Element == UInt8 {
    /// Without white space at both ends.
    package var trimmedASCII: SubSequence {
        var (first, last) = (startIndex, endIndex)
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        while first < last, isBlank(self[first]) { first = index(after: first) }
        while first < last, isBlank(self[index(before: last)]) { last = index(before: last) }
        return self[first..<last]
    }
}
