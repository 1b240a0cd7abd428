public import RecurrentTensor

/// A text file in pieces that end with a line, so that a file of any size takes little memory.
///
/// A piece is cut within a line only where that line is longer than ``longestPiece``.
public final class TextChunks {
    /// The bytes of a piece, about.
    public static let size = 1 << 20
    /// The longest piece: longer lines are cut.
    public static let longestPiece = 1 << 24

    /// The name that stands in the place of an error.
    public let name: String
    /// The number of bytes given out so far.
    public private(set) var byteCount = 0
    private let source: ByteSource
    private var kept: [UInt8] = []
    private var isAtEnd = false
    private let allowsBinary: Bool

    /// Opens a text file; `-` is standard input.
    ///
    /// - Parameter allowsBinary: whether bytes are taken that no text has.
    /// - Throws: `inputOutput` where it cannot be read.
    public init(path: String, allowsBinary: Bool = false) throws(RecurrentError) {
        source = try ByteSource(path: path)
        name = source.name
        self.allowsBinary = allowsBinary
    }

    /// The next piece; nil at the end.
    ///
    /// - Throws: `inputOutput` where it cannot be read; `badData` where it is no text.
    public func next() throws(RecurrentError) -> [UInt8]? {
        var piece = kept
        kept = []
        var searched = 0
        while !isAtEnd {
            let begin = piece.count
            var failure: RecurrentError?
            piece.append(
                contentsOf: [UInt8](unsafeUninitializedCapacity: Self.size) { buffer, count in
                    do throws(RecurrentError) {
                        count = try source.read(into: UnsafeMutableRawBufferPointer(buffer))
                    } catch {
                        failure = error
                        count = 0
                    }
                })
            if let failure { throw failure }
            if piece.count == begin { isAtEnd = true }
            guard piece.count >= Self.size else { continue }
            if let end = piece[searched...].lastIndex(of: UInt8(ascii: "\n")) {
                kept = Array(piece[(end + 1)...])
                piece.removeSubrange((end + 1)...)
                break
            }
            searched = piece.count
            if piece.count >= Self.longestPiece {
                // Not within a character: what begins one is kept for the next piece.
                let start = piece.suffix(4).lastIndex { $0 & 0xC0 != 0x80 } ?? piece.count
                if piece[piece.count - 1] >= 0x80, start > 0 {
                    kept = Array(piece[start...])
                    piece.removeSubrange(start...)
                }
                break
            }
        }
        guard !piece.isEmpty else { return nil }
        if !allowsBinary, let zero = piece.firstIndex(of: 0) {
            throw RecurrentError(
                .badData, "this is no text: byte \(byteCount + zero) is zero", at: name,
                why: "texts hold no zero bytes; this may be a picture, a program or a compressed file, or UTF-16",
                help: "convert it to UTF-8 text first")
        }
        byteCount += piece.count
        return piece
    }
}
