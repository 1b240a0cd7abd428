import RecurrentData
import RecurrentFormats
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite struct TextChunksTests {
    private func pieces(_ bytes: [UInt8]) throws -> [[UInt8]] {
        let path = temporaryFolder() + "/text"
        try FileSystem().write(bytes, to: path)
        let chunks = try TextChunks(path: path)
        var pieces: [[UInt8]] = []
        while let piece = try chunks.next() { pieces.append(piece) }
        #expect(chunks.byteCount == bytes.count)
        return pieces
    }

    @Test(arguments: [0, 1, 1 << 20, (1 << 20) + 1, 5 << 20])
    func piecesMakeUpTheTextAndEndWithLines(_ size: Int) throws {
        let text = (0..<size).map { $0 % 61 == 60 ? UInt8(ascii: "\n") : UInt8(97 + $0 % 26) }
        let pieces = try pieces(text)
        #expect(Array(pieces.joined()) == text)
        #expect(pieces.dropLast().allSatisfy { $0.last == UInt8(ascii: "\n") })
        #expect(pieces.allSatisfy { !$0.isEmpty && $0.count <= 3 << 20 })
    }

    @Test func aGiganticLineIsCutBetweenCharacters() throws {
        let line = Array(String(repeating: "日本語é😀x", count: 2_500_000).utf8)
        let pieces = try pieces(line)
        #expect(Array(pieces.joined()) == line)
        #expect(pieces.count > 1)
        #expect(pieces.allSatisfy { String(validating: $0, as: UTF8.self) != nil })
        #expect(pieces.allSatisfy { $0.count <= TextChunks.longestPiece + TextChunks.size })
    }

    @Test func aZeroByteIsNamedWithItsPlace() throws {
        let error = #expect(throws: RecurrentError.self) { _ = try pieces(Array("abc\0def".utf8)) }
        #expect(error?.category == .badData)
        #expect(error?.what.contains("byte 3") ?? false)
    }
}
