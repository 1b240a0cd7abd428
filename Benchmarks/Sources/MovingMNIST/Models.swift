import Recurrent

/// A network that sees some frames and says, as logits, what the next ones are.
protocol FramePredictor: Module {
    /// What the network works on: patches or whole frames as vectors.
    func prepared(_ frames: Tensor) -> Tensor
    /// Logits of `steps` frames after those seen, the last ones of the result; before them, of frames seen, if the network
    /// says those too.
    func callAsFunction(_ seen: Variable, steps: Int) -> Variable
    /// Frames [T, B, 64, 64] from what the network works on.
    func frames(_ prepared: Tensor) -> Tensor
    /// The structure, for the record.
    var description: JSONObject { get }
}

/// A stack of ConvLSTM layers that says the next frame at every step: over the frames seen, then, with its states carried on,
/// over its own predictions. Two convolutions read the next frame off the hidden states of all layers and the frame itself:
/// 3 × 3 to some features, rectified, and 1 × 1 to the pixels of a patch.
struct ConvForecaster: FramePredictor {
    let patch: Int
    let channels: [Int]
    let kernels: [Int]
    let features: Int
    var layers: [ConvLSTM]
    var featureWeight: Parameter
    var featureBias: Parameter
    var headWeight: Parameter
    var headBias: Parameter

    init(patch: Int, channels: [Int], kernels: [Int], features: Int, bias: Double, key: RandomKey) {
        self.features = features
        self.patch = patch
        self.channels = channels
        self.kernels = kernels
        layers = channels.indices.map { k in
            ConvLSTM(
                ConvLSTMConfiguration(
                    inputChannels: k == 0 ? patch * patch : channels[k - 1], hiddenChannels: channels[k],
                    kernel: [kernels[k], kernels[k]]), key: key.substream(UInt64(k)))
        }
        let total = channels.reduce(0, +) + patch * patch
        featureWeight = Parameter(
            Tensor.glorotUniform(features, 9 * total, fanOut: 9 * features, key: key.substream(98))
                .reshaped([features, total, 3, 3]))
        featureBias = Parameter(Tensor(zeros: [features]))
        headWeight = Parameter(
            Tensor.glorotUniform(patch * patch, features, key: key.substream(99))
                .reshaped([patch * patch, features, 1, 1]))
        headBias = Parameter(Tensor([Float](repeating: Float(bias), count: patch * patch)))
    }

    func callAsFunction(_ seen: Variable, steps: Int) -> Variable {
        var states = layers.map { _ in ConvLSTMState() }
        var parts = [next(seen, &states)]
        for _ in 1..<max(1, steps) {
            let last = parts[parts.count - 1]
            let count = last.shape[0]
            parts.append(next(last.sliced(count - 1..<count).sigmoid(), &states))
        }
        return .concatenated(parts)
    }

    /// Logits of the frame after each of `frames`.
    private func next(_ frames: Variable, _ states: inout [ConvLSTMState]) -> Variable {
        var signal = frames
        var outputs = [signal]
        for k in layers.indices {
            signal = layers[k](signal, from: &states[k])
            outputs.append(signal)
        }
        return Variable.concatenated(outputs, axis: 2)
            .convolution(featureWeight.variable, featureBias.variable, stride: [1, 1], padding: [1, 1]).rectified()
            .convolution(headWeight.variable, headBias.variable, stride: [1, 1], padding: [0, 0])
    }

    func prepared(_ frames: Tensor) -> Tensor {
        Variable(frames.reshaped([frames.shape[0], frames.shape[1], 1, 64, 64])).patches(patch).value
    }

    func frames(_ prepared: Tensor) -> Tensor {
        Variable(prepared).assembledPatches(patch).value.reshaped([prepared.shape[0], prepared.shape[1], 64, 64])
    }

    var description: JSONObject {
        [
            "model": "ConvLSTM, fed with its own predictions after the frames seen",
            "patch": JSON.integer(Int64(patch)),
            "channels": .array(channels.map { .integer(Int64($0)) }),
            "kernels": .array(kernels.map { .integer(Int64($0)) }), "features": .integer(Int64(features)),
            "parameters": .integer(Int64(parameterCount)),
        ]
    }

    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("layers", &layers)
        visit("features.weight", &featureWeight)
        visit("features.bias", &featureBias)
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

extension Variable {
    /// The positive part, whose gradient is made in whole-tensor operations that the compiler has specialised.
    fileprivate func rectified() -> Variable {
        let y = value.relu()
        return Variable.operation([self], y) { upstream, _ in
            [upstream * (y * 1e38).minimum(Tensor(scalar: Float(1)))]
        }
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
