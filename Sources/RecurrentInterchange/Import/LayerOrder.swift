import RecurrentNN
import RecurrentTensor

/// Finds the order of layers from their sizes, or takes it from a person.
struct LayerOrder {
    let groups: [WeightGroup]
    let candidates: [[NetworkPart]]
    let source: String

    typealias Chain = [(name: String, part: NetworkPart)]

    // MARK: - Given

    /// The chain that a list names: layers by name (`embedding:table` or `linear:table` where the shapes do not tell), and
    /// functions between them.
    func given(_ words: [String]) throws(RecurrentError) -> Chain {
        var chain: Chain = []
        var used: Set<Int> = []
        for word in words {
            if let (index, part) = try layer(word) {
                guard used.insert(index).inserted else { throw refuse("'\(word)' stands twice in the order") }
                chain.append((groups[index].name, part))
            } else if let function = NetworkFunction(rawValue: word.replacing("_", with: "-")) {
                chain.append(("", .function(function)))
            } else {
                throw refuse(
                    "there is no layer and no function '\(word)'",
                    help: Spelling.help(
                        for: word, in: groups.map(\.shown) + NetworkFunction.allCases.map(\.rawValue), limit: 40))
            }
        }
        let lost = groups.indices.filter { !used.contains($0) }.map { "'\(groups[$0].shown)'" }
        guard lost.isEmpty else {
            throw refuse("the order does not name \(lost.prefix(5).joined(separator: ", "))")
        }
        return chain
    }

    private func layer(_ word: String) throws(RecurrentError) -> (index: Int, part: NetworkPart)? {
        if let index = groups.firstIndex(where: { $0.shown == word || $0.name == word }) {
            guard candidates[index].count == 1 else {
                throw refuse(
                    "'\(word)' can be an embedding or a linear layer", help: "say embedding:\(word) or linear:\(word)")
            }
            return (index, candidates[index][0])
        }
        guard let colon = word.firstIndex(of: ":"),
            let index = groups.firstIndex(where: { $0.shown == word[word.index(after: colon)...] })
        else { return nil }
        if let part = candidates[index].first(where: { $0.kind == word[..<colon] }) { return (index, part) }
        // What a name hints at does not bind who says otherwise.
        switch (candidates[index][0], word[..<colon]) {
        case (.embedding(let count, let size), "linear"):
            return (index, .linear(inputSize: size, outputSize: count, hasBias: false))
        case (.linear(let inputSize, let outputSize, false), "embedding"):
            return (index, .embedding(count: outputSize, size: inputSize))
        default: throw refuse("'\(groups[index].shown)' is no \(word[..<colon])")
        }
    }

    // MARK: - Found

    /// The only chain in which each layer takes what the one before it gives.
    ///
    /// - Throws: `badModel` where there is none, or more than one, which are then listed.
    func found() throws(RecurrentError) -> Chain {
        var search = Search(order: self)
        search.extend()
        let all = search.found
        if search.isExhausted, all.isEmpty {
            throw RecurrentError(
                .badModel, "the order of \(groups.count) layers cannot be found", at: source,
                why: "there are too many ways",
                help: "--order says it, such as --order \(example)")
        }
        guard let chain = all.first else {
            let sizes = zip(groups, candidates).map { "\($0.shown) (\(Self.text($1)))" }
            throw RecurrentError(
                .badModel, "these layers do not make a chain: " + sizes.prefix(12).joined(separator: ", "), at: source,
                why: "in any order one of them takes another number of features than the one before it gives",
                help: "the file may hold more than one network, or one that is no chain")
        }
        guard all.count == 1, !search.isExhausted else {
            let shown = all.prefix(8).map { "  " + Self.text($0) }.joined(separator: "\n")
            let more = all.count > 8 || search.isExhausted ? "\n  …" : ""
            throw RecurrentError(
                .badModel, "the order of the layers cannot be told from their sizes; it may be\n\(shown)\(more)",
                at: source,
                help: "--order says it, such as --order \(Self.words(chain))")
        }
        for (first, second) in zip(chain, chain.dropFirst()) {
            guard case .linear = first.part, case .linear = second.part else { continue }
            let words = Self.words(chain, between: (first.name, second.name))
            throw RecurrentError(
                .badModel, "what stands between '\(first.name)' and '\(second.name)' is not in the file", at: source,
                why: "two linear layers with nothing between them would be one",
                help: "--order says it, such as --order \(words)")
        }
        return chain
    }

