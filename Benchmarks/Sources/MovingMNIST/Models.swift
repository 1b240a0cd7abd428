import Recurrent

/// A network that sees some frames and says, as logits, what the next ones are.
protocol FramePredictor: Module {
    /// What the network works on: patches or whole frames as vectors.
    func prepared(_ frames: Tensor) -> Tensor
    /// Logits of `steps` frames after those seen.
    func callAsFunction(_ seen: Variable, steps: Int) -> Variable
    /// Frames [T, B, 64, 64] from what the network works on.
    func frames(_ prepared: Tensor) -> Tensor
    /// The structure, for the record.
    var description: JSONObject { get }
}

/// ConvLSTM encoder and forecaster: the forecaster starts from copies of the encoder's states and has no input; a 1 × 1
/// convolution reads the frames off all its hidden states.
struct ConvForecaster: FramePredictor {
    let patch: Int
    let channels: [Int]
    let kernels: [Int]
    var encoder: [ConvLSTM]
    var forecaster: [ConvLSTM]
    var headWeight: Parameter
    var headBias: Parameter

    init(patch: Int, channels: [Int], kernels: [Int], bias: Double, key: RandomKey) {
        self.patch = patch
        self.channels = channels
        self.kernels = kernels
        func layers(_ first: Int, _ key: RandomKey) -> [ConvLSTM] {
            channels.indices.map { k in
                let inputs = k == 0 ? first : channels[k - 1]
                return ConvLSTM(
                    ConvLSTMConfiguration(
                        inputChannels: inputs, hiddenChannels: channels[k],
                        kernel: inputs == 0 ? [1, 1] : [kernels[k], kernels[k]], stateKernel: [kernels[k], kernels[k]]),
                    key: key.substream(UInt64(k)))
            }
        }
        encoder = layers(patch * patch, key.substream(1))
        forecaster = layers(0, key.substream(2))
        let total = channels.reduce(0, +)
        headWeight = Parameter(
            Tensor.glorotUniform(patch * patch, total, key: key.substream(3)).reshaped([patch * patch, total, 1, 1]))
        headBias = Parameter(Tensor([Float](repeating: Float(bias), count: patch * patch)))
    }

    func callAsFunction(_ seen: Variable, steps: Int) -> Variable {
        let frame = seen.shape.suffix(2)
        var states = encoder.map { _ in ConvLSTMState() }
        var signal = seen
        for k in encoder.indices { signal = encoder[k](signal, from: &states[k]) }
        signal = Variable(Tensor(zeros: [steps, seen.shape[1], 0] + frame, of: seen.elementType))
        var outputs: [Variable] = []
        for k in forecaster.indices {
            signal = forecaster[k](signal, from: &states[k])
            outputs.append(signal)
        }
        let all = outputs.count == 1 ? outputs[0] : Variable.concatenated(outputs, axis: 2)
        return all.convolution(headWeight.variable, headBias.variable, stride: [1, 1], padding: [0, 0])
    }

    func prepared(_ frames: Tensor) -> Tensor {
        Variable(frames.reshaped([frames.shape[0], frames.shape[1], 1, 64, 64])).patches(patch).value
    }

    func frames(_ prepared: Tensor) -> Tensor {
        Variable(prepared).assembledPatches(patch).value.reshaped([prepared.shape[0], prepared.shape[1], 64, 64])
    }

    var description: JSONObject {
        [
            "model": "ConvLSTM encoder-forecaster", "patch": JSON.integer(Int64(patch)),
            "channels": .array(channels.map { .integer(Int64($0)) }),
            "kernels": .array(kernels.map { .integer(Int64($0)) }), "parameters": .integer(Int64(parameterCount)),
        ]
    }

    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("encoder", &encoder)
        visit("forecaster", &forecaster)
        visit("head.weight", &headWeight)
        visit("head.bias", &headBias)
    }
}

/// Fully connected LSTM encoder and forecaster over frames as vectors of 4096 pixels, states copied in the same way.
struct DenseForecaster: FramePredictor {
    let layers: Int
    var encoder: LSTM
    var forecaster: LSTM
    var head: Linear

    init(hidden: Int, layers: Int, bias: Double, key: RandomKey) {
        self.layers = layers
        encoder = LSTM(inputSize: 4096, hiddenSize: hidden, layers: layers, key: key.substream(1))
        forecaster = LSTM(inputSize: 1, hiddenSize: hidden, layers: layers, key: key.substream(2))
        head = Linear(inputSize: hidden, outputSize: 4096, key: key.substream(3))
        head.bias = Parameter(Tensor([Float](repeating: Float(bias), count: 4096)))
    }

    func callAsFunction(_ seen: Variable, steps: Int) -> Variable {
        var state = LSTMState()
        _ = encoder(seen, from: &state)
        let nothing = Variable(Tensor(zeros: [steps, seen.shape[1], 1], of: seen.elementType))
        return head(forecaster(nothing, from: &state))
    }

    func prepared(_ frames: Tensor) -> Tensor { frames.reshaped([frames.shape[0], frames.shape[1], 4096]) }
    func frames(_ prepared: Tensor) -> Tensor { prepared.reshaped([prepared.shape[0], prepared.shape[1], 64, 64]) }

    var description: JSONObject {
        [
            "model": "fully connected LSTM encoder-forecaster", "hidden": JSON.integer(Int64(encoder.hiddenSize)),
            "layers": .integer(Int64(layers)), "parameters": .integer(Int64(parameterCount)),
        ]
    }

    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("encoder", &encoder)
        visit("forecaster", &forecaster)
        visit("head", &head)
    }
}

/// The binary cross entropy of logits, averaged over all elements, as one operation.
func binaryCrossEntropy(_ logits: Variable, _ target: Tensor) -> Variable {
    let z = logits.value
    let losses = z.relu() - z * target + ((z.magnitude() * -1).exp() + 1).log()
    return Variable.operation([logits], losses.mean()) { upstream, _ in
        [(z.sigmoid() - target) * (upstream.item / Double(z.count))]
    }
}
