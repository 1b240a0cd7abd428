import Recurrent

/// A minimal gated unit: f = σ(W[x, h] + b), h′ = (1 − f) ⊙ h + f ⊙ tanh(U[x, f ⊙ h] + d).
struct MinimalGatedUnit: RecurrentCell {
    let inputSize, hiddenSize: Int
    var gate, candidate: Linear

    init(inputSize: Int, hiddenSize: Int, key: RandomKey) {
        (self.inputSize, self.hiddenSize) = (inputSize, hiddenSize)
        gate = Linear(inputSize: inputSize + hiddenSize, outputSize: hiddenSize, key: key.substream(0))
        candidate = Linear(inputSize: inputSize + hiddenSize, outputSize: hiddenSize, key: key.substream(1))
    }

    var stateSizes: [Int] { [hiddenSize] }

    func step(_ x: Variable, _ state: [Variable]) -> [Variable] {
        let f = gate(.concatenated([x, state[0]], axis: 1)).sigmoid()
        let new = candidate(.concatenated([x, f * state[0]], axis: 1)).tanh()
        return [state[0] + f * (new - state[0])]
    }

    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("gate", &gate)
        visit("candidate", &candidate)
    }
}
let layer = Recurrence(MinimalGatedUnit(inputSize: 3, hiddenSize: 8, key: RandomKey(seed: 1)))
var state: [Variable] = []
let x = Variable(Tensor(normal: 0, shape: [20, 4, 3], key: RandomKey(seed: 2)))  // 20 steps of 4 sequences
print(layer(x, from: &state, lengths: [20, 13, 0, 7]).shape)  // [20, 4, 8]
