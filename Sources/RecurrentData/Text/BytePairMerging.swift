/// Merges the bytes of a word into tokens: of all pairs that stand side by side always the one that was learned first,
/// and of equal ones the leftmost.
struct BytePairMerging {
    let ranks: [UInt64: Int32]
    let merges: [TokenizerContent.Merge]
    let byteIDs: [Int32]
    let unknown: Int32?
    let fusesUnknown: Bool

    /// Up to so many symbols looking at all pairs again after a merge is faster than a heap.
    private static let scanLimit = 24

    /// The tokens of a word; bytes without a token are unknown, or dropped where there is no unknown token.
    ///
    /// - Complexity: O(n log n).
    func symbols(of word: UnsafeBufferPointer<UInt8>) -> [Int32] {
        var symbols: [Int32] = []
        symbols.reserveCapacity(word.count)
        var afterUnknown = false
        for byte in word {
            let id = byteIDs[Int(byte)]
            if id >= 0 {
                symbols.append(id)
                afterUnknown = false
            } else if let unknown {
                if !(afterUnknown && fusesUnknown) { symbols.append(unknown) }
                afterUnknown = true
            }
        }
        if merges.isEmpty || symbols.count < 2 { return symbols }
        return symbols.count <= Self.scanLimit ? scanned(symbols) : heaped(symbols)
    }

    private func rank(_ left: Int32, _ right: Int32) -> Int32? { ranks[TokenizerIndex.key(left, right)] }

    private func scanned(_ initial: [Int32]) -> [Int32] {
        var symbols = initial
        var pairRanks = (0..<symbols.count - 1).map { rank(symbols[$0], symbols[$0 + 1]) ?? .max }
        while !pairRanks.isEmpty {
            var best = 0
            for position in 1..<max(1, pairRanks.count) where pairRanks[position] < pairRanks[best] { best = position }
            guard pairRanks[best] != .max else { break }
            symbols[best] = merges[Int(pairRanks[best])].result
            symbols.remove(at: best + 1)
            pairRanks.remove(at: best)
            if best > 0 { pairRanks[best - 1] = rank(symbols[best - 1], symbols[best]) ?? .max }
            if best < pairRanks.count { pairRanks[best] = rank(symbols[best], symbols[best + 1]) ?? .max }
        }
        return symbols
    }

    private func heaped(_ initial: [Int32]) -> [Int32] {
        var symbols = initial
        let count = symbols.count
        var next = (1...count).map { $0 }
        var previous = (-1..<count - 1).map { $0 }
        var heap = PriorityHeap<UInt64>()
        func push(_ left: Int, _ right: Int) {
            guard let rank = rank(symbols[left], symbols[right]) else { return }
            heap.push(UInt64(UInt32(rank)) << 32 | UInt64(UInt32(left)))
        }
        for position in 0..<count - 1 { push(position, position + 1) }
        while let entry = heap.pop() {
            let position = Int(entry & 0xFFFF_FFFF)
            let rank = Int32(entry >> 32)
            // An entry whose symbols have been merged meanwhile is out of date.
            guard symbols[position] >= 0, next[position] < count,
                self.rank(symbols[position], symbols[next[position]]) == rank
            else { continue }
            let gone = next[position]
            symbols[position] = merges[Int(rank)].result
            symbols[gone] = -1
            next[position] = next[gone]
            if next[gone] < count {
                previous[next[gone]] = position
                push(position, next[gone])
            }
            if previous[position] >= 0 { push(previous[position], position) }
        }
        return symbols.filter { $0 >= 0 }
    }
}

/// A binary heap that gives the least element first.
struct PriorityHeap<Element: Comparable> {
    private var elements: [Element] = []

    init() {}

    var isEmpty: Bool { elements.isEmpty }

    mutating func push(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child] < elements[parent] else { break }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() -> Element? {
        guard let first = elements.first, let last = elements.popLast() else { return nil }
        if elements.isEmpty { return first }
        elements[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < elements.count {
                if elements[child] < elements[least] { least = child }
            }
            if least == parent { return first }
            elements.swapAt(parent, least)
            parent = least
        }
    }
}
