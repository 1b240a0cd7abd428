import RecurrentCharts
import RecurrentData
import RecurrentFormats
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import RecurrentTraining
import Testing

/// Films of a bright square that moves to one of two sides.
private func clips(_ count: Int, seed: UInt64 = 1) -> [Clip] {
    var stream = RandomStream(seed: seed)
    return (0..<count).map { index in
        let goesRight = index % 2 == 0
        let (row, start, length) = (stream.below(9), stream.below(9), 6 + stream.below(4))
        let frames = (0..<length).map { t -> Picture in
            var values = [Float](repeating: 0, count: 144)
            let left = (start + (goesRight ? t : 2 * 9 - t)) % 9
            for y in 0..<3 { for x in 0..<3 { values[(row + y) * 12 + left + x] = 1 } }
            return Picture(width: 12, height: 12, channels: 1, values: values)
        }
        return Clip(name: "\(index)", label: goesRight ? "right" : "left", frames: frames)
    }
}

private func options(epochs: Int = 15) -> ClipOptions {
    var options = ClipOptions()
    options.epochs = epochs
    options.adjustRecipe = { recipe in
        (recipe.filters, recipe.frameSize, recipe.hiddenSize) = ([6, 8], 24, 24)
        (recipe.learningRate, recipe.averageDecay, recipe.dropout) = (6e-3, 0.9, 0.1)
    }
    return options
}

@Suite struct ClipTests {
    @Test func whatMovesWhereIsLearnt() throws {
        var session = try TaskSession(ClipTask(clips(240), options: options()))
        try session.run()
        let model = try session.model()
        let report = try model.evaluate(clips(80, seed: 2))
        #expect(report.metrics.accuracy > 0.95)
        #expect(try #require(model.validation).metrics.count == 24)
        let folder = temporaryFolder() + "/model"
        try model.save(to: folder)
        let some = clips(6, seed: 3)
        #expect(try ClipClassifier(folder: folder).probabilities(some) == model.probabilities(some))
        // Neighbours in a batch, longer ones among them, change nothing.
        #expect(try model.probabilities([some[1]])[0] == model.probabilities(some)[1])
        let svg = try model.picture(some).svg()
        #expect(svg.contains("right") && svg.contains("<path"))
        let unknown = Clip(name: "x", label: "up", frames: some[0].frames)
        #expect(throws: RecurrentError.self) { try model.evaluate([unknown]) }
        #expect(throws: RecurrentError.self) { try model.probabilities([Clip(name: "x", frames: [])]) }
    }

    @Test func aRunGoesOnFromItsFolder() throws {
        let task = try ClipTask(clips(40), options: options(epochs: 1))
        let folder = temporaryFolder()
        var session = try TaskSession(task)
        try session.begin(in: folder)
        var again = try TaskSession<ClipTask>(resuming: folder)
        try session.run()
        try again.run()
        #expect(try session.model().probabilities(clips(4)) == again.model().probabilities(clips(4)))
    }

    @Test func foldersOfPicturesAndVideosAreClips() throws {
        let system = FileSystem()
        let root = temporaryFolder()
        for (label, name) in [("b", "one"), ("b", "two"), ("a", "three")] {
            try system.makeFolder(root + "/" + label)
            try system.makeFolder(root + "/\(label)/\(name)")
            for frame in [10, 9, 1] {
                try system.write(
                    Array("P5 2 1 255\n".utf8) + [UInt8(frame), 255], to: root + "/\(label)/\(name)/frame\(frame).pgm")
            }
        }
        try system.write(
            Array("YUV4MPEG2 W2 H1 Cmono\nFRAME\n".utf8) + [51, 102], to: root + "/a/film.y4m")
        #expect(ClipFiles.areClips(root))
        let found = try ClipFiles.read(root)
        #expect(found.map(\.label) == ["a", "a", "b", "b"])
        #expect(found[0].frames.map(\.values) == [[0.2, 0.4]])
        // Frame 10 after frame 9.
        #expect(found[1].frames.map { ($0.values[0] * 255).rounded() } == [1, 9, 10])
        #expect(try ClipFiles.read(root + "/b/one").count == 1)
        #expect(try ClipFiles.read(root, size: 4)[0].frames[0].width == 4)
    }

    @Test func aStackOfFramesIsClips() throws {
        let folder = temporaryFolder()
        try NPYFile.write(Tensor([UInt8](0..<24), shape: [2, 3, 2, 2]), to: folder + "/x.npy")
        try FileSystem().write("up\ndown\n", to: folder + "/x.txt")
        #expect(ClipFiles.areClips(folder + "/x.npy"))
        let found = try ClipFiles.read(folder + "/x.npy", labels: folder + "/x.txt")
        #expect(found.map(\.label) == ["up", "down"])
        #expect(found[1].frames.map { $0.values.map { ($0 * 255).rounded() } }.last == [20, 21, 22, 23])
        try NPYFile.write(Tensor([Float](repeating: 0, count: 4), shape: [2, 2]), to: folder + "/flat.npy")
        #expect(!ClipFiles.areClips(folder + "/flat.npy"))
        #expect(throws: RecurrentError.self) { try ClipFiles.read(folder + "/flat.npy") }
        try FileSystem().write("up\n", to: folder + "/short.txt")
        #expect(throws: RecurrentError.self) {
            try ClipFiles.read(folder + "/x.npy", labels: folder + "/short.txt")
        }
    }
}
