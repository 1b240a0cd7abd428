import RecurrentData
import RecurrentFormats
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

/// Sentences of a toy language: a name follows "mr", a place "in", and both are written with capitals.
private func toy(_ count: Int, seed: UInt64 = 1, scheme: TagScheme = .bio) -> [TaggedSentence] {
    var stream = RandomStream(seed: seed)
    func name() -> String {
        let syllables = ["ka", "lo", "mi", "ta", "ren", "dus", "pol", "vin"]
        let word = syllables[stream.below(8)] + syllables[stream.below(8)] + syllables[stream.below(8)]
        return word.prefix(1).uppercased() + word.dropFirst()
    }
    let fillers = ["the", "old", "man", "sees", "walks", "and", "then", "sleeps", "."]
    return (0..<count).map { _ in
        var tokens: [String] = []
        var spans: [Span] = []
        for _ in 0..<(1 + stream.below(3)) {
            for _ in 0..<stream.below(3) { tokens.append(fillers[stream.below(fillers.count)]) }
            let isPerson = stream.below(2) == 0
            tokens.append(isPerson ? "mr" : "in")
            let length = 1 + stream.below(2)
            spans.append(Span(type: isPerson ? "PER" : "LOC", first: tokens.count, last: tokens.count + length - 1))
            for _ in 0..<length { tokens.append(name()) }
        }
        return TaggedSentence(tokens: tokens, tags: scheme.tags(of: spans, count: tokens.count))
    }
}

/// Quick choices for small data.
private func options(epochs: Int = 12, _ adjust: (@Sendable (inout TaggerRecipe) -> Void)? = nil) -> TaggingOptions {
    var options = TaggingOptions()
    options.epochs = epochs
    options.adjustRecipe = { recipe in
        (recipe.wordSize, recipe.characterSize, recipe.characterHiddenSize) = (16, 8, 12)
        (recipe.affixSize, recipe.shapeSize, recipe.hiddenSize) = (6, 4, 24)
        (recipe.dropout, recipe.learningRate, recipe.averageDecay) = (0.2, 1e-2, 0.95)
        adjust?(&recipe)
    }
    return options
}

