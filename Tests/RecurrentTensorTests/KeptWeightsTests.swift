import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Packed weights are kept between calls; nothing may show it but time.
@Suite struct KeptWeightsTests {
    @Test(arguments: 0..<4) func aWeightThatIsWrittenCountsInTheNextCall(written: Int) {
        var weights = [
            randomTensor([20, 3], 1), randomTensor([20, 5], 2), randomTensor([20], 3),
            randomTensor([20], 4),
        ]
        let x = randomTensor([4, 2, 3], 5)
        func outputs(kept: Bool) -> Tensor {
            let packed =
                kept
                ? PackedLSTMWeights.kept(
                    inputWeight: weights[0], recurrentWeight: weights[1], bias: weights[2], recurrentBias: weights[3])
                : PackedLSTMWeights(
                    inputWeight: weights[0], recurrentWeight: weights[1], bias: weights[2], recurrentBias: weights[3])
            return LSTMKernel.forward(x, weights: packed, training: false).outputs
        }
        let before = outputs(kept: true)
        #expect(before.isIdentical(to: outputs(kept: true)))
        weights[written].withMutableBuffer(of: Double.self) { $0[7] += 0.5 }
        #expect(!before.isIdentical(to: outputs(kept: true)))
        #expect(outputs(kept: true).isIdentical(to: outputs(kept: false)))
    }

    @Test func aCopyThatIsWrittenLeavesTheKeptWeightsOfTheOriginal() {
        let weights = [randomTensor([8, 3], 1), randomTensor([8, 2], 2), randomTensor([8], 3)]
        let x = randomTensor([3, 2, 3], 4)
        func outputs(_ recurrent: Tensor) -> Tensor {
            let packed = PackedLSTMWeights.kept(
                inputWeight: weights[0], recurrentWeight: recurrent, bias: weights[2], recurrentBias: weights[2])
            return LSTMKernel.forward(x, weights: packed, training: false).outputs
        }
        let before = outputs(weights[1])
        var copy = weights[1]
        copy.withMutableBuffer(of: Double.self) { $0[0] = -$0[0] }
        #expect(!before.isIdentical(to: outputs(copy)))
        #expect(before.isIdentical(to: outputs(weights[1])))
    }
}
