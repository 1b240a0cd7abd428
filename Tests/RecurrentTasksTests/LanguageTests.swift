import RecurrentAutodiff
import RecurrentData
import RecurrentFormats
import RecurrentNN
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

/// Texts and models that are small enough to be tried out whole.
private enum Small {
    static let text = (0..<60).map {
        "line \($0 % 7): the cat sat on the mat, said the \($0 % 3 == 0 ? "king" : "queen")\n"
    }
    .joined()

    static func file(_ text: String = text) -> String {
        let path = temporaryFolder() + "/text.txt"
        try? FileSystem().write(text, to: path)
        return path
    }

    static func options(
        _ tokens: TokenChoice = .characters, epochs: Int = 2,
        _ change: @escaping @Sendable (inout LanguageRecipe) -> Void = { _ in }
    ) -> LanguageOptions {
        var options = LanguageOptions()
        options.tokens = tokens
        options.epochs = epochs
        options.adjustRecipe = { recipe in
            (recipe.hiddenSize, recipe.embeddingSize, recipe.batchSize, recipe.timeSteps) = (13, 9, 3, 7)
            recipe.learningRate = 0.02
            change(&recipe)
        }
        return options
    }

    static func model(
        _ tokens: TokenChoice = .characters, epochs: Int = 2, text: String = text,
        _ change: @escaping @Sendable (inout LanguageRecipe) -> Void = { _ in }
    ) throws -> LanguageModel {
        try LanguageModel.fit(
            file(text), options: options(tokens, epochs: epochs, change), in: temporaryFolder() + "/run")
    }

    /// The loss of a text by steps of one token.
    static func stepped(_ model: LanguageModel, _ tokens: [Int32]) -> Double {
        var stream = LanguageStream(model)
        var total = 0.0
        for (token, next) in zip(tokens, tokens.dropFirst()) {
            stream.step(token)
            total -= Double(stream.logProbabilities[Int(next)])
        }
        return total / Double(tokens.count - 1)
    }
}

@Suite struct LanguageModelTests {
    @Test(arguments: TokenChoice.allCases)
    func everyKindOfTokenTrainsAndJudgesAsItsOwnSteps(_ tokens: TokenChoice) throws {
        let model = try Small.model(tokens)
        let text = "the queen sat on line 3\nsaid the mat\n"
        let scores = try model.evaluate(text)
        var ids = model.tokenizer.encode(text)
        if tokens == .words || tokens == .spaced {
            let end = model.tokenizer.end ?? -1
            ids = text.split(separator: "\n").flatMap { model.tokenizer.encode(String($0)) + [end] }
        }
        #expect(scores.tokenCount == ids.count - 1)
        #expect(scores.characterCount == text.unicodeScalars.count)
        // Sums of float32 logarithms in another order.
        #expect(abs(scores.loss - Small.stepped(model, ids)) < 2e-5)
        #expect(abs(scores.bitsPerByte * Double(text.utf8.count) - scores.bitsPerToken * Double(ids.count - 1)) < 1e-9)
    }

    @Test(arguments: ["lstm", "gru", "lstm-peephole", "rnn"])
    func everyCellStepsAsItReadsWholeTexts(_ cell: String) throws {
        let model = try Small.model { $0.cell = cell }
        let text = "on the mat, said the king\n"
        #expect(abs(try model.evaluate(text).loss - Small.stepped(model, model.tokenizer.encode(text))) < 2e-5)
    }

    @Test(arguments: [(40, 5), (5, 40)])
    func tiedLayersOfOtherSizesStepAsTheyReadWholeTexts(_ sizes: (hidden: Int, embedding: Int)) throws {
        let model = try Small.model {
            $0.isTied = true
            ($0.layers, $0.hiddenSize, $0.embeddingSize) = (3, sizes.hidden, sizes.embedding)
        }
        let text = "on the mat, said the king\n"
        #expect(abs(try model.evaluate(text).loss - Small.stepped(model, model.tokenizer.encode(text))) < 2e-5)
    }

    @Test func trainingLearnsAndTheHeldOutLossIsThatOfTheModel() throws {
        let short = try Small.model(epochs: 1)
        let long = try Small.model(epochs: 30)
        let text = "line 4: the cat sat on the mat, said the queen\n"
        #expect(try long.evaluate(text).loss < 0.6 * short.evaluate(text).loss)
        let all = short.tokenizer.encode(Small.text)
        let held = Array(all.suffix(Int(Double(all.count) * 0.05)))
        #expect(abs((short.heldOutLoss ?? 0) - Small.stepped(short, held)) < 2e-5)
    }

