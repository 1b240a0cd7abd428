import RecurrentData
import RecurrentTensor
import Testing

@Suite struct NGramModelTests {
    static let text = """
        Made by hand.

        \\data\\
        ngram 1=5
        ngram 2=4
        ngram 3=1

        \\1-grams:
        -99\t<s>\t-0.3
        -1.0\t</s>
        -0.7\ta\t-0.2
        -0.5\tb\t-0.4
        -1.5\t<unk>

        \\2-grams:
        -0.2 <s> a -0.1
        -0.6 a b -0.25
        -0.3 b </s>
        -0.9 b a

        \\3-grams:
        -0.05\t<s> a b

        \\end\\
        """

    static func model(_ text: String = text) throws -> NGramModel {
        try NGramModel(bytes: Array(text.utf8), name: "m.arpa")
    }

    @Test(
        arguments: [
            (["a", "b"], -0.2 - 0.05 - 0.25 - 0.3),
            // No run of three: the weight of the run before; none of two either: that of the word, too.
            (["b", "b"], -0.3 - 0.5 + (-0.4 - 0.5) - 0.3),
            (["a", "b", "a"], -0.2 - 0.05 + (-0.25 - 0.9) + (-0.2 - 1.0)),
            (["a", "zebra"], -0.2 + (-0.1 - 0.2 - 1.5) - 1.0),
            ([], -0.3 - 1.0),
        ] as [([String], Double)])
    func aSentenceIsScoredByItsLongestKnownRuns(_ sentence: [String], _ tens: Double) throws {
        // Weights are kept in single precision.
        #expect(abs(try Self.model().logProbability(of: sentence) - tens * 2.302585092994046) < 1e-5)
    }

    @Test func carriageReturnsTabsMissingEndsAndCountsThatLieAreReadAndTold() throws {
        let odd = Self.text.replacingAll("\n", "\r\n").replacingAll("ngram 2=4", "ngram 2 = 4000000000").replacingAll(
            "\\end\\", "")
        let model = try Self.model(odd)
        #expect(model.order == 3 && model.notes.count == 2)
        #expect(model.logProbability(of: ["a", "b"]) == (try Self.model().logProbability(of: ["a", "b"])))
    }

    @Test(arguments: [
        ("", "there is no line"), ("hello", "there is no line"), ("\\data\\\n\\end\\", "no words"),
        ("\\data\\\nngram x=1", "m.arpa:2"), ("\\data\\\nngram 1=99999999999999999999", "m.arpa:2"),
        ("\\data\\\n\\2-grams:", "m.arpa:2"), ("\\data\\\n\\1-grams:\n-1", "fields"),
        ("\\data\\\n\\1-grams:\nnan a", "no number"), ("\\data\\\n\\1-grams:\n2 a", "probability"),
        ("\\data\\\n\\1-grams:\n-1 a\n-1 a", "second time"), ("\\data\\\n\\data\\", "second time"),
        ("\\data\\\n\\9999999999999999999-grams:", "no heading"),
    ])
    func badFilesAreNamedByLine(_ text: String, _ part: String) {
        let error = #expect(throws: RecurrentError.self) { try Self.model(text) }
        #expect(
            error?.category == .badData && error?.description.contains(part) ?? false, "\(error?.description ?? "")")
    }

    @Test func anUnknownWordWithoutANameIsImprobableNotImpossible() throws {
        let model = try Self.model("\\data\\\nngram 1=2\n\\1-grams:\n-0.5 a\n-2 b\n\\end\\\n")
        let value = model.logProbability(of: "c", after: model.start)
        #expect(value < model.logProbability(of: "b", after: model.start) - 10 && value > -100)
    }
}

extension String {
    fileprivate func replacingAll(_ old: String, _ new: String) -> String {
        var (result, rest) = ("", self[...])
        while let range = rest.firstRange(of: old) {
            result += rest[..<range.lowerBound] + new
            rest = rest[range.upperBound...]
        }
        return result + rest
    }
}
