public import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A reader of comma-separated values that holds one record at a time.
///
/// The grammar is that of RFC 4180: fields in quotes may hold separators, line breaks and doubled quotes; a line ends
/// with LF, CRLF or CR. A byte order mark is skipped and blank lines are not records. The bytes must be UTF-8.
///
/// - Complexity: one pass; memory is bounded by the longest record, which is bounded by `Limits`.
public final class CSVReader {
    /// How much of a file may stand in one record.
    public struct Limits: Sendable, Hashable {
        /// The longest record, in bytes.
        public var recordBytes = 16 << 20
        /// The largest number of fields in a record.
        public var fields = 1 << 20

        /// Creates the default limits: 16 MiB and 1,048,576 fields.
        public init() {}
    }

    /// The number of fields of the current record.
    public private(set) var fieldCount = 0
    /// The line on which the current record begins, counted from 1.
    public private(set) var line = 0
    /// How many records have been read, the current one included.
    public private(set) var recordCount = 0
    /// How many blank lines were passed over so far.
    public private(set) var blankLines = 0

    private let source: ByteSource
    private let separator: UInt8
    private let limits: Limits
    // The look-ahead of a larger file ends anywhere: the record that it cuts is not one.
    private let dropsCutRecord: Bool

    private var buffer: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var filled = 0
    private var recordStart = 0
    private var nextRecord = 0
    private var nextLine = 1
    private var atEnd = false
    // The last record was given.
    private var isFinished = false
    private var started = false