    @Test func tiedWeightsAndAllRegularisationTrain() throws {
        let model = try Small.model(.words, epochs: 20) {
            $0.isTied = true
            ($0.embeddingDropout, $0.inputDropout, $0.hiddenDropout, $0.outputDropout) = (0.1, 0.2, 0.2, 0.2)
            $0.weightDropout = 0.2
            ($0.activationRegularization, $0.temporalRegularization) = (2, 1)
        }
        #expect(model.parameterNames.contains("embedding.weight"))
        #expect(!model.parameterNames.contains("decoder.weight"))
        // A uniform guess among the words has the logarithm of their number.
        #expect((model.heldOutLoss ?? .infinity) < 0.6 * Double.log(Double(model.tokenizer.count)))
    }

    @Test func averagedSGDTrains() throws {
        let model = try Small.model(epochs: 30) {
            $0.optimizer = .sgd
            $0.learningRate = 2
            $0.isAnnealed = false
            $0.averageDecay = 1
            $0.clipNorm = 0.25
        }
        #expect((model.heldOutLoss ?? .infinity) < 2.2)
    }

    @Test func aModelFolderHoldsTheModel() throws {
        let model = try Small.model()
        let folder = temporaryFolder() + "/model"
        try model.save(to: folder)
        let again = try LanguageModel(folder: folder)
        #expect(again.recipe == model.recipe)
        #expect(again.tokenizer == model.tokenizer)
        #expect(try again.evaluate("the cat\n") == model.evaluate("the cat\n"))
        #expect(throws: RecurrentError.self) { try model.save(to: folder) }
        try model.save(to: folder, replacing: true)
    }

    @Test(arguments: [
        ("\"hidden_size\": 13", "\"hidden_size\": 14"), ("\"hidden_size\": 13", "\"hidden_size\": 16000"),
        ("\"vocabulary\": ", "\"vocabulary\": 1"), ("\"cell\": \"lstm\"", "\"cell\": \"lsmt\""),
        ("\"task\": \"language\"", "\"task\": \"forecast\""), ("\"version\": 1", "\"version\": 2"),
        ("\"layers\": 2", "\"layers\": 60"), ("\"tied\": false", "\"tied\": 3"),
    ])
    func aConfigurationThatLiesIsRefused(_ change: (String, String)) throws {
        let folder = temporaryFolder() + "/model"
        try Small.model().save(to: folder)
        let names = ["config.json", "model.safetensors", "tokenizer.json"]
        var files = try names.map { (name: $0, bytes: try FileSystem().read(folder + "/" + $0)) }
        let text = String(decoding: files[0].bytes, as: UTF8.self)
        let range = try #require(text.firstRange(of: change.0))
        files[0].bytes = Array((text[..<range.lowerBound] + change.1 + text[range.upperBound...]).utf8)
        try VerifiedFolder.write(files, to: folder, replacing: true)
        let error = #expect(throws: RecurrentError.self) { try LanguageModel(folder: folder) }
        #expect(error?.category == .badModel)
    }

