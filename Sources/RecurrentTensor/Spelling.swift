/// Finds the name that a person probably meant.
public enum Spelling {
    /// The candidate nearest to `word`, or nil where none is near enough to be worth proposing.
    ///
    /// Near enough means at most one edit in words of up to four letters, two up to eight, and a third of the length
    /// beyond. Letter case costs nothing; `_` and `-` count as the same letter. Of equally near candidates the first wins.
    ///
    /// - Complexity: O(candidates · word · candidate) time; words over 128 letters get no suggestion.
    public static func suggestion(for word: String, in candidates: some Sequence<String>) -> String? {
        let wanted = folded(word)
        guard !wanted.isEmpty, wanted.count <= 128 else { return nil }
        let allowed = wanted.count <= 4 ? 1 : wanted.count <= 8 ? 2 : wanted.count / 3
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let letters = folded(candidate)
            guard letters.count <= 128, abs(letters.count - wanted.count) <= allowed else { continue }
            let distance = distance(wanted, letters)
            // A distance as long as the shorter word means that they share nothing.
            guard distance <= allowed, distance < min(wanted.count, letters.count) else { continue }
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// The help line "did you mean …?", or a list of what there is where nothing is near.
    ///
    /// Lists are cut after `limit` names.
    public static func help(for word: String, in candidates: [String], limit: Int = 20) -> String {
        if let near = suggestion(for: word, in: candidates) { return "did you mean \"\(near)\"?" }
        if candidates.isEmpty { return "there is none to choose from" }
        let more = candidates.count > limit ? " … (\(candidates.count) in all)" : ""
        return "known: " + candidates.prefix(max(1, limit)).joined(separator: ", ") + more
    }

    /// The number of insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
    package static func distance(_ a: [Character], _ b: [Character]) -> Int {
        if a.isEmpty { return b.count }
        if b.isEmpty { return a.count }
        // Three rows of the optimal-string-alignment table are enough: a swap looks back two rows.
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        var row = last
        for i in 1...a.count {
            row[0] = i
            for j in 1...b.count {
                let cost = a[i - 1] == b[j - 1] ? 0 : 1
                row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    row[j] = min(row[j], beforeLast[j - 2] + 1)
                }
            }
            (beforeLast, last, row) = (last, row, beforeLast)
        }
        return last[b.count]
    }

    private static func folded(_ word: String) -> [Character] {
        word.lowercased().map { $0 == "_" ? "-" : $0 }
    }
}
