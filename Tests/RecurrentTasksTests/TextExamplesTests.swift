import RecurrentFormats
import RecurrentTasks
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite struct TextExamplesTests {
    private func examples(
        _ name: String, _ bytes: [UInt8], _ options: TextFileOptions = TextFileOptions(), needsLabels: Bool = true
    ) throws -> [TextExample] {
        let path = temporaryFolder() + "/" + name
        try FileSystem().write(bytes, to: path)
        var found: [TextExample] = []
        try TextExamples(path, options: options).forEach(needsLabels: needsLabels) { found.append($0) }
        return found
    }

    private func pairs(_ name: String, _ text: String, _ options: TextFileOptions = TextFileOptions()) throws
        -> [[String]]
    {
        try examples(name, Array(text.utf8), options).map { [$0.text, $0.label ?? "–"] }
    }

    static let expected = [["good, really", "pos"], ["so bad", "neg"], ["fine", "pos"]]

    @Test(arguments: [
        ("named.csv", "label,text\npos,\"good, really\"\nneg,so bad\npos,fine\n"),
        ("nameless.csv", "\"good, really\",pos\nso bad,neg\nfine,pos\n"),
        ("semicolon.csv", "id;Review;Sentiment\n1;good, really;pos\n2;so bad;neg\n3;fine;pos\n"),
        ("tabs.tsv", "good, really\tpos\nso bad\tneg\r\n\nfine\tpos"),
        ("named.tsv", "text\tlabel\ngood, really\tpos\nso bad\tneg\nfine\tpos\n"),
        (
            "lines.jsonl",
            #"{"sentence":"good, really","class":"pos"}"# + "\n" + #"{"class":"neg","sentence":"so bad"}"#
                + "\n\n" + #"{"sentence":"fine","class":"pos"}"# + "\n"
        ),
        ("sniffed", "good, really\tpos\nso bad\tneg\nfine\tpos\n"),
        ("mark.csv", "\u{FEFF}text,label\n\"good, really\",pos\nso bad,neg\nfine,pos\n"),
    ])
    func columnsAreFound(name: String, text: String) throws {
        #expect(try pairs(name, text) == Self.expected)
    }

    @Test func columnsCanBeNamedOrNumbered() throws {
        var options = TextFileOptions()
        (options.text, options.label) = ("b", "C")
        #expect(
            try pairs("x.csv", "a,b,c\n1,hello there,x\n2,bye,y\n", options) == [["hello there", "x"], ["bye", "y"]])
        (options.text, options.label) = ("2", "1")
        #expect(try pairs("x.tsv", "x\thello\ny\tbye\n", options) == [["hello", "x"], ["bye", "y"]])
    }

    @Test func foldersHoldClassesAsFoldersOrFiles() throws {
        let folder = temporaryFolder()
        for (name, text) in [("pos", "good"), ("neg", "bad\nvery bad")] {
            try FileSystem().makeFolder(folder + "/a/" + name)
            try FileSystem().write(text, to: folder + "/a/\(name)/1.txt")
            try FileSystem().makeFolder(folder + "/b")
            try FileSystem().write(text + "\n\nmore\n", to: folder + "/b/\(name).txt")
        }
        try FileSystem().write("not a class", to: folder + "/b/_SOURCE.txt")
        var found: [[String]] = []
        try TextExamples(folder + "/a").forEach { found.append([$0.text, $0.label ?? ""]) }
        #expect(found == [["bad\nvery bad", "neg"], ["good", "pos"]])
        found = []
        try TextExamples(folder + "/b").forEach { found.append([$0.text, $0.label ?? ""]) }
        #expect(found == [["bad", "neg"], ["very bad", "neg"], ["more", "neg"], ["good", "pos"], ["more", "pos"]])
    }

    @Test func whatIsNoUTF8IsReadAsWindows1252() throws {
        #expect(try examples("x.tsv", Array("caf".utf8) + [0xE9, 0x93, 0x09, 0x61, 0x0A])[0].text == "café“")
    }

    @Test func placesNameTheLine() throws {
        let found = try examples("x.csv", Array("text,label\n\"two\nlines\",a\nlast,b\n".utf8))
        #expect(found.map { $0.place.split(separator: ":").last } == ["2", "4"])
    }

    @Test(arguments: [
        ("empty.csv", "", "is empty", nil), ("blank.tsv", " \n\n", "is empty", nil),
        ("one.csv", "just text\nmore text\n", "no column of classes", nil),
        ("short.tsv", "a\tx\nb\n", ":2", nil), ("none.tsv", "text\tlabel\na\tx\nb\t\n", "no class", nil),
        ("bad.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n[1]\n", ":2", nil),
        ("bad2.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n{broken\n", ":2", nil),
        ("missing.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n{\"label\":\"y\"}\n", "no 'text'", nil),
        ("wrong.csv", "text,sentiment\na b,x\nc d,y\n", "did you mean \"sentiment\"?", "sentimant"),
        ("binary.tsv", "a\tb\n\u{0}\u{1}\tc\n", "NUL", nil),
    ])
    func whatCannotBeUnderstoodIsNamed(name: String, text: String, expected: String, label: String?) throws {
        var options = TextFileOptions()
        options.label = label
        let error = #expect(throws: RecurrentError.self) { try examples(name, Array(text.utf8), options) }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
        #expect(error?.category == .badData)
    }

    @Test func oneGiganticLineIsAnError() throws {
        let bytes = [UInt8](repeating: 0x61, count: (16 << 20) + (1 << 19))
        for name in ["x.tsv", "x.csv", "x.jsonl"] {
            let error = #expect(throws: RecurrentError.self) { try examples(name, bytes) }
            #expect(error?.description.contains("16 MiB") == true, "\(error?.description ?? "")")
        }
    }
}
