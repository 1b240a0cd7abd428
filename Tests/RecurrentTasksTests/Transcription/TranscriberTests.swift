import RecurrentCharts
import RecurrentData
import RecurrentFormats
import RecurrentNN
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// A language of three tones, each a word, with pauses between and a little noise.
private enum Tones {
    static let rate = 8000
    static let words = ["high", "low", "mid"]
    static let pitches = ["high": 2400.0, "low": 300, "mid": 1000]

    static func recording(_ words: [String], seed: UInt64) -> AudioSignal {
        var stream = RandomStream(seed: seed)
        var samples: [Float] = []
        func pause() {
            for _ in 0..<400 + stream.below(800) { samples.append(Float(stream.normal() * 0.003)) }
        }
        for word in words {
            pause()
            let pitch = pitches[word]! * stream.uniform(0.95, 1.05)
            for t in 0..<1000 + stream.below(600) {
                let value = 0.3 * Double.sine(2 * Double.pi * pitch * Double(t) / Double(rate))
                samples.append(Float(value + stream.normal() * 0.003))
            }
        }
        pause()
        return AudioSignal(samples, sampleRate: rate)
    }

    static func text(_ seed: UInt64) -> [String] {
        var stream = RandomStream(seed: seed &+ 1000)
        return (0..<1 + stream.below(4)).map { _ in words[stream.below(3)] }
    }

    /// Writes recordings and their table; returns its path.
    static func write(_ count: Int, from first: UInt64, to folder: String) throws -> String {
        try FileSystem().makeFolder(folder)
        var table = "path,text\n"
        for number in first..<first + UInt64(count) {
            try recording(text(number), seed: number).write(to: folder + "/\(number).wav")
            table += "\(number).wav,\(text(number).joined(separator: " "))\n"
        }
        try FileSystem().write(table, to: folder + "/list.csv")
        return folder + "/list.csv"
    }
}

extension Double {
    fileprivate static func sine(_ x: Double) -> Double {
        // The series after taking whole turns away: tests need no mathematics library.
        let y = x - (x / (2 * .pi)).rounded() * 2 * .pi
        var (term, sum) = (y, y)
        for k in 1..<14 {
            term *= -y * y / Double(2 * k * (2 * k + 1))
            sum += term
        }
        return sum
    }
}

private func options(streaming: Bool = false, unit: TranscriptionAlphabet.Unit? = nil) -> TranscriptionOptions {
    var options = TranscriptionOptions()
    options.isStreaming = streaming
    options.unit = unit
    options.epochs = 12
    options.adjustRecipe = { recipe in
        (recipe.hiddenSize, recipe.layers, recipe.melCount, recipe.batchSize) = (24, 1, 20, 8)
        (recipe.dropout, recipe.learningRate, recipe.averageDecay, recipe.masks) = (0, 2e-2, 0.9, 0)
    }
    return options
}

private func temporary() -> String { temporaryFolder() }

private func remove(_ folder: String) {
    let system = FileSystem()
    for name in (try? system.names(in: folder)) ?? [] {
        let path = folder + "/" + name
        if system.isFolder(path) { try? system.removeFlatFolder(path) } else { try? system.removeFile(path) }
    }
    try? system.removeFlatFolder(folder)
}

@Suite struct TranscriberTests {
    @Test(arguments: [false, true])
    func aLanguageOfThreeTonesIsLearntAndSurvivesTheDisk(_ streaming: Bool) throws {
        let folder = temporary()
        defer { remove(folder) }
        let list = try Tones.write(80, from: 0, to: folder)
        let model = try Transcriber.fit(list, options: options(streaming: streaming), folder: folder + "/run")
        #expect(model.alphabet.unit == .words && model.alphabet.symbols == ["high", "low", "mid"])
        var report = TranscriptionReport()
        for seed in UInt64(500)..<530 {
            let heard = try model.transcribe(Tones.recording(Tones.text(seed), seed: seed))
            report.add(heard.text, reference: Tones.text(seed).joined(separator: " "))
        }
        // The tones are far apart: an untrained network is wrong nearly everywhere.
        #expect(report.words.rate < 0.05, "\(report.words)")

        try model.save(to: folder + "/model")
        let copy = try Transcriber(folder: folder + "/model")
        let signal = Tones.recording(["low", "low", "high"], seed: 7)
        let heard = try model.transcribe(signal)
        #expect(try copy.transcribe(signal) == heard)
        #expect(heard.text == "low low high")
        // Words stand where they were put: after at least 0.05 s of silence, in order, within the recording.
        #expect(heard.words[0].start > 0.02 && heard.words[2].end <= heard.duration)
        #expect(zip(heard.words, heard.words.dropFirst()).allSatisfy { $0.end <= $1.start })
        #expect(heard.words.allSatisfy { $0.confidence > 0.3 && $0.confidence <= 1 })

        let beam = try model.transcribe(signal, search: TranscriptionSearch(width: 8, alternatives: 3))
        #expect(beam.text == "low low high" && beam.alternatives.count == 3)
        #expect(beam.alternatives[0].score >= beam.alternatives[1].score)
        let aligned = try #require(try model.align("low low high", to: signal))
        #expect(aligned.words.map(\.text) == ["low", "low", "high"])
        #expect(throws: RecurrentError.self) { try model.align("low loud", to: signal) }
        let picture = try model.chart(of: signal, heard, title: "three <tones>").svg()
        #expect(picture.contains("three &lt;tones&gt;") && picture.contains(">low<"))

        // Nothing is said where nothing is heard.
        #expect(model.transcribe(samples: []).text == "")
        let silence = [Float](repeating: 0, count: 8000)
        #expect(model.transcribe(samples: silence).duration == 1)
        guard streaming else {
            #expect(throws: RecurrentError.self) { try TranscriptionStream(model) }
            return
        }
        for piece in [1, 77, 800, 100_000] {
            var stream = try TranscriptionStream(model)
            var found: [Transcription.Piece] = []
            for begin in stride(from: 0, to: signal.samples.count, by: piece) {
                found += stream.append(Array(signal.samples[begin..<min(signal.samples.count, begin + piece)]))
            }
            found += stream.finish()
            #expect(found.map(\.text) == ["low", "low", "high"])
            #expect(found.map(\.start) == heard.symbols.map(\.start))
        }
        // At another rate the sound is the same, and so are the words.
        var stream = try TranscriptionStream(model, sampleRate: 16_000)
        let fine = try signal.resampled(to: 16_000).samples
        #expect((stream.append(fine) + stream.finish()).map(\.text) == ["low", "low", "high"])
    }

