public import RecurrentTensor

/// A language model of runs of words, or of characters: how probable a word is after those before it.
///
///     ln p(w | c) = the model's, where it has c w;  else ln b(c) + ln p(w | c without its first word)
///
/// Read from a file in the ARPA format. A word that the model does not know counts as `<unk>`; where it has none, the word is
/// as improbable as a hundred thousandth of the rarest.
///
/// - Complexity: a look-up in constant time for each order; 16 bytes for each run of words, and the words themselves.
/// - Source: Katz 1987 for the back-off; the format is that of SRILM, KenLM and others.
public struct NGramModel: Sendable {
    /// The greatest number of words of a run.
    public let order: Int
    /// The words.
    public let words: [String]
    /// What a person should know: counts that are not those of the head, runs of unknown words that were left out.
    public let notes: [String]
    private let numbers: [String: Int32]
    private let tables: [NGramTable]
    private let unknown: Int32?
    private let floor: Float

    /// What was said, as far as it tells what comes next: at most `order − 1` words, the last one last.
    public struct Context: Sendable, Hashable {
        fileprivate var words: [Int32]
    }

    /// Reads a file; `-` is standard input.
    ///
    /// - Throws: `badData` with file and line where it is not in the ARPA format, `inputOutput` where it cannot be read.
    public init(path: String) throws(RecurrentError) { try self.init(TokenLines(try ByteSource(path: path))) }

    /// Reads a file that lies in memory; `name` stands in errors.
    public init(bytes: [UInt8], name: String) throws(RecurrentError) {
        try self.init(TokenLines(ByteSource(bytes: bytes, name: name)))
    }

    private init(_ lines: TokenLines) throws(RecurrentError) {
        var reader = ARPAReader(lines)
        try reader.read()
        (order, words, notes) = (reader.tables.count, reader.words, reader.notes)
        (numbers, tables) = (reader.numbers, reader.tables)
        unknown = numbers["<unk>"] ?? numbers["<UNK>"]
        floor = reader.least - 11.5
    }

    /// The number of a word; nil where the model does not know it.
    public func number(of word: String) -> Int32? { numbers[word] }

    /// Whether the model knows a word.
    public func knows(_ word: String) -> Bool { numbers[word] != nil }

    /// The beginning of a sentence.
    public var start: Context { Context(words: order > 1 ? (numbers["<s>"].map { [$0] } ?? []) : []) }

    /// The natural logarithm of the probability of a word.
    public func logProbability(of word: String, after context: Context) -> Double {
        logProbability(of: numbers[word] ?? unknown, after: context)
    }

    /// The natural logarithm of the probability that the sentence ends.
    public func endLogProbability(after context: Context) -> Double {
        guard let end = numbers["</s>"] else { return 0 }
        return logProbability(of: end, after: context)
    }

    /// The same for a word by its number; nil is a word that the model does not know.
    public func logProbability(of word: Int32?, after context: Context) -> Double {
        guard let word else { return Double(floor) }
        var backoff = 0.0
        for first in 0...context.words.count {
            let run = context.words[first...]
            if let found = tables[run.count].find(NGramTable.key(run, word)) {
                return backoff + Double(found.logProbability)
            }
            guard let last = run.last else { break }
            if let own = tables[run.count - 1].find(NGramTable.key(run.dropLast(), last)) {
                backoff += Double(own.backoff)
            }
        }
        return backoff + Double(floor)
    }

    /// What is known after a word.
    public func context(after context: Context, word: String) -> Context {
        self.context(after: context, word: numbers[word] ?? unknown)
    }

    /// The same for a word by its number.
    public func context(after context: Context, word: Int32?) -> Context {
        guard let word, order > 1 else { return Context(words: []) }
        return Context(words: Array((context.words + [word]).suffix(order - 1)))
    }

    /// The natural logarithm of the probability of a sentence, its end included.
    public func logProbability(of sentence: some Sequence<String>) -> Double {
        var (total, context) = (0.0, start)
        for word in sentence {
            total += logProbability(of: word, after: context)
            context = self.context(after: context, word: word)
        }
        return total + endLogProbability(after: context)
    }
}

/// The runs of one length, by a hash of their words: open addressing, at most half full.
struct NGramTable: Sendable {
    struct Entry {
        var logProbability: Float
        var backoff: Float
    }

    private var keys: [UInt64] = []
    private var entries: [Entry] = []
    private(set) var count = 0

    /// 64 mixed bits of a run and the word behind it, never 0.
    static func key(_ run: some Sequence<Int32>, _ word: Int32) -> UInt64 {
        var key: UInt64 = 0x9E37_79B9_7F4A_7C15
        func mix(_ number: Int32) {
            key = (key ^ UInt64(UInt32(bitPattern: number))) &* 0xBF58_476D_1CE4_E5B9
            key ^= key >> 29
            key = key &* 0x94D0_49BB_1331_11EB
            key ^= key >> 32
        }
        for number in run { mix(number) }
        mix(word)
        return key == 0 ? 1 : key
    }

    func find(_ key: UInt64) -> Entry? {
        guard !keys.isEmpty else { return nil }
        var place = Int(key & UInt64(keys.count - 1))
        while keys[place] != 0 {
            if keys[place] == key { return entries[place] }
            place = (place + 1) & (keys.count - 1)
        }
        return nil
    }

    mutating func insert(_ key: UInt64, _ entry: Entry) {
        if 2 * (count + 1) > keys.count { grow() }
        var place = Int(key & UInt64(keys.count - 1))
        while keys[place] != 0, keys[place] != key { place = (place + 1) & (keys.count - 1) }
        if keys[place] == 0 { count += 1 }
        keys[place] = key
        entries[place] = entry
    }

    private mutating func grow() {
        let (old, values) = (keys, entries)
        let size = max(16, 2 * old.count)
        keys = [UInt64](repeating: 0, count: size)
        entries = [Entry](repeating: Entry(logProbability: 0, backoff: 0), count: size)
        count = 0
        for (index, key) in old.enumerated() where key != 0 { insert(key, values[index]) }
    }
}
