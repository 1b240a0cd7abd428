package import RecurrentTensor

/// A text with the texts that answer to it.
package struct TextPair: Sendable, Hashable {
    /// The text.
    package let source: String
    /// Its answers, one or several.
    package let targets: [String]
    /// The number of its line, from 1.
    package let line: Int
}

/// Texts and their answers, line by line: from files of as many lines each, or from one table with tabs between a text and its
/// answers.
///
/// - Complexity: one pass; memory is bounded by the longest line.
package final class ParallelText {
    private let source: TokenLines
    private let targets: [TokenLines]

    /// Opens files; `-` is standard input.
    ///
    /// - Parameters:
    ///   - source: the texts, or the table where there is no other file.
    ///   - targets: the answers, in one file or several.
    /// - Throws: `inputOutput` where one cannot be read, `badData` where one is compressed.
    package init(source: String, targets: [String]) throws(RecurrentError) {
        self.source = TokenLines(try Self.open(source))
        var files: [TokenLines] = []
        for target in targets { files.append(TokenLines(try Self.open(target))) }
        self.targets = files
    }

    private static func open(_ path: String) throws(RecurrentError) -> ByteSource {
        let bytes = try ByteSource(path: path)
        if try bytes.peek(2).bytes.elementsEqual([0x1F, 0x8B]) {
            throw RecurrentError(
                .badData, "this file is compressed with gzip", at: bytes.name,
                help: "unpack it first: gunzip -k FILE.gz")
        }
        return bytes
    }

    /// The next text with its answers; nil at the end.
    ///
    /// - Throws: `badData` with file and line where a line is no text, where a line of a table has no answer, or where one file
    ///   ends before another.
    package func next() throws(RecurrentError) -> TextPair? {
        guard let text = try source.next() else {
            for target in targets where try target.next() != nil {
                throw unequal(target, longer: true)
            }
            return nil
        }
        if targets.isEmpty {
            let fields = text.unicodeScalars.split(separator: "\t", omittingEmptySubsequences: false).map { String($0) }
            guard fields.count > 1 else {
                throw RecurrentError(
                    .badData, "this line has no answer", at: source.place,
                    why: "in a single file a tab stands between a text and its answer",
                    help: "give two files of as many lines, or a table of two columns with tabs")
            }
            return TextPair(source: fields[0], targets: Array(fields.dropFirst()), line: source.line)
        }
        var answers: [String] = []
        for target in targets {
            guard let answer = try target.next() else { throw unequal(target, longer: false) }
            answers.append(answer)
        }
        return TextPair(source: text, targets: answers, line: source.line)
    }

    /// Where the current line stands.
    package var place: String { source.place }

    private func unequal(_ target: TokenLines, longer: Bool) -> RecurrentError {
        let (short, long) = longer ? (source, target) : (target, source)
        return RecurrentError(
            .badData, "\(long.name) goes on in line \(long.line), but \(short.name) has ended", at: long.place,
            why: "each line of one file belongs to the line of the same number in the other",
            help: "look for a line that is missing or broken in two; wc -l counts the lines of both")
    }
}