    private struct Field {
        var start: Int32
        var end: Int32
        // The field stands in quotes, which `start` and `end` leave out.
        var isQuoted: Bool
        var hasDoubledQuotes: Bool
    }
    private var fields: UnsafeMutablePointer<Field>
    private var fieldCapacity = 64
    private var unescaped = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 0)
    private let special: UnsafeMutablePointer<Bool>

    /// Opens the file at `path` (`-` is standard input) whose fields are separated by `separator`.
    ///
    /// - Throws: `RecurrentError` where the file cannot be opened.
    public convenience init(
        path: String, separator: Unicode.Scalar = ",", limits: Limits = Limits()
    ) throws(RecurrentError) {
        self.init(source: try ByteSource(path: path), separator: UInt8(ascii: separator), limits: limits)
    }

    package init(source: ByteSource, separator: UInt8, limits: Limits = Limits(), dropsCutRecord: Bool = false) {
        self.source = source
        self.separator = separator
        var limits = limits
        limits.recordBytes = min(max(limits.recordBytes, 1), 1 << 30)
        limits.fields = max(limits.fields, 1)
        self.limits = limits
        self.dropsCutRecord = dropsCutRecord
        capacity = 1 << 18
        buffer = .allocate(capacity: capacity)
        fields = .allocate(capacity: fieldCapacity)
        special = .allocate(capacity: 256)
        special.initialize(repeating: false, count: 256)
        special[Int(separator)] = true
        special[Int(lineFeed)] = true
        special[Int(carriageReturn)] = true
    }

    deinit {
        buffer.deallocate()
        fields.deallocate()
        special.deallocate()
        unescaped.deallocate()
    }

    /// Moves to the next record; false at the end of the file.
    ///
    /// - Throws: `RecurrentError` with line and column for bytes that are not UTF-8, an open quote, text behind a closing
    ///   quote, a record beyond the limits, or a failing disk.
    public func next() throws(RecurrentError) -> Bool {
        if !started { try start() }
        if isFinished { return false }
        while true {
            recordStart = nextRecord
            line = nextLine
            while true {
                if try scan() { break }
                if atEnd {
                    isFinished = true
                    return false
                }
                try refill()
            }
            let isBlank = fieldCount == 1 && fields[0].start == fields[0].end && !fields[0].isQuoted
            if isBlank {
                blankLines += 1
                continue
            }
            try checkText()
            recordCount += 1
            return true
        }
    }

    /// The bytes of a field, without quotes; valid until the next call of any method of the reader.
    package func bytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        precondition(index >= 0 && index < fieldCount, "CSVReader: field \(index) of \(fieldCount)")
        let field = fields[index]
        let raw = UnsafeBufferPointer(start: buffer + Int(field.start), count: Int(field.end - field.start))
        if !field.hasDoubledQuotes { return raw }
        if unescaped.count < raw.count {
            unescaped.deallocate()
            unescaped = .allocate(capacity: raw.count)
        }
        var from = 0
        var to = 0
        while from < raw.count {
            unescaped[to] = raw[from]
            to += 1
            from += raw[from] == quote ? 2 : 1
        }
        return UnsafeBufferPointer(rebasing: unescaped[..<to])
    }

    /// The text of a field of the current record, without quotes.
    public func text(_ index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

    /// Whether a field stood in quotes.
    package func isQuoted(_ index: Int) -> Bool { fields[index].isQuoted }

    /// Where a field of the current record begins: `file:line:column`, the column in characters from 1.
    public func place(_ index: Int) -> String {
        guard index >= 0, index < fieldCount else { return "\(source.name):\(line)" }
        return place(offset: Int(fields[index].start) - (fields[index].isQuoted ? 1 : 0))
    }

    /// The line of the current record: `file:line`.
    public var linePlace: String { "\(source.name):\(line)" }

    // MARK: - Filling

    private func start() throws(RecurrentError) {
        started = true
        let head = try source.peek(4).bytes
        let signatures: [(bytes: [UInt8], what: String, help: String)] = [
            ([0xFF, 0xFE], "is UTF-16 text, not UTF-8", "save it as UTF-8, or: iconv -f UTF-16 -t UTF-8"),
            ([0xFE, 0xFF], "is UTF-16 text, not UTF-8", "save it as UTF-8, or: iconv -f UTF-16 -t UTF-8"),
            ([0x00, 0x00, 0xFE, 0xFF], "is UTF-32 text, not UTF-8", "save it as UTF-8"),
            ([0x1F, 0x8B], "is compressed with gzip", "unpack it first: gunzip, or zcat FILE | … -"),
            ([0x28, 0xB5, 0x2F, 0xFD], "is compressed with zstd", "unpack it first: unzstd"),
            ([0x50, 0x4B, 0x03, 0x04], "is a zip archive or a spreadsheet (xlsx, ods)", "export the table as CSV"),
            ([0x50, 0x41, 0x52, 0x31], "is a Parquet file", "export the table as CSV"),
        ]
        for signature in signatures where head.starts(with: signature.bytes) {
            throw RecurrentError(.badData, signature.what, at: source.name, help: signature.help)
        }
        if head.starts(with: [0xEF, 0xBB, 0xBF]) {
            _ = try source.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: 3))
        }
    }

    private func refill() throws(RecurrentError) {
        if recordStart > 0 {
            buffer.update(from: buffer + recordStart, count: filled - recordStart)
            filled -= recordStart
            recordStart = 0
        }
        if filled >= limits.recordBytes { throw tooLong() }
        if filled == capacity {
            let larger = min(max(capacity * 2, capacity + 1), limits.recordBytes + (1 << 16))
            let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
            grown.update(from: buffer, count: filled)
            buffer.deallocate()
            buffer = grown
            capacity = larger
        }
        let room = UnsafeMutableRawBufferPointer(start: buffer + filled, count: capacity - filled)
        let got = try source.read(into: room)
        if got == 0 { atEnd = true }
        filled += got
    }

    private func tooLong() -> RecurrentError {
        let limit = limits.recordBytes >= 1 << 20 ? "\(limits.recordBytes >> 20) MiB" : "\(limits.recordBytes) bytes"
        // A quote that nobody closed swallows the lines behind it: the opening quote is the place to look at.
        if fieldCount > 0, fields[fieldCount - 1].isQuoted {
            let at = place(offset: Int(fields[fieldCount - 1].start) - 1 - scannedStart + recordStart)
            return RecurrentError(
                .badData, "a quoted field does not end within \(limit)", at: at,
                help: "close the quote, or double each quote that belongs to the text")
        }
        return RecurrentError(
            .badData, "a line is longer than \(limit)", at: "\(source.name):\(line)",
            why: "a table has line breaks; this may not be a CSV file", help: "check that the file is a table of text")
    }

    // MARK: - Scanning

    private var scannedStart = 0

    /// Splits the record at `recordStart`; false where its end is not in the buffer yet.
    private func scan() throws(RecurrentError) -> Bool {
        fieldCount = 0
        scannedStart = recordStart
        let bytes = buffer
        let special = special
        let separator = separator
        let end = filled
        var at = recordStart
        if at == end, atEnd { return false }
        var quotedBreaks = false
        while true {
            if fieldCount == fieldCapacity { try growFields() }
            if at < end, bytes[at] == quote {
                fields[fieldCount] = Field(
                    start: Int32(at + 1), end: Int32(at + 1), isQuoted: true, hasDoubledQuotes: false)
                fieldCount += 1
                at += 1
                var doubled = false
                while true {
                    guard at < end, let hit = memchr(bytes + at, Int32(quote), end - at) else {
                        if !atEnd || dropsCutRecord { return false }
                        let open = Int(fields[fieldCount - 1].start) - 1
                        throw RecurrentError(
                            .badData, "a quoted field is not closed before the end of the file",
                            at: place(offset: open),
                            help: "close the quote, or double each quote that belongs to the text")
                    }
                    at =
                        hit.assumingMemoryBound(to: UInt8.self)
                        - UnsafeMutableRawPointer(bytes)
                        .assumingMemoryBound(to: UInt8.self)
                    if at + 1 < end {
                        if bytes[at + 1] != quote { break }
                        doubled = true
                        at += 2
                    } else {
                        if !atEnd { return false }
                        break
                    }
                }
                fields[fieldCount - 1].end = Int32(at)
                fields[fieldCount - 1].hasDoubledQuotes = doubled
                quotedBreaks = true
                at += 1
                if at < end, !special[Int(bytes[at])] {
                    throw RecurrentError(
                        .badData, "text follows a closing quote", at: place(offset: at),
                        why: "a quote inside a quoted field must be doubled",
                        help: "write \"\" for each quote that belongs to the text")
                }
            } else {
                let start = at
                while at < end, !special[Int(bytes[at])] { at += 1 }
                fields[fieldCount] = Field(
                    start: Int32(start), end: Int32(at), isQuoted: false, hasDoubledQuotes: false)
                fieldCount += 1
            }
            if at == end {
                if !atEnd || dropsCutRecord { return false }
                break
            }
            let byte = bytes[at]
            at += 1
            if byte == separator { continue }
            if byte == carriageReturn {
                if at < end {
                    if bytes[at] == lineFeed { at += 1 }
                } else if !atEnd {
                    return false
                }
            }
            break
        }
        if at - recordStart > limits.recordBytes { throw tooLong() }
        nextLine = line + 1
        if quotedBreaks { nextLine = line + lineBreaks(recordStart, at) + (at == end && !endsLine(at) ? 1 : 0) }
        nextRecord = at
        return true
    }

    private func endsLine(_ at: Int) -> Bool {
        at > recordStart && (buffer[at - 1] == lineFeed || buffer[at - 1] == carriageReturn)
    }

    private func growFields() throws(RecurrentError) {
        guard fieldCapacity < limits.fields else {
            throw RecurrentError(
                .badData, "a line has more than \(limits.fields) fields", at: "\(source.name):\(line)",
                help: "check the separator")
        }
        let larger = UnsafeMutablePointer<Field>.allocate(capacity: min(fieldCapacity * 2, limits.fields))
        larger.update(from: fields, count: fieldCount)
        fields.deallocate()
        fields = larger
        fieldCapacity = min(fieldCapacity * 2, limits.fields)
    }

    // MARK: - Text

    /// Throws at the first NUL byte or the first byte that is not UTF-8.
    private func checkText() throws(RecurrentError) {
        let count = nextRecord - recordStart
        let raw = UnsafeRawPointer(buffer + recordStart)
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var suspects: UInt64 = 0
        var offset = 0
        while offset + 8 <= count {
            let word = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            suspects |= (word | ((word &- ones) & ~word)) & highs
            offset += 8
        }
        while offset < count {
            let byte = raw.load(fromByteOffset: offset, as: UInt8.self)
            if byte == 0 || byte >= 0x80 { suspects = highs }
            offset += 1
        }
        if suspects == 0 { return }
        let record = UnsafeBufferPointer(start: buffer + recordStart, count: count)
        guard let bad = firstInvalidUTF8(record) else { return }
        let at = place(offset: recordStart + bad)
        if record[bad] == 0 {
            throw RecurrentError(
                .badData, "a NUL byte", at: at, why: "the file is not text, or is UTF-16 without a mark",
                help: "save the table as CSV in UTF-8")
        }
        let hex = String(record[bad], radix: 16, uppercase: true)
        throw RecurrentError(
            .badData, "byte 0x\(hex) is not UTF-8", at: at, why: "the file may be Latin-1 or Windows-1252",
            help: "save it as UTF-8, or: iconv -f WINDOWS-1252 -t UTF-8 \(source.name)")
    }

    private func lineBreaks(_ from: Int, _ to: Int) -> Int {
        var breaks = 0
        for at in from..<to {
            if buffer[at] == lineFeed {
                breaks += 1
            } else if buffer[at] == carriageReturn, at + 1 == to || buffer[at + 1] != lineFeed {
                breaks += 1
            }
        }
        return breaks
    }

    private func place(offset: Int) -> String {
        let offset = max(recordStart, min(offset, filled))
        var line = line
        var column = 1
        for at in recordStart..<offset {
            let byte = buffer[at]
            let endsLine =
                byte == lineFeed || (byte == carriageReturn && !(at + 1 < offset && buffer[at + 1] == lineFeed))
            if endsLine {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return "\(source.name):\(line):\(column)"
    }
}

let quote = UInt8(ascii: "\"")
let lineFeed: UInt8 = 10
let carriageReturn: UInt8 = 13

/// The index of the first NUL byte or of the first byte that is not well-formed UTF-8.
package func firstInvalidUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    var at = 0
    let count = bytes.count
    while at < count {
        let lead = bytes[at]
        if lead < 0x80 {
            if lead == 0 { return at }
            at += 1
            continue
        }
        // The second byte's range is what excludes overlong forms, surrogates and values beyond U+10FFFF.
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return at
        }
        if at + length > count || !second.contains(bytes[at + 1]) { return at }
        for later in 2..<max(length, 2) where bytes[at + later] & 0xC0 != 0x80 { return at }
        at += length
    }
    return nil
}
