import RecurrentData
import RecurrentFormats
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

@Suite struct SignalTaskTests {
    /// Sequences of two channels: a wave whose class is its pace in the first channel, and noise in the second.
    static func waves(_ count: Int, seed: UInt64, missing: Double = 0) -> String {
        var random = RandomStream(RandomKey(seed: seed))
        var text = "@univariate false\n@classLabel true fast slow\n@data\n"
        for index in 0..<count {
            let (length, phase) = (12 + random.below(10), random.uniform(0, 6))
            let pace = index % 2 == 0 ? 1.6 : 0.5
            func column(_ value: (Int) -> Double) -> String {
                (0..<length).map { random.uniform() < missing ? "?" : "\(Float(value($0)))" }.joined(separator: ",")
            }
            var noise = RandomStream(RandomKey(seed: seed, stream: UInt64(index + 1)))
            text += column { sin(Double($0) * pace + phase) * 5 + 100 } + ":" + column { _ in noise.normal() }
            text += index % 2 == 0 ? ":fast\n" : ":slow\n"
        }
        return text
    }

    static func options(_ change: @escaping @Sendable (inout SignalRecipe) -> Void = { _ in }) -> SignalOptions {
        var options = SignalOptions()
        options.epochs = 12
        options.adjustRecipe = { recipe in
            (recipe.hiddenSize, recipe.layers, recipe.batchSize) = (10, 1, 8)
            (recipe.learningRate, recipe.averageDecay, recipe.outputDropout) = (0.02, 0.8, 0)
            change(&recipe)
        }
        return options
    }

    static func file(_ text: String, _ name: String = "data.ts") throws -> String {
        let path = temporaryFolder() + "/" + name
        try FileSystem().write(text, to: path)
        return path
    }

    @Test(arguments: SequencePooling.allCases, [true, false])
    func whatTellsTheClassIsLearned(pooling: SequencePooling, isBidirectional: Bool) throws {
        let options = Self.options { ($0.pooling, $0.isBidirectional, $0.members) = (pooling, isBidirectional, 1) }
        let model = try SignalClassifier.fit(
            try Self.file(Self.waves(80, seed: 1)), options: options, in: temporaryFolder())
        #expect(model.labels == ["fast", "slow"])
        #expect(try #require(model.validation).metrics.count == 80)
        let report = try model.evaluate(file: try Self.file(Self.waves(60, seed: 2)))
        #expect(report.metrics.accuracy > 0.9)
        #expect(try #require(report.metrics.rocArea) > 0.9)
        // The noise did less for the answer than the wave.
        let wave = try TSReader(path: Self.file(Self.waves(2, seed: 3)))
        let example = try #require(try wave.next())
        let explanation = try model.explain(SignalSequence(example.values))
        let sums = explanation.weights.map { $0.reduce(0.0) { $0 + abs($1) } }
        #expect(sums[0] > sums[1])
        #expect(explanation.svg.contains("channel 1"))
        // No step, one step, nothing known: always an answer with probabilities of sum 1.
        for values in [[], [1, 2], [.nan, .nan, .nan, .nan]] as [[Float]] {
            let prediction = try model.predict(SignalSequence(values))
            #expect(abs(prediction.probabilities.reduce(0, +) - 1) < 1e-9)
        }
        #expect(throws: RecurrentError.self) { try model.predict(SignalSequence([1, 2, 3])) }
        #expect(throws: RecurrentError.self) { try model.predict(SignalSequence([1, .infinity])) }
    }

    @Test func theFolderGivesBackTheSameAnswers() throws {
        let options = Self.options {
            ($0.filters, $0.kernel, $0.stride, $0.stacking, $0.hasDifferences) = (6, 5, 2, 2, true)
            ($0.cell, $0.pooling, $0.jitter, $0.warping, $0.cropping) = ("gru", .all, 0.1, 0.1, 0.8)
            ($0.scaling, $0.inputDropout) = (0.1, 0.1)
        }
        let text = Self.waves(40, seed: 1, missing: 0.1)
        let model = try SignalClassifier.fit(try Self.file(text), options: options, in: temporaryFolder())
        #expect(model.core.recipe.indicators == [0, 1])
        let folder = temporaryFolder() + "/model"
        try model.save(to: folder, replacing: false)
        let again = try SignalClassifier(folder: folder)
        let examples = try TSReader(path: Self.file(text)).rest().map { SignalSequence($0.values) }
        #expect(try again.predict(examples) == model.predict(examples))
        #expect(again.validation == model.validation)
        #expect(again.core.recipe == model.core.recipe && again.core.channels == model.core.channels)
        // The answer does not depend on what is asked beside it.
        #expect(try examples.map { try model.predict($0) } == model.predict(examples))
    }

