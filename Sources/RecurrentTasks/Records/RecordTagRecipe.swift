import RecurrentFormats
import RecurrentTensor

/// Every choice of a tagger of records: how steps become frames, its network, and how it learns.
public struct RecordTagRecipe: Sendable, Hashable {
    /// The steps of a frame: the network makes one step a frame.
    public var stride = 1
    /// The frames before and after its own that a frame shows as well.
    public var context = 0
    /// How far from a point, in steps, its class is learnt.
    public var radius = 0
    /// How far apart, in steps, a point and the one found for it may lie.
    public var tolerance = 1
    /// The fewest steps between two points.
    public var refractory = 1

    /// The numbers that a frame becomes before the LSTM reads it; 0: the LSTM reads the frame itself.
    public var encoderSize = 32
    /// The units of each direction of the LSTM.
    public var hiddenSize = 48
    /// The number of layers.
    public var layers = 1
    /// Whether frames that come later are read as well.
    public var isBidirectional = true
    /// The dropout rate between layers and before the scores.
    public var dropout = 0.2
    /// The deviation of the noise that is added to scaled values while learning.
    public var noise = 0.05

    /// The frames of a window.
    public var window = 256
    /// The windows of a batch.
    public var batchSize = 8
    /// The number of passes over the data.
    public var epochs = 30
    /// The step size of Adam at its greatest; it falls along a cosine.
    public var learningRate = 4e-3
    /// The decay rate of a mean of the weights; 0: none.
    public var averageDecay = 0.99
    /// How much more a frame of a rare class counts: the frequency of its class to the power of minus this.
    public var balance = 0.5
    /// How many networks are trained, whose probabilities are averaged.
    public var members = 1

    /// Choices for data of a size, from measured runs.
    ///
    /// - Parameters:
    ///   - steps: the steps of the training data.
    ///   - spacing: the usual distance in steps between points, or the usual length of a run of one class.
    ///   - shortest: a distance or length that few fall below.
    ///   - channels: the number of channels.
    ///   - rate: the steps of a second, where that is known.
    init(steps: Int, spacing: Int, shortest: Int, channels: Int, rate: Double?, areEvents: Bool) {
        // About thirty frames between points show each of them apart; a run of a class wants fewer.
        stride = max(1, min(256, spacing / (areEvents ? 28 : 20)))
        context = stride > 1 ? 1 : 0
        radius = max(stride, min(shortest / 4, spacing / 20))
        // Where the rate is known, what the field calls a found heart beat: 150 ms.
        tolerance = max(1, rate.map { Int(0.15 * min($0, 1e6)) } ?? spacing / 4)
        tolerance = max(1, min(tolerance, max(stride, shortest)))
        refractory = max(1, shortest / 2)
        let frames = max(1, steps / stride)
        window = max(16, min(512, 12 * max(1, spacing / stride), frames))
        let windows = max(1, frames / window)
        batchSize = max(1, min(16, windows / 8))
        let perPass = max(1, windows / batchSize)
        // Enough updates for small data, few passes over large ones.
        epochs = max(3, min(60, 1200 / perPass))
    }

    /// The numbers of one network, as a double so that no declared size can overflow it.
    func parameterCount(inputSize: Int, classes: Int) -> Double {
        let (I, E, H, K) = (Double(inputSize), Double(encoderSize), Double(hiddenSize), Double(classes))
        let D = isBidirectional ? 2.0 : 1
        var total = E > 0 ? E * I + E : 0
        total += D * 4 * H * ((E > 0 ? E : I) + H + 2)
        total += Double(layers - 1) * D * 4 * H * (D * H + H + 2)
        return total + K * D * H + K
    }

    var json: JSON {
        [
            "stride": JSON(stride), "context": JSON(context), "radius": JSON(radius), "tolerance": JSON(tolerance),
            "refractory": JSON(refractory), "encoder_size": JSON(encoderSize), "hidden_size": JSON(hiddenSize),
            "layers": JSON(layers), "bidirectional": JSON(isBidirectional), "dropout": JSON(dropout),
            "noise": JSON(noise), "window": JSON(window), "batch_size": JSON(batchSize), "epochs": JSON(epochs),
            "learning_rate": JSON(learningRate), "average_decay": JSON(averageDecay), "balance": JSON(balance),
            "members": JSON(members),
        ]
    }

    /// - Throws: `badModel` that names the key; every number is held to a sane range.
    init(_ json: JSONCursor) throws(RecurrentError) {
        stride = try json["stride"].int(in: 1...65_536)
        context = try json["context"].int(in: 0...64)
        radius = try json["radius"].int(in: 0...(1 << 30))
        tolerance = try json["tolerance"].int(in: 0...(1 << 30))
        refractory = try json["refractory"].int(in: 1...(1 << 30))
        encoderSize = try json["encoder_size"].int(in: 0...4096)
        hiddenSize = try json["hidden_size"].int(in: 1...4096)
        layers = try json["layers"].int(in: 1...16)
        isBidirectional = try json["bidirectional"].bool()
        dropout = try json["dropout"].double(in: 0...0.99)
        noise = try json["noise"].double(in: 0...100)
        window = try json["window"].int(in: 4...1_000_000)
        batchSize = try json["batch_size"].int(in: 1...65_536)
        epochs = try json["epochs"].int(in: 1...1_000_000)
        learningRate = try json["learning_rate"].double(in: 1e-9...10)
        averageDecay = try json["average_decay"].double(in: 0...0.999_999)
        balance = try json["balance"].double(in: 0...2)
        members = try json["members"].int(in: 1...64)
    }
}
