import RecurrentData
import Testing

private struct Corpus {
    var translations: [String] = []
    var references: [[String]] = []
    var bleu: [[String]] = []
    var chrF: [[String]] = []
}

private func decoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
            bytes.append(value)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func corpora() throws -> [Corpus] {
    var corpora: [Corpus] = []
    for line in try fixture("translation.txt") {
        switch line[0] {
        case "corpus": corpora.append(Corpus())
        case "s":
            corpora[corpora.count - 1].translations.append(decoded(line[1]))
            corpora[corpora.count - 1].references.append(line.dropFirst(2).map(decoded))
        case "bleu": corpora[corpora.count - 1].bleu.append(line)
        case "chrf": corpora[corpora.count - 1].chrF.append(line)
        default: break
        }
    }
    return corpora
}

@Test func bleuOfEveryOptionEqualsSacrebleu() throws {
    let corpora = try corpora()
    #expect(corpora.count == 11)
    for corpus in corpora {
        #expect(corpus.bleu.count == 72)
        for line in corpus.bleu {
            let value = try #require(Double(line[3]))
            let smoothing: BLEU.Smoothing =
                switch line[2] {
                case "exp": .exponential
                case "floor": .floor(value)
                case "add-k": .addK(value)
                default: .none
                }
            let metric = BLEU(
                tokenization: try #require(BLEU.Tokenization(rawValue: line[1])), smoothing: smoothing,
                ignoresCase: line[4] == "1", usesEffectiveOrder: line[5] == "1")
            let score = metric(corpus.translations, references: corpus.references)
            let label = "\(line.prefix(6)) of \(corpus.translations)"
            #expect(score.counts.length == Int(line[8]), "\(label)")
            #expect(score.counts.referenceLength == Int(line[9]), "\(label)")
            // The same operations in the same order but for the logarithm's last bit: relative to the score.
            #expect(isClose(score.score, try #require(Double(line[6])), 1e-12), "\(label)")
            #expect(isClose(score.brevityPenalty, try #require(Double(line[7])), 1e-14), "\(label)")
            for (ours, theirs) in zip(score.precisions, line[10...13]) {
                #expect(isClose(ours, try #require(Double(theirs)), 1e-14), "\(label)")
            }
            #expect(score.signature == line[14])
            #expect(score.description == decoded(line[15]), "\(label)")
        }
    }
}

@Test func chrFOfEveryOptionEqualsSacrebleu() throws {
    for corpus in try corpora() {
        #expect(corpus.chrF.count == 5)
        for line in corpus.chrF {
            let numbers = line[1...4].compactMap { Int($0) }
            let metric = ChrF(
                characterOrder: numbers[0], wordOrder: numbers[1], beta: numbers[2], ignoresCase: numbers[3] == 1)
            let score = metric(corpus.translations, references: corpus.references)
            #expect(isClose(score, try #require(Double(line[5])), 1e-12), "\(corpus.translations)")
            #expect(metric.name == line[6])
            let counts = Set(corpus.references.map(\.count))
            #expect(metric.signature(referenceCount: counts.count == 1 ? counts.first : nil) == line[7])
        }
    }
}

@Test func bleuOfNothingIsZero() {
    let score = BLEU()([], references: [[String]]())
    #expect(score.score == 0)
    #expect(score.counts == BLEUCounts())
}

@Test func editDistancesAreThoseOfTheCheapestWayWithTheMostReplacements() throws {
    let lines = try fixture("translation.txt").filter { $0[0] == "edit" }
    #expect(lines.count == 150)
    for line in lines {
        let distance = EditDistance(Array(line[1]), reference: Array(line[2]))
        #expect(
            [distance.substitutions, distance.deletions, distance.insertions] == line[3...5].compactMap { Int($0) },
            "\(line)")
    }
}

@Test func theNearestOfSeveralReferencesCountsForAnErrorRate() {
    var rate = ErrorRate()
    rate.add(EditDistance(["K", "AE", "T"], nearestOf: [["K", "AA", "T", "S"], ["K", "AE", "T", "S"], ["B"]]))
    rate.add(EditDistance(["D"], nearestOf: [["D"], ["T"]]))
    #expect(rate.referenceLength == 5)
    #expect(rate.edits == 1 && rate.deletions == 1)
    #expect(rate.rate == 0.2)
    #expect(rate.sequenceRate == 0.5)
    #expect(ErrorRate().rate.isNaN)
}

@Test func twoLongEqualTextsAreComparedAtOnce() {
    let long = (0..<200_000).map { $0 % 97 }
    // A table of 200,000 by 200,000 would take minutes.
    let distance = EditDistance(long + [1], reference: long)
    #expect(distance.count == 1 && distance.insertions == 1)
}