    @Test func aStoppedRunGoesOnToTheSameBits() throws {
        let options = Self.options { ($0.jitter, $0.cropping) = (0.1, 0.9) }
        let file = try Self.file(Self.waves(30, seed: 4))
        let whole = try SignalClassifier.fit(file, options: options, in: temporaryFolder())
        let folder = temporaryFolder()
        var session = try TaskSession(SignalTask<SignalClassifier>(files: [file], options: options) { folder })
        try session.begin(in: folder)
        let store = CheckpointStore(directory: folder, keeping: 2)
        let flag = InterruptFlag()
        #expect(throws: RecurrentError.self) {
            try session.run(observers: [StopAfter(steps: 50, flag: flag)], interrupt: flag, store: store)
        }
        var again = try TaskSession<SignalTask<SignalClassifier>>(resuming: folder)
        _ = try again.restore(from: store)
        #expect(again.step == 50)
        try again.run()
        let sequences = try TSReader(path: file).rest().map { SignalSequence($0.values) }
        #expect(try again.model().predict(sequences) == whole.predict(sequences))
    }

    @Test func aNumberOfASignalIsLearned() throws {
        var random = RandomStream(RandomKey(seed: 9))
        var text = "id,time,u,label\n"
        for index in 0..<80 {
            let level = random.uniform(-3, 3)
            for t in 0..<8 {
                text += "s\(index),\(t),\(Float(level + 0.1 * random.normal())),\(Float(40 + 5 * level))\n"
            }
        }
        let file = try Self.file(text, "data.csv")
        var options = Self.options()
        options.epochs = 25
        let model = try SignalRegressor.fit(file, options: options, in: temporaryFolder())
        #expect(try #require(model.validation).metrics.determination > 0.95)
        let report = try model.evaluate(file: file)
        #expect(report.metrics.rootMeanSquaredError < 2)
        let folder = temporaryFolder() + "/model"
        try model.save(to: folder, replacing: false)
        let again = try SignalRegressor(folder: folder)
        #expect(try again.evaluate(file: file) == report)
        #expect(again.validation == model.validation)
        let explanation = try model.explain(SignalSequence([3, 3, 3, 3]))
        #expect(explanation.weights[0].reduce(0, +) > 0)
    }

    @Test func examplesOfAGroupAreNeverOnBothSides() throws {
        var text = "who,class,a,b,c\n"
        for index in 0..<40 { text += "p\(index / 4),\(index % 2 == 0 ? "u" : "d"),\(index),1,2\n" }
        var options = Self.options()
        options.reading.group = "who"
        options.epochs = 1
        let task = try SignalTask<SignalClassifier>(
            files: [try Self.file(text, "data.csv")], options: options, in: { temporaryFolder() })
        let folds = task.facts.map(\.fold)
        #expect(Set(folds) == Set(0..<5))
        for person in 0..<10 { #expect(Set(folds[person * 4..<person * 4 + 4]).count == 1) }
    }

    @Test func foldsHaveTheirShareOfEveryClassAndTwinsStayTogether() throws {
        var text = "class,a,b,c\n"
        for index in 0..<60 { text += "\(index % 3),\(index),\(index * 7 % 11),2\n" }
        text += "0,0,0,2\n"
        let task = try SignalTask<SignalClassifier>(
            files: [try Self.file(text, "data.csv")], options: Self.options(), in: { temporaryFolder() })
        for fold in 0..<5 {
            for label in 0..<3 {
                let count = task.facts.count { $0.fold == fold && $0.label == label }
                #expect((3...5).contains(count))
            }
        }
        #expect(task.facts[0].fold == task.facts[60].fold)
    }

    @Test func anArrayOfNumpyIsReadWithItsLabels() throws {
        let folder = temporaryFolder()
        let values = Tensor((0..<24).map { Float($0) == 23 ? .nan : Float($0) }, shape: [4, 3, 2])
        try NPYFile.write(values, to: folder + "/X_train.npy")
        try NPYFile.write(Tensor([0, 1, 0, 1] as [Int64]), to: folder + "/y_train.npy")
        let reader = try SignalFile(folder + "/X_train.npy").reader()
        var found: [SignalExample] = []
        while let example = try reader.next() { found.append(example) }
        #expect(reader.channels == ["channel 1", "channel 2"])
        #expect(found.map(\.label) == ["0", "1", "0", "1"])
        #expect(found[1].values == [6, 7, 8, 9, 10, 11])
        #expect(found[3].values.count == 6 && found[3].values[5].isNaN)
        #expect(throws: RecurrentError.self) {
            try FileSystem().removeFile(folder + "/y_train.npy")
            _ = try SignalFile(folder + "/X_train.npy").reader()
        }
    }

    @Test func picturesOfAnIDXFileAreReadByRowsOrByPixels() throws {
        let folder = temporaryFolder()
        let pictures = folder + "/train-images-idx3-ubyte"
        let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3]
        try FileSystem().write(header + (0..<12).map { UInt8($0 * 20) }, to: pictures)
        try FileSystem().write([0, 0, 8, 1, 0, 0, 0, 2, 7, 3], to: folder + "/train-labels-idx1-ubyte")
        let rows = try SignalFile(pictures).reader()
        #expect(rows.channels.count == 3)
        let first = try #require(try rows.next())
        #expect(first.values == [0, 20, 40, 60, 80, 100] && first.label == "7")
        var options = SignalFileOptions()
        options.channelCount = 1
        let pixels = try SignalFile(pictures, options: options).reader()
        #expect(pixels.channels.count == 1)
        #expect(try pixels.next()?.values == first.values)
        options.channelCount = 4
        #expect(throws: RecurrentError.self) { try SignalFile(pictures, options: options).reader() }
    }

    @Test(arguments: [
        (["@classLabel true a b\n@data\n1,2:a\n3,4:a\n"], "all 2 examples are of the class 'a'"),
        (["@classLabel true a b\n@data\n"], "there is no example"),
        (["@classLabel true a b\n@data\n1,2:?\n"], "no sequence has a class"),
        (
            ["@classLabel true a b\n@data\n1,2:a\n3,4:b\n", "@classLabel true a b\n@data\n1:2:a\n"],
            "there are 2 channels here, 1 in the file before"
        ),
    ])
    func whatCannotBeLearnedIsSaid(files: [String], what: String) throws {
        let paths = try files.map { try Self.file($0) }
        do {
            _ = try SignalTask<SignalClassifier>(files: paths, options: Self.options(), in: { temporaryFolder() })
            Issue.record("nothing was thrown")
        } catch let error as RecurrentError {
            #expect(error.what == what)
            #expect(error.category == .badData)
        }
    }

    @Test func aDamagedModelIsRefused() throws {
        let model = try SignalClassifier.fit(
            try Self.file(Self.waves(20, seed: 1)), options: Self.options(), in: temporaryFolder())
        let json = model.core.recipe.json
        for (key, bad) in [
            ("channels", JSON(0)), ("kernel", JSON(4)), ("cell", "nope"), ("folds", JSON(1)),
            ("indicators", JSON([7])), ("hidden_size", JSON(1 << 40)), ("cropping", JSON(2.0)),
        ] as [(String, JSON)] {
            var object = json.objectValue ?? [:]
            object[key] = bad
            #expect(throws: RecurrentError.self, "\(key)") {
                try SignalRecipe(JSONCursor(.object(object), source: "config.json"))
            }
        }
        #expect(try SignalRecipe(JSONCursor(json, source: "config.json")) == model.core.recipe)
    }
}

/// Raises a flag after a number of steps.
private struct StopAfter: TrainingObserver {
    let steps: Int
    let flag: InterruptFlag

    func didStep(_ report: StepReport) { if report.step == steps { flag.raise() } }
}
