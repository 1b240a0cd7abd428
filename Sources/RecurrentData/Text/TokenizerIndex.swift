/// What encoding looks up, made once from the content of a tokenizer.
final class TokenizerIndex: Sendable {
    /// The tokens that are no added ones.
    private let table: PieceTable
    private let tableIDs: [Int32]
    /// The token of each byte, or −1.
    let byteIDs: [Int32]
    /// Where each pair of tokens stands among the merges.
    let ranks: [UInt64: Int32]
    /// Whether a word that is this token is encoded as it.
    private let isWhole: [Bool]
    let added: AddedTokens
    let normalizedAdded: AddedTokens

    init(_ content: TokenizerContent) {
        var table = PieceTable()
        var ids: [Int32] = []
        var bytes = [Int32](repeating: -1, count: 256)
        // Added tokens come last: where bytes are equal, a word is the token of the model.
        for added in [false, true] {
            for (id, piece) in content.pieces.enumerated() where piece.isAdded == added && piece.isInVocabulary {
                if table.insert(piece.bytes).isNew { ids.append(Int32(id)) }
                if piece.bytes.count == 1, bytes[Int(piece.bytes[0])] < 0 { bytes[Int(piece.bytes[0])] = Int32(id) }
            }
        }
        self.table = table
        tableIDs = ids
        byteIDs = bytes
        var ranks: [UInt64: Int32] = [:]
        let merges = content.merges ?? []
        ranks.reserveCapacity(merges.count)
        for (rank, merge) in merges.enumerated() { ranks[Self.key(merge.left, merge.right)] = Int32(rank) }
        self.ranks = ranks
        added = AddedTokens(content.pieces, normalized: false, lowercased: content.isLowercased)
        normalizedAdded = AddedTokens(content.pieces, normalized: true, lowercased: content.isLowercased)
        guard content.merges != nil, !content.takesWholeWords else {
            isWhole = [Bool](repeating: true, count: content.pieces.count)
            return
        }
        let merging = BytePairMerging(
            ranks: ranks, merges: merges, byteIDs: bytes, unknown: content.unknown, fusesUnknown: content.fusesUnknown)
        isWhole = content.pieces.enumerated().map { id, piece in
            // A longer word finds its way by merging: whether it is one token is not worth a table.
            guard piece.bytes.count <= 64 else { return false }
            return piece.bytes.withUnsafeBufferPointer { merging.symbols(of: $0) } == [Int32(id)]
        }
    }

    static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    func id(of bytes: [UInt8]) -> Int32? {
        table.index(of: bytes).map { tableIDs[$0] } ?? added.id(of: bytes) ?? normalizedAdded.id(of: bytes)
    }

    /// The token that a whole word is, where it is one.
    func whole(_ word: UnsafeBufferPointer<UInt8>) -> Int32? {
        guard let position = table.index(of: word) else { return nil }
        let id = tableIDs[position]
        return isWhole[Int(id)] ? id : nil
    }
}

/// Finds tokens that are taken out of a text before it is cut: of those that begin at one place the longest.
struct AddedTokens: Sendable {
    private var table = PieceTable()
    private var ids: [Int32] = []
    private var begins = [Bool](repeating: false, count: 256)
    private var lengths: [Int] = []

    init(_ pieces: [TokenizerContent.Piece], normalized: Bool, lowercased: Bool) {
        var lengths: Set<Int> = []
        for (id, piece) in pieces.enumerated() where piece.isAdded && piece.isNormalized == normalized {
            let bytes =
                normalized && lowercased
                ? Lowercasing.bytes(of: piece.bytes) : piece.bytes
            guard let first = bytes.first, table.insert(bytes).isNew else { continue }
            ids.append(Int32(id))
            begins[Int(first)] = true
            lengths.insert(bytes.count)
        }
        self.lengths = lengths.sorted(by: >)
    }

    var isEmpty: Bool { ids.isEmpty }

    func id(of bytes: [UInt8]) -> Int32? { table.index(of: bytes).map { ids[$0] } }

    /// The first token at or after a place: where it stands and which it is.
    func next(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> (range: Range<Int>, id: Int32)? {
        var position = start
        while position < text.count {
            if begins[Int(text[position])] {
                for length in lengths where position + length <= text.count {
                    let piece = UnsafeBufferPointer(rebasing: text[position..<position + length])
                    if let found = table.index(of: piece) { return (position..<position + length, ids[found]) }
                }
            }
            position += 1
        }
        return nil
    }
}

/// Small letters, scalar by scalar, so that no letter depends on its neighbours.
enum Lowercasing {
    static func bytes(of text: some Collection<UInt8>) -> [UInt8] {
        if text.allSatisfy({ $0 < 0x80 }) { return text.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 } }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            result.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
        }
        return result
    }
}