    @Test func aRunThatIsStoppedGoesOnToTheSameBits() throws {
        let file = Small.file()
        let options = Small.options(epochs: 3) { $0.averageDecay = 0.99 }
        func task(_ folder: String) throws -> LanguageTask {
            try LanguageTask(files: [file], options: options, in: folder)
        }
        let (a, b) = (temporaryFolder() + "/a", temporaryFolder() + "/b")
        var whole = try TaskSession(task(a))
        try whole.run()
        var first = try TaskSession(task(b))
        try first.begin(in: b)
        let flag = InterruptFlag()
        struct Stopper: TrainingObserver {
            let flag: InterruptFlag
            func didStep(_ report: StepReport) { if report.step == 200 { flag.raise() } }
        }
        let store = CheckpointStore(directory: b, keeping: 2)
        #expect(throws: RecurrentError.self) {
            try first.run(observers: [Stopper(flag: flag)], interrupt: flag, store: store)
        }
        try FileSystem().removeFile(file)
        var second = try TaskSession<LanguageTask>(resuming: b)
        #expect(try second.restore(from: store) == [])
        #expect(second.step == 200)
        try second.run(store: store)
        #expect(try whole.model().weights == second.model().weights)
        #expect(try TaskRun.task(in: b) == "language")
    }

    @Test func dynamicEvaluationLearnsFromWhatItHasSeen() throws {
        let model = try Small.model(epochs: 4)
        let text = String(repeating: "zebras qualify quickly, 9 of 12\n", count: 40)
            .filter { model.tokenizer.id(of: String($0)) != nil }
        var adaptation = LanguageAdaptation()
        adaptation.dynamicRate = 0.002
        #expect(try model.evaluate(text, adaptation: adaptation).loss < 0.8 * model.evaluate(text).loss)
        // With no step size nothing is learnt.
        adaptation.dynamicRate = 0
        #expect(abs(try model.evaluate(text, adaptation: adaptation).loss - model.evaluate(text).loss) < 1e-5)
    }

    @Test func noAdaptationFindsOrderWhereThereIsNone() throws {
        let model = try Small.model(epochs: 1, text: String(repeating: "abcdefgh\n", count: 60))
        var random = RandomStream(RandomKey(seed: 8))
        let letters = Array("abcdefgh")
        let text = String((0..<3000).map { _ in letters[random.below(8)] })
        var adaptation = LanguageAdaptation()
        (adaptation.dynamicRate, adaptation.cacheSize) = (0.003, 20)
        // Whoever saw a letter before predicting it would be below the entropy; four standard errors of chance above it.
        #expect(try model.evaluate(text, adaptation: adaptation).loss > Double.log(8) - 4 * 0.01)
    }

    @Test func anAdaptiveSoftmaxLearnsIsJudgedAndReadAgain() throws {
        let text = "the queen sat on line 3\nsaid the mat\n"
        let model = try Small.model(.words, epochs: 30) { ($0.adaptiveCutoffs, $0.averageDecay) = ([5, 12], 0) }
        let names = Set(model.network.parameters.map(\.name))
        #expect(names.isSuperset(of: ["decoder.head.weight", "decoder.tail.0.0.weight", "decoder.tail.1.1.weight"]))
        #expect(Double(model.network.parameterCount) == model.recipe.parameterCount)
        let end = model.tokenizer.end ?? -1
        let ids = text.split(separator: "\n").flatMap { model.tokenizer.encode(String($0)) + [end] }
        let scores = try model.evaluate(text)
        // Sums of float32 logarithms in another order.
        #expect(abs(scores.loss - Small.stepped(model, ids)) < 2e-5)
        // What follows is nearly always certain.
        #expect(try model.evaluate(Small.text).loss < 0.5)
        var stream = LanguageStream(model)
        stream.step(ids[0])
        #expect(abs(stream.logProbabilities.reduce(0) { $0 + Double.exp(Double($1)) } - 1) < 1e-5)
        let folder = temporaryFolder() + "/model"
        try model.save(to: folder)
        #expect(try LanguageModel(folder: folder).evaluate(text) == scores)
        #expect(throws: RecurrentError.self) { try Small.model(.words) { $0.adaptiveCutoffs = [5, 5] } }
        #expect(throws: RecurrentError.self) { try Small.model(.bytes) { $0.adaptiveCutoffs = [5] } }
        #expect(throws: RecurrentError.self) {
            try Small.model(.words) { ($0.adaptiveCutoffs, $0.isTied, $0.embeddingSize) = ([5], true, 13) }
        }
    }

    @Test(arguments: [WeightFormat.float16, .bfloat16, .int8], [false, true])
    func reducedWeightsAreReadStepByStepAndKeptInTheFolder(_ format: WeightFormat, _ isTied: Bool) throws {
        let text = "the queen sat on line 3\nsaid the mat\n"
        let model = try Small.model(epochs: 4) { $0.isTied = isTied }
        let reduced = try model.reduced(to: format)
        // The steps round the output layer, too, and with bytes their operands: an eighth of a percent of a nat for
        // 11 bits, two percent for 8.
        let loss = try model.evaluate(text).loss
        let scores = try reduced.evaluate(text)
        #expect(abs(scores.loss - loss) < (format == .float16 ? 0.00125 : 0.02) * loss)
        #expect(scores.loss != loss)
        #expect(abs(scores.loss - Small.stepped(reduced, reduced.tokenizer.encode(text))) < 2e-5)
        let folder = temporaryFolder() + "/model"
        try reduced.save(to: folder)
        let kept = try LanguageModel(folder: folder)
        #expect(kept.weightFormat == format)
        #expect(try kept.evaluate(text) == scores)
        #expect(kept.generate(40, seed: 4) == reduced.generate(40, seed: 4))
    }

    @Test func theCacheIsTheFormula() throws {
        let model = try Small.model(.words, epochs: 4)
        let text = "the king sat on the mat, said the cat\nthe king sat on the king\n"
        var adaptation = LanguageAdaptation()
        (adaptation.cacheSize, adaptation.cacheShare, adaptation.cacheSharpness) = (5, 0.3, 0.7)
        let end = model.tokenizer.end ?? -1
        let ids = text.split(separator: "\n").flatMap { model.tokenizer.encode(String($0)) + [end] }
        var stream = LanguageStream(model)
        var total = 0.0
        var seen: [(state: [Float], token: Int32)] = []
        for (token, next) in zip(ids, ids.dropFirst()) {
            stream.step(token)
            let own = Double.exp(Double(stream.logProbabilities[Int(next)]))
            let weights = seen.suffix(5).map { other in
                Double.exp(0.7 * zip(stream.output, other.state).reduce(0) { $0 + Double($1.0) * Double($1.1) })
            }
            let votes = zip(weights, seen.suffix(5)).reduce(0) { $0 + ($1.1.token == next ? $1.0 : 0) }
            let all = weights.reduce(0, +)
            total -= Double.log(seen.isEmpty ? own : 0.7 * own + 0.3 * votes / all)
            seen.append((stream.output, next))
        }
        #expect(abs(try model.evaluate(text, adaptation: adaptation).loss - total / Double(ids.count - 1)) < 5e-5)
    }

    @Test(arguments: [("", "empty"), ("short", "too short"), ("a\0b" + Small.text, "no text")])
    func textsWithoutUseAreRefused(_ text: String, _ word: String) throws {
        let error = #expect(throws: RecurrentError.self) { try Small.model(text: text) }
        #expect(error?.category == .badData)
        #expect(error?.description.contains(word) ?? false)
    }

    @Test func oneLineOfManyMegabytesAndOneTokenAloneAreTexts() throws {
        let line = String(repeating: "ab", count: 20_000)
        _ = try Small.model(epochs: 1, text: line) { ($0.batchSize, $0.timeSteps) = (64, 64) }
        let alone = try Small.model(epochs: 1, text: String(repeating: "x", count: 400))
        #expect((alone.heldOutLoss ?? 1) < 0.7)
        // Every byte, none of them UTF-8.
        let path = temporaryFolder() + "/bytes"
        try FileSystem().write((0..<4000).map { UInt8(truncatingIfNeeded: $0 * 37) }, to: path)
        let model = try LanguageModel.fit(path, options: Small.options(.bytes), in: temporaryFolder() + "/run")
        #expect(try model.evaluate(file: path).tokenCount == 3999)
    }
}

