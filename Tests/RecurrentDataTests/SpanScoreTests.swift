import RecurrentData
import RecurrentTensor
import Testing

@Suite struct SpanScoreTests {
    /// One judgement of seqeval: the mode, sentences of actual and predicted tags, and its numbers.
    private struct Judgement {
        var mode = ""
        var sentences: [(actual: [String], predicted: [String])] = []
        var numbers: [(name: String, values: [Double])] = []
    }

    private func judgements() throws -> [Judgement] {
        var all: [Judgement] = []
        for fields in try fixture("spans.txt") {
            switch fields[0] {
            case "mode": all.append(Judgement(mode: fields[1]))
            case "sentence":
                all[all.count - 1].sentences.append(
                    (fields[1].split(separator: " ").map(String.init), fields[2].split(separator: " ").map(String.init))
                )
            default: all[all.count - 1].numbers.append((fields[0], fields[1...].compactMap(Double.init)))
            }
        }
        return all
    }

    @Test func allNumbersAreThoseOfSeqeval() throws {
        let all = try judgements()
        #expect(all.count > 200)
        for (index, judgement) in all.enumerated() {
            let mode: SpanScores.Mode =
                judgement.mode == "default" ? .lenient : .strict(try #require(TagScheme(rawValue: judgement.mode)))
            var scores = SpanScores(mode: mode)
            for sentence in judgement.sentences {
                try scores.add(actual: sentence.actual, predicted: sentence.predicted)
            }
            var types = 0
            for (name, values) in judgement.numbers {
                let found: [Double]
                switch name {
                case "accuracy": found = [scores.tokenAccuracy]
                case "micro": found = [scores.micro.precision, scores.micro.recall, scores.micro.f1]
                case "macro": found = [scores.macro.precision, scores.macro.recall, scores.macro.f1]
                case "weighted": found = [scores.weighted.precision, scores.weighted.recall, scores.weighted.f1]
                default:
                    let counts = try #require(scores.types[String(name.dropFirst(5))], "\(index) \(name)")
                    found = [counts.precision, counts.recall, counts.f1, Double(counts.actual)]
                    types += 1
                }
                #expect(found.count == values.count)
                // Ratios of small counts: sums over types may be taken in another order.
                for (a, b) in zip(found, values) {
                    #expect(
                        abs(a - b) < 1e-14 || (a.isNaN && b.isNaN),
                        "\(index) \(judgement.mode) \(name): \(found) \(values)")
                }
            }
            #expect(types == scores.types.count, "\(index)")
        }
    }

    @Test func aTagOutsideTheSchemeIsRefusedInStrictMode() {
        var scores = SpanScores(mode: .strict(.bio))
        let error = #expect(throws: RecurrentError.self) {
            try scores.add(actual: ["B-A", "E-A"], predicted: ["O", "O"])
        }
        #expect(error?.what.contains("\"E-A\"") ?? false)
        #expect(scores.tokenCount == 0 && scores.types.isEmpty)
    }

    @Test func nothingScoresZeroOfNothing() {
        let scores = SpanScores()
        #expect(scores.micro.f1 == 0 && scores.tokenAccuracy.isNaN && scores.macro.f1.isNaN && scores.weighted.f1 == 0)
    }
}
