public import RecurrentData
public import RecurrentFormats

/// How well texts were transcribed: word and character error rates.
///
/// Words are what stands between blanks; characters are Unicode scalars, the blanks between words included. Rates are edits
/// over all references together, as `jiwer` counts them.
public struct TranscriptionReport: Sendable, Hashable {
    /// Errors in words.
    public private(set) var words = ErrorRate()
    /// Errors in characters.
    public private(set) var characters = ErrorRate()

    /// Of no text.
    public init() {}

    /// Counts a text.
    public mutating func add(_ text: String, reference: String) {
        let (said, wanted) = (text.spacedOnce, reference.spacedOnce)
        words.add(EditDistance(said.split(separator: " "), reference: wanted.split(separator: " ")))
        characters.add(EditDistance(Array(said.unicodeScalars), reference: Array(wanted.unicodeScalars)))
    }

    /// The figures with stable keys.
    public var json: JSON {
        func figures(_ rate: ErrorRate) -> JSON {
            [
                "rate": rate.rate.isFinite ? JSON(rate.rate) : .null, "substitutions": JSON(rate.substitutions),
                "deletions": JSON(rate.deletions), "insertions": JSON(rate.insertions),
                "reference": JSON(rate.referenceLength),
            ]
        }
        return [
            "recordings": JSON(words.sequences), "wrong_recordings": JSON(words.wrongSequences),
            "wer": figures(words), "cer": figures(characters),
        ]
    }

    /// A text under its reference, word by word: `*` stands for what is missing, wrong words in capitals of their own line.
    public static func alignment(_ text: String, reference: String) -> [String] {
        let said = text.split(whereSeparator: \.isWhitespace).map(String.init)
        let wanted = reference.split(whereSeparator: \.isWhitespace).map(String.init)
        let (S, W) = (said.count, wanted.count)
        var costs = [Int](repeating: 0, count: (W + 1) * (S + 1))
        for i in 0...W {
            for j in 0...S {
                if i == 0 || j == 0 {
                    costs[i * (S + 1) + j] = i + j
                    continue
                }
                let replaced = costs[(i - 1) * (S + 1) + j - 1] + (wanted[i - 1] == said[j - 1] ? 0 : 1)
                let gap = min(costs[(i - 1) * (S + 1) + j], costs[i * (S + 1) + j - 1]) + 1
                costs[i * (S + 1) + j] = min(replaced, gap)
            }
        }
        var columns: [(String, String, String)] = []
        var (i, j) = (W, S)
        while i > 0 || j > 0 {
            let here = costs[i * (S + 1) + j]
            if i > 0, j > 0, here == costs[(i - 1) * (S + 1) + j - 1] + (wanted[i - 1] == said[j - 1] ? 0 : 1) {
                columns.append((wanted[i - 1], said[j - 1], wanted[i - 1] == said[j - 1] ? "" : "S"))
                (i, j) = (i - 1, j - 1)
            } else if i > 0, here == costs[(i - 1) * (S + 1) + j] + 1 {
                columns.append((wanted[i - 1], "*", "D"))
                i -= 1
            } else {
                columns.append(("*", said[j - 1], "I"))
                j -= 1
            }
        }
        var lines = ["said  ", "found ", "      "]
        for column in columns.reversed() {
            let width = max(column.0.count, column.1.count)
            func padded(_ word: String) -> String { " " + word + String(repeating: " ", count: width - word.count) }
            lines[0] += padded(column.0)
            lines[1] += padded(column.1)
            lines[2] += " " + column.2 + String(repeating: " ", count: width - column.2.count)
        }
        return lines
    }
}