@Suite struct TaggingTests {
    @Test(arguments: [TagScheme.bio, .iobes], TagScheme.allCases)
    func spansOfWordsNeverSeenAreFoundWhateverTheScheme(_ learnt: TagScheme, _ written: TagScheme) throws {
        var choices = options()
        choices.scheme = learnt
        let tagger = try SequenceTagger.fit(toy(160, scheme: written), options: choices)
        #expect(tagger.tagSet.written == written || (written == .iob1 && tagger.tagSet.written == .bio))
        let report = try tagger.evaluate(toy(60, seed: 2, scheme: written))
        let f1 = try #require(report.spans).micro.f1
        // The names are new; what stands before them decides, so that nearly all are found.
        #expect(f1 > 0.9, "\(f1)")
        #expect(report.unknownTokens > 50 && report.tokens > report.unknownTokens)
        let found = tagger.predict(["then", "mr", "Kaloren", "Duspol", "sleeps"])
        #expect(found.spans.map(\.type) == ["PER"] && found.spans[0].text == "Kaloren Duspol")
        #expect(
            found.tags == (tagger.tagSet.written ?? .bio).tags(of: [Span(type: "PER", first: 2, last: 3)], count: 5))
        #expect(found.spans[0].probability > 0.5 && found.spans[0].probability <= 1)
        #expect(found.probabilities.allSatisfy { $0 > 0 && $0 <= 1.000001 })
    }

    @Test func partsOfSpeechAreLearntWithAndWithoutAField() throws {
        let sentences = toy(120).map { sentence in
            TaggedSentence(
                tokens: sentence.tokens,
                tags: sentence.tokens.map { $0 == "." ? "PUNCT" : $0.first?.isUppercase ?? false ? "PROPN" : "X" })
        }
        for usesField in [false, true] {
            var choices = options(epochs: 15)
            choices.usesField = usesField
            let tagger = try SequenceTagger.fit(sentences, options: choices)
            #expect(tagger.tagSet.written == nil && tagger.recipe.usesField == usesField)
            let found = tagger.predict([["mr", "Polvinka", "."], [], ["the", "."]])
            #expect(found.map(\.tags) == [["X", "PROPN", "PUNCT"], [], ["X", "PUNCT"]])
            #expect(found[0].spans.isEmpty)
        }
    }

    @Test func theAnswerDoesNotDependOnWhatIsAskedBesideIt() throws {
        let tagger = try SequenceTagger.fit(toy(80), options: options(epochs: 3))
        let sentences = toy(40, seed: 9).map(\.tokens) + [["in"], [], [""], ["\u{0}", "漢字", "🇩🇪", "e\u{301}"]]
        let together = tagger.predict(sentences)
        for (index, tokens) in sentences.enumerated() {
            let alone = tagger.predict(tokens)
            #expect(alone.tags == together[index].tags && alone.tokens == tokens)
            // Sums over a batch have the order of those over one row; probabilities are of double precision.
            #expect(zip(alone.probabilities, together[index].probabilities).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    @Test func aSavedModelIsTheModel() throws {
        let folder = temporaryFolder()
        var choices = options(epochs: 2)
        choices.members = 2
        let tagger = try SequenceTagger.fit(toy(60), options: choices)
        try tagger.save(to: folder + "/model")
        let again = try SequenceTagger(folder: folder + "/model")
        let sentences = toy(20, seed: 4).map(\.tokens)
        #expect(again.predict(sentences) == tagger.predict(sentences))
        #expect(again.recipe == tagger.recipe && again.recipe.members == 2)
        #expect(again.vocabulary.tags == tagger.vocabulary.tags && again.tagSet == tagger.tagSet)
        #expect(throws: RecurrentError.self) { try tagger.save(to: folder + "/model") }
        #expect(throws: RecurrentError.self) { try SequenceTagger(folder: folder) }
    }

    @Test func oneWordOneSentenceOrOneTagIsEnough() throws {
        let single = try SequenceTagger.fit([TaggedSentence(tokens: ["a"], tags: ["X"])], options: options(epochs: 1))
        #expect(single.predict(["a", "b"]).tags == ["X", "X"])
        let outside = try SequenceTagger.fit(
            (0..<30).map { _ in TaggedSentence(tokens: ["a", "a"], tags: ["O", "B-A"]) }, options: options(epochs: 40))
        #expect(outside.predict(["a", "a"]).tags == ["O", "B-A"])
        #expect(throws: RecurrentError.self) { try SequenceTagger.fit([]) }
        #expect(throws: RecurrentError.self) { try SequenceTagger.fit([TaggedSentence(tokens: ["a"])]) }
    }

    @Test func aSentenceOfTenThousandTokensIsLearntInPiecesAndTaggedWhole() throws {
        // Cuts fall within spans too.
        let tokens = (0..<10_000).map { ["in", "Kalo", "Mita", "Rendus"][$0 % 4] }
        let tags = (0..<10_000).map { ["O", "B-LOC", "I-LOC", "I-LOC"][$0 % 4] }
        let long = TaggedSentence(tokens: tokens, tags: tags)
        let tagger = try SequenceTagger.fit([long], validation: [long], options: options(epochs: 30))
        let found = tagger.predict(tokens)
        #expect(found.tags.count == 10_000)
        #expect(zip(found.tags, tags).filter { $0.0 == $0.1 }.count > 9_900)
        #expect(found.spans.count > 2_400 && found.spans.allSatisfy { $0.probability.isFinite })
    }

    @Test func brokenTagsAreReadAsTheSpansThatTheyShow() throws {
        let sentences =
            toy(60) + [
                TaggedSentence(tokens: ["the", "Kalo"], tags: ["O", "I-PER"]),
                TaggedSentence(tokens: ["Kalo", "Mita"], tags: ["B-PER", "I-LOC"]),
            ]
        let task = try TaggingTask(sentences, validation: toy(4, seed: 3), options: options(epochs: 25))
        #expect(task.tagSet.written == .bio)
        #expect(task.notes == ["2 tags against the scheme bio are read as the spans that they show"])
        var session = try TaskSession(task)
        try session.run()
        #expect(try session.model().predict(["in", "Lomi"]).spans.map(\.type) == ["LOC"])
    }

    @Test func tagsThatOnlyTheOtherDataHaveAreNamed() throws {
        let strange = [TaggedSentence(tokens: ["in", "Kalo"], tags: ["O", "B-NEW"])]
        let task = try TaggingTask(toy(30), validation: strange, options: options(epochs: 1))
        #expect(task.notes == ["tags of the validation data that the training data do not have: B-NEW"])
        var session = try TaskSession(task)
        try session.run()
        let report = try #require(try session.model().reports.first?.report)
        #expect(report.tokens == 2 && report.spans?.types["NEW"]?.actual == 1)
    }

    @Test func aRunGoesOnFromItsFolderToTheSameBits() throws {
        let folder = temporaryFolder()
        let task = try TaggingTask(toy(60), options: options(epochs: 3))
        var whole = try TaskSession(task)
        try whole.run()
        var begun = try TaskSession(task)
        try begun.begin(in: folder + "/training")
        let store = CheckpointStore(directory: folder + "/training", keeping: 2)
        let flag = InterruptFlag()
        let error = #expect(throws: RecurrentError.self) {
            try begun.run(observers: [Stopper(flag, after: 4)], interrupt: flag, store: store)
        }
        #expect(error?.category == .interrupted)
        var resumed = try TaskSession<TaggingTask>(resuming: folder + "/training")
        #expect(try resumed.restore(from: store).isEmpty && resumed.step == 4)
        try resumed.run()
        let sentences = toy(10, seed: 8).map(\.tokens)
        #expect(try resumed.model().predict(sentences) == whole.model().predict(sentences))
    }

    @Test func aDamagedFolderIsRefused() throws {
        let folder = temporaryFolder()
        let tagger = try SequenceTagger.fit(toy(20), options: options(epochs: 1))
        try tagger.save(to: folder + "/model")
        let system = FileSystem()
        for name in ["vocabulary.json", "model.safetensors", "config.json"] {
            let path = folder + "/model/" + name
            let bytes = try system.read(path, maximumBytes: 1 << 24)
            try system.write(Array(bytes.dropLast()), to: path)
            let error = #expect(throws: RecurrentError.self) { try SequenceTagger(folder: folder + "/model") }
            #expect(error?.category == .badModel, "\(name)")
            try system.write(bytes, to: path)
        }
        #expect(try SequenceTagger(folder: folder + "/model").vocabulary.tags == tagger.vocabulary.tags)
    }

    @Test func plainTextIsCutAsTheTrainingDataAre() throws {
        let cut = toy(40).map { TaggedSentence(tokens: $0.tokens + ["."], tags: $0.tags + ["O"]) }
        let tagger = try SequenceTagger.fit(cut, options: options(epochs: 1))
        #expect(tagger.splitsPunctuation)
        #expect(
            tagger.tokens(of: "  \"It's mr. Smith's (old) U.S. flat,\" he didn't say...\t")
                == [
                    "\"", "It", "'s", "mr", ".", "Smith", "'s", "(", "old", ")", "U.S.", "flat", ",", "\"", "he", "did",
                    "n't", "say", "...",
                ])
        #expect(tagger.tokens(of: " \u{3000}").isEmpty && tagger.tokens(of: "?!") == ["?", "!"])
        let whole = try SequenceTagger.fit(
            [TaggedSentence(tokens: ["well,", "no."], tags: ["A", "B"])], options: options(epochs: 1))
        #expect(!whole.splitsPunctuation && whole.tokens(of: "well, no.") == ["well,", "no."])
    }

    @Test func theReportCountsWhatWasConfused() throws {
        let tagger = try SequenceTagger.fit(
            (0..<40).map { _ in TaggedSentence(tokens: ["a", "b"], tags: ["X", "Y"]) }, options: options(epochs: 15))
        let report = try tagger.evaluate([
            TaggedSentence(tokens: ["a", "b"], tags: ["X", "Y"]),
            TaggedSentence(tokens: ["a", "b"], tags: ["Y", "Y"]),
            TaggedSentence(tokens: ["b"], tags: ["Z"]),
        ])
        #expect(report.tokens == 5 && report.correctTokens == 3 && report.accuracy == 0.6 && report.error == 0.4)
        #expect(report.sentences == 3 && report.correctSentences == 1 && report.unknownTokens == 0)
        #expect(report.confusions().map { "\($0.actual)-\($0.predicted) \($0.count)" } == ["Y-X 1", "Z-Y 1"])
        #expect(report.json["accuracy"]?.doubleValue == 0.6 && report.json["spans"] == nil)
        #expect(throws: RecurrentError.self) { try tagger.evaluate([TaggedSentence(tokens: ["a"])]) }
    }
}

/// Asks a run to stop.
private struct Stopper: TrainingObserver {
    let flag: InterruptFlag
    let last: Int
    init(_ flag: InterruptFlag, after last: Int) { (self.flag, self.last) = (flag, last) }
    func didStep(_ report: StepReport) { if report.step == last { flag.raise() } }
}
