import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite struct SequencePoolingTests {
    @Test func theMaximumIsThatOfTheStepsThatThereAre() {
        let x = Variable(Tensor([1, 5, 9, 2, 7, -3, -1, -2, 99, 4, 4, 4] as [Float], shape: [3, 2, 2]))
        // Sequence 0 has the steps [1, 5], [7, −3]; sequence 1 has [9, 2] alone.
        #expect(x.maximumOverTime(lengths: [2, 1]).value.scalars(of: Float.self) == [7, 5, 9, 2])
        #expect(x.meanOverTime(lengths: [2, 1]).value.scalars(of: Float.self) == [4, 1, 9, 2])
        #expect(x.maximumOverTime(lengths: [0, 3]).value.scalars(of: Float.self) == [0, 0, 9, 4])
        #expect(x.meanOverTime(lengths: [0, 1]).value.scalars(of: Float.self) == [0, 0, 9, 2])
    }

    @Test(arguments: [true, false])
    func gradientsAreCentralDifferences(isMaximum: Bool) {
        let lengths = [3, 0, 1, 4]
        let x = Tensor(normal: 0, deviation: 1, shape: [4, 4, 3], key: RandomKey(seed: 3)).converted(to: .float64)
        let upstream = Tensor(normal: 0, deviation: 1, shape: [4, 3], key: RandomKey(seed: 4)).converted(to: .float64)
        func loss(_ x: Variable) -> Variable {
            let pooled = isMaximum ? x.maximumOverTime(lengths: lengths) : x.meanOverTime(lengths: lengths)
            return (pooled * Variable(upstream)).sum()
        }
        let tape = Tape()
        let variable = tape.variable(x)
        let gradient = tape.gradients(of: loss(variable), for: [variable])[0]?.scalars(of: Double.self) ?? []
        #expect(gradient.count == x.count)
        let values = x.scalars(of: Double.self)
        let step = 1e-6
        for index in values.indices {
            var (above, below) = (values, values)
            above[index] += step
            below[index] -= step
            let difference =
                (loss(Variable(Tensor(above, shape: x.shape))).value.item
                    - loss(Variable(Tensor(below, shape: x.shape))).value.item) / (2 * step)
            // Absolute: both are linear where no two steps are within 10⁻⁶, so that only rounding by 10⁻¹⁶ / 10⁻⁶ is left.
            #expect(abs(gradient[index] - difference) < 1e-8)
        }
    }
}
