import RecurrentData
import RecurrentTensor
import Testing

private func sentences(_ text: String, _ format: TaggedFormat = .conll()) throws -> [TaggedSentence] {
    try sentences(Array(text.utf8), format)
}

private func sentences(_ bytes: [UInt8], _ format: TaggedFormat = .conll()) throws -> [TaggedSentence] {
    let reader = TaggedReader(bytes: bytes, name: "data.conll", format: format)
    var all: [TaggedSentence] = []
    while let sentence = try reader.next() { all.append(sentence) }
    return all
}

private func refusal(_ text: String, _ format: TaggedFormat = .conll()) -> RecurrentError? {
    do {
        _ = try sentences(text, format)
        return nil
    } catch { return error as? RecurrentError }
}

@Suite struct TaggedReaderTests {
    @Test func columnsStandBetweenBlanksOrTabsAndBlankLinesBetweenSentences() throws {
        let text = "EU NNP I-ORG\nrejects\tVBZ\t O\n\n \t\n\nPeter NNP B-PER \r\n\r\nend . O"
        let expected = [
            TaggedSentence(tokens: ["EU", "rejects"], tags: ["I-ORG", "O"], line: 1),
            TaggedSentence(tokens: ["Peter"], tags: ["B-PER"], line: 6),
            TaggedSentence(tokens: ["end"], tags: ["O"], line: 8),
        ]
        #expect(try sentences(text) == expected)
        #expect(try sentences("\u{FEFF}" + text) == expected)
    }

