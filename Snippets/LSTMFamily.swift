import Recurrent

// One value says which LSTM; a combination that has no meaning is an error that says why.
let description = LSTMDescription {
    $0.forgetGate = .coupled  // f = 1 − i
    $0.peepholes = .gers  // the output gate sees the new cell
    $0.projectionSize = 16
    $0.cellZoneout = 0.1
    $0.forgetBias = .constant(2)
}
let lstm = try LSTM(inputSize: 4, hiddenSize: 32, description, layers: 2, key: RandomKey(seed: 1))
var carried = LSTMState()
let sequences = Variable(Tensor(normal: 0, shape: [25, 3, 4], key: RandomKey(seed: 2)))  // 25 steps of 3 sequences
let history = lstm.history(sequences, from: &carried, lengths: [25, 9, 0])
print(history.output.shape, history.cell[1].shape)  // [25, 3, 16] [25, 3, 32]

// Every member with a name, fused, in either direction; and layers of any kind on top of each other.
let stack = try RecurrentStack([
    CellCatalog.layer(named: "lstm-peephole", inputSize: 4, hiddenSize: 32, key: RandomKey(seed: 3)),
    CellCatalog.layer(named: "gru", inputSize: 32, hiddenSize: 32, reversed: true, key: RandomKey(seed: 4)),
])
print(stack(sequences).shape)  // [25, 3, 32]
