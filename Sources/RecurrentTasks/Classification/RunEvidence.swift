import RecurrentFormats
import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What short runs of tokens say about the class of a text: naive Bayes on counts.
///
///     e_k = Σ_r log((n_rk + α) / (n_k + α V)) / √R
///
/// r goes over the R different runs of a text that occurred in the training, n_rk counts the texts of class k that hold r, n_k
/// sums them, V is the number of different runs. Of a text that was learned from its own counts are left out, so that its
/// evidence is as good as that of a new text, and a network beside it learns how far to trust it.
///
/// - Source: Wang & Manning 2012 for the counts of presence.
package struct RunEvidence: Sendable, Hashable {
    /// The longest run, in tokens.
    let longest: Int
    let classes: Int
    let smoothing: Double
    /// How many texts of each class hold each run, [runs, K]; a run finds its row by a hash.
    private(set) var counts: [Float]
    private var totals: [Double]
    private var distinct = 0

    init(longest: Int, rows: Int, classes: Int, smoothing: Double) {
        (self.longest, self.classes, self.smoothing) = (longest, classes, smoothing)
        counts = [Float](repeating: 0, count: rows * classes)
        totals = [Double](repeating: 0, count: classes)
    }

    /// Evidence of counts that were kept.
    init(longest: Int, classes: Int, smoothing: Double, counts: [Float]) {
        self.init(longest: longest, rows: 0, classes: classes, smoothing: smoothing)
        self.counts = counts
        for row in 0..<counts.count / max(1, classes) {
            var isEmpty = true
            for k in 0..<classes where counts[row * classes + k] > 0 {
                totals[k] += Double(counts[row * classes + k])
                isEmpty = false
            }
            if !isEmpty { distinct += 1 }
        }
    }

    /// Learns from a text.
    mutating func add(_ tokens: [Int32], label: Int) {
        for row in rows(of: tokens) {
            if (0..<classes).allSatisfy({ counts[row * classes + $0] == 0 }) { distinct += 1 }
            counts[row * classes + label] += 1
            totals[label] += 1
        }
    }

    /// The evidence for each class, of mean 0.
    ///
    /// - Parameter own: the class of the text where it was learned from.
    func evidence(_ tokens: [Int32], leavingOut own: Int? = nil) -> [Float] {
        var sums = [Double](repeating: 0, count: classes)
        let rows = rows(of: tokens)
        let known = rows.filter { row in
            var count: Float = own == nil ? 0 : -1
            for k in 0..<classes { count += counts[row * classes + k] }
            return count > 0
        }
        guard !known.isEmpty else { return sums.map { Float($0) } }
        for k in 0..<classes {
            let left = k == own ? 1.0 : 0
            let total = max(0, totals[k] - left * Double(rows.count))
            var sum = -Double(known.count) * log(total + smoothing * Double(max(1, distinct)))
            for row in known { sum += log(max(0, Double(counts[row * classes + k]) - left) + smoothing) }
            sums[k] = sum / Double(known.count).squareRoot()
        }
        let mean = sums.reduce(0, +) / Double(classes)
        return sums.map { Float($0 - mean) }
    }

    /// The rows of the different runs of a text, whose beginning and end count as tokens beside others.
    private func rows(of tokens: [Int32]) -> [Int] {
        let count = UInt64(counts.count / max(1, classes))
        var seen = Set<Int>()
        var result: [Int] = []
        let tokens = [-1] + tokens + [-2]
        for start in tokens.indices {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for end in start..<min(tokens.count, start + longest) {
                hash = (hash ^ UInt64(UInt32(bitPattern: tokens[end]))) &* 0x9E37_79B9_7F4A_7C15
                hash ^= hash >> 29
                if end == start, tokens[start] < 0 { continue }
                let row = Int(hash % max(1, count))
                if seen.insert(row).inserted { result.append(row) }
            }
        }
        return result
    }

    // MARK: - Files

    /// The counts as a file.
    func bytes() throws -> [UInt8] {
        try Safetensors.bytes(
            [(name: "counts", tensor: Tensor(counts, shape: [counts.count / max(1, classes), classes]))])
    }

    /// Reads the counts of a file.
    ///
    /// - Throws: `badModel` where they do not fit the recipe.
    init(_ bytes: [UInt8], recipe: ClassifierRecipe, source: String) throws {
        let tensor = try SafetensorsFile(bytes: bytes, source: source).tensor("counts")
        guard tensor.elementType == .float32, tensor.shape == [recipe.runCount, recipe.classes] else {
            throw RecurrentError(
                .badModel, "the counts of runs do not fit the model", at: source,
                help: "take another copy of the folder, or train again")
        }
        let counts = tensor.scalars(of: Float.self)
        guard counts.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
            throw RecurrentError(.badModel, "the counts of runs are no counts", at: source)
        }
        self.init(
            longest: recipe.runLength, classes: recipe.classes, smoothing: recipe.runSmoothing, counts: counts)
    }
}