    @Test func tokenAndTagMayStandInAnyColumn() throws {
        let text = "1 EU NNP I-ORG\n2 rejects VBZ O\n"
        #expect(
            try sentences(text, .conll(token: 1, tag: 2)) == [
                TaggedSentence(tokens: ["EU", "rejects"], tags: ["NNP", "VBZ"], line: 1)
            ])
        #expect(try sentences(text, .conll(token: 1, tag: -2))[0].tags == ["NNP", "VBZ"])
        #expect(try sentences("a\nb\n\nc", .conll(tag: nil)).map(\.tokens) == [["a", "b"], ["c"]])
    }

    @Test func aLineThatBeginsADocumentIsNoToken() throws {
        let text = "-DOCSTART- -X- -X- O\n\nEU O\n\n-DOCSTART-\n\nUN O\n"
        #expect(try sentences(text).map(\.tokens) == [["EU"], ["UN"]])
    }

    @Test func rangesAndEmptyNodesOfUniversalDependenciesAreNoTokens() throws {
        let text = """
            # text = Vámonos a 3-4
            1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_
            1\tVamos\tir\tVERB\tVB\t_\t0\troot\t_\t_
            2\tnos\tnosotros\tPRON\tPRP\t_\t1\tobj\t_\t_
            2.1\tfue\tser\tAUX\t_\t_\t_\t_\t_\t_

            # a comment between sentences
            1\ta b\ta b\tX\tFW\t_\t0\troot\t_\t_
            """
        #expect(
            try sentences(text, .conllu()) == [
                TaggedSentence(tokens: ["Vamos", "nos"], tags: ["VERB", "PRON"], line: 3),
                TaggedSentence(tokens: ["a b"], tags: ["X"], line: 8),
            ])
        #expect(try sentences(text, .conllu(.xpos)).flatMap(\.tags) == ["VB", "PRP", "FW"])
        #expect(try sentences(text, .conllu(.deprel)).flatMap(\.tags) == ["root", "obj", "root"])
        #expect(try sentences(text, .conllu(nil)).allSatisfy { $0.tags.isEmpty })
    }

    @Test func columnsAreChosenByNumberOrName() throws {
        #expect(try TaggedFormat(family: .conll) == .conll())
        #expect(try TaggedFormat(family: .conll, column: "2") == .conll(tag: 1))
        #expect(try TaggedFormat(family: .conll, column: "-2") == .conll(tag: -2))
        #expect(try TaggedFormat(family: .conllu) == .conllu(.upos))
        #expect(try TaggedFormat(family: .conllu, column: "XPOS") == .conllu(.xpos))
        #expect(try TaggedFormat(family: .conllu, column: "5") == .conllu(.xpos))
        for bad in ["0", "", "upos", "99999999999999999999"] {
            #expect(throws: RecurrentError.self) { try TaggedFormat(family: .conll, column: bad) }
        }
        for bad in ["0", "11", "-1", "9223372036854775807", "-9223372036854775808", "pos"] {
            #expect(throws: RecurrentError.self) { try TaggedFormat(family: .conllu, column: bad) }
        }
        let error = #expect(throws: RecurrentError.self) { try TaggedFormat(family: .conllu, column: "upso") }
        #expect(error?.help == "did you mean \"upos\"?")
    }

    @Test func everyErrorNamesFileAndLine() {
        #expect(refusal("a O\nb\n")?.place == "data.conll:2")
        #expect(refusal("a X\n\nb X Y\n", .conll(tag: 2))?.place == "data.conll:1")
        #expect(refusal("1\ta\n", .conllu())?.place == "data.conll:1")
        #expect(refusal("1\t\t_\tX\n", .conllu())?.what == "the token of this line is empty")
        #expect(refusal("New-York B-LOC\n", .conllu())?.what.contains("\"New-York B-LOC\"") ?? false)
        #expect(refusal("a O\n\0 O\n")?.what == "a NUL byte")
        #expect(refusal("a O\n\0 O\n")?.category == .badData)
    }

    @Test func bytesThatAreNoTextAreRefusedWithTheirLine() {
        let error = #expect(throws: RecurrentError.self) {
            _ = try sentences(Array("a O\nb O\n".utf8) + [0xE9, 0x20, 0x4F, 0x0A])
        }
        #expect(error?.place == "data.conll:3" && error?.help?.contains("iconv") ?? false)
        #expect(throws: RecurrentError.self) { _ = try sentences([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 10]) }
    }

    @Test func oneGiganticLineIsRefusedBeforeItFillsTheMemory() {
        let lines = TokenLines(
            ByteSource(bytes: [UInt8](repeating: 97, count: 300_000), name: "data.conll"), limit: 1000)
        let error = #expect(throws: RecurrentError.self) { _ = try lines.next() }
        #expect(error?.place == "data.conll:1")
    }

    @Test func aFileWithoutASentenceSaysSo() throws {
        for text in ["", "\n\n \n", "-DOCSTART- O\n"] {
            try withFile(Array(text.utf8)) { path in
                let error = #expect(throws: RecurrentError.self) {
                    _ = try TaggedReader.sentences(path: path, format: .conll())
                }
                #expect(error?.what == "there is no sentence in this file")
            }
        }
        #expect(throws: RecurrentError.self) {
            _ = try TaggedReader.sentences(path: "/nowhere/at-all", format: .conll())
        }
    }

    @Test func aBlankWithAnAccentStillSeparates() throws {
        #expect(try sentences("a \u{301} O\n")[0].tokens == ["a"])
        #expect(try sentences("\u{1F1E9}\u{1F1EA} O\n漢字 B-X\n")[0].tokens == ["🇩🇪", "漢字"])
    }

    @Test func linesThatStraddleTheBufferStayWhole() throws {
        var expected: [String] = []
        var text = ""
        for k in 0..<20_000 {
            expected.append("token\(k)" + String(repeating: "x", count: k % 13))
            text += expected[k] + " T\n"
        }
        try withFile(Array(text.utf8)) { path in
            let found = try TaggedReader.sentences(path: path, format: .conll())
            #expect(found.flatMap(\.tokens) == expected)
        }
    }

    /// The counts of `grep -cE "^[0-9]+\t"` and of blank lines.
    @Test(arguments: [("dev", 2001, 25_147), ("test", 2077, 25_094)])
    func englishWebTreebankIsReadWhole(_ part: String, _ count: Int, _ tokens: Int) throws {
        guard let path = sharedData("ud_english_ewt/en_ewt-ud-\(part).conllu") else {
            print("skipped: no ../shared/data")
            return
        }
        let all = try TaggedReader.sentences(path: path, format: .conllu())
        #expect(all.count == count)
        #expect(all.reduce(0) { $0 + $1.tokens.count } == tokens)
        #expect(Set(all.flatMap(\.tags)).count == 17)
    }

    @Test func theEmergingEntitiesAreReadWhole() throws {
        guard let path = sharedData("wnut17_ner/wnut17train.conll") else {
            print("skipped: no ../shared/data")
            return
        }
        let all = try TaggedReader.sentences(path: path, format: .conll())
        #expect(all.count == 3394 && all.reduce(0) { $0 + $1.tokens.count } == 62_730)
        var detector = TagSchemeDetector()
        for sentence in all { detector.add(sentence.tags) }
        #expect(detector.scheme == .bio && detector.brokenCount == 0)
    }
}
