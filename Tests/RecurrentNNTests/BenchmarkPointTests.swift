import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import Testing

/// The points of the speed protocol, which the driver's language must see as this one does.
@Suite struct BenchmarkPointTests {
    static let root = String(#filePath.dropLast("Tests/RecurrentNNTests/BenchmarkPointTests.swift".count))

    @Test func thePointsAreThoseOfTheCommittedFile() throws {
        let bytes = try FileSystem().read(Self.root + "Benchmarks/shapes.json")
        let file = JSONCursor(try JSON(parsing: bytes, from: "shapes.json", category: .badData), source: "shapes.json")
        for (all, group) in [(false, ["named"]), (true, ["named", "drawn"])] {
            let committed = try group.flatMap { try file[$0].elements() }
            let points = try BenchmarkPoint.points(all: all)
            #expect(points.count == committed.count)
            for (point, entry) in zip(points, committed) {
                #expect(try point.name == entry["name"].string())
                for (letter, size) in [("T", point.steps), ("B", point.batch), ("I", point.input), ("H", point.hidden)]
                {
                    #expect(try size == entry[letter].int(), "\(point.name): \(letter)")
                }
                #expect(try point.layers == entry["layers"].ifPresent?.int() ?? 1)
                #expect(try (point.directions == 2) == entry["bidirectional"].ifPresent?.bool() ?? false)
                #expect(try point.isRagged == entry["ragged"].ifPresent?.bool() ?? false)
                #expect(try point.isStream == entry["stream"].ifPresent?.bool() ?? false)
                #expect(try point.projection == entry["projection"].ifPresent?.int())
                #expect(try point.variant.rawValue == entry["variant"].ifPresent?.string() ?? "standard")
                #expect(try point.cell.rawValue == entry["cell"].ifPresent?.string() ?? "lstm")
            }
        }
    }

    @Test func wordsSayWhatAPointIs() throws {
        for point in try BenchmarkPoint.points(all: true) { #expect(try BenchmarkPoint(point.text) == point) }
    }

    @Test(arguments: [
        ("", "a point needs a name and a cell"),
        ("a lstn T=1 B=1 I=1 H=1", "there is no cell 'lstn'"),
        ("a lstm T=1 B=1 I=1 H=1 W=3", "'W' is no size of a point"),
        ("a lstm T=1 B=1 I=1 H=1 fast", "'fast' says nothing about a point"),
        ("a lstm T=0 B=1 I=1 H=1", "T is 0; 1 to 1000000 are possible"),
        ("a lstm T=1 B=1 I=1 H=9223372036854775808", "'H=9223372036854775808' says nothing about a point"),
        ("a lstm T=1000000 B=1000000 I=1 H=1000000", "the point needs more than 8 GB"),
        ("a lstm T=1 B=1 I=1 H=4 projection=5", "a projection of 5 units; 1 to H are possible"),
        ("a gru T=1 B=1 I=1 H=4 peephole", "'peephole' and projections belong to the LSTM"),
        ("a lstm T=2 B=1 I=1 H=4 stream", "a stream takes single steps of an LSTM in one direction"),
        ("a gru T=1 B=1 I=1 H=4 stream", "a stream takes single steps of an LSTM in one direction"),
    ])
    func wordsWithoutMeaningAreRefused(words: String, message: String) {
        let error = #expect(throws: RecurrentError.self) { try BenchmarkPoint(words) }
        #expect(error?.what == message && error?.category == .usage)
    }

    /// Golden values: `lengths` and `operations` of Benchmarks/draw_shapes.py.
    @Test func lengthsAndOperationsAreThoseOfTheDriver() throws {
        let ragged = try BenchmarkPoint("a lstm T=50 B=12 I=1 H=1 ragged")
        #expect(ragged.lengths == [50, 50, 3, 1, 2, 4, 1, 3, 23, 4, 2, 15])
        #expect(
            try BenchmarkPoint("a lstm T=512 B=10 I=1 H=1 ragged").lengths == [512, 15, 306, 1, 10, 29, 498, 60, 2, 2])
        #expect(try BenchmarkPoint("a lstm T=1 B=3 I=1 H=1 ragged").lengths == [1, 1, 1])
        #expect(try BenchmarkPoint("a lstm T=50 B=12 I=1 H=1").lengths == nil)
        let operations = Dictionary(
            uniqueKeysWithValues: try BenchmarkPoint.points(all: true).map { ($0.name, $0.operations) })
        let golden: [String: Double] = [
            "zaremba-medium": 9464000000, "stream-512": 4194304, "ragged": 744488960, "projection": 2726297600,
            "gru": 2516582400, "drawn-16": 96544000, "drawn-41": 2684354560,
        ]
        for (name, count) in golden { #expect(operations[name] == count, "\(name)") }
    }

    @Test func aStreamReadsAllWeightsAtEveryStepAndASequenceTheRecurrentOnes() throws {
        // Four gates, float32.
        #expect(try BenchmarkPoint("a lstm T=1 B=1 I=3 H=5 stream").bytesEachStep == 4 * 4 * 5 * (3 + 5))
        #expect(
            try BenchmarkPoint("a lstm T=9 B=1 I=3 H=5 layers=2 directions=2").bytesEachStep == 2 * 2 * 4 * 4 * 5 * 5)
        #expect(try BenchmarkPoint("a gru T=9 B=1 I=3 H=5").bytesEachStep == 4 * 3 * 5 * 5)
    }

    @Test(arguments: [
        "a lstm T=5 B=3 I=4 H=6", "a lstm T=5 B=3 I=4 H=6 layers=2 directions=2 ragged",
        "a lstm T=5 B=3 I=4 H=6 projection=2", "a lstm T=5 B=3 I=4 H=6 peephole", "a lstm T=5 B=3 I=4 H=6 layer-norm",
        "a gru T=5 B=3 I=4 H=6 ragged", "a rnn T=5 B=3 I=4 H=6",
    ])
    func whatIsTimedIsTheNetwork(words: String) throws {
        let subject = try BenchmarkSubject(BenchmarkPoint(words))
        let record = Dictionary(uniqueKeysWithValues: subject.record())
        let (y, training) = (try #require(record["y"]), try #require(record["y.training"]))
        // Inference and training compute the same bits.
        #expect(y.scalars(of: Float.self) == training.scalars(of: Float.self))
        #expect(y.scalars(of: Float.self).contains { $0 != 0 })
        #expect(record["d.x"]?.shape == [5, 3, 4])
        for name in record.keys where name.hasPrefix("p.") {
            #expect(record["d." + name.dropFirst(2)]?.shape == record[name]?.shape, "\(name)")
        }
    }
}