@Suite struct TextGenerationTests {
    @Test(arguments: TokenChoice.allCases)
    func theSameSeedWritesTheSameText(_ tokens: TokenChoice) throws {
        let model = try Small.model(tokens)
        let text = model.generate(50, after: "the cat", seed: 5)
        #expect(text == model.generate(50, after: "the cat", seed: 5))
        #expect(text != model.generate(50, after: "the cat", seed: 6))
        #expect(!text.isEmpty)
        #expect(model.generate(0, after: "the") == "")
    }

    @Test func withoutChanceTheMostProbableTokenComes() throws {
        let model = try Small.model(epochs: 10)
        var sampler = TokenSampler()
        sampler.temperature = 0
        let text = model.generate(30, after: "line", sampler: sampler)
        var stream = LanguageStream(model)
        stream.read(model.tokenizer.encode("line"))
        var expected: [Int32] = []
        for _ in 0..<30 {
            let logs = stream.logProbabilities
            let best = (0..<Int32(logs.count)).filter { $0 != model.tokenizer.unknown }.max {
                logs[Int($0)] < logs[Int($1)]
            }
            expected.append(best ?? 0)
            stream.step(best ?? 0)
        }
        #expect(text == model.tokenizer.decode(expected))
    }

    @Test func aStopEndsTheTextWhereverTokensCutIt() throws {
        let model = try Small.model(epochs: 10)
        let whole = model.generate(200, after: "line", seed: 3)
        let scalars = Array(whole.unicodeScalars)
        for begin in [0, 3, 20, 71] {
            let stop = TextOf(scalars[begin..<begin + 6])
            let text = model.generate(200, after: "line", stops: ["never in it", stop], seed: 3)
            let range = try #require(whole.firstRange(of: stop))
            #expect(text == String(whole[..<range.lowerBound]))
        }
        #expect(model.generate(200, after: "line", stops: ["never in it", "~"], seed: 3) == whole)
    }

