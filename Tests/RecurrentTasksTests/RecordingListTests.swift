import RecurrentData
import RecurrentFormats
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// A folder with a tone of a few hundredths of a second under each of these names.
private func recordings(_ names: [String], rate: Int = 8000, samples: Int = 800) throws -> String {
    let folder = temporaryFolder()
    for (index, name) in names.enumerated() {
        if let slash = name.lastIndex(of: "/") { try FileSystem().makeFolder(folder + "/" + name[..<slash]) }
        let values = (0..<samples).map { Float(($0 * (index + 1)) % 50) / 100 }
        try AudioSignal(values, sampleRate: rate).write(to: folder + "/" + name)
    }
    return folder
}

private func examples(_ path: String, _ options: SignalFileOptions = SignalFileOptions()) throws -> [SignalExample] {
    let reader = try SignalFile(path, options: options).reader()
    var all: [SignalExample] = []
    while let example = try reader.next() { all.append(example) }
    return all
}

private func refusal(_ path: String) -> String {
    do {
        _ = try examples(path)
        return "accepted"
    } catch { return "\(error)" }
}

@Suite struct RecordingListTests {
    @Test func theNameOfTheInnerFolderIsTheClass() throws {
        let folder = try recordings(["dog/a.wav", "cat/b.wav", "cat/a.wav"])
        let found = try examples(folder)
        #expect(found.map(\.label) == ["cat", "cat", "dog"])
        // 800 samples of 8 kHz: a row every 80, of 40 mels.
        #expect(found.allSatisfy { $0.values.count == 10 * 40 })
        #expect(SignalFile.looksLikeSignals(folder) && SignalFile.looksLikeSignals(folder + "/dog/a.wav"))
    }

    @Test func namesOfPartsTellClassAndSpeaker() throws {
        let folder = try recordings(["7_ann_0.wav", "7_bob_0.wav", "9_ann_0.wav", "9_bob_1.wav"])
        let found = try examples(folder)
        #expect(found.map(\.label) == ["7", "7", "9", "9"])
        #expect(found.map(\.group) == ["ann", "bob", "ann", "bob"])
        // Names that begin alike nowhere are no classes.
        let message = refusal(try recordings(["a_1.wav", "b_2.wav"]))
        #expect(message.contains("nothing tells the class") && message.contains("a_1.wav"))
    }

    @Test func aTableNamesPathsBesideIt() throws {
        let folder = try recordings(["x/a.wav", "x/b.wav"], rate: 16_000)
        let table = folder + "/list.csv"
        try FileSystem().write("speaker,path,label\nann,x/b.wav,no\nbob,\(folder)/x/a.wav,yes\n", to: table)
        let found = try examples(table)
        #expect(found.map(\.label) == ["no", "yes"] && found.map(\.group) == ["ann", "bob"])
        #expect(found.map(\.place) == [table + ":2", table + ":3"])
        #expect(SignalFile.looksLikeSignals(table))
        var options = SignalFileOptions()
        options.label = "lable"
        let unknown = #expect(throws: RecurrentError.self) {
            options.form = .wav
            return try examples(table, options)
        }
        #expect(unknown?.description.contains("did you mean \"label\"") == true, "\(unknown?.description ?? "")")
        try FileSystem().write("path,label\nx/c.wav,no\n", to: table)
        let missing = refusal(table)
        #expect(missing.contains("x/c.wav: no such file"), "\(missing)")
    }

    @Test func aModelHearsAsItWasTaughtTo() throws {
        var options = SignalFileOptions()
        options.features = .kaldiMFCC(sampleRate: 16_000)
        let folder = try recordings(["cat/a.wav", "dog/a.wav"])
        // Recordings of 8 kHz are brought to the rate of the features.
        #expect(try examples(folder, options).allSatisfy { $0.values.count == 8 * 13 })
    }

    @Test func emptyRecordingsAndFoldersAreNamed() throws {
        let folder = try recordings(["cat/a.wav", "dog/a.wav"], samples: 0)
        #expect(refusal(folder).contains("holds no samples"))
        #expect(refusal(folder + "/cat/b.wav").contains("no such file"))
        #expect(refusal(temporaryFolder()).contains("no files of signals"))
    }
}
