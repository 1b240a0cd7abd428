/// Learns which bytes to merge: always the pair that stands side by side most often, the counts kept up to date.
///
/// - Complexity: a merge costs the words that hold the pair, and a heap's logarithm for each new pair.
/// - Source: Sennrich, Haddow & Birch 2016, algorithm 1, with counts updated instead of taken anew.
struct BytePairLearning {
    private(set) var pieces: [TokenizerContent.Piece]
    private(set) var merges: [TokenizerContent.Merge] = []

    private var names = PieceTable()
    private var words: [[Int32]] = []
    private let counts: [Int]
    private var pairCounts: [UInt64: Int] = [:]
    /// The words in which a pair was seen; it may have gone from some of them since.
    private var places: [UInt64: [Int32]] = [:]
    private var heap = PriorityHeap<Candidate>()

    private struct Candidate: Comparable {
        let count: Int
        let pair: UInt64

        static func < (a: Candidate, b: Candidate) -> Bool {
            a.count != b.count ? a.count > b.count : a.pair < b.pair
        }
    }

    init(words table: PieceTable, counts: [Int], special: [TokenizerContent.Piece]) {
        pieces = special + ByteAlphabet.order.map { TokenizerContent.Piece([$0]) }
        self.counts = counts
        for piece in pieces { names.insert(piece.bytes) }
        var ids = [Int32](repeating: 0, count: 256)
        for (position, byte) in ByteAlphabet.order.enumerated() { ids[Int(byte)] = Int32(special.count + position) }
        words = (0..<table.count).map { index in table[index].map { ids[Int($0)] } }
    }

    mutating func learn(size: Int, minimumCount: Int) {
        guard pieces.count < size else { return }
        for (index, word) in words.enumerated() where word.count > 1 {
            for position in 0..<word.count - 1 {
                note(TokenizerIndex.key(word[position], word[position + 1]), counts[index], in: index)
            }
        }
        for (pair, count) in pairCounts { heap.push(Candidate(count: count, pair: pair)) }
        while pieces.count < size, let top = heap.pop() {
            let count = pairCounts[top.pair] ?? 0
            if count != top.count {
                if count > 0 { heap.push(Candidate(count: count, pair: top.pair)) }
                continue
            }
            if count < minimumCount { break }
            merge(top.pair)
        }
    }

    private mutating func note(_ pair: UInt64, _ count: Int, in word: Int) {
        pairCounts[pair, default: 0] += count
        if places[pair]?.last != Int32(word) { places[pair, default: []].append(Int32(word)) }
    }

    private mutating func merge(_ pair: UInt64) {
        let left = Int32(bitPattern: UInt32(pair >> 32))
        let right = Int32(bitPattern: UInt32(pair & 0xFFFF_FFFF))
        let bytes = pieces[Int(left)].bytes + pieces[Int(right)].bytes
        // Two ways to the same bytes share their token.
        let (name, isNew) = names.insert(bytes)
        if isNew { pieces.append(TokenizerContent.Piece(bytes)) }
        let result = Int32(name)
        merges.append(TokenizerContent.Merge(left, right, result))
        var touched: Set<UInt64> = []
        for place in places.removeValue(forKey: pair) ?? [] {
            replace(left, right, by: result, in: Int(place), &touched)
        }
        for other in touched {
            if let count = pairCounts[other], count > 0 { heap.push(Candidate(count: count, pair: other)) }
        }
    }

    private mutating func replace(
        _ left: Int32, _ right: Int32, by result: Int32, in index: Int, _ touched: inout Set<UInt64>
    ) {
        let word = words[index]
        var merged: [Int32] = []
        merged.reserveCapacity(word.count)
        var position = 0
        while position < word.count {
            guard word[position] == left, position + 1 < word.count, word[position + 1] == right else {
                merged.append(word[position])
                position += 1
                continue
            }
            if let before = merged.last {
                pairCounts[TokenizerIndex.key(before, left), default: 0] -= counts[index]
                let new = TokenizerIndex.key(before, result)
                note(new, counts[index], in: index)
                touched.insert(new)
            }
            if position + 2 < word.count {
                let after = word[position + 2]
                pairCounts[TokenizerIndex.key(right, after), default: 0] -= counts[index]
                let new = TokenizerIndex.key(result, after)
                note(new, counts[index], in: index)
                touched.insert(new)
            }
            merged.append(result)
            position += 2
        }
        words[index] = merged
    }
}

/// The bytes in the order of the letters that `tokenizer.json` writes them with.
package enum ByteAlphabet {
    /// The bytes, those that are visible characters of Latin-1 first.
    package static let order: [UInt8] = {
        let visible = Array(UInt8(0x21)...0x7E) + Array(UInt8(0xA1)...0xAC) + Array(UInt8(0xAE)...0xFF)
        return visible + (UInt8(0)...0xFF).filter { !visible.contains($0) }
    }()

    /// The letter of each byte.
    package static let letters: [Unicode.Scalar] = {
        var result = [Unicode.Scalar](repeating: " ", count: 256)
        for (position, byte) in order.enumerated() {
            // 188 bytes are their own letters, the others take U+0100 and on.
            result[Int(byte)] = position < 188 ? Unicode.Scalar(byte) : Unicode.Scalar(UInt8(position - 188)).shifted
        }
        return result
    }()
}

extension Unicode.Scalar {
    fileprivate var shifted: Unicode.Scalar { Unicode.Scalar(value + 0x100) ?? self }
}
