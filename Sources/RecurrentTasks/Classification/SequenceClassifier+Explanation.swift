public import RecurrentCharts
import RecurrentData
public import RecurrentFormats
import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Which words of a text decided its class.
public struct ClassExplanation: Sendable, Hashable {
    /// A word of the text.
    public struct Word: Sendable, Hashable {
        /// The word as it stands in the text.
        public let text: String
        /// How much the logarithm of the class's odds falls where the word is left out: above 0 it spoke for the class.
        public let weight: Double
        /// How much attention the networks paid to it; nil where they have none.
        public let attention: Double?
    }

    /// The class and its probability.
    public let prediction: SequenceClassifier.Prediction
    /// The words in order.
    public let words: [Word]

    /// The text with its words in colours, those for the class in green and those against it in red; without colours in
    /// brackets with their weights.
    public func text(_ style: TerminalStyle) -> String {
        let top = words.map { abs($0.weight) }.max() ?? 0
        return words.map { word in
            let shown = SafeText.terminal(word.text)
            guard top > 0, abs(word.weight) >= 0.15 * top, abs(word.weight) >= 0.05 else { return shown }
            if style.colors {
                let strength = abs(word.weight) >= 0.6 * top ? "1;" : ""
                return "\u{1B}[\(strength)\(word.weight > 0 ? 32 : 31)m\(shown)\u{1B}[0m"
            }
            return "[\(shown) \(word.weight > 0 ? "+" : "−")\(NumberText.fixed(abs(word.weight), 2))]"
        }.joined(separator: separator)
    }

    let separator: String

    /// The words and their weights.
    public var json: JSON {
        .array(
            words.map { word in
                var object: JSONObject = ["word": .string(word.text), "weight": JSON(word.weight)]
                if let attention = word.attention { object["attention"] = JSON(attention) }
                return .object(object)
            })
    }
}

extension SequenceClassifier {
    /// Tells the class of a text, and which of its words decided: each is left out in turn.
    ///
    /// - Complexity: one prediction for each word; of a text of more than 512 words neighbours are left out together.
    public func explain(_ text: String) -> ClassExplanation {
        let prediction = predict(text)
        let parts = tokenizer.parts(of: text)
        let pieces = parts.map { tokenizer.encode($0.text) }
        let group = max(1, (parts.count + 511) / 512)
        let starts = Array(stride(from: 0, to: parts.count, by: group))
        let whole = Array(pieces.joined().prefix(recipe.maximumLength))
        let shortened = starts.map { start -> [Int32] in
            let end = min(parts.count, start + group)
            return Array(
                (Array(pieces[..<start].joined()) + Array(pieces[end...].joined())).prefix(recipe.maximumLength))
        }
        let logs = ensemble.answers([whole] + shortened).map { calibration.probabilities($0) }
        let label = labels.firstIndex(of: prediction.label) ?? 0
        func odds(_ probabilities: [Double]) -> Double {
            let p = min(1 - 1e-12, max(1e-12, probabilities[label]))
            return log(p / (1 - p))
        }
        let attention = ensemble.attention(whole)
        var first = 0
        let words = starts.enumerated().map { index, start -> ClassExplanation.Word in
            let own = start..<min(parts.count, start + group)
            let count = own.reduce(0) { $0 + pieces[$1].count }
            let paid = attention.map { all in
                all.dropFirst(first).prefix(count).reduce(0, +)
            }
            first += count
            return ClassExplanation.Word(
                text: own.map { parts[$0].text }.joined(separator: separator(parts)),
                weight: odds(logs[0]) - odds(logs[index + 1]), attention: paid)
        }
        return ClassExplanation(prediction: prediction, words: words, separator: separator(parts))
    }

    private func separator(_ parts: [Tokenizer.Part]) -> String { tokenizer.separatesWords ? " " : "" }
}
