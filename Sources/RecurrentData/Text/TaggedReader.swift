public import RecurrentTensor

/// A reader of tagged sentences that holds one at a time: CoNLL columns and CoNLL-U.
///
/// A blank line, or one of blanks and tabs alone, ends a sentence. Every error names file and line.
///
/// - Complexity: one pass; memory is bounded by the longest sentence.
public final class TaggedReader {
    /// How the file is laid out.
    public let format: TaggedFormat
    /// How many sentences have been read.
    public private(set) var sentenceCount = 0
    /// The name of the file, as it stands in errors.
    public var name: String { lines.name }

    /// The number of tokens that a sentence may have.
    package static let longest = 1 << 20

    private let lines: TokenLines

    /// Opens the file at `path`; `-` is standard input.
    ///
    /// - Throws: `inputOutput` where the file cannot be opened.
    public convenience init(path: String, format: TaggedFormat) throws(RecurrentError) {
        self.init(TokenLines(try ByteSource(path: path)), format: format)
    }

    /// Reads bytes that are already in memory.
    package convenience init(bytes: [UInt8], name: String, format: TaggedFormat) {
        self.init(TokenLines(ByteSource(bytes: bytes, name: name)), format: format)
    }

    package init(_ lines: TokenLines, format: TaggedFormat) { (self.lines, self.format) = (lines, format) }

    /// All sentences of a file.
    ///
    /// - Throws: `badData` with file and line where a line cannot be used, and where the file holds no sentence.
    public static func sentences(path: String, format: TaggedFormat) throws(RecurrentError) -> [TaggedSentence] {
        let reader = try TaggedReader(path: path, format: format)
        var all: [TaggedSentence] = []
        while let sentence = try reader.next() { all.append(sentence) }
        guard !all.isEmpty else { throw reader.emptiness }
        return all
    }

    /// What to say of a file without any sentence.
    package var emptiness: RecurrentError {
        RecurrentError(
            .badData, "there is no sentence in this file", at: name,
            help: "each line holds a token and its tag; a blank line stands between sentences")
    }

    /// The next sentence, or nil at the end.
    ///
    /// - Throws: `badData` with file and line for a line with too few columns, an empty token or tag, or bytes that are no
    ///   text.
    public func next() throws(RecurrentError) -> TaggedSentence? {
        var sentence = TaggedSentence(tokens: [])
        while let line = try lines.next() {
            let fields = format.family == .conll ? columns(of: line) : universalColumns(of: line)
            if fields.isEmpty {
                if sentence.tokens.isEmpty { continue }
                sentenceCount += 1
                return sentence
            }
            guard try isToken(line, fields) else { continue }
            if sentence.tokens.isEmpty { sentence.line = lines.line }
            guard sentence.tokens.count < TaggedReader.longest else {
                throw RecurrentError(
                    .badData, "this sentence has more than \(TaggedReader.longest) tokens", at: lines.place,
                    help: "put a blank line between sentences")
            }
            sentence.tokens.append(try field(fields, format.tokenColumn, "token"))
            if let column = format.tagColumn { sentence.tags.append(try field(fields, column, "tag")) }
        }
        if sentence.tokens.isEmpty { return nil }
        sentenceCount += 1
        return sentence
    }

    // Bytes are compared, not characters: a blank and an accent that follows it are one character.
    private func columns(of line: String) -> [Substring] {
        line.utf8.split(whereSeparator: { TaggedReader.isBlank($0) }).map { Substring($0) }
    }

    private func universalColumns(of line: String) -> [Substring] {
        if line.utf8.allSatisfy(TaggedReader.isBlank) { return [] }
        return line.utf8.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map { Substring($0) }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// Whether a line that is not blank stands for a token.
    private func isToken(_ line: String, _ fields: [Substring]) throws(RecurrentError) -> Bool {
        if format.family == .conll { return fields[0] != "-DOCSTART-" }
        if line.utf8.first == UInt8(ascii: "#") { return false }
        let digits = fields[0].utf8.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        let rest = fields[0].utf8.dropFirst(digits.count)
        let isRange = rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: ".")
        guard !digits.isEmpty, rest.isEmpty || isRange else {
            throw RecurrentError(
                .badData, "the first column is \(excerpt(String(fields[0]))), not the number of a word",
                at: lines.place,
                why: "this is no line of CoNLL-U", help: "choose --format conll for columns without numbers")
        }
        return rest.isEmpty
    }

    private func field(_ fields: [Substring], _ column: Int, _ noun: String) throws(RecurrentError) -> String {
        let index = column < 0 ? fields.count + column : column
        // In a file of one column the last is the token, not a tag.
        let isThere = fields.indices.contains(index) && !(noun == "tag" && index == format.tokenColumn && column < 0)
        guard isThere else {
            throw RecurrentError(
                .badData, "this line has \(counted(fields.count, "column")), and none for the \(noun)", at: lines.place,
                why: format.family == .conllu
                    ? "CoNLL-U has ten columns between tabs"
                    : "the \(noun) stands in \(TaggedReader.described(column)); columns stand between blanks or tabs",
                help: format.family == .conllu
                    ? "choose --format conll for other columns"
                    : "choose another column with --column, or mend the line")
        }
        let text = fields[index]
        guard !text.isEmpty else {
            throw RecurrentError(.badData, "the \(noun) of this line is empty", at: lines.place)
        }
        return String(text)
    }

    private static func described(_ column: Int) -> String {
        column == -1 ? "the last column" : column < 0 ? "column \(-column) from the end" : "column \(column + 1)"
    }
}
