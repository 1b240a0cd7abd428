import RecurrentNN
import RecurrentTensor
import Testing

@Suite struct TokenSamplerTests {
    /// Probabilities 0.5, 0.25, 0.15, 0.07, 0.03 in mixed order.
    private static let probabilities: [Double] = [0.15, 0.5, 0.03, 0.25, 0.07]
    private static let scores = probabilities.map { Float(Double.log($0)) + 3 }

    private func candidates(
        _ sampler: TokenSampler, after recent: [Int32] = []
    ) -> [Int32: Double] {
        Self.scores.withUnsafeBufferPointer { scores in
            Dictionary(sampler.candidates(scores, after: recent).map { ($0.token, $0.probability) }) { $1 }
        }
    }

    private func expect(_ found: [Int32: Double], _ expected: [Int32: Double]) {
        #expect(Set(found.keys) == Set(expected.keys))
        // The scores are float32.
        for (token, probability) in expected { #expect(abs((found[token] ?? 0) - probability) < 1e-6) }
    }

    @Test func plainSamplingHasTheModelsProbabilities() {
        expect(candidates(TokenSampler()), [0: 0.15, 1: 0.5, 2: 0.03, 3: 0.25, 4: 0.07])
    }

    @Test func temperatureIsAPowerOfTheProbabilities() {
        var sampler = TokenSampler()
        sampler.temperature = 0.5
        let squares = Self.probabilities.map { $0 * $0 }
        let total = squares.reduce(0, +)
        expect(
            candidates(sampler),
            Dictionary(uniqueKeysWithValues: squares.indices.map { (Int32($0), squares[$0] / total) }))
        sampler.temperature = 0
        expect(candidates(sampler), [1: 1])
    }

    @Test func theBestTheNucleusAndTheLeastShareKeepWhatTheyPromise() {
        var best = TokenSampler()
        best.topK = 2
        expect(candidates(best), [1: 2.0 / 3, 3: 1.0 / 3])
        var nucleus = TokenSampler()
        nucleus.topP = 0.76
        expect(candidates(nucleus), [1: 0.5 / 0.9, 3: 0.25 / 0.9, 0: 0.15 / 0.9])
        nucleus.topP = 0.0001
        expect(candidates(nucleus), [1: 1])
        var share = TokenSampler()
        share.minP = 0.14
        expect(candidates(share), [1: 0.5 / 0.97, 3: 0.25 / 0.97, 0: 0.15 / 0.97, 4: 0.07 / 0.97])
    }

    @Test func repeatedTokensLoseAndForbiddenOnesNeverCome() {
        var sampler = TokenSampler()
        sampler.forbidden = [1, 99]
        expect(candidates(sampler), [0: 0.3, 2: 0.06, 3: 0.5, 4: 0.14])
        sampler = TokenSampler()
        sampler.repetitionPenalty = 2
        sampler.repetitionWindow = 2
        // Only tokens 3 and 2 are recent. The score of 3 is positive and halved; that of 2 is negative and doubled.
        var scores = Self.scores.map(Double.init)
        scores[3] /= 2
        scores[2] = scores[2] > 0 ? scores[2] / 2 : scores[2] * 2
        let total = scores.reduce(0) { $0 + Double.exp($1) }
        expect(
            candidates(sampler, after: [1, 1, 3, 2]),
            Dictionary(uniqueKeysWithValues: scores.indices.map { (Int32($0), Double.exp(scores[$0]) / total) }))
    }

    @Test func chanceFollowsTheProbabilitiesAndTheSeed() {
        var random = RandomStream(RandomKey(seed: 4))
        var again = RandomStream(RandomKey(seed: 4))
        var counts = [Int](repeating: 0, count: 5)
        for _ in 0..<20_000 {
            let token = Self.scores.withUnsafeBufferPointer { TokenSampler().next($0, using: &random) }
            #expect(token == Self.scores.withUnsafeBufferPointer { TokenSampler().next($0, using: &again) })
            counts[Int(token)] += 1
        }
        for (count, probability) in zip(counts, Self.probabilities) {
            // Five standard deviations of a binomial count.
            let deviation = (20_000 * probability * (1 - probability)).squareRoot()
            #expect(abs(Double(count) - 20_000 * probability) < 5 * deviation)
        }
    }

    @Test func impossibleChoicesAreNamed() {
        func problem(_ change: (inout TokenSampler) -> Void) -> String? {
            var sampler = TokenSampler()
            change(&sampler)
            return sampler.problem?.option
        }
        #expect(problem { _ in } == nil)
        #expect(problem { $0.temperature = -1 } == "temperature")
        #expect(problem { $0.temperature = .nan } == "temperature")
        #expect(problem { $0.topK = 0 } == "top-k")
        #expect(problem { $0.topP = 0 } == "top-p")
        #expect(problem { $0.minP = 1.5 } == "min-p")
        #expect(problem { $0.repetitionPenalty = 0 } == "repetition-penalty")
    }
}
