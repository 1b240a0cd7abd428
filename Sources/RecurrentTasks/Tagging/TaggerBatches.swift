import RecurrentFormats
import RecurrentTensor
public import RecurrentTraining

/// The training sentences in batches of like length, some words hidden.
public struct TaggerBatches: BatchSource {
    /// A sentence, or a piece of a long one.
    struct Piece: Sendable {
        var sentence: Int
        var first: Int
        var count: Int
    }

    private let store: TokenStore
    private let pieces: [Piece]
    private let words: [TaggerVocabulary.Word]
    private let wordCounts: [Int]
    private let wordDropout: Double
    private let buckets: LengthBuckets
    private let key: RandomKey
    private let tags: @Sendable ([Int32]) -> [Int32]

    /// - Parameter tags: the numbers of the network's tags for those of a sentence, or piece of one, of the data.
    init(
        store: TokenStore, pieces: [Piece], words: [TaggerVocabulary.Word], wordCounts: [Int], wordDropout: Double,
        batchSize: Int, key: RandomKey, tags: @escaping @Sendable ([Int32]) -> [Int32]
    ) {
        (self.store, self.pieces, self.words, self.wordCounts) = (store, pieces, words, wordCounts)
        (self.wordDropout, self.key, self.tags) = (wordDropout, key.substream(1), tags)
        buckets = LengthBuckets(count: pieces.count, batchSize: batchSize, key: key.substream(0)) { pieces[$0].count }
    }

    /// The number of batches of an epoch.
    public var batchesPerEpoch: Int { buckets.batchesPerEpoch }

    /// The batch at a position of an epoch.
    public func batch(epoch: Int, index: Int) throws -> TaggerBatch {
        let chosen = buckets.examples(epoch: epoch, index: index).map { pieces[$0] }
        var (forms, numbers): ([[Int32]], [[Int32]]) = ([], [])
        for piece in chosen {
            let range = piece.first..<piece.first + piece.count
            forms.append(try store.tokens(piece.sentence, column: 0, range))
            // A span that a cut divides becomes two: a piece must be possible by the rules of the tags.
            numbers.append(tags(try store.tokens(piece.sentence, column: 1, range)))
        }
        var stream = RandomStream(key.at(step: epoch * batchesPerEpoch + index))
        return TaggerBatch(forms, tags: numbers, word: { words[Int($0)] }) { word in
            guard word.number > 0, wordDropout > 0 else { return word.number }
            let count = Double(wordCounts[Int(word.number) - 1])
            return stream.uniform() < wordDropout / (wordDropout + count) ? 0 : word.number
        }
    }
}
