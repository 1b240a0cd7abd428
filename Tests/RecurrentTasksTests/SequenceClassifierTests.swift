import RecurrentData
import RecurrentFormats
import RecurrentNN
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

@Suite struct SequenceClassifierTests {
    /// Sentences whose class is told by a single word.
    static func sentences(_ count: Int, seed: UInt64 = 1) -> String {
        var random = RandomStream(RandomKey(seed: seed))
        let fillers = ["the", "film", "was", "and", "its", "plot", "actors", "quite", "a", "rather", "long"]
        let words = ["good": ["lovely", "great"], "bad": ["awful", "dull"], "odd": ["strange", "weird"]]
        var text = "text\tlabel\n"
        for index in 0..<count {
            let label = ["good", "bad", "odd"][index % 3]
            var sentence = (0..<3 + random.below(6)).map { _ in fillers[random.below(fillers.count)] }
            sentence.insert(words[label]?[random.below(2)] ?? "", at: random.below(sentence.count + 1))
            text += sentence.joined(separator: " ") + "\t" + label + "\n"
        }
        return text
    }

    static func options(_ change: @escaping @Sendable (inout ClassifierRecipe) -> Void = { _ in }) -> ClassifierOptions
    {
        var options = ClassifierOptions()
        options.epochs = 6
        options.adjustRecipe = { recipe in
            recipe.hiddenSize = 12
            recipe.embeddingSize = 10
            recipe.runCount = 512
            recipe.learningRate = 0.01
            recipe.averageDecay = 0.9
            (recipe.wordDropout, recipe.embeddingDropout, recipe.outputDropout) = (0.05, 0.1, 0.1)
            change(&recipe)
        }
        return options
    }

    static func file(_ text: String, _ name: String = "data.tsv") throws -> String {
        let path = temporaryFolder() + "/" + name
        try FileSystem().write(text, to: path)
        return path
    }

    @Test(arguments: SequencePooling.allCases)
    func aWordThatTellsTheClassIsLearned(pooling: SequencePooling) throws {
        let options = Self.options {
            $0.pooling = pooling
            $0.runLength = 0
        }
        let model = try SequenceClassifier.fit(
            try Self.file(Self.sentences(300)), options: options, in: temporaryFolder())
        #expect(model.labels == ["bad", "good", "odd"])
        let report = try model.evaluate(file: try Self.file(Self.sentences(90, seed: 2)))
        #expect(report.metrics.count == 90)
        #expect(report.metrics.accuracy > 0.95)
        #expect(try #require(model.validation).metrics.count == 30)
        let explanation = model.explain("the plot was awful and long")
        #expect(explanation.prediction.label == "bad")
        #expect(explanation.words.max { $0.weight < $1.weight }?.text == "awful")
        #expect(explanation.words.allSatisfy { ($0.attention != nil) == (pooling == .attention || pooling == .all) })
        // No words, unknown words, very many words: always an answer with probabilities of sum 1.
        for text in ["", " ", "xyzzy", String(repeating: "dull ", count: 3_000)] {
            let prediction = model.predict(text)
            #expect(abs(prediction.probabilities.reduce(0, +) - 1) < 1e-9)
            #expect(model.explain(text).prediction == prediction)
        }
    }

    @Test func theFolderGivesBackTheSameAnswers() throws {
        let options = Self.options { $0.members = 2 }
        let model = try SequenceClassifier.fit(
            try Self.file(Self.sentences(90)), options: options, in: temporaryFolder())
        let folder = temporaryFolder() + "/model"
        try model.save(to: folder, replacing: false)
        let again = try SequenceClassifier(folder: folder)
        let texts = ["a lovely film", "rather weird", ""]
        #expect(again.predict(texts) == model.predict(texts))
        #expect(again.validation == model.validation)
        #expect(again.recipe == model.recipe)
        #expect(try FileSystem().names(in: folder).contains("confusion.svg"))
        // The answer to a text does not depend on the texts beside it.
        #expect(texts.map { model.predict($0) } == model.predict(texts))
    }

