import RecurrentFormats
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite struct TensorBoardTests {
    let folder = TemporaryFolder()

    func failure(_ body: () throws -> Void) -> RecurrentError? {
        do { try body() } catch { return error as? RecurrentError }
        return nil
    }

    // MARK: - Records

    /// An empty record, "123456789" and the bytes 0 to 19, as TensorBoard's own RecordWriter frames them.
    static let framed: [UInt8] =
        [0, 0, 0, 0, 0, 0, 0, 0, 41, 3, 152, 7, 216, 234, 130, 162]
        + [9, 0, 0, 0, 0, 0, 0, 0, 55, 249, 113, 57] + Array("123456789".utf8) + [229, 176, 138, 199]
        + [20, 0, 0, 0, 0, 0, 0, 0, 94, 61, 41, 21] + Array(0..<20) + [203, 131, 80, 122]

    @Test func recordsOfTensorBoardsOwnWriterAreRead() throws {
        let file = try TFRecordFile(bytes: Self.framed)
        #expect(file.records == [[], Array("123456789".utf8), Array(0..<20)])
        #expect(!file.droppedTornRecord)
    }

    @Test func aRecordTornAnywhereIsDroppedAndThoseBeforeItAreRead() throws {
        for count in 0..<Self.framed.count {
            let file = try TFRecordFile(bytes: Array(Self.framed[..<count]))
            let whole = count < 16 ? 0 : count < 41 ? 1 : 2
            #expect(file.records.count == whole, "\(count)")
            #expect(file.droppedTornRecord == ![0, 16, 41].contains(count), "\(count)")
        }
    }

    @Test func aFlippedBitAnywhereIsNoticed() throws {
        for place in 0..<Self.framed.count * 8 {
            var bytes = Self.framed
            bytes[place / 8] ^= 1 << UInt8(place % 8)
            let error = failure { _ = try TFRecordFile(bytes: bytes, source: "f") }
            #expect(error?.category == .badData && error?.place == "f", "\(place)")
        }
    }

    // MARK: - Events

    @Test func whatIsWrittenIsInTheFileUnderItsTagAndStep() throws {
        let events = try EventFileWriter(folder: folder("events"))
        try events.scalars([("loss", 0.5), ("rate", -2)], step: 7)
        try events.histograms(
            [("h", Histogram([0, 1, 2, 3, .nan], binCount: 2)), ("none", Histogram([.nan]))], step: 8)
        try events.text("t", "a *text* ä")
        try events.hyperparameters(
            [("a", .number(1.5)), ("b", .text("x")), ("c", .truth(true))], metrics: ["loss"])
        try events.hyperparametersEnd(succeeded: true)
        try events.close()
        try events.close()
        let file = try EventFile(events.path)
        #expect(file.version == "brain.Event:2" && file.starts == [])
        #expect(file.scalars("loss") == [7: 0.5] && file.scalars("rate") == [7: -2])
        let histogram = try #require(file.entries.first { $0.tag == "h" })
        #expect(histogram.step == 8)
        #expect(histogram.histogramLimits == [1.5, 3] && histogram.histogramCounts == [2, 2])
        #expect(!file.entries.contains { $0.tag == "none" })
        let text = try #require(file.entries.first { $0.tag == "t/text_summary" })
        #expect(text.text == "a *text* ä" && text.plugin == "text")
        #expect(
            file.entries.filter { $0.plugin == "hparams" }.map(\.tag) == [
                "_hparams_/experiment", "_hparams_/session_start_info", "_hparams_/session_end_info",
            ])
        #expect(failure { try events.scalar("loss", 1, step: 9) }?.what == "cannot write: the file was closed")
    }

    @Test func everyWriterMakesAFileOfItsOwnAndALaterOneVoidsWhatFollows() throws {
        let first = try EventFileWriter(folder: folder("events"))
        let second = try EventFileWriter(folder: folder("events"), after: 4)
        #expect(first.path < second.path)
        #expect(try EventFile(second.path).starts == [5])
        #expect(try FileSystem().names(in: folder("events")).count == 2)
    }

    @Test func aFailedWriteClosesTheFileSoThatNothingFollowsHalfARecord() throws {
        // Calls: folder, its synchronisation, opening, two writes, then the one that fails.
        for call in 0..<40 {
            let system = FaultySystem(.diskFull, at: call)
            let name = folder("events\(call)")
            guard let events = try? EventFileWriter(folder: name, fileSystem: system.fileSystem) else { continue }
            let before = system.count
            let failed = failure { try events.scalar("a", 1, step: 1) } != nil
            #expect(failed == (before == call))
            let after = failure { try events.scalar("a", 2, step: 2) }
            #expect((after != nil) == (failed || before + 1 == call))
            let records = try TFRecordFile(events.path)
            #expect(records.records.count == 1 + (failed ? 0 : before + 1 == call ? 1 : 2))
        }
    }

    // MARK: - Histograms

    @Test func aHistogramCountsEveryNumberOnce() {
        var generator = SplitMix(state: 5)
        for round in 0..<100 {
            let scale = Double(sign: .plus, exponent: round * 10 - 500, significand: 1)
            let numbers = (0..<round * 3).map { _ in Double.random(in: -1...1, using: &generator) * scale }
            let histogram = Histogram(numbers)
            #expect(histogram.count == numbers.count && histogram.bins.reduce(0, +) == numbers.count)
            #expect(histogram.minimum == numbers.min() ?? .infinity)
            #expect(histogram.maximum == numbers.max() ?? -.infinity)
        }
    }

    @Test func numbersThatAreEqualHugeOrNoneMakeAHistogramToo() {
        #expect(Histogram([2, 2, 2]).bins == [3])
        let huge = Double.greatestFiniteMagnitude
        #expect(Histogram([-huge, huge]).bins == [2])
        #expect(Histogram([0, Double.leastNonzeroMagnitude]).bins.reduce(0, +) == 2)
        let none = Histogram([.nan, .infinity, -.infinity])
        #expect(none.count == 0 && none.nonFiniteCount == 3 && none.bins == [])
    }
}
