package import RecurrentTensor

/// The lines of a text, one at a time, as text: ``ByteLines`` that are known to be UTF-8.
package final class TokenLines {
    /// The name of the source, as it stands in errors.
    package var name: String { lines.name }
    /// The number of the current line, counted from 1.
    package var line: Int { lines.line }
    /// The place of the current line.
    package var place: String { lines.place }
    /// Whether the next line has been read already, so that asking for it waits for nobody.
    package var hasLine: Bool { lines.hasLine }

    private let lines: ByteLines

    /// - Parameter limit: the longest line, in bytes.
    package init(_ source: ByteSource, limit: Int = 1 << 24) { lines = ByteLines(source, limit: limit) }

    /// The next line without its end; nil at the end of the text.
    ///
    /// - Throws: `badData` with file and line for a line that is longer than the limit, holds a NUL byte or is not UTF-8.
    package func next() throws(RecurrentError) -> String? {
        guard let bytes = try lines.next() else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RecurrentError(
                .badData, "this line is not UTF-8", at: place,
                help: "give text in UTF-8: iconv -f LATIN1 -t UTF-8 converts Western European files")
        }
        return text
    }
}
