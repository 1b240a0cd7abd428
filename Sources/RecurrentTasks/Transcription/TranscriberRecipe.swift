public import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// Every choice of a transcriber: what it hears, its network, and how it learns.
public struct TranscriberRecipe: Sendable, Hashable {
    /// The rate to which recordings are brought, in Hz.
    public var sampleRate = 16_000
    /// The bands of the log-mel spectrum.
    public var melCount = 40
    /// How many times changes over time are appended.
    public var deltaOrder = 0
    /// The rows of 10 ms that the network reads together.
    public var stack = 3
    /// Whether the network reads from both ends; else it can transcribe while sound arrives.
    public var isBidirectional = true
    /// The units of each direction of the LSTM.
    public var hiddenSize = 128
    /// The number of layers of that LSTM.
    public var layers = 2
    /// The size of the projection of each layer's outputs; 0: none.
    public var projectionSize = 0

    /// The dropout rate of the input, between layers and before the scores.
    public var dropout = 0.2
    /// The recordings of a batch.
    public var batchSize = 16
    /// The number of passes over the data.
    public var epochs = 30
    /// The step size of Adam at its greatest; it falls along a cosine.
    public var learningRate = 3e-3
    /// The decay rate of a mean of the weights; 0: none.
    public var averageDecay = 0.99
    /// The limit of the gradient's norm.
    public var clipNorm = 5.0
    /// How far speed goes up and down, drawn anew each time; 0: not at all.
    public var speed = 0.1
    /// White noise so many decibels below the sound at least, up to 30 more, in half of the recordings; 0: none.
    public var noise = 10.0
    /// How many bands of frequencies and stretches of time are hidden.
    public var masks = 2
    /// How far frequencies are stretched and squeezed, as other vocal tracts do; 0: not at all.
    public var warp = 0.0

    /// Choices for data of a size, from measured runs.
    ///
    /// - Parameters:
    ///   - seconds: the length of the training recordings together.
    ///   - isStreaming: whether the model is to transcribe while sound arrives.
    public init(seconds: Double, isStreaming: Bool = false) {
        isBidirectional = !isStreaming
        if isStreaming { hiddenSize = 192 }
        if seconds > 4 * 3600 {
            (hiddenSize, layers, epochs) = (256, 3, 20)
            batchSize = 32
        }
        if seconds > 40 * 3600 {
            (hiddenSize, layers, epochs, projectionSize) = (512, 4, 10, 256)
            melCount = 80
        }
        if seconds < 1200 { epochs = 60 }
    }

    /// What the network hears.
    public var features: AudioFeatures {
        var features = AudioFeatures.speech(sampleRate: sampleRate, melCount: melCount)
        features.deltaOrder = deltaOrder
        features.normalization = isBidirectional ? .meanAndDeviation : .running(halfLife: 300)
        return features
    }

    /// The numbers that the network reads at once.
    var inputSize: Int { melCount * (deltaOrder + 1) * stack }
    /// The outputs of the LSTM.
    var readSize: Int { (isBidirectional ? 2 : 1) * (projectionSize > 0 ? projectionSize : hiddenSize) }
    /// Seconds from a step of the network to the next.
    var secondsPerStep: Double { features.secondsPerRow * Double(stack) }

    /// The numbers of the network, as a double so that no declared size can overflow it.
    func parameterCount(classes: Int) -> Double {
        let (H, directions) = (Double(hiddenSize), isBidirectional ? 2.0 : 1)
        let out = projectionSize > 0 ? Double(projectionSize) : H
        var total = 0.0
        for layer in 0..<layers {
            let input = layer == 0 ? Double(inputSize) : directions * out
            total += directions * (4 * H * input + 4 * H * out + 8 * H + (projectionSize > 0 ? out * H : 0))
        }
        return total + Double(classes) * (directions * out + 1)
    }

    var json: JSON {
        [
            "sample_rate": JSON(sampleRate), "mel_count": JSON(melCount), "delta_order": JSON(deltaOrder),
            "stack": JSON(stack), "bidirectional": JSON(isBidirectional), "hidden_size": JSON(hiddenSize),
            "layers": JSON(layers), "projection_size": JSON(projectionSize), "dropout": JSON(dropout),
            "batch_size": JSON(batchSize), "epochs": JSON(epochs), "learning_rate": JSON(learningRate),
            "average_decay": JSON(averageDecay), "clip_norm": JSON(clipNorm), "speed": JSON(speed),
            "noise": JSON(noise), "masks": JSON(masks), "warp": JSON(warp),
        ]
    }

    /// - Throws: `badModel` that names the key; every number is held to a sane range.
    init(_ json: JSONCursor) throws(RecurrentError) {
        sampleRate = try json["sample_rate"].int(in: 1000...384_000)
        melCount = try json["mel_count"].int(in: 1...512)
        deltaOrder = try json["delta_order"].int(in: 0...2)
        stack = try json["stack"].int(in: 1...64)
        isBidirectional = try json["bidirectional"].bool()
        hiddenSize = try json["hidden_size"].int(in: 1...8192)
        layers = try json["layers"].int(in: 1...16)
        projectionSize = try json["projection_size"].int(in: 0...8192)
        dropout = try json["dropout"].double(in: 0...0.99)
        batchSize = try json["batch_size"].int(in: 1...65_536)
        epochs = try json["epochs"].int(in: 1...1_000_000)
        learningRate = try json["learning_rate"].double(in: 1e-9...10)
        averageDecay = try json["average_decay"].double(in: 0...0.999_999)
        clipNorm = try json["clip_norm"].double(in: 1e-9...1e9)
        speed = try json["speed"].double(in: 0...0.5)
        noise = try json["noise"].double(in: 0...100)
        masks = try json["masks"].int(in: 0...100)
        warp = try json["warp"].ifPresent?.double(in: 0...0.5) ?? 0
        _ = try features.validated(at: json.source)
    }
}
