import RecurrentSearch
import RecurrentTensor
import Testing

@Suite struct AdvantageTests {
    /// The definition: each advantage is the sum of all later surprises of its episode, each worth γλ of the one before.
    private func plain(_ row: AdvantageEstimation.Row, _ discount: Double, _ lambda: Double) -> [Double] {
        row.rewards.indices.map { first in
            var (sum, weight) = (0.0, 1.0)
            for step in first..<row.rewards.count {
                let next = row.isTerminated[step] ? 0 : row.nextValues[step]
                sum += weight * (row.rewards[step] + discount * next - row.values[step])
                if row.isOver[step] { break }
                weight *= discount * lambda
            }
            return sum
        }
    }

    @Test(arguments: [(0.99, 0.95), (0.9, 1), (1, 0), (0, 0.5)])
    func advantagesAreThoseOfAPlainDoubleLoop(_ discount: Double, _ lambda: Double) {
        var stream = RandomStream(seed: 1)
        let count = 60
        let terminated = (0..<count).map { _ in stream.uniform() < 0.1 }
        let truncated = (0..<count).map { _ in stream.uniform() < 0.1 }
        let row = AdvantageEstimation.Row(
            rewards: (0..<count).map { _ in stream.normal() }, values: (0..<count).map { _ in stream.normal() },
            nextValues: (0..<count).map { _ in stream.normal() }, isTerminated: terminated,
            isOver: zip(terminated, truncated).map { $0 || $1 })
        let found = AdvantageEstimation.advantages(row, discount: discount, lambda: lambda)
        // Sums of at most 60 numbers near 1, in another order.
        for (a, b) in zip(found, plain(row, discount, lambda)) { #expect(abs(a - b) < 1e-12) }
    }

    @Test func withLambdaOneAnAdvantageIsTheReturnLessTheBaseline() {
        let row = AdvantageEstimation.Row(
            rewards: [1, 2, 3], values: [0.5, 0.25, 0.125], nextValues: [0.25, 0.125, 9],
            isTerminated: [false, false, true], isOver: [false, false, true])
        #expect(
            AdvantageEstimation.advantages(row, discount: 0.5, lambda: 1)
                == [1 + 1 + 0.75 - 0.5, 2 + 1.5 - 0.25, 3 - 0.125])
    }
}
