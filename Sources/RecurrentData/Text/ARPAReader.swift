import RecurrentTensor

/// Reads a language model in the ARPA format, line by line.
///
/// Blanks or tabs stand between fields, lines end in either way, back-off weights may be missing, and what stands before
/// `\data\` is passed over. The counts of the head are not trusted with memory.
struct ARPAReader {
    private(set) var words: [String] = []
    private(set) var numbers: [String: Int32] = [:]
    private(set) var tables: [NGramTable] = []
    private(set) var notes: [String] = []
    /// The logarithm of the least probability of a word.
    private(set) var least: Float = 0
    private let lines: TokenLines
    private var promised: [Int] = []
    private var leftOut = 0

    private static let largestOrder = 32
    private static let nepers = 2.302585092994046

    init(_ lines: TokenLines) { self.lines = lines }

    mutating func read() throws(RecurrentError) {
        var section = -1
        var hasEnd = false
        while let line = try lines.next() {
            let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = fields.first else { continue }
            if fields.count == 1, first.first == "\\", let next = try heading(String(first), section) {
                if next < 0 {
                    hasEnd = true
                    break
                }
                section = next
            } else if section == 0 {
                try count(fields)
            } else if section > 0 {
                try entry(fields, section)
            }
        }
        guard section >= 0 else {
            throw RecurrentError(
                .badData, "there is no line \\data\\", at: lines.name,
                why: "a language model in the ARPA format begins with it",
                help: "write the model as ARPA text, not as a binary file")
        }
        guard !words.isEmpty else { throw RecurrentError(.badData, "the model has no words", at: lines.name) }
        if !hasEnd { notes.append("the file ends without \\end\\: it may have been cut") }
        for (index, table) in tables.enumerated() where index < promised.count && promised[index] != table.count {
            notes.append("there are \(table.count) runs of \(index + 1) words; the head promises \(promised[index])")
        }
        if leftOut > 0 {
            notes.append("\(leftOut) runs have words that are not among the single ones; they are left out")
        }
    }

    /// The section that a line begins: 0 the head, n runs of n words, −1 the end; nil where it begins none.
    private mutating func heading(_ text: String, _ section: Int) throws(RecurrentError) -> Int? {
        if text == "\\data\\" {
            guard section < 0 else { throw problem("\\data\\ stands here a second time") }
            return 0
        }
        guard section >= 0 else { return nil }
        if text == "\\end\\" { return -1 }
        guard text.hasSuffix("-grams:") else { return nil }
        guard let order = Int(text.dropFirst().dropLast(7)), order >= 1 else {
            throw problem("this is no heading", "such as \\2-grams:")
        }
        guard order == tables.count + 1, order <= Self.largestOrder else {
            throw problem(
                "runs of \(order) words follow those of \(tables.count)",
                "lengths ascend from 1 to \(Self.largestOrder)")
        }
        tables.append(NGramTable())
        return order
    }

    /// `ngram 2=1234`
    private mutating func count(_ fields: [Substring]) throws(RecurrentError) {
        let text = fields.joined()
        guard text.hasPrefix("ngram"), let sign = text.firstIndex(of: "="),
            let order = Int(text[text.index(text.startIndex, offsetBy: 5)..<sign]),
            let count = Int(text[text.index(after: sign)...]), order == promised.count + 1, count >= 0
        else { throw problem("this is no count of runs", "such as ngram \(promised.count + 1)=1234") }
        promised.append(count)
    }

    private mutating func entry(_ fields: [Substring], _ order: Int) throws(RecurrentError) {
        guard fields.count == order + 1 || fields.count == order + 2 else {
            throw problem(
                "this line has \(fields.count) fields",
                "a run of \(order) has a probability, \(order) word\(order == 1 ? "" : "s") and maybe a back-off weight"
            )
        }
        let probability = try number(fields[0], "probability")
        let backoff = fields.count == order + 2 ? try number(fields[order + 1], "back-off weight") : 0
        guard probability <= 1e-3 else { throw problem("the logarithm of a probability is \(fields[0])") }
        if order == 1 {
            let word = String(fields[1])
            guard numbers[word] == nil else { throw problem("this word stands here a second time") }
            numbers[word] = Int32(words.count)
            words.append(word)
            // The beginning of a sentence has a probability in name only.
            if word != "<s>" { least = min(least, probability) }
        }
        var run: [Int32] = []
        for field in fields[1...order] {
            guard let number = numbers[String(field)] else {
                leftOut += 1
                return
            }
            run.append(number)
        }
        let key = NGramTable.key(run.dropLast(), run[order - 1])
        tables[order - 1].insert(key, .init(logProbability: min(0, probability), backoff: backoff))
    }

    /// A logarithm to the base 10 as a natural one. Whatever is below −99 is as good as impossible.
    private func number(_ text: Substring, _ name: String) throws(RecurrentError) -> Float {
        guard let value = Double(text), !value.isNaN, value < 1e6 else {
            throw problem("the \(name) is no number")
        }
        return Float(max(-99, value) * Self.nepers)
    }

    private func problem(_ what: String, _ why: String? = nil) -> RecurrentError {
        RecurrentError(
            .badData, what, at: lines.place, why: why, help: "check that the file is a model in the ARPA format")
    }
}
