import RecurrentData
import RecurrentFormats
import RecurrentNN
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

/// Music that is small enough to be learned at once: two chords in turn, in eight keys.
private enum Small {
    static let pieces = (0..<12).map { number -> MusicPiece in
        let base = UInt8(48 + number % 8)
        return MusicPiece(
            name: "\(number)",
            frames: (0..<(7 + number % 4)).map {
                $0 % 2 == 0 ? [base, base + 4, base + 7] : [base, base + 5, base + 9]
            })
    }

    static let data = MusicData(
        train: Array(pieces[..<8]), valid: Array(pieces[8..<10]), test: Array(pieces[10...]),
        timing: MusicTiming(framesPerBeat: 1, tempo: 90))

    static func options(
        seed: UInt64 = 3, epochs: Int = 6, _ change: @escaping @Sendable (inout MusicRecipe) -> Void = { _ in }
    ) -> MusicOptions {
        var options = MusicOptions()
        (options.seed, options.epochs) = (seed, epochs)
        options.adjustRecipe = { recipe in
            (recipe.hiddenSize, recipe.batchSize, recipe.jointSize) = (12, 3, 7)
            (recipe.learningRate, recipe.patience) = (0.02, 0)
            (recipe.inputDropout, recipe.outputDropout, recipe.inputNoise) = (0.1, 0.2, 0.05)
            (recipe.transposition, recipe.averageDecay) = (3, 0.5)
            change(&recipe)
        }
        return options
    }

    static func trained(
        epochs: Int = 6, _ change: @escaping @Sendable (inout MusicRecipe) -> Void = { _ in }
    ) throws -> MusicModel {
        var session = try TaskSession(MusicTask(data, options: options(epochs: epochs, change)))
        try session.run()
        return try session.model()
    }

    static func bits(_ model: MusicModel) -> [Tensor] { model.network.parameters.map(\.value) }
}

@Suite struct MusicModelTests {
    @Test(arguments: MusicRecipe.Output.allCases)
    func whatIsLearnedIsBetterThanHowOftenKeysSound(_ output: MusicRecipe.Output) throws {
        let model = try Small.trained(epochs: 150) { recipe in
            (recipe.output, recipe.hiddenSize, recipe.transposition) = (output, 32, 0)
            (recipe.inputDropout, recipe.outputDropout, recipe.inputNoise) = (0, 0, 0)
        }
        let scores = try #require(model.test)
        #expect(scores.loss < (scores.marginalLoss ?? 0) / 2)
        #expect(scores.pieces == 2)
        #expect(scores.frames == 9 + 10)
    }

    @Test func aCellOfEachKindLearns() throws {
        for cell in CellCatalog.entries.map(\.name) {
            let model = try Small.trained(epochs: 1) { $0.cell = cell }
            #expect(model.test?.loss.isFinite ?? false, "\(cell)")
        }
    }

    @Test(arguments: MusicRecipe.Output.allCases)
    func theSameSeedGivesTheSameBitsOnAnyNumberOfThreads(_ output: MusicRecipe.Output) throws {
        let before = ComputePool.threadCount
        defer { ComputePool.threadCount = before }
        let found = try [1, 2].map { threads -> [Tensor] in
            ComputePool.threadCount = threads
            return Small.bits(try Small.trained { $0.output = output })
        }
        #expect(zip(found[0], found[1]).allSatisfy { $0.isIdentical(to: $1) })
    }

