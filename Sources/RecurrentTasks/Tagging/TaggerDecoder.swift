import RecurrentAutodiff
import RecurrentData
import RecurrentNN
import RecurrentTensor

/// The most probable tags of sentences under one network or the mean of several.
///
/// The scores of several networks are averaged, those of tags and those of tags that follow one another: the geometric mean
/// of their distributions, which is a linear chain again.
struct TaggerDecoder: Sendable {
    let networks: [TaggerNetwork]
    let tags: [String]
    let learnt: TagScheme?
    private let field: LinearChainCRF?

    /// The steps of a batch, padding included; a longer sentence is read alone.
    private static let stepsAtOnce = 6144

    init(_ networks: [TaggerNetwork], tags: [String], learnt: TagScheme?) {
        precondition(!networks.isEmpty, "TaggerDecoder: there is no network")
        (self.networks, self.tags, self.learnt) = (networks, tags, learnt)
        var field = networks[0].field
        if networks.count > 1, field != nil {
            let others = networks.dropFirst().compactMap { $0.field?.parameters }
            field?.updateParameters { name, value in
                for other in others { for entry in other where entry.name == name { value = value + entry.value } }
                value = value * (1 / Double(networks.count))
            }
        }
        self.field = field
    }

    /// What was found in one sentence.
    struct Found: Sendable {
        /// The numbers of the tags.
        var labels: [Int32] = []
        /// The probability of each tag at its token.
        var probabilities: [Double] = []
        /// The probability of each span that the tags write, in order.
        var spanProbabilities: [Double] = []
    }

    /// The tags of sentences.
    ///
    /// - Parameters:
    ///   - word: what is seen of a token.
    ///   - withProbabilities: whether probabilities are wanted too.
    func decode<Key: Hashable>(
        _ sentences: [[Key]], withProbabilities: Bool, word: (Key) -> TaggerVocabulary.Word
    ) -> [Found] {
        var results = [Found](repeating: Found(), count: sentences.count)
        let order = sentences.indices.filter { !sentences[$0].isEmpty }.sorted {
            (sentences[$1].count, $0) < (sentences[$0].count, $1)
        }
        var begin = 0
        while begin < order.count {
            let longest = sentences[order[begin]].count
            let count = min(order.count - begin, max(1, TaggerDecoder.stepsAtOnce / longest))
            let chosen = order[begin..<begin + count]
            let batch = TaggerBatch(chosen.map { sentences[$0] }, word: word)
            for (index, found) in zip(chosen, decode(batch, withProbabilities)) { results[index] = found }
            begin += count
        }
        return results
    }

    private func decode(_ batch: TaggerBatch, _ withProbabilities: Bool) -> [Found] {
        var scores = networks[0].scores(batch).value
        if field == nil { scores = scores.logSoftmax() }
        for network in networks.dropFirst() {
            let more = network.scores(batch).value
            scores = scores + (field == nil ? more.logSoftmax() : more)
        }
        if networks.count > 1 { scores = scores * (1 / Double(networks.count)) }
        guard let field else { return each(batch, scores, withProbabilities) }
        guard withProbabilities else {
            return field.decode(scores, lengths: batch.lengths).map { Found(labels: $0.labels) }
        }
        let decoding = field.decoding(scores, lengths: batch.lengths)
        let (marginals, B) = (decoding.marginals.scalars(of: Double.self), batch.lengths.count)
        return decoding.paths.enumerated().map { b, path in
            let labels = path.labels
            let probabilities = labels.indices.map { marginals[($0 * B + b) * tags.count + Int(labels[$0])] }
            let spans = spans(labels).map { span in
                let own = Array(labels[span.first...span.last])
                let whole = decoding.probability(of: own, in: b, from: span.first)
                // A span of BIO also ends there: what goes on with it is another span.
                guard learnt == .bio || learnt == .iob1, span.last + 1 < labels.count,
                    let inside = tags.firstIndex(of: span.type == "_" ? "I" : "I-" + span.type)
                else { return whole }
                return max(0, whole - decoding.probability(of: own + [Int32(inside)], in: b, from: span.first))
            }
            return Found(labels: labels, probabilities: probabilities, spanProbabilities: spans)
        }
    }

    /// Each token judged alone.
    private func each(_ batch: TaggerBatch, _ scores: Tensor, _ withProbabilities: Bool) -> [Found] {
        let (K, B) = (tags.count, batch.lengths.count)
        let probabilities = withProbabilities ? scores.softmax().doubles() : []
        return scores.withBuffer(of: Float.self) { scores in
            batch.lengths.enumerated().map { b, length in
                var found = Found()
                for t in 0..<length {
                    let row = (t * B + b) * K
                    var best = 0
                    for k in 1..<max(1, K) where scores[row + k] > scores[row + best] { best = k }
                    found.labels.append(Int32(best))
                    if withProbabilities { found.probabilities.append(probabilities[row + best]) }
                }
                guard withProbabilities else { return found }
                found.spanProbabilities = spans(found.labels).map { span in
                    found.probabilities[span.first...span.last].reduce(1, *)
                }
                return found
            }
        }
    }

    private func spans(_ labels: [Int32]) -> [Span] {
        learnt == nil ? [] : TagScheme.spans(of: labels.map { tags[Int($0)] })
    }
}
