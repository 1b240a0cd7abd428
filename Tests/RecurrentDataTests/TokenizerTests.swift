import RecurrentData
import Testing

@Suite struct TokenizerTests {
    static let texts = [
        "", "a", "The cat  sat.\n\tIt didn't move!", "我能吞下玻璃而不伤身体。", "私はガラスを食べられます。 猫", "e\u{301} é \u{212B} Å",
        "👨‍👩‍👧‍👦🇩🇪👍🏽", "x\0y\u{7F}\u{2028}", "नमस्ते दुनिया", String(repeating: "ab", count: 300),
    ]

    static let lossless: [Tokenizer] = [
        .bytes(), .bytePairs(from: texts, size: 400), .bytePairs(from: [], size: 0), .characters(from: texts),
        .graphemes(from: texts),
    ]

    @Test(arguments: lossless)
    func decodingGivesBackTheText(tokenizer: Tokenizer) {
        for text in Self.texts {
            let ids = tokenizer.encode(text)
            #expect(Array(tokenizer.decode(ids).utf8) == Array(text.utf8))
            #expect(ids.allSatisfy { $0 >= 0 && $0 < tokenizer.count })
        }
    }

    @Test func bytesAreTheirOwnNumbers() {
        let tokenizer = Tokenizer.bytes(specials: .all)
        #expect(tokenizer.encode("aé") == [97, 0xC3, 0xA9])
        #expect(tokenizer.kind == .bytes)
        #expect(tokenizer.count == 260)
        #expect(tokenizer.end == 259)
        #expect(tokenizer.encode("a<eos>") == [97, 259])
        #expect(tokenizer.decode([97, 259]) == "a")
    }