    @Test func aRunThatStopsAndGoesOnEndsWithTheSameBits() throws {
        let undisturbed = Small.bits(try Small.trained())
        let folder = temporaryFolder() + "/training"
        let store = CheckpointStore(directory: folder, keeping: 2)
        var session = try TaskSession(MusicTask(Small.data, options: Small.options()))
        try session.begin(in: folder)
        let flag = InterruptFlag()
        let stopper = Stopper(flag: flag, step: 5)
        let error = #expect(throws: RecurrentError.self) {
            try session.run(observers: [stopper], interrupt: flag, store: store, saveInterval: 0)
        }
        #expect(error?.category == .interrupted)
        var resumed = try TaskSession<MusicTask>(resuming: folder)
        #expect(try resumed.restore(from: store).isEmpty)
        #expect(resumed.step == 5)
        try resumed.run()
        #expect(zip(Small.bits(try resumed.model()), undisturbed).allSatisfy { $0.isIdentical(to: $1) })
    }

    @Test(arguments: MusicRecipe.Output.allCases)
    func aModelIsTheSameAfterItsFolder(_ output: MusicRecipe.Output) throws {
        let model = try Small.trained { recipe in
            recipe.output = output
            recipe.layers = 2
        }
        let folder = temporaryFolder() + "/model"
        try model.save(to: folder)
        let again = try MusicModel(folder: folder)
        #expect(zip(Small.bits(model), Small.bits(again)).allSatisfy { $0.isIdentical(to: $1) })
        #expect(again.recipe == model.recipe)
        #expect(again.timing == model.timing)
        #expect(again.test == model.test)
        #expect(again.evaluate(Small.data.test) == model.test)
        #expect(Double(model.network.parameterCount) == model.recipe.parameterCount)
    }

    @Test func theLossOfAPieceIsTheSumOfItsFrames() throws {
        let model = try Small.trained()
        let piece = Small.pieces[11].frames
        var (later, first) = (0.0, 0.0)
        var writer = model.writer()
        for (t, frame) in piece.enumerated() {
            let logits = writer.logits
            let loss = (0..<88).reduce(0.0) { sum, key in
                let x = frame.contains(UInt8(key + 21)) ? -logits[key] : logits[key]
                return sum + Double.log1p(Double.exp(x))
            }
            if t == 0 { first = loss } else { later += loss }
            writer = model.writer(after: Array(piece[...t]))
        }
        let scores = model.evaluate([Small.pieces[11]])
        // Sums of 900 terms of which each is right to a few float ulps.
        #expect(abs(scores.loss - later / Double(piece.count - 1)) < 1e-4)
        #expect(abs(scores.lossWithFirst - (later + first) / Double(piece.count)) < 1e-4)
    }

    @Test func piecesDoNotChangeOneAnothersLoss() throws {
        let model = try Small.trained()
        let all = model.evaluate(Small.pieces)
        let single = Small.pieces.map { model.evaluate([$0]) }
        let total = single.reduce(0.0) { $0 + $1.loss * Double($1.frames - 1) }
        #expect(abs(all.loss - total / Double(all.frames - all.pieces)) < 1e-5)
        #expect(all.hits == single.reduce(0) { $0 + $1.hits })
    }

    @Test(arguments: MusicRecipe.Output.allCases)
    func writingFollowsSeedPrimerAndVoices(_ output: MusicRecipe.Output) throws {
        let model = try Small.trained { $0.output = output }
        var sampling = MusicSampling()
        sampling.seed = 5
        sampling.temperature = 2
        sampling.voices = 2
        let primer = Small.pieces[0].frames
        let roll = model.generate(20, after: primer, sampling: sampling)
        #expect(roll.frames.count == primer.count + 20)
        #expect(Array(roll.frames[..<primer.count]) == primer)
        #expect(roll.frames[primer.count...].allSatisfy { $0.count <= 2 && $0 == $0.sorted() })
        #expect(model.generate(20, after: primer, sampling: sampling) == roll)
        sampling.seed = 6
        #expect(model.generate(20, after: primer, sampling: sampling) != roll)
    }

    @Test func whatItLearnedItWrites() throws {
        let model = try Small.trained(epochs: 300) { recipe in
            (recipe.inputDropout, recipe.outputDropout, recipe.inputNoise) = (0, 0, 0)
            (recipe.hiddenSize, recipe.transposition) = (32, 0)
        }
        var sampling = MusicSampling()
        sampling.temperature = 0
        let piece = Small.pieces[2].frames
        let written = model.generate(3, after: Array(piece[..<4]), sampling: sampling).frames
        #expect(written == Array(piece[..<7]))
    }

    private final class Stopper: TrainingObserver {
        let flag: InterruptFlag
        let step: Int

        init(flag: InterruptFlag, step: Int) { (self.flag, self.step) = (flag, step) }

        func didStep(_ report: StepReport) { if report.step == step { flag.raise() } }
    }
}

