import RecurrentData
import RecurrentFormats
import RecurrentNN
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A new file with this content.
private func file(_ bytes: [UInt8]) throws -> String {
    let path = temporaryFolder() + "/text"
    try FileSystem().write(bytes, to: path)
    return path
}

private func file(_ text: String) throws -> String { try file(Array(text.utf8)) }

/// Words in a random order, answered in the opposite one.
private func reversals(_ count: Int, seed: UInt64) -> String {
    var stream = RandomStream(seed: seed)
    return (0..<count).map { _ in
        let words = (0..<1 + stream.below(4)).map { _ in ["red", "blue", "green", "grey", "pink"][stream.below(5)] }
        return words.joined(separator: " ") + "\t" + words.reversed().joined(separator: " ") + "\n"
    }.joined()
}

private func small(_ recipe: inout TranslationRecipe) {
    (recipe.hiddenSize, recipe.embeddingSize) = (32, 16)
    (recipe.dropout, recipe.embeddingDropout) = (0.05, 0)
    (recipe.batchSize, recipe.learningRate) = (16, 0.01)
}

private func reverser(epochs: Int = 20, pairs: Int = 400) throws -> TranslationTask {
    try TranslationTask(
        TranslationData(file(reversals(pairs, seed: 1))), sourceTokens: .words, targetTokens: .words, seed: 3
    ) {
        small(&$0)
        $0.epochs = epochs
    }
}

@Test func aTranslatorLearnsToTurnWordsRoundAndIsTheSameFromItsFolder() throws {
    let task = try reverser()
    #expect(task.metricName == "perplexity")
    var session = try TaskSession(task)
    try session.run()
    let translator = try session.model()
    let scores = try translator.evaluate(source: file(reversals(100, seed: 2)), references: [], metric: .errors)
    // Chance is far above one half; the training is the same every time.
    #expect(scores.errors.sequenceRate < 0.1, "\(scores.lines)")
    #expect(try #require(translator.report.perplexity) < 1.5)

    let folder = temporaryFolder() + "/model"
    try translator.save(to: folder)
    let copy = try Translator(folder: folder)
    var search = TranslationSearch()
    (search.beam, search.answers) = (4, 4)
    let texts = ["red blue", "pink", "", "  ", "grey grey green blue"]
    let answers = try translator.translate(texts, search: search)
    #expect(try copy.translate(texts, search: search) == answers)
    #expect(answers[2].map(\.text) == [""] && answers[3].map(\.text) == [""])
    #expect(answers[0][0].text == "blue red")
    for answer in answers[0] {
        #expect(answer.sourceTokens == ["red", "blue", "⏎"])
        #expect(answer.attention.count == answer.targetTokens.count)
        #expect(answer.attention.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-4 })
    }
    #expect(answers[0].map(\.score) == answers[0].map(\.score).sorted(by: >))
}

@Test func aTrainingThatWasStoppedGoesOnToTheSameBits() throws {
    let task = try reverser(epochs: 2, pairs: 100)
    var whole = try TaskSession(task)
    try whole.run()
    let folder = temporaryFolder()
    let store = CheckpointStore(directory: folder, keeping: 2)
    var session = try TaskSession(task)
    try session.begin(in: folder)
    let flag = InterruptFlag()
    #expect(throws: RecurrentError.self) {
        try session.run(observers: [StopAfter(5, flag)], interrupt: flag, store: store, saveInterval: 0)
    }
    var later = try TaskSession<TranslationTask>(resuming: folder)
    #expect(try later.restore(from: store).isEmpty)
    #expect(later.step == 5)
    try later.run(store: store)
    let (one, other) = (try whole.model(), try later.model())
    #expect(one.report == other.report)
    for (a, b) in zip(one.network.parameters, other.network.parameters) {
        #expect(a.value.isIdentical(to: b.value), "\(a.name)")
    }
}

