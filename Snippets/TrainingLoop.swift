import Recurrent

struct NextValue: Module {
    var lstm = LSTM(inputSize: 1, hiddenSize: 16, key: RandomKey(seed: 1))
    var head = Linear(inputSize: 16, outputSize: 1, key: RandomKey(seed: 2))
    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("lstm", &lstm)
        visit("head", &head)
    }
}
func wave(_ t: Int) -> Tensor { Tensor((t..<t + 200).map { Float.sin(Float($0) / 5) }, shape: [200, 1, 1]) }
var (model, optimizer) = (NextValue(), Adam(learningRate: 0.01))
for step in 1...200 {
    let (loss, gradients) = model.valueAndGradient { meanSquaredError($0.head($0.lstm(Variable(wave(0)))), wave(1)) }
    optimizer.update(&model, along: gradients.clipped(globalNorm: 1))
    if step % 50 == 0 { print(step, loss) }
}