@Suite struct MusicDataTests {
    private static func folder(_ files: [(name: String, text: String)]) throws -> String {
        let folder = temporaryFolder()
        for file in files { try FileSystem().write(file.text, to: folder + "/" + file.name) }
        return folder
    }

    @Test func jsonHasPartsOfPiecesOfFrames() throws {
        let folder = try Self.folder([
            ("music-8th.json", #"{"train": [[[60, 64], [], [62, 62]], [[-1, 50]]], "test": [[[21], [108, 109]]]}"#)
        ])
        let data = try MusicData(files: [folder + "/music-8th.json"])
        #expect(data.train.map(\.frames) == [[[60, 64], [], [62]], [[50]]])
        #expect(data.valid.isEmpty)
        #expect(data.test.map(\.frames) == [[[21], [108]]])
        #expect(data.timing.framesPerBeat == 2)
        #expect(data.notes.count == 1)
    }

    @Test func aFolderOfMIDIFilesIsSplitByItsFolders() throws {
        let folder = temporaryFolder()
        let roll = PianoRoll(frames: [[60], [62], [64]], framesPerBeat: 4)
        for name in ["train/a.mid", "train/deep/b.mid", "valid/c.midi", "test/d.MID", "test/readme.txt"] {
            let path = folder + "/" + name
            try FileSystem().makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
            try roll.midi(tempo: 100).write(to: path)
        }
        let data = try MusicData(files: [folder])
        #expect([data.train.count, data.valid.count, data.test.count] == [2, 1, 1])
        #expect(data.train[0].frames == roll.frames)
        #expect(abs(data.timing.tempo - 100) < 1e-4)
        #expect(data.timing.framesPerBeat == 4)
    }

    @Test func whatIsNotSplitIsSplitByChanceAndAlways() throws {
        let list = (0..<20).map { "[[\(40 + $0)], [60]]" }.joined(separator: ",")
        let folder = try Self.folder([("all.json", "[\(list)]")])
        let parts = try (0..<2).map { _ in try MusicData(files: [folder + "/all.json"]) }
        #expect([parts[0].train.count, parts[0].valid.count, parts[0].test.count] == [16, 2, 2])
        #expect(parts[0].test == parts[1].test)
        #expect(Set((parts[0].train + parts[0].valid + parts[0].test).map(\.frames)).count == 20)
    }

    @Test(arguments: [
        ("none.json", "{}", "none of the lists"), ("bad.json", #"{"train": [[[60.5]]]}"#, "train[0][0][0]"),
        ("high.json", #"{"train": [[[200]]]}"#, "200"), ("empty.json", #"{"train": [[]]}"#, "without frames"),
        ("torn.json", #"{"train": [[["#, "torn.json"), ("short.mid", "MThd", "is no MIDI file"),
    ])
    func whatIsNoMusicIsRefusedWithItsPlace(_ name: String, _ text: String, _ message: String) throws {
        let folder = try Self.folder([(name, text)])
        let error = #expect(throws: RecurrentError.self) { try MusicData(files: [folder + "/" + name]) }
        #expect(error?.category == .badData)
        #expect(error?.description.contains(message) ?? false, "\(error?.description ?? "")")
        #expect(error?.place?.contains(name) ?? false)
    }

    @Test func nothingToLearnFromIsSaid() throws {
        let empty = try Self.folder([("readme.txt", "nothing")])
        #expect(throws: RecurrentError.self) { try MusicData(files: [empty]) }
        let judging = try Self.folder([("a.json", #"{"test": [[[60], [61]]]}"#)])
        let error = #expect(throws: RecurrentError.self) { try MusicTask(files: [judging + "/a.json"]) }
        #expect(error?.what == "there are no pieces to learn from")
    }

    @Test func transpositionStaysOnTheKeys() throws {
        let data = MusicData(
            train: [MusicPiece(frames: [[21, 60], [108]])], valid: [], test: [],
            timing: MusicTiming(framesPerBeat: 1, tempo: 100))
        let task = try MusicTask(data, options: Small.options { $0.transposition = 48 })
        let source = try task.source(RandomKey(seed: 1))
        for epoch in 0..<20 {
            let batch = try source.batch(epoch: epoch, index: 0).batch
            #expect(batch.target.sum().item == 3)
        }
    }
}