    private func TextOf(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    @Test func bytesOfOneCharacterComeTogether() throws {
        let text = String(repeating: "日本語 😀 für\n", count: 60)
        let model = try Small.model(.bytes, epochs: 60, text: text) {
            ($0.hiddenSize, $0.hiddenDropout, $0.outputDropout) = (32, 0, 0)
        }
        var writer = model.writer(after: "日本", seed: 1)
        for _ in 0..<300 {
            guard let piece = writer.next() else { break }
            // A piece with a replacement character must come from bytes that are none, which a trained model hardly writes.
            #expect(piece.unicodeScalars.count <= 2)
        }
        var sampler = TokenSampler()
        sampler.temperature = 0
        let best = model.generate(60, after: "日本", sampler: sampler)
        #expect(best.hasPrefix("語 😀 für\n日本"))
    }

    @Test func aBeamAsWideAsTheTreeFindsTheMostProbableText() throws {
        let model = try Small.model(epochs: 2, text: String(repeating: "abcab cba\n", count: 40))
        let tokens = (0..<Int32(model.tokenizer.count)).filter { $0 != model.tokenizer.unknown }
        var best: (text: [Int32], score: Double) = ([], -.infinity)
        func walk(_ stream: LanguageStream, _ text: [Int32], _ score: Double) {
            if text.count == 3 {
                if score > best.score { best = (text, score) }
                return
            }
            let logs = stream.logProbabilities
            for token in tokens {
                var next = stream
                next.step(token)
                walk(next, text + [token], score + Double(logs[Int(token)]))
            }
        }
        var stream = LanguageStream(model)
        stream.read(model.tokenizer.encode("ab"))
        walk(stream, [], 0)
        let found = try #require(model.beam(3, after: "ab", width: 125).first)
        #expect(found.text == model.tokenizer.decode(best.text))
        #expect(abs(found.logProbability - best.score) < 1e-5)
    }
}

@Suite struct CompleterTests {
    @Test func wordsAreThoseThatBeginSoWithTheirShareOfTheProbability() throws {
        let model = try Small.model(.words, epochs: 10)
        var completer = Completer(model)
        completer.type("line 3: the cat sat on the ")
        #expect(completer.word == "")
        let first = completer.completions(3)
        #expect(first.count == 3)
        completer.type("m")
        let found = completer.completions(3)
        // Of all the words only "mat" begins with an m.
        #expect(found.map(\.text) == ["mat"])
        #expect(abs((found.first?.probability ?? 0) - 1) < 1e-6)
        completer.type("onkey")
        #expect(completer.completions(3).isEmpty)
        completer.type(" said")
        #expect(completer.word == "said")

        var stream = LanguageStream(model)
        stream.read(model.prompt("") + model.tokenizer.encode("line 3: the cat sat on the"))
        let logs = stream.logProbabilities
        for completion in first {
            let token = try #require(model.tokenizer.id(of: completion.text))
            // Special tokens are no words.
            let special = (0..<Int32(logs.count)).filter { model.tokenizer.isSpecial($0) }
                .reduce(0) { $0 + Double.exp(Double(logs[Int($1)])) }
            #expect(abs(completion.probability - Double.exp(Double(logs[Int(token)])) / (1 - special)) < 1e-5)
        }
    }

    @Test func aMarkEndsTheWordBeforeIt() throws {
        var completer = Completer(try Small.model(.words))
        completer.type("the mat,")
        #expect(completer.word == ",")
        completer.type(" sa")
        #expect(completer.word == "sa")
        completer.type("\n")
        #expect(completer.word == "")
    }

    @Test(arguments: [TokenChoice.characters, .bytes, .bpe])
    func otherModelsCompleteTheWordThatIsMostProbable(_ tokens: TokenChoice) throws {
        let model = try Small.model(tokens, epochs: 40) { $0.hiddenSize = 24 }
        var completer = Completer(model)
        completer.type("line 5: the cat sat on the m")
        let best = try #require(completer.completions(2).first)
        #expect(best.text == "mat," || best.text == "mat")
        #expect(best.probability > 0.5 && best.probability <= 1)
    }
}

extension LanguageModel {
    fileprivate var parameterNames: [String] { network.parameters.map(\.name) }
    fileprivate var weights: [[Float]] { network.parameters.map { $0.value.scalars(of: Float.self) } }
}