    @Test func aRunThatWasStoppedEndsWithTheSameBits() throws {
        let file = try Self.file(Self.sentences(60))
        let options = Self.options { $0.members = 2 }
        let whole = try SequenceClassifier.fit(file, options: options, in: temporaryFolder())
        let folder = temporaryFolder()
        var session = try TaskSession(ClassifyTask(files: [file], options: options) { folder })
        try session.begin(in: folder)
        try FileSystem().removeFile(file)
        let store = CheckpointStore(directory: folder, keeping: 2)
        for stop in [3, 5, 14] {
            let flag = InterruptFlag()
            #expect(throws: RecurrentError.self) {
                try session.run(observers: [Stopper(flag: flag, step: stop)], interrupt: flag, store: store)
            }
            session = try TaskSession<ClassifyTask>(resuming: folder)
            _ = try session.restore(from: store)
        }
        try session.run(store: store)
        let texts = ["a lovely film", "rather weird", ""]
        #expect(try session.model().predict(texts) == whole.predict(texts))
    }

    /// Asks for a stop after a step.
    private struct Stopper: TrainingObserver {
        let flag: InterruptFlag
        let step: Int
        func didStep(_ report: StepReport) { if report.step == step { flag.raise() } }
    }

    @Test func partsAreStratifiedAndKeptApart() throws {
        var options = Self.options()
        (options.validShare, options.testShare, options.epochs) = (0.2, 0.1, 1)
        let model = try SequenceClassifier.fit(
            try Self.file(Self.sentences(300)), options: options, in: temporaryFolder())
        let supports = { (report: ClassificationReport?) in (0..<3).map { report?.metrics.scores(of: $0).support } }
        #expect(supports(model.validation) == [20, 20, 20])
        #expect(supports(model.test) == [10, 10, 10])
    }

    @Test func wordVectorsAreTakenFromBothTextForms() throws {
        let gloVe = try Self.file("awful 1 0 0.5\nlovely -1 2 3e-1\nunheard 1 1 1\n", "glove.txt")
        let word2vec = try Self.file("3 3\nawful 1 0 0.5\nlovely -1 2 3e-1\nunheard 1 1 1\n", "vectors.txt")
        let file = try Self.file(Self.sentences(60))
        for vectors in [gloVe, word2vec] {
            var options = Self.options()
            (options.vectors, options.epochs) = (vectors, 1)
            let folder = temporaryFolder()
            let task = try ClassifyTask(files: [file], options: options) { folder }
            #expect(task.recipe.embeddingSize == 3)
            let table = try task.network(RandomKey(seed: 1)).parameters[0].value
            let row = Int(try #require(task.tokenizer.id(of: "lovely")))
            #expect(table[row].scalars(of: Float.self) == [-1, 2, 0.3])
        }
        for bad in ["awful 1 0\nlovely 1\n", "awful 1 x\n", ""] {
            var options = Self.options()
            options.vectors = try Self.file(bad, "bad.txt")
            let error = #expect(throws: RecurrentError.self) {
                try ClassifyTask(files: [file], options: options) { temporaryFolder() }
            }
            #expect(error?.category == .badData)
        }
    }

    @Test(arguments: [
        ("text\tlabel\na\tx\nb\tx\n", "all 2 examples are of the class 'x'"),
        ("text\tlabel\n" + (0..<1_500).map { "word \($0)\tclass \($0)\n" }.joined(), "1500 different classes"),
        ("text\tlabel\n", "class"),
    ])
    func whatCannotBeLearnedIsSaid(text: String, expected: String) throws {
        let file = try Self.file(text)
        let error = #expect(throws: RecurrentError.self) {
            try SequenceClassifier.fit(file, options: Self.options(), in: temporaryFolder())
        }
        #expect(error?.category == .badData)
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test func aClassThatIsNotKnownIsNamedWithItsPlace() throws {
        var options = Self.options()
        options.epochs = 1
        let model = try SequenceClassifier.fit(
            try Self.file(Self.sentences(30)), options: options, in: temporaryFolder())
        let error = #expect(throws: RecurrentError.self) {
            try model.evaluate(file: try Self.file("text\tlabel\nfine\tgood\nso so\tgoood\n"))
        }
        #expect(error?.place?.hasSuffix("data.tsv:3") == true)
        #expect(error?.help == "did you mean \"good\"?")
        let held = try Self.file("text\tlabel\nfine\tnew\n", "valid.tsv")
        options.validFile = held
        let other = #expect(throws: RecurrentError.self) {
            try SequenceClassifier.fit(try Self.file(Self.sentences(30)), options: options, in: temporaryFolder())
        }
        #expect(other?.description.contains("'new' does not occur") == true)
    }

    @Test func aDamagedFolderIsNamed() throws {
        var options = Self.options()
        options.epochs = 1
        let model = try SequenceClassifier.fit(
            try Self.file(Self.sentences(30)), options: options, in: temporaryFolder())
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            let folder = temporaryFolder() + "/model"
            try model.save(to: folder, replacing: false)
            let bytes = try FileSystem().read(folder + "/" + name)
            try FileSystem().write(Array(bytes.prefix(bytes.count / 2)), to: folder + "/" + name)
            let error = #expect(throws: RecurrentError.self) { try SequenceClassifier(folder: folder) }
            #expect(error?.category == .badModel)
        }
    }

    @Test func namesAreReadByCharactersAndSentencesByWords() throws {
        var options = Self.options()
        options.epochs = 1
        let names = "Adamou\tGreek\nPapadakis\tGreek\nO'Neil\tIrish\nMurphy\tIrish\nSato\tJapanese\nTanaka\tJapanese\n"
        let classifier = try SequenceClassifier.fit(try Self.file(names), options: options, in: temporaryFolder())
        #expect(classifier.tokenizer.kind == .characters)
        let sentences = try SequenceClassifier.fit(
            try Self.file(Self.sentences(30)), options: options, in: temporaryFolder())
        #expect(sentences.tokenizer.kind == .words)
    }
}