private final class StopAfter: TrainingObserver {
    let step: Int
    let flag: InterruptFlag
    init(_ step: Int, _ flag: InterruptFlag) { (self.step, self.flag) = (step, flag) }
    func didStep(_ report: StepReport) { if report.step == step { flag.raise() } }
}

@Test func pairsOnTheDiskAreThoseInMemory() throws {
    let path = try file(reversals(60, seed: 5))
    let folder = temporaryFolder() + "/model/training"
    func brief(_ recipe: inout TranslationRecipe) {
        small(&recipe)
        recipe.epochs = 1
    }
    func perplexity(_ task: TranslationTask) throws -> Double? {
        var session = try TaskSession(task)
        try session.begin(in: folder)
        try session.run()
        return try session.model().report.perplexity
    }
    let data = TranslationData(path)
    let stored = try TranslationTask(
        data, sourceTokens: .words, targetTokens: .words, in: { folder }, adjust: brief)
    let held = try TranslationTask(data, sourceTokens: .words, targetTokens: .words, adjust: brief)
    #expect(try perplexity(stored) == perplexity(held))
}

@Test(arguments: [
    ("bpe", "bpe", TranslationRecipe.Criterion.bleu), ("characters", "words", .errors), ("words", "bpe", .perplexity),
])
func everyKindOfTokenAndEveryCriterionTrains(
    _ source: String, _ target: String, _ criterion: TranslationRecipe.Criterion
) throws {
    let task = try TranslationTask(
        TranslationData(file(reversals(60, seed: 8))), sourceTokens: try #require(.init(rawValue: source)),
        targetTokens: try #require(.init(rawValue: target))
    ) {
        small(&$0)
        $0.epochs = 2
        $0.scheduledSampling = 0.5
        $0.criterion = criterion
        $0.vocabularySize = 300
    }
    var session = try TaskSession(task)
    try session.run()
    let translator = try session.model()
    #expect(!task.summary.isEmpty)
    // Text of another script, and what was never seen, has an answer without a trap.
    for text in ["red", "日本語 🙂 e\u{301}", "a\u{0}b", "<eos> <bos> <unk>", "\u{FEFF}"] {
        _ = try translator.translate(text)
    }
}

@Test func anUnknownWordIsCopiedFromWhereTheAnswerLooked() throws {
    // Names stand once each, and most of them outside the vocabulary: the answer is the name behind "say".
    var stream = RandomStream(seed: 4)
    let lines = (0..<900).map { index in
        let name = "n\(index)" + String(stream.below(1000))
        return "say \(name) now\tit is \(name)\n"
    }
    let task = try TranslationTask(
        TranslationData(file(lines.joined())), sourceTokens: .words, targetTokens: .words, seed: 1
    ) {
        small(&$0)
        $0.epochs = 4
        $0.vocabularySize = 300
    }
    var session = try TaskSession(task)
    try session.run()
    let answer = try session.model().translate("say Zoë now")
    #expect(answer.text == "it is Zoë")
}

@Test func aGiganticLineIsCutAndSaidToBe() throws {
    var session = try TaskSession(try reverser(epochs: 1, pairs: 40))
    try session.run()
    let translator = try session.model()
    let answer = try translator.translate(String(repeating: "red ", count: 50_000), search: .greedy)
    #expect(answer.isSourceCut)
    #expect(answer.sourceTokens.count == 1024)
}

@Test(
    arguments: [
        ("a\nb\nc\n", "x\ny\n", ":3: ", "goes on in line 3"), ("a\n", "x\ny\nz\n", ":2: ", "goes on in line 2"),
        ("", "", ": ", "nothing to learn from"), ("\n \n", "\n\n", ": ", "nothing to learn from"),
        ("a\n", nil, ":1: ", "no answer"), ("a\tb\nc\td\te\n", nil, ":2: ", "3 columns"),
        ("a\u{0}b\n", "x\n", ":1:2: ", "NUL"),
    ] as [(String, String?, String, String)])
