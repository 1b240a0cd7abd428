/// One text on its way to tokens.
struct TokenizerEncoding {
    let content: TokenizerContent
    let index: TokenizerIndex
    private let merging: BytePairMerging
    private(set) var ids: [Int32] = []

    init(content: TokenizerContent, index: TokenizerIndex) {
        self.content = content
        self.index = index
        merging = BytePairMerging(
            ranks: index.ranks, merges: content.merges ?? [], byteIDs: index.byteIDs, unknown: content.unknown,
            fusesUnknown: content.fusesUnknown)
    }

    mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
        split(text, at: index.added) { encoding, part in
            guard encoding.content.isLowercased else {
                return encoding.split(part, at: encoding.index.normalizedAdded) { $0.cut($1) }
            }
            Lowercasing.bytes(of: part).withUnsafeBufferPointer { small in
                encoding.split(small, at: encoding.index.normalizedAdded) { $0.cut($1) }
            }
        }
    }

    /// Gives the parts between added tokens to `body`, and takes the tokens themselves.
    private mutating func split(
        _ text: UnsafeBufferPointer<UInt8>, at added: AddedTokens,
        _ body: (inout TokenizerEncoding, UnsafeBufferPointer<UInt8>) -> Void
    ) {
        var position = 0
        while !added.isEmpty, let (range, id) = added.next(in: text, from: position) {
            if range.lowerBound > position {
                body(&self, UnsafeBufferPointer(rebasing: text[position..<range.lowerBound]))
            }
            ids.append(id)
            position = range.upperBound
        }
        if position < text.count { body(&self, UnsafeBufferPointer(rebasing: text[position...])) }
    }

    private mutating func cut(_ text: UnsafeBufferPointer<UInt8>) {
        guard content.addsSpace, text.first != 0x20 else { return words(of: text) }
        ([0x20] + Array(text)).withUnsafeBufferPointer { words(of: $0) }
    }

    private mutating func words(of text: UnsafeBufferPointer<UInt8>) {
        content.splitting.forEachWord(text) { range in
            let word = UnsafeBufferPointer(rebasing: text[range])
            if let id = index.whole(word) {
                ids.append(id)
            } else if content.merges != nil {
                ids.append(contentsOf: merging.symbols(of: word))
            } else if let unknown = content.unknown {
                ids.append(unknown)
            }
        }
    }
}