    private var example: String { groups.prefix(3).map(\.shown).joined(separator: ",") + ",…" }

    private static func text(_ parts: [NetworkPart]) -> String {
        parts.map { part in
            let input = part.takesTokens ? "tokens" : part.inputSize.map { "\($0)" } ?? "?"
            return "\(part.kind) \(input) → \(part.outputSize ?? 0)"
        }.joined(separator: ", or ")
    }

    private static func text(_ chain: Chain) -> String {
        chain.map { ($0.part.takesTokens ? "embedding:" : "") + shown($0.name) }.joined(separator: " → ")
    }

    private static func shown(_ name: String) -> String { name.isEmpty ? "." : name }

    private static func words(_ chain: Chain, between pair: (String, String)? = nil) -> String {
        var words: [String] = []
        for (name, _) in chain {
            if let pair, name == pair.1, words.last == shown(pair.0) { words.append("relu") }
            words.append(shown(name))
        }
        return words.joined(separator: ",")
    }

    private func refuse(_ what: String, help: String? = nil) -> RecurrentError {
        RecurrentError(.usage, what, at: "--order", help: help)
    }
}

/// A walk over all chains, which ends after some are found or many were tried.
private struct Search {
    let order: LayerOrder
    /// For each layer those that stand before it by their names.
    let before: [[Int]]
    var found: [LayerOrder.Chain] = []
    private var chain: [(index: Int, part: NetworkPart)] = []
    private var isUsed: [Bool]
    private var steps = 0
    private(set) var isExhausted = false

    init(order: LayerOrder) {
        self.order = order
        isUsed = order.groups.map { _ in false }
        let names = order.groups.map { NumberedName($0.name) }
        before = names.indices.map { b in names.indices.filter { names[$0].precedes(names[b]) } }
    }

    mutating func extend() {
        steps += 1
        if steps > 200_000 || found.count > 8 {
            isExhausted = true
            return
        }
        if chain.count == order.groups.count {
            found.append(chain.map { (order.groups[$0.index].name, $0.part) })
            return
        }
        for index in order.groups.indices where !isUsed[index] && before[index].allSatisfy({ isUsed[$0] }) {
            for part in order.candidates[index] where fits(part) {
                isUsed[index] = true
                chain.append((index, part))
                extend()
                chain.removeLast()
                isUsed[index] = false
                if isExhausted { return }
            }
        }
    }

    private func fits(_ part: NetworkPart) -> Bool {
        guard let last = chain.last else { return true }
        return !part.takesTokens && last.part.outputSize == part.inputSize
    }
}

/// A name with its numbers: layers whose names differ in a number alone stand in its order.
private struct NumberedName {
    /// The name with every number replaced by a mark.
    private var pattern: [UInt8] = []
    private var numbers: [[UInt8]] = []

    init(_ name: String) {
        var isNumber = false
        for byte in name.utf8 {
            if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                if !isNumber {
                    pattern.append(0)
                    numbers.append([])
                }
                isNumber = true
                numbers[numbers.count - 1].append(byte)
            } else {
                isNumber = false
                pattern.append(byte)
            }
        }
    }

    func precedes(_ other: NumberedName) -> Bool {
        if pattern == other.pattern {
            for (a, b) in zip(numbers, other.numbers) where a != b {
                return a.count != b.count ? a.count < b.count : a.lexicographicallyPrecedes(b)
            }
            return false
        }
        // As Keras counts: lstm, lstm_1, lstm_2.
        return other.pattern == pattern + [UInt8(ascii: "_"), 0]
    }
}
