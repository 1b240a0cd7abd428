public import RecurrentTensor

/// Writes a table as CSV: whole, or not at all.
///
/// Rows gather in a temporary file beside the target; `close` moves it into place. Fields are quoted where they need
/// it, numbers have the fewest digits that read back to the same Double, and NaN is an empty field.
public final class CSVWriter {
    /// One field.
    public enum Field: Sendable {
        /// Text, quoted where it holds separators, quotes or line breaks.
        case text(String)
        /// A number; NaN is written as an empty field.
        case number(Double)
        /// A whole number.
        case integer(Int)
        /// A time in the spelling of its series.
        case time(Timestamp, TimestampStyle)
    }

    // Nil while writing into memory.
    private let file: AtomicFile?
    private let separator: UInt8
    private let decimalMark: NumberFormat.DecimalMark
    private var buffer: [UInt8] = []

    /// Starts a file at `path`, which keeps its old content until `close`.
    ///
    /// - Throws: `RecurrentError` where the folder is missing or not writable.
    public init(
        path: String, separator: Unicode.Scalar = ",", decimalMark: NumberFormat.DecimalMark = .point
    ) throws(RecurrentError) {
        precondition(separator.isASCII, "CSVWriter: the separator \(separator) is not ASCII")
        file = try AtomicFile(path: path)
        self.separator = UInt8(ascii: separator)
        self.decimalMark = decimalMark
    }

    /// Starts a table in memory, whose text ``bytes`` holds.
    public init(separator: Unicode.Scalar = ",", decimalMark: NumberFormat.DecimalMark = .point) {
        precondition(separator.isASCII, "CSVWriter: the separator \(separator) is not ASCII")
        file = nil
        self.separator = UInt8(ascii: separator)
        self.decimalMark = decimalMark
    }

    /// The text of a table in memory so far; empty for a file.
    public var bytes: [UInt8] { file == nil ? buffer : [] }

    /// The length of the text that waits to be taken or written.
    package var byteCount: Int { buffer.count }

    /// Takes the text of a table in memory so far, so that the writer holds what follows alone.
    package func takeBytes() -> [UInt8] {
        let taken = bytes
        if file == nil { buffer.removeAll(keepingCapacity: true) }
        return taken
    }

    /// Adds a row.
    ///
    /// - Throws: `RecurrentError` where the disk is full or fails.
    public func write(_ fields: [Field]) throws(RecurrentError) {
        for (index, field) in fields.enumerated() {
            if index > 0 { buffer.append(separator) }
            append(field)
        }
        // A lone empty field would be a blank line, which readers pass over.
        if fields.count == 1, buffer.last == nil || buffer.last == lineFeed { buffer += [quote, quote] }
        buffer.append(lineFeed)
        if buffer.count >= 1 << 18 { try flush() }
    }

    /// Adds a row of text.
    public func write(_ fields: [String]) throws(RecurrentError) { try write(fields.map { .text($0) }) }

    /// Makes the file durable and puts it in its place.
    public func close() throws(RecurrentError) {
        try flush()
        try file?.commit()
    }

    private func flush() throws(RecurrentError) {
        guard let file else { return }
        try file.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    private func append(_ field: Field) {
        switch field {
        case .text(let text): append(text: Array(text.utf8))
        case .integer(let value): append(text: Array(String(value).utf8))
        case .number(let value): append(text: Self.digits(value, decimalMark))
        case .time(let stamp, let style):
            var bytes: [UInt8] = []
            style.append(stamp, to: &bytes)
            append(text: bytes)
        }
    }

    private func append(text: [UInt8]) {
        let needsQuotes =
            text.contains { $0 == separator || $0 == quote || $0 == lineFeed || $0 == carriageReturn }
            || text.first.map(isSpace) == true || text.last.map(isSpace) == true
        guard needsQuotes else {
            buffer += text
            return
        }
        buffer.append(quote)
        for byte in text {
            buffer.append(byte)
            if byte == quote { buffer.append(quote) }
        }
        buffer.append(quote)
    }

    /// The fewest digits that read back to the same value, without a fraction of zero: `12`, not `12.0`.
    package static func digits(_ value: Double, _ mark: NumberFormat.DecimalMark) -> [UInt8] {
        if value.isNaN { return [] }
        var text = Array(value.description.utf8)
        if text.suffix(2) == [0x2E, 0x30] { text.removeLast(2) }
        if mark == .comma { text = text.map { $0 == 0x2E ? 0x2C : $0 } }
        return text
    }
}
