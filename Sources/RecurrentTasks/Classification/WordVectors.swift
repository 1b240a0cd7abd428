import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// Vectors of words that were learned elsewhere, for the words that a tokenizer knows.
struct WordVectors: Sendable {
    /// The numbers of a vector.
    let size: Int
    /// The tokens that have one.
    private(set) var found: [Int32] = []
    private(set) var values: [Float] = []

    /// Reads the text form of GloVe (`word 0.1 0.2 …`) or word2vec (the same after a line `count size`).
    ///
    /// Only the vectors of known words are kept, so that a file larger than memory can be read.
    ///
    /// - Throws: `badData` with the line where it cannot be understood.
    init(file: String, tokenizer: Tokenizer) throws {
        let lines = TextLines(try ByteSource(path: file))
        var size: Int?
        var seen = Set<Int32>()
        while let line = try lines.next() {
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            // word2vec begins with two numbers.
            if lines.line == 1, fields.count == 2, let count = Int(fields[0]), let given = Int(fields[1]), count >= 0 {
                size = given
                continue
            }
            let width = size ?? fields.count - 1
            guard width >= 1, width <= 16_384, fields.count >= width + 1 else {
                throw RecurrentError(
                    .badData, "this line has \(max(0, fields.count - 1)) numbers; \(width) are needed", at: lines.place,
                    help: "give a file of word vectors as text: a word and its numbers on each line")
            }
            size = width
            // Some words of the published files hold spaces.
            let word = fields.dropLast(width).joined(separator: " ")
            guard
                let token = tokenizer.id(of: word)
                    ?? tokenizer.id(of: tokenizer.isLowercased ? word.lowercased() : word),
                seen.insert(token).inserted
            else { continue }
            for field in fields.suffix(width) {
                guard let value = Float(field), value.isFinite else {
                    throw RecurrentError(.badData, "'\(field.prefix(40))' is no number", at: lines.place)
                }
                values.append(value)
            }
            found.append(token)
        }
        guard let size else { throw RecurrentError(.badData, "there is no word vector", at: file) }
        self.size = size
    }

    /// Puts the vectors into the table of an embedding.
    func fill(_ table: inout Tensor) {
        table.withMutableBuffer(of: Float.self) { rows in
            for (index, token) in found.enumerated() {
                for k in 0..<size { rows[Int(token) * size + k] = values[index * size + k] }
            }
        }
    }

    // MARK: - The folder of the run

    func write(to path: String) throws {
        try Safetensors.write(
            [
                (name: "tokens", tensor: Tensor(found)),
                (name: "vectors", tensor: Tensor(values, shape: [found.count, size])),
            ], to: path)
    }

    init(stored path: String, count: Int, size: Int) throws {
        let file = try SafetensorsFile(path)
        let tokens = try file.tensor("tokens")
        let vectors = try file.tensor("vectors")
        guard tokens.elementType == .int32, vectors.elementType == .float32, vectors.shape == [tokens.count, size],
            tokens.scalars(of: Int32.self).allSatisfy({ $0 >= 0 && $0 < count })
        else {
            throw RecurrentError(
                .badModel, "the word vectors do not fit the run", at: path, help: "begin the training anew")
        }
        self.size = size
        found = tokens.scalars(of: Int32.self)
        values = vectors.scalars(of: Float.self)
    }
}
