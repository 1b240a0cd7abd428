import RecurrentInterchange
import RecurrentTensor
import Testing

@Suite struct GateOrderTests {
    @Test(arguments: [
        (GateOrder.lstm, GateOrder.lstmONNX, [0, 1, 6, 7, 2, 3, 4, 5]),
        (.lstmONNX, .lstm, [0, 1, 4, 5, 6, 7, 2, 3]),
        (.gru, .gruONNX, [2, 3, 0, 1, 4, 5]),
        (.lstm, .lstm, [0, 1, 2, 3, 4, 5, 6, 7]),
    ])
    func blocksOfRowsMoveTogether(from: GateOrder, to: GateOrder, expected: [Float]) {
        let blocks = Tensor((0..<expected.count).map { Float($0) }).reshaped([expected.count, 1])
        let moved = from.reordered(blocks, to: to)
        #expect(moved.scalars(of: Float.self) == expected)
        #expect(to.reordered(moved, to: from).scalars(of: Float.self) == blocks.scalars(of: Float.self))
    }
}
