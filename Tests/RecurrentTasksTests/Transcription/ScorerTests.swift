import RecurrentData
import RecurrentFormats
import RecurrentNN
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite struct ScorerTests {
    static let letters = TranscriptionAlphabet(.characters, symbols: [" ", "a", "b", "c"])
    static let digits = TranscriptionAlphabet(.words, symbols: ["one", "three", "two"])

    /// The sum over a text, letter by letter, as a search takes it.
    private func total<Scorer: LabelScorer>(_ scorer: Scorer, _ text: String, _ alphabet: TranscriptionAlphabet)
        -> Double
    {
        var (sum, state) = (0.0, scorer.start)
        for label in alphabet.labels(text)! {
            sum += scorer.score(of: Int(label), after: state)
            state = scorer.state(after: state, label: Int(label))
        }
        return sum + scorer.endScore(after: state)
    }

    private func model(_ text: String) throws -> NGramModel { try NGramModel(bytes: Array(text.utf8), name: "m") }

    @Test(arguments: [
        ("ab", 4.0), ("ab ab", 8), ("abc", 4), ("a", 0), ("ba", 0), ("ab abc a", 8), ("c ab", 4), ("bab", 0),
        ("abca", 0),
        ("", 0),
    ])
    func onlyWholeExpectedWordsRaiseATextWhateverTheirBeginningsGave(_ text: String, _ sum: Double) {
        let scorer = HotWordScorer(["ab", "abc"], Self.letters, weight: 4)
        #expect(abs(total(scorer, text, Self.letters) - sum) < 1e-12)
    }

    @Test func wordsAsSymbolsMayBeExpectedInRuns() {
        let scorer = HotWordScorer(["one two", "three"], Self.digits, weight: 3)
        for (text, sum) in [
            ("one two", 3.0), ("one", 0), ("three three", 6), ("two one two three", 6), ("one three", 3),
        ] {
            #expect(abs(total(scorer, text, Self.digits) - sum) < 1e-12, "\(text)")
        }
    }

    @Test func aModelOfWordsJudgesEachWordWhereItEnds() throws {
        let words = try model(
            "\\data\\\nngram 1=5\nngram 2=1\n\\1-grams:\n-9 <s>\n-1 </s>\n-0.5 ab\n-0.7 c\n-2 <unk>\n\\2-grams:\n-0.1 ab c\n\\end\\\n"
        )
        let scorer = WordNGramScorer(words, Self.letters, weight: 0.5, bonus: 0.25)
        for text in ["ab c", "ab ab", "bb", ""] {
            let split = text.split(separator: " ").map(String.init)
            let expected = 0.5 * words.logProbability(of: split) + 0.25 * Double(split.count)
            #expect(abs(total(scorer, text, Self.letters) - expected) < 1e-9, "\(text)")
        }
        // Blanks that follow one another end no word.
        #expect(abs(total(scorer, "ab  c ", Self.letters) - total(scorer, "ab c", Self.letters)) < 1e-9)
    }

    @Test func aModelOfSymbolsJudgesEachSymbol() throws {
        let symbols = try model(
            "\\data\\\nngram 1=5\nngram 2=1\n\\1-grams:\n-9 <s> -0.1\n-1 </s>\n-0.5 a -0.2\n-0.7 b\n-0.9 <space>\n\\2-grams:\n-0.1 a b\n\\end\\\n"
        )
        let scorer = SymbolNGramScorer(symbols, Self.letters, weight: 2, bonus: 1)
        let expected = 2 * symbols.logProbability(of: ["a", "b", "<space>", "a"]) + 4
        #expect(abs(total(scorer, "ab a", Self.letters) - expected) < 1e-9)
    }

    /// A small language model of the letters, each line a text.
    private func languageModel() throws -> LanguageModel {
        let folder = temporaryFolder()
        try FileSystem().write(String(repeating: "ab abc\ncab\nb ca\n", count: 60), to: folder + "/text.txt")
        var options = LanguageOptions()
        (options.tokens, options.epochs) = (.characters, 2)
        options.adjustRecipe = { recipe in
            (recipe.hiddenSize, recipe.embeddingSize, recipe.batchSize, recipe.timeSteps) = (13, 9, 3, 7)
            recipe.learningRate = 0.02
        }
        return try LanguageModel.fit(folder + "/text.txt", options: options, in: folder + "/run")
    }

    @Test func ourOwnLanguageModelJudgesEachSymbolAsItDoesAlone() throws {
        let model = try languageModel()
        let scorer = try LanguageScorer(model, Self.letters, weight: 0.5, bonus: 0.25)
        for text in ["ab c", "cabba", "a", ""] {
            var stream = LanguageStream(model)
            var expected = 0.25 * Double(text.count)
            let tokens = model.tokenizer.encode("\n" + text)
            for (token, next) in zip(tokens, tokens.dropFirst()) {
                stream.step(token)
                expected += 0.5 * Double(stream.logProbabilities[Int(next)])
            }
            #expect(abs(total(scorer, text, Self.letters) - expected) < 1e-5 * Double(text.count + 1), "\(text)")
        }
        // Beginnings that share a beginning do not disturb one another, in whatever order they are asked.
        let a = scorer.state(after: scorer.start, label: 2)
        let (ab, ac) = (scorer.state(after: a, label: 3), scorer.state(after: a, label: 4))
        let late = scorer.score(of: 1, after: ac)
        #expect(scorer.score(of: 1, after: ab) == scorer.score(of: 1, after: scorer.state(after: a, label: 3)))
        let again = scorer.state(after: scorer.state(after: scorer.start, label: 2), label: 4)
        #expect(scorer.score(of: 1, after: again) == late)
    }

    @Test func aLanguageModelWhoseTokensAreNotTheSymbolsIsRefused() throws {
        let model = try languageModel()
        let error = #expect(throws: RecurrentError.self) {
            try LanguageScorer(model, Self.digits, weight: 1, bonus: 0)
        }
        #expect(error?.what == "the language model does not read 'one' as one token")
        #expect(error?.help == "train one with: recurrent train language --tokens words")
    }

    @Test func aSearchWithAModelFindsWhatTheModelPrefersBetweenLikeSounds() throws {
        let words = try model("\\data\\\nngram 1=4\n\\1-grams:\n-9 <s>\n-1 </s>\n-0.3 ab\n-3 ac\n\\end\\\n")
        // a, then b and c nearly alike, c a little ahead.
        let p: [[Double]] = [
            [0.05, 0.01, 0.9, 0.02, 0.02], [0.05, 0.01, 0.02, 0.45, 0.47], [0.9, 0.04, 0.02, 0.02, 0.02],
        ]
        func best(_ scorer: some LabelScorer) -> String {
            var search = CTCPrefixSearch(width: 20, scorer: scorer)
            for frame in p { search.push(frame.map { Float(Double.log($0)) }) }
            return search.results()[0].labels.map { Self.letters.symbols[Int($0) - 1] }.joined()
        }
        #expect(best(NoScorer()) == "ac")
        #expect(best(WordNGramScorer(words, Self.letters, weight: 1, bonus: 0)) == "ab")
        #expect(best(HotWordScorer(["ab"], Self.letters, weight: 2)) == "ab")
    }
}
