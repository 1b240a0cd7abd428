import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Likes one label after another.
private struct Follows: LabelScorer {
    let bonus: [[Double]]
    let last: [Double]
    var start: Int { 0 }
    func score(of label: Int, after state: Int) -> Double { bonus[state][label] }
    func state(after state: Int, label: Int) -> Int { label }
    func endScore(after state: Int) -> Double { last[state] }
}

@Suite struct CTCDecodingTests {
    static func frames(_ timeSteps: Int, _ classes: Int, _ stream: UInt64) -> (logits: Tensor, logp: Tensor) {
        let logits = randomTensor([timeSteps, classes], stream, of: .float32) * 2
        return (logits, logits.logSoftmax())
    }

    static func push<Scorer>(_ logp: Tensor, into search: inout CTCPrefixSearch<Scorer>) {
        let (values, K) = (logp.scalars(of: Float.self), logp.shape[1])
        for t in 0..<logp.shape[0] { search.push(Array(values[t * K..<(t + 1) * K])) }
    }

    @Test(arguments: 1...12)
    func aWideSearchFindsTheMostProbableLabellingOfAll(_ stream: Int) throws {
        let (logits, logp) = CTCDecodingTests.frames(6, 3, UInt64(stream))
        let blank = stream % 3
        let oracle = CTCOracle(logits: logits.doubles(), classes: 3, blank: blank)
        let expected = oracle.labellings().sorted { $0.value > $1.value }
        var search = CTCPrefixSearch(blank: blank, width: 10_000)
        CTCDecodingTests.push(logp, into: &search)
        let found = search.results(5)
        for (found, expected) in zip(found, expected) {
            #expect(found.labels == expected.key)
            // Six logarithms in single precision, each within 3e-7.
            #expect(abs(found.logProbability - Double.log(expected.value)) < 3e-6)
        }
        #expect(search.results(10_000).count == expected.count)
    }

    @Test func aScorerIsAddedForEveryLabelAndForTheEnd() {
        let (logits, logp) = CTCDecodingTests.frames(5, 3, 40)
        let scorer = Follows(bonus: [[0, 0.5, -1], [0, -2, 1.5], [0, 1, 0.25]], last: [0.1, -0.7, 0.9])
        let oracle = CTCOracle(logits: logits.doubles(), classes: 3, blank: 0)
        let expected = oracle.labellings().map { labels, probability -> (labels: [Int32], score: Double) in
            var (score, state) = (Double.log(probability), 0)
            for label in labels {
                score += scorer.bonus[state][Int(label)]
                state = Int(label)
            }
            return (labels, score + scorer.last[state])
        }.sorted { $0.score > $1.score }
        var search = CTCPrefixSearch(width: 10_000, scorer: ScorerPair(NoScorer(), scorer))
        CTCDecodingTests.push(logp, into: &search)
        for (found, expected) in zip(search.results(10), expected) {
            #expect(found.labels == expected.labels)
            #expect(abs(found.score - expected.score) < 3e-6)
        }
    }

    @Test func committingOnTheWayChangesNoAnswerAndForgetsWhatIsSettled() {
        let (_, logp) = CTCDecodingTests.frames(9000, 5, 41)
        let sharp = (logp * 3).logSoftmax()
        let (values, K) = (sharp.scalars(of: Float.self), 5)
        var whole = CTCPrefixSearch(width: 8)
        var parts = CTCPrefixSearch(width: 8)
        var stable: [Int32] = []
        var frames: [Int] = []
        for t in 0..<9000 {
            let frame = Array(values[t * K..<(t + 1) * K])
            whole.push(frame)
            parts.push(frame)
            guard t % 50 == 0 else { continue }
            for (label, frame) in parts.commit() {
                stable.append(label)
                frames.append(frame)
            }
        }
        #expect(stable.count > 1000)
        let (all, rest) = (whole.results()[0], parts.results()[0])
        #expect(stable + rest.labels == all.labels)
        #expect(frames + rest.frames == all.frames)
        #expect(all.frames == all.frames.sorted())
    }

    @Test func theBestPathIsTheBestClassOfEachFrame() {
        for stream in UInt64(50)..<60 {
            let (_, logp) = CTCDecodingTests.frames(30, 4, stream)
            let values = logp.scalars(of: Float.self)
            let path = (0..<30).map { t in (0..<4).max { values[t * 4 + $0] < values[t * 4 + $1] }! }
            let spans = CTCBestPath.labels(of: logp)
            #expect(spans.map(\.label) == CTCOracle.labels(of: path, blank: 0))
            for span in spans { #expect(span.frames.allSatisfy { path[$0] == Int(span.label) }) }
        }
    }

    @Test(arguments: [[1], [2, 2], [1, 2, 1], [2, 1, 1], []] as [[Int32]])
    func theAlignmentIsTheMostProbablePathThatSpellsTheLabels(_ labels: [Int32]) throws {
        for stream in UInt64(60)..<70 {
            let (logits, logp) = CTCDecodingTests.frames(6, 3, stream)
            let best = try #require(CTCOracle(logits: logits.doubles(), classes: 3, blank: 0).bestPath(of: labels))
            let found = try #require(CTCAlignment(labels, logProbabilities: logp))
            #expect(abs(found.logProbability - Double.log(best.probability)) < 3e-6)
            var path = [Int](repeating: 0, count: 6)
            for span in found.spans { for t in span.frames { path[t] = Int(span.label) } }
            #expect(path == best.path)
            #expect(found.spans.map(\.label) == labels)
            #expect(found.spans.allSatisfy { $0.confidence > 0 && $0.confidence <= 1 })
        }
        #expect(CTCAlignment([1, 1], logProbabilities: CTCDecodingTests.frames(2, 3, 1).logp) == nil)
    }
}
