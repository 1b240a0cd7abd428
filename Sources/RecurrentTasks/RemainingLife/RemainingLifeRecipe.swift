import RecurrentFormats
import RecurrentTensor

/// Every choice of a model of remaining life: what it reads, its network, and how it learns.
public struct RemainingLifeRecipe: Sendable, Hashable {
    /// The greatest life that is told: from earlier steps on wear does not show yet. Nil: none.
    public var cap: Double?
    /// The steps over which a running mean of each channel forgets, for each running mean that is read beside the values.
    public var smoothing: [Double] = [10, 40]
    /// Whether the time since the unit's first step is read.
    public var readsAge = true

    /// The units of a layer.
    public var hiddenSize = 32
    /// The number of layers.
    public var layers = 1
    /// The dropout rate of the input, between layers and before the head.
    public var dropout = 0.2
    /// The deviation of the noise that is added to scaled values while learning.
    public var noise = 0.1
    /// The greatest number of steps that are read at once while learning; longer histories are cut at random.
    public var window = 256

    /// The units of a batch.
    public var batchSize = 10
    /// The number of passes over the units.
    public var epochs = 120
    /// The step size of Adam at its greatest; it falls along a cosine.
    public var learningRate = 5e-3
    /// The rate of decoupled weight decay.
    public var weightDecay = 0.01
    /// The decay rate of a mean of the weights; 0: none.
    public var averageDecay = 0.98
    /// How many networks are trained, whose answers are averaged.
    public var members = 1

    /// Choices for data of a size, from measured runs.
    init(units: Int, steps: Int) {
        batchSize = max(1, min(32, units / 10))
        let perPass = max(1, (units + batchSize - 1) / batchSize)
        epochs = max(5, min(300, 1200 / perPass))
        let usual = steps / max(1, units)
        window = max(16, min(512, 2 * usual))
        // What a single step shows of slow wear drowns in its noise.
        smoothing = [Double(max(2, usual / 20)), Double(max(4, usual / 5))]
    }

    /// The numbers of one network, as a double so that no declared size can overflow it.
    func parameterCount(inputSize: Int) -> Double {
        let (I, H) = (Double(inputSize), Double(hiddenSize))
        return 4 * H * (I + H + 2) + Double(layers - 1) * 4 * H * (2 * H + 2) + H + 1
    }

    var json: JSON {
        [
            "cap": cap.map { JSON($0) } ?? .null, "smoothing": JSON(smoothing), "reads_age": JSON(readsAge),
            "hidden_size": JSON(hiddenSize), "layers": JSON(layers), "dropout": JSON(dropout), "noise": JSON(noise),
            "window": JSON(window), "batch_size": JSON(batchSize), "epochs": JSON(epochs),
            "learning_rate": JSON(learningRate), "weight_decay": JSON(weightDecay),
            "average_decay": JSON(averageDecay), "members": JSON(members),
        ]
    }

    /// - Throws: `badModel` that names the key; every number is held to a sane range.
    init(_ json: JSONCursor) throws(RecurrentError) {
        cap = try json["cap"].ifPresent?.double(in: 1e-9...1e12)
        smoothing = try json["smoothing"].doubles()
        readsAge = try json["reads_age"].bool()
        hiddenSize = try json["hidden_size"].int(in: 1...4096)
        layers = try json["layers"].int(in: 1...16)
        dropout = try json["dropout"].double(in: 0...0.99)
        noise = try json["noise"].double(in: 0...100)
        window = try json["window"].int(in: 1...1_000_000)
        batchSize = try json["batch_size"].int(in: 1...65_536)
        epochs = try json["epochs"].int(in: 1...1_000_000)
        learningRate = try json["learning_rate"].double(in: 1e-9...10)
        weightDecay = try json["weight_decay"].double(in: 0...10)
        averageDecay = try json["average_decay"].double(in: 0...0.999_999)
        members = try json["members"].int(in: 1...64)
        guard smoothing.count <= 16, smoothing.allSatisfy({ $0 >= 1 && $0 <= 1e6 }) else {
            throw json["smoothing"].error("is to hold at most 16 numbers from 1 to 1000000")
        }
    }
}
