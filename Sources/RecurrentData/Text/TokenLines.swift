package import RecurrentTensor

/// The lines of a text, one at a time, as bytes that are known to be UTF-8 without NUL.
///
/// A line ends with LF or CRLF; a byte order mark at the beginning is skipped.
///
/// - Complexity: one pass; memory is bounded by the longest line, which is bounded by `limit`.
package final class TokenLines {
    /// The number of the current line, counted from 1.
    package private(set) var line = 0
    /// The name of the source, as it stands in errors.
    package var name: String { source.name }

    private let source: ByteSource
    private let limit: Int
    private var buffer: [UInt8] = []
    private var position = 0
    private var reachedEnd = false

    /// - Parameter limit: the longest line, in bytes.
    package init(_ source: ByteSource, limit: Int = 1 << 24) { (self.source, self.limit) = (source, limit) }

    /// The place of the current line.
    package var place: String { "\(name):\(line)" }

    /// Whether the next line has been read already, so that asking for it waits for nobody.
    package var hasLine: Bool { buffer[position...].contains(UInt8(ascii: "\n")) }

    /// The next line without its end; nil at the end of the text.
    ///
    /// - Throws: `badData` with file and line for a line that is longer than the limit, holds a NUL byte or is not UTF-8.
    package func next() throws(RecurrentError) -> String? {
        var scanned = position
        while true {
            if let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return try text(buffer[position..<end])
            }
            if reachedEnd {
                guard position < buffer.count else { return nil }
                defer { position = buffer.count }
                return try text(buffer[position...])
            }
            scanned = try refill()
        }
    }

    /// Reads on behind what is not yet consumed; where the new bytes begin.
    private func refill() throws(RecurrentError) -> Int {
        buffer.removeSubrange(..<position)
        position = 0
        let before = buffer.count
        guard before <= limit else {
            throw RecurrentError(
                .badData, "this line is longer than \(limit) bytes", at: "\(name):\(line + 1)",
                help: "give a text file with one token, or one sentence, a line")
        }
        let chunk = 1 << 16
        buffer.append(contentsOf: repeatElement(0, count: chunk))
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
        if got == 0 { reachedEnd = true }
        return before
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws(RecurrentError) -> String {
        line += 1
        var bytes = bytes
        if line == 1, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        if bytes.last == UInt8(ascii: "\r") { bytes = bytes.dropLast() }
        if bytes.contains(0) {
            throw RecurrentError(
                .badData, "this line holds a NUL byte", at: place, why: "the file is not text, or is UTF-16",
                help: "give text in UTF-8: iconv -f UTF-16 -t UTF-8 converts it")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RecurrentError(
                .badData, "this line is not UTF-8", at: place,
                help: "give text in UTF-8: iconv -f LATIN1 -t UTF-8 converts Western European files")
        }
        return text
    }
}
