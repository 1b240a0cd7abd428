public import RecurrentData
import RecurrentFormats
import RecurrentNN
import RecurrentTensor

/// How the tags of the data are those of the network: spans are learnt in one scheme and written in that of the data.
public struct TagSet: Sendable, Hashable {
    /// The scheme in which the data write spans; nil where tags are no spans.
    public let written: TagScheme?
    /// The scheme in which the network learns them.
    public let learnt: TagScheme?

    init(written: TagScheme?, learnt: TagScheme? = .bio) {
        self.written = written
        self.learnt = written == nil ? nil : learnt ?? .bio
    }

    /// Tags of the data as the network learns them; broken ones are mended.
    func inward(_ tags: [String]) -> [String] { learnt.map { $0.converted(tags) } ?? tags }

    /// Tags of the network as the data write them.
    func outward(_ tags: [String]) -> [String] { written.map { $0.converted(tags) } ?? tags }

    /// Whether a network with these tags can be: where tags write spans, what lies outside them has a tag.
    ///
    /// - Throws: `badModel` where it has none.
    func check(_ vocabulary: TaggerVocabulary, _ source: String) throws(RecurrentError) {
        guard learnt != nil, !vocabulary.tags.contains("O") else { return }
        throw RecurrentError(.badModel, "the tags write spans, but none is \"O\"", at: source)
    }

    /// What may follow what, for a network with a field.
    func rules(for tags: [String]) -> TransitionRules? {
        learnt.map { scheme in
            let rules = scheme.rules(for: tags)
            return TransitionRules(follows: rules.follows, begins: rules.begins, ends: rules.ends)
        }
    }

    /// All tags that a network has to know so that it can write every span that occurs in `tags`, in an order.
    func complete(_ tags: Set<String>) -> [String] {
        guard let learnt else { return tags.sorted() }
        // Of each type a span of one token and one of three show every letter.
        var all = tags.union(["O"])
        for span in tags.flatMap({ TagScheme.spans(of: [$0]) }) {
            all.formUnion(learnt.tags(of: [Span(type: span.type, first: 0, last: 0)], count: 1))
            all.formUnion(learnt.tags(of: [Span(type: span.type, first: 0, last: 2)], count: 3))
        }
        // An untouched IOB1 begins with I; B occurs where spans touch.
        if learnt == .iob1 { all.formUnion(all.filter { $0.hasPrefix("I") }.map { "B" + $0.dropFirst() }) }
        return ["O"] + all.subtracting(["O"]).sorted()
    }

    var json: JSON {
        [
            "written": written.map { .string($0.rawValue) } ?? .null,
            "learnt": learnt.map { .string($0.rawValue) } ?? .null,
        ]
    }

    /// - Throws: `badModel` where a scheme is not known.
    init(_ json: JSONCursor) throws(RecurrentError) {
        written = try json["written"].ifPresent?.choice()
        learnt = try json["learnt"].ifPresent?.choice()
        guard (written == nil) == (learnt == nil) else { throw json.error("names one scheme of two") }
    }
}