    @Test(arguments: [Tokenizer.bytes(), .bytePairs(from: texts, size: 300)])
    func brokenUTF8IsKeptByBytesAndBytePairs(tokenizer: Tokenizer) {
        let broken: [UInt8] = [
            0x61, 0xFF, 0xE6, 0x88, 0x20, 0xC3, 0x28, 0xF4, 0x90, 0x80, 0x80, 0xED, 0xA0, 0x80, 0xE2,
        ]
        #expect(tokenizer.decodedBytes(tokenizer.encode(bytes: broken)) == broken)
        let all = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 / 256) }
        #expect(tokenizer.decodedBytes(tokenizer.encode(bytes: all)) == all)
    }

    @Test func brokenUTF8IsRepairedByCharacters() {
        let tokenizer = Tokenizer.characters(from: ["ab\u{FFFD}"])
        #expect(tokenizer.decode(tokenizer.encode(bytes: [0x61, 0xFF, 0x62])) == "a\u{FFFD}b")
    }

    @Test func charactersAreScalarsAndGraphemesWhatAPersonSees() {
        let text = "e\u{301}👍🏽\r\n"
        #expect(Tokenizer.characters(from: [text]).encode(text).count == 6)
        #expect(Tokenizer.graphemes(from: [text]).encode(text).count == 3)
        // Both spellings of an accented letter are tokens of their own.
        let both = Tokenizer.graphemes(from: ["éee\u{301}"])
        #expect(Set(both.encode("ée\u{301}")).count == 2)
    }

    @Test(arguments: [
        (
            TextSplitting.words, "Don't stop: 3.5% of O’Neil's_x",
            ["Don't", "stop", ":", "3", ".", "5", "%", "of", "O’Neil's_x"]
        ),
        (
            .words, "''quoted'' it' abc漢字かなdef",
            ["'", "'", "quoted", "'", "'", "it", "'", "abc", "漢", "字", "か", "な", "def"]
        ),
        (.whitespace, " a  b-c\u{3000}d\n", ["a", "b-c", "d"]),
        (.wordRuns, "don't... a_b", ["don", "'", "t", "...", "a_b"]),
        (.spacedWords, "we'll  go\n\n 12ab !?", ["we", "'ll", " ", " go", "\n\n", " 12", "ab", " !?"]),
        (.spacedWords, "x \n", ["x", " \n"]),
        (.spacedWords, "x\u{A0}y '", ["x", "\u{A0}", "y", " '"]),
    ])
    func wordsAreCutWhereTheyShould(splitting: TextSplitting, text: String, expected: [String]) {
        let tokenizer = Tokenizer.words(from: [text], splitting: splitting)
        #expect(tokenizer.encode(text).map { tokenizer.piece($0) } == expected)
    }

    @Test func frequentWordsComeFirstAndRareOnesAreUnknown() throws {
        let tokenizer = Tokenizer.words(
            from: ["b a b", "B c a"], maximumSize: 6, lowercased: true, specials: .all)
        #expect((0..<6).map { tokenizer.piece(Int32($0)) } == ["<pad>", "<unk>", "<bos>", "<eos>", "b", "a"])
        let unknown = try #require(tokenizer.unknown)
        #expect(tokenizer.encode("A zebra b") == [5, unknown, 4])
        #expect(tokenizer.decode([2, 5, unknown, 4, 3]) == "a <unk> b")
        #expect(Tokenizer.words(from: ["a a b"], minimumCount: 2).count == 2)
        #expect(tokenizer.id(of: "a") == 5)
        #expect(tokenizer.id(of: "zebra") == nil)
    }

    @Test func specialTokensAreFoundInTextAndNotLearnedFromIt() {
        let text = "the <unk> of the <unk>"
        let tokenizer = Tokenizer.words(from: [text])
        #expect(tokenizer.encode(text) == [1, 0, 2, 1, 0])
        #expect(tokenizer.count == 3)
    }

    @Test func noTextGivesATokenizerOfSpecialTokensAlone() {
        #expect(Tokenizer.words(from: []).encode("any thing") == [0, 0])
        #expect(Tokenizer.characters(from: [""]).encode("ab") == [0, 0])
        #expect(Tokenizer.bytePairs(from: [], size: 1_000).count == 256)
    }

    @Test func bytePairsMergeTheMostFrequentPairFirst() {
        let tokenizer = Tokenizer.bytePairs(from: ["abab abab abc"], size: 259)
        // ab stands 5 times; then ab+ab and space+abab tie at fewer.
        #expect(tokenizer.piece(256) == "ab")
        #expect(tokenizer.encode("abc").map { tokenizer.piece($0) } == ["ab", "c"])
    }

    @Test func theHeapAndTheScanMergeAlike() {
        // Words of up to 24 bytes are scanned, longer ones use the heap; without spaces a text is one word.
        var random = TestRandom(3)
        let letters = Array("abcd".utf8)
        let texts = (0..<200).map { _ in
            String(decoding: (0..<60).map { _ in letters[Int(random.next() % 4)] }, as: UTF8.self)
        }
        let tokenizer = Tokenizer.bytePairs(from: texts, size: 400)
        for text in texts.prefix(50) { #expect(tokenizer.encode(text) == merged(text, tokenizer)) }
        for text in texts.prefix(50) {
            let short = String(text.prefix(20))
            #expect(tokenizer.encode(short) == merged(short, tokenizer))
        }
    }

    /// Merges as the definition says: the first merge of the list that is possible, leftmost, again and again.
    private func merged(_ text: String, _ tokenizer: Tokenizer) -> [Int32] {
        var ids = text.utf8.compactMap { tokenizer.id(of: String(decoding: [$0], as: UTF8.self)) }
        while true {
            var best: (rank: Int, position: Int)?
            for position in 0..<max(0, ids.count - 1) {
                let rank = tokenizer.content.merges?.firstIndex {
                    $0.left == ids[position] && $0.right == ids[position + 1]
                }
                if let rank, rank < best?.rank ?? .max { best = (rank, position) }
            }
            guard let best, let merges = tokenizer.content.merges else { return ids }
            ids.replaceSubrange(best.position...best.position + 1, with: [merges[best.rank].result])
        }
    }

    @Test(.timeLimit(.minutes(10)))
    func aWordOfAMegabyteTakesNoQuadraticTime() {
        var random = TestRandom(7)
        let bytes = (0..<1_000_000).map { _ in UInt8(97 + random.next() % 26) }
        let text = String(decoding: bytes, as: UTF8.self)
        let same = String(repeating: "a", count: 1_000_000)
        let tokenizer = Tokenizer.bytePairs(from: [text, same], size: 1_000)
        #expect(tokenizer.decode(tokenizer.encode(text)) == text)
        #expect(tokenizer.encode(same).count < 2_000)
        for other in [Tokenizer.words(from: [text]), .characters(from: [text])] {
            #expect(other.decode(other.encode(text)) == text)
        }
    }

    @Test func aTextInPartsTrainsAsTheWholeList() {
        var trainer = TokenizerTrainer(.bytePairs)
        for text in Self.texts { trainer.add(bytes: text.utf8) }
        #expect(trainer.tokenizer(size: 350, minimumCount: 2) == Tokenizer.bytePairs(from: Self.texts, size: 350))
    }

    @Test func theRarestWordsAreForgottenWhereThereAreTooMany() {
        var trainer = TokenizerTrainer(.words)
        trainer.wordLimit = 100
        for number in 0..<1_000 { trainer.add("often w\(number)") }
        #expect(trainer.wordCount <= 101)
        let tokenizer = trainer.tokenizer()
        #expect(tokenizer.piece(1) == "often")
    }

    @Test func aTokenizerEqualsAnotherOfTheSameTokens() {
        #expect(Tokenizer.words(from: ["a b"]) == Tokenizer.words(from: ["a b"]))
        #expect(Tokenizer.words(from: ["a b"]) != Tokenizer.words(from: ["a b"], lowercased: true))
        #expect(Set([Tokenizer.bytes(), .bytes()]).count == 1)
    }
}