    @Test func charactersMakeWordsThatEndAtABlank() {
        let alphabet = ["a", "b", " "].enumerated().map { index, text in
            Transcription.Piece(
                text: text, start: Double(index), end: Double(index) + 0.5, confidence: 1 - Double(index) / 10)
        }
        let symbols = [alphabet[2], alphabet[0], alphabet[1], alphabet[2], alphabet[2], alphabet[1]]
        var words = StreamedWords(unit: .characters)
        var found: [Transcription.Piece] = []
        for symbol in symbols { found += words.add([symbol]) }
        found += words.finish()
        #expect(found.map(\.text) == ["ab", "b"])
        #expect(found[0].start == 0 && found[0].end == 1.5 && found[0].confidence == 0.9)
        #expect(words.finish().isEmpty)
    }

    @Test func badListsAreNamedByLine() throws {
        let folder = temporary()
        try FileSystem().makeFolder(folder)
        defer { remove(folder) }
        func refused(_ table: String, _ part: String, _ change: (inout TranscriptionOptions) -> Void = { _ in }) throws
        {
            try FileSystem().write(table, to: folder + "/list.csv")
            var choices = options()
            change(&choices)
            let error = #expect(throws: RecurrentError.self) {
                try TranscribeTask(file: folder + "/list.csv", options: choices) { folder + "/run" }
            }
            #expect(error?.description.contains(part) ?? false, "\(error?.description ?? "")")
        }
        try Tones.recording(["low"], seed: 1).write(to: folder + "/a.wav")
        try AudioSignal([0, 0.1, 0], sampleRate: 8000).write(to: folder + "/short.wav")
        try refused("", "is empty")
        try refused("name,said\na.wav,low\n", "path and text")
        try refused("path,text\na.wav\n", "list.csv:2")
        try refused("path,text\n,low\n", "path is empty")
        try refused("path,text\nb.wav,low\n", "b.wav")
        try refused("path,text\na.wav,\n", "texts are empty")
        try refused("path,text\nshort.wav,low low high\n", "short.wav: ")
        try refused("path,text\na.wav,low!\n", "outside of the alphabet: !") { $0.alphabet = "low " }
        try FileSystem().write("path,text\na.wav,low\nshort.wav,low low mid\n", to: folder + "/list.csv")
        let task = try TranscribeTask(file: folder + "/list.csv", options: options()) { folder + "/run" }
        #expect(task.notes.contains { $0.contains("short.wav") && $0.contains("too short") })
    }

    @Test func aFolderOfRecordingsBesideTheirTextsIsAList() throws {
        let folder = temporary()
        try FileSystem().makeFolder(folder)
        defer { remove(folder) }
        for name in ["b", "a"] { try Tones.recording(["low"], seed: 1).write(to: folder + "/\(name).wav") }
        try FileSystem().write("low \n tide\n", to: folder + "/a.txt")
        let missing = #expect(throws: RecurrentError.self) { try TranscribedRecordings.read(folder) }
        #expect(missing?.description.contains("b.txt") ?? false)
        try FileSystem().write("mid", to: folder + "/b.txt")
        let list = try TranscribedRecordings.read(folder)
        #expect(list.map(\.text) == ["low tide", "mid"])
        #expect(list[0].path == folder + "/a.wav")
    }

    @Test func anAlignmentShowsWhatWasReplacedLeftOutAndPutIn() {
        let lines = TranscriptionReport.alignment("the cat sat down", reference: "a cat has sat")
        #expect(lines[0].split(separator: " ") == ["said", "a", "cat", "has", "sat", "*"])
        #expect(lines[1].split(separator: " ") == ["found", "the", "cat", "*", "sat", "down"])
        #expect(lines[2].split(separator: " ") == ["S", "D", "I"])
        var report = TranscriptionReport()
        report.add("the cat sat down", reference: "a cat has sat")
        #expect(report.words.edits == 3 && report.words.referenceLength == 4)
    }
}
