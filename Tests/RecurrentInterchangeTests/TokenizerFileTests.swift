import RecurrentData
import RecurrentFormats
import RecurrentInterchange
import RecurrentTensor
import Testing

@Suite struct TokenizerFileTests {
    static let folder =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        + "/Fixtures/tokenizers/"

    @Test(arguments: ["byte_pairs", "few_bytes", "words", "spaced"])
    func filesOfThePythonPackageGiveItsNumbers(name: String) throws {
        let tokenizer = try Tokenizer(file: Self.folder + name + ".json")
        let golden = JSONCursor(try JSON(parsing: try FileSystem().read(Self.folder + name + ".ids.json"), from: name))
        let texts = try golden["texts"].strings()
        let ids = try golden["ids"].elements().map { try $0.ints().map { Int32($0) } }
        #expect(!texts.isEmpty && texts.count == ids.count)
        for (text, expected) in zip(texts, ids) { #expect(tokenizer.encode(text) == expected, "\(text)") }
        let again = try Tokenizer(JSONCursor(try JSON(parsing: tokenizer.json.bytes(), from: "again")))
        #expect(again == tokenizer)
    }

    static let trained: [Tokenizer] = [
        .bytes(), .bytes(specials: .all), .bytePairs(from: texts, size: 300, specials: .all),
        .characters(from: texts, specials: .all), .graphemes(from: texts), .words(from: texts, lowercased: true),
        .words(from: texts, splitting: .whitespace), .words(from: texts, splitting: .wordRuns), .words(from: []),
    ]
    static let texts = ["a cat and a cat", "é e\u{301} \u{212B} Å \"\\ \u{0} 👍🏽", "漢字 かな"]

    @Test(arguments: trained)
    func aFileGivesBackTheSameTokenizer(tokenizer: Tokenizer) throws {
        let folder = Scratch()
        try tokenizer.write(to: folder("tokenizer.json"))
        let again = try Tokenizer(file: folder("tokenizer.json"))
        #expect(again == tokenizer)
        #expect(again.kind == tokenizer.kind)
        #expect(
            [again.padding, again.unknown, again.begin, again.end]
                == [tokenizer.padding, tokenizer.unknown, tokenizer.begin, tokenizer.end])
        for text in Self.texts { #expect(again.encode(text) == tokenizer.encode(text)) }
    }

    @Test(arguments: [
        (#"{}"#, "model"),
        (#"{"model":{"type":"Unigram","vocab":[]}}"#, "Unigram"),
        (#"{"model":{"type":"WordLevel","vocab":{},"unk_token":"x"}}"#, "is empty"),
        (#"{"model":{"type":"WordLevel","vocab":{"a":0,"b":0},"unk_token":"a"}}"#, "twice"),
        (#"{"model":{"type":"WordLevel","vocab":{"a":7},"unk_token":"a"}}"#, "each once"),
        (#"{"model":{"type":"WordLevel","vocab":{"a":-1},"unk_token":"a"}}"#, "from 0"),
        (#"{"model":{"type":"WordLevel","vocab":{"a":1e300},"unk_token":"a"}}"#, "from 0"),
        (#"{"model":{"type":"WordLevel","vocab":{"a":9223372036854775807}}}"#, "from 0"),
        (#"{"model":{"type":"WordLevel","vocab":{"a":0}},"pre_tokenizer":{"type":"Metaspace"}}"#, "Metaspace"),
        (#"{"model":{"type":"WordLevel","vocab":{"a":0}},"pre_tokenizer":{"type":"ByteLevel"}}"#, "byte pairs"),
        (#"{"model":{"type":"WordLevel","vocab":{"a":0}},"normalizer":{"type":"NFKC"}}"#, "NFKC"),
        (
            #"{"model":{"type":"WordLevel","vocab":{"a":0}},"post_processor":{"type":"TemplateProcessing"}}"#,
            "TemplateProcessing"
        ),
        (
            #"{"model":{"type":"WordLevel","vocab":{"a":0}},"added_tokens":[{"id":5,"content":"a"}]}"#,
            "the vocabulary gives"
        ),
        (#"{"model":{"type":"WordLevel","vocab":{"a":0}},"added_tokens":[{"id":1,"content":""}]}"#, "is empty"),
        (
            #"{"model":{"type":"WordLevel","vocab":{"a":0}},"added_tokens":[{"id":1,"content":"b","lstrip":true}]}"#,
            "lstrip"
        ),
        (bytePairs(#""merges":[["a","z"]]"#), "not in the vocabulary"),
        (bytePairs(#""merges":["a  b"]"#), "pair of texts"),
        (bytePairs(#""merges":[["a"]]"#), "pair of texts"),
        (bytePairs(#""merges":{}"#), "is no list"),
        (bytePairs(#""merges":[],"dropout":0.1"#), "dropout"),
        (bytePairs(#""merges":[],"end_of_word_suffix":"</w>""#), "end_of_word_suffix"),
        (
            #"{"model":{"type":"BPE","vocab":{"猫":0},"merges":[]},"pre_tokenizer":{"type":"ByteLevel"}}"#,
            "letters of bytes"
        ),
    ])
    func whatCannotBeReadIsNamed(text: String, expected: String) throws {
        let error = #expect(throws: RecurrentError.self) {
            try Tokenizer(
                JSONCursor(try JSON(parsing: Array(text.utf8), from: "tokenizer.json"), source: "tokenizer.json"))
        }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
        #expect(error?.category == .badModel)
    }

    static func bytePairs(_ rest: String) -> String {
        #"{"model":{"type":"BPE","vocab":{"a":0,"b":1},\#(rest)},"pre_tokenizer":{"type":"ByteLevel"}}"#
    }

    @Test func theOlderSpellingOfMergesIsRead() throws {
        let text = #"{"model":{"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},"pre_tokenizer":{"type":"ByteLevel"}}"#
        let tokenizer = try Tokenizer(JSONCursor(try JSON(parsing: Array(text.utf8), from: "t")))
        #expect(tokenizer.encode("abba") == [2, 1, 0])
    }

    @Test func aFileThatIsNoJSONOrMissingIsAnError() throws {
        let folder = Scratch()
        try FileSystem().write([0xFF, 0x00, 0x61], to: folder("tokenizer.json"))
        #expect(throws: RecurrentError.self) { try Tokenizer(file: folder("tokenizer.json")) }
        #expect(throws: RecurrentError.self) { try Tokenizer(file: folder("none.json")) }
    }
}
