public import RecurrentTensor

/// How the next token is chosen from scores.
///
/// In this order: repetition penalty, temperature, the k best, the nucleus of probability p, the least share of the best
/// one's probability; among what is left chance decides by probability, or, at temperature 0, the best is taken.
public struct TokenSampler: Sendable, Hashable {
    /// What scores are divided by: below 1 safer, above 1 more surprising; 0 always takes the best.
    public var temperature = 1.0
    /// Only so many of the most probable tokens are possible; nil: all.
    public var topK: Int?
    /// Only the most probable tokens are possible that together have this probability; 1: all. Source: Holtzman et al. 2020.
    public var topP = 1.0
    /// Only tokens are possible that are at least this share as probable as the best; 0: all. Source: Nguyen et al. 2024.
    public var minP = 0.0
    /// What positive scores of tokens among the last ``repetitionWindow`` are divided by, and negative ones multiplied; 1: no
    /// penalty. Source: Keskar et al. 2019.
    public var repetitionPenalty = 1.0
    /// How many of the last tokens count as repeated.
    public var repetitionWindow = 64
    /// Tokens that are never chosen.
    public var forbidden: Set<Int32> = []

    /// Sampling by the model's own probabilities.
    public init() {}

    /// Why these choices are not possible; nil where they are.
    public var problem: (what: String, option: String)? {
        if !(temperature >= 0 && temperature <= 1e6) {
            return ("a temperature of \(temperature); 0 to 1000000 are possible", "temperature")
        }
        if let topK, topK < 1 { return ("the \(topK) best; at least 1 is needed", "top-k") }
        if !(topP > 0 && topP <= 1) { return ("a nucleus of \(topP); more than 0 and at most 1 is possible", "top-p") }
        if !(minP >= 0 && minP <= 1) { return ("a least share of \(minP); 0 to 1 are possible", "min-p") }
        if !(repetitionPenalty > 0 && repetitionPenalty <= 1e6) {
            return ("a repetition penalty of \(repetitionPenalty); more than 0 is needed", "repetition-penalty")
        }
        return nil
    }

    /// The probabilities of the tokens that may be chosen, the most probable first.
    ///
    /// - Parameters:
    ///   - scores: the logarithms of probabilities, up to a constant, one for each token.
    ///   - recent: the tokens before, the last one last.
    /// - Precondition: there are scores, and they are finite.
    public func candidates(
        _ scores: UnsafeBufferPointer<Float>, after recent: some BidirectionalCollection<Int32> = EmptyCollection()
    ) -> [(token: Int32, probability: Double)] {
        precondition(!scores.isEmpty, "TokenSampler: there are no scores")
        var altered: [Float]? = nil
        if repetitionPenalty != 1 {
            var copy = Array(scores)
            for token in Set(recent.suffix(repetitionWindow)) where copy.indices.contains(Int(token)) {
                let score = copy[Int(token)]
                copy[Int(token)] = score > 0 ? score / Float(repetitionPenalty) : score * Float(repetitionPenalty)
            }
            altered = copy
        }
        for token in forbidden where scores.indices.contains(Int(token)) {
            if altered == nil { altered = Array(scores) }
            altered?[Int(token)] = -.infinity
        }
        if let altered { return altered.withUnsafeBufferPointer { chosen($0) } }
        return chosen(scores)
    }

    private func chosen(_ scores: UnsafeBufferPointer<Float>) -> [(token: Int32, probability: Double)] {
        var best = 0
        for index in scores.indices where scores[index] > scores[best] { best = index }
        if temperature == 0 || topK == 1 { return [(Int32(best), 1)] }
        let top = Double(scores[best])
        var found: [(token: Int32, probability: Double)] = []
        // What is less probable than this cannot be part of anything that is chosen.
        let least = minP > 0 ? Double.log(minP) : -60
        for index in scores.indices {
            let logarithm = (Double(scores[index]) - top) / temperature
            if logarithm >= least { found.append((Int32(index), Double.exp(logarithm))) }
        }
        // Equal probabilities keep the order of their numbers, so that every machine chooses alike.
        if topK != nil || topP < 1 {
            found.sort { ($0.probability, -$0.token) > ($1.probability, -$1.token) }
            if let topK, found.count > topK { found.removeSubrange(topK...) }
        }
        var total = found.reduce(0) { $0 + $1.probability }
        if topP < 1 {
            var sum = 0.0
            var count = 0
            for candidate in found {
                sum += candidate.probability
                count += 1
                if sum >= topP * total { break }
            }
            found.removeSubrange(count...)
            total = sum
        }
        for index in found.indices { found[index].probability /= total }
        return found
    }

    /// Chooses the next token.
    ///
    /// - Precondition: there are scores.
    public func next(
        _ scores: UnsafeBufferPointer<Float>, after recent: some BidirectionalCollection<Int32> = EmptyCollection(),
        using random: inout RandomStream
    ) -> Int32 {
        let candidates = candidates(scores, after: recent)
        guard candidates.count > 1 else { return candidates.first?.token ?? 0 }
        var rest = random.uniform()
        for candidate in candidates {
            rest -= candidate.probability
            if rest < 0 { return candidate.token }
        }
        return candidates[candidates.count - 1].token
    }
}