func whatCannotBeReadIsNamedWithItsLine(
    _ source: String, _ target: String?, _ place: String, _ what: String
) throws {
    let data = TranslationData(try file(source), try target.map(file))
    let error = #expect(throws: RecurrentError.self) { try TranslationTask(data) }
    #expect(error?.description.contains(what) ?? false, "\(String(describing: error))")
    #expect(error?.description.contains(place) ?? false, "\(String(describing: error))")
    #expect(error?.category == .badData)
}

@Test func packedAndOtherwiseBinaryFilesAreRefused() throws {
    for (bytes, what) in [([0x1F, 0x8B, 8, 0], "gzip"), ([0xFF, 0xFE, 0x41, 0, 0x0A, 0], "UTF")] as [([UInt8], String)]
    {
        let error = #expect(throws: RecurrentError.self) { try TranslationTask(TranslationData(file(bytes))) }
        #expect(error?.category == .badData && error?.description.contains(what) ?? false, "\(error!)")
    }
    let input = #expect(throws: RecurrentError.self) { try TranslationTask(TranslationData("-")) }
    #expect(input?.category == .usage)
    let missing = #expect(throws: RecurrentError.self) { try TranslationTask(TranslationData("/none/such")) }
    #expect(missing?.category == .inputOutput)
}

@Test func pairsThatAreEmptyOrTooLongAreLeftOutAndCounted() throws {
    let text = reversals(30, seed: 1) + "\tred\nblue\t\n" + String(repeating: "red ", count: 300) + "\tred\n"
    let task = try TranslationTask(TranslationData(file(text)), sourceTokens: .words, targetTokens: .words)
    #expect(task.notes.contains { $0.hasPrefix("2 pairs with an empty side") })
    #expect(task.notes.contains { $0.hasPrefix("1 pairs of more than 256 tokens") })
}

@Test func aModelFolderThatWasTamperedWithIsRefused() throws {
    var session = try TaskSession(try reverser(epochs: 1, pairs: 40))
    try session.run()
    let translator = try session.model()
    func damaged(_ change: (inout JSON) -> Void) throws -> RecurrentError? {
        let folder = temporaryFolder() + "/model"
        try translator.save(to: folder)
        let path = folder + "/config.json"
        var json = try JSON(parsing: FileSystem().read(path, maximumBytes: 1 << 20))
        change(&json)
        try FileSystem().write(json.bytes(), to: path)
        // The manifest would refuse any change; without it the content has to be checked by itself.
        try FileSystem().removeFile(folder + "/manifest.json")
        return #expect(throws: RecurrentError.self) { try Translator(folder: folder) }
    }
    for (key, value) in [
        ("hidden_size", 1_099_511_627_776), ("embedding_size", 0), ("decoder_layers", 65), ("vocabulary_size", -1),
        ("length_ratio", -1), ("epochs", "many"), ("criterion", "taste"), ("hidden_size", 33),
    ] as [(String, JSON)] {
        let error = try damaged { json in
            var recipe = json["recipe"] ?? nil
            recipe[key] = value
            json["recipe"] = recipe
        }
        #expect(error?.category == .badModel, "\(key) \(value): \(String(describing: error))")
    }
}

@Test func asManyAnswersAsAreWantedComeOrTheSearchIsRefused() throws {
    var session = try TaskSession(try reverser(epochs: 1, pairs: 40))
    try session.run()
    let translator = try session.model()
    for change in [
        { $0.beam = 0 }, { $0.answers = 6 }, { $0.lengthPenalty = .nan }, { $0.coveragePenalty = -1 },
        { $0.beam = 5000 },
    ] as [(inout TranslationSearch) -> Void] {
        var search = TranslationSearch()
        change(&search)
        let error = #expect(throws: RecurrentError.self) { try translator.translate("red", search: search) }
        #expect(error?.category == .usage)
    }
}
