import RecurrentData
import RecurrentTensor
import Testing

private func tags(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

@Suite struct TagSchemeTests {
    static let forms: [TagScheme: String] = [
        .iob1: "I-A I-A B-A O I-B I-A O I-B", .bio: "B-A I-A B-A O B-B B-A O B-B",
        .iobes: "B-A E-A S-A O S-B S-A O S-B", .bilou: "B-A L-A U-A O U-B U-A O U-B",
    ]
    static let spans = [
        Span(type: "A", first: 0, last: 1), Span(type: "A", first: 2, last: 2), Span(type: "B", first: 4, last: 4),
        Span(type: "A", first: 5, last: 5), Span(type: "B", first: 7, last: 7),
    ]

    @Test(arguments: TagScheme.allCases)
    func everySchemeWritesAndReadsTheSameSpans(_ scheme: TagScheme) throws {
        let form = tags(try #require(Self.forms[scheme]))
        #expect(TagScheme.spans(of: form) == Self.spans)
        #expect(scheme.tags(of: Self.spans, count: 8) == form)
        for other in TagScheme.allCases { #expect(scheme.converted(tags(Self.forms[other] ?? "")) == form) }
    }

    @Test(arguments: TagScheme.allCases)
    func aSchemeIsFoundFromItsTags(_ scheme: TagScheme) throws {
        var detector = TagSchemeDetector()
        detector.add(tags(try #require(Self.forms[scheme])))
        #expect(detector.scheme == scheme && detector.brokenCount == 0)
    }

    @Test(arguments: TagScheme.allCases)
    func randomSpansSurviveEveryConversion(_ scheme: TagScheme) {
        var stream = RandomStream(seed: 5)
        for _ in 0..<300 {
            let count = 1 + stream.below(12)
            var spans: [Span] = []
            var place = 0
            while place < count {
                let last = min(count - 1, place + stream.below(3))
                if stream.below(3) > 0 {
                    spans.append(Span(type: ["A", "B-C", "_"][stream.below(3)], first: place, last: last))
                }
                place = last + 1
            }
            let written = scheme.tags(of: spans, count: count)
            #expect(TagScheme.spans(of: written) == spans, "\(written)")
            let kinds = Array(Set(written + ["O"])).sorted()
            let rules = scheme.rules(for: kinds)
            let path = written.compactMap { kinds.firstIndex(of: $0) }
            #expect(rules.begins[path[0]] && rules.ends[path[count - 1]])
            #expect(zip(path, path.dropFirst()).allSatisfy { rules.follows[$0.0][$0.1] }, "\(written)")
        }
    }

    @Test(arguments: TagScheme.allCases)
    func theRulesAllowExactlyWhatTheSchemeWrites(_ scheme: TagScheme) {
        let kinds: [String]
        switch scheme {
        case .iob1, .bio: kinds = ["O", "B-A", "I-A", "B-B", "I-B"]
        case .iobes: kinds = ["O", "B-A", "I-A", "E-A", "S-A", "B-B", "E-B"]
        case .bilou: kinds = ["O", "B-A", "I-A", "L-A", "U-A", "B-B", "L-B"]
        }
        let rules = scheme.rules(for: kinds)
        let count = kinds.count
        var allowed = 0
        for code in 0..<count * count * count * count {
            let path = [code % count, code / count % count, code / count / count % count, code / count / count / count]
            let keeps =
                rules.begins[path[0]] && rules.ends[path[3]]
                && zip(path, path.dropFirst()).allSatisfy { rules.follows[$0.0][$0.1] }
            let written = path.map { kinds[$0] }
            #expect(keeps == (scheme.converted(written) == written), "\(written)")
            allowed += keeps ? 1 : 0
        }
        #expect(allowed > 10)
    }

    @Test func tagsThatBeginWronglyAreReadAsSpansAndCounted() {
        #expect(TagScheme.bio.converted(tags("I-A I-A O I-B I-A")) == tags("B-A I-A O B-B B-A"))
        #expect(TagScheme.iobes.converted(tags("I-A E-A B-A O E-B")) == tags("B-A E-A S-A O S-B"))
        var detector = TagSchemeDetector()
        for _ in 0..<5 { detector.add(tags("O B-A I-A B-B O")) }
        detector.add(tags("O I-A O"))
        #expect(detector.scheme == .bio && detector.brokenCount == 1)
    }

    @Test(arguments: ["NOUN VERB", "O O O", "B-A I-A NN", "-LRB- O", "O-A", "B- O", "", "B-A L-A E-A"])
    func otherTagsWriteNoSpans(_ text: String) {
        var detector = TagSchemeDetector()
        detector.add(tags(text))
        #expect(detector.scheme == nil)
    }

    @Test func tagsWithoutATypeAreSpansToo() {
        #expect(
            TagScheme.spans(of: tags("B I O B")) == [
                Span(type: "_", first: 0, last: 1), Span(type: "_", first: 3, last: 3),
            ])
        #expect(TagScheme.iobes.converted(tags("B I O B")) == tags("B E O S"))
    }
}
