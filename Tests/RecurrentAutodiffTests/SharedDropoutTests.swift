import RecurrentAutodiff
import RecurrentTensor
import Testing

@Suite struct SharedDropoutTests {
    @Test(arguments: [[0], [1], [2], [0, 2], [0, 1, 2]])
    func oneMaskServesAllElementsAlongTheSharedAxes(_ axes: [Int]) {
        let tape = Tape(randomKey: RandomKey(seed: 3))
        let ones = tape.variable(Tensor(repeating: Float(1), shape: [4, 5, 6]))
        let y = ones.dropout(0.4, sharedOver: Set(axes))
        let values = y.value.scalars(of: Float.self)
        let gradients = tape.gradients(of: y.sum(), for: [ones])[0]?.scalars(of: Float.self)
        // Kept or dropped, and scaled; the gradient passes through the same mask.
        #expect(values.allSatisfy { $0 == 0 || abs($0 - 1 / 0.6) < 1e-6 })
        #expect(gradients == values)
        for index in 0..<4 * 5 * 6 {
            var place = [index / 30, index / 6 % 5, index % 6]
            for axis in axes { place[axis] = 0 }
            #expect(values[index] == values[place[0] * 30 + place[1] * 6 + place[2]])
        }
        if axes.count < 3 { #expect(Set(values).count == 2) }
        #expect(
            Variable(Tensor(repeating: Float(1), shape: [2])).dropout(0.5, sharedOver: [0]).value.scalars(
                of: Float.self) == [1, 1])
    }
}
