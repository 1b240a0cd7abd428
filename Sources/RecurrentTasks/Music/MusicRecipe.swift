package import RecurrentFormats
import RecurrentNN
package import RecurrentTensor

/// Every choice of a model of music: its network, and how it learns.
public struct MusicRecipe: Sendable, Hashable {
    /// How the notes of a frame depend on one another.
    public enum Output: String, Sendable, Hashable, CaseIterable {
        /// Not at all, given the frames before: a yes or no for each key.
        case independent
        /// Each on the lower ones, by a neural autoregressive distribution estimator. Source: Larochelle & Murray 2011.
        case joint
    }

    /// How weights follow gradients.
    public enum Rule: String, Sendable, Hashable, CaseIterable {
        /// Adam, with decoupled weight decay where there is one.
        case adam
        /// Stochastic gradient descent with momentum.
        case sgd
    }

    /// The cell of the recurrent layers, by its name in ``CellCatalog``.
    public var cell = "lstm"
    /// The units of a layer.
    public var hiddenSize = 200
    /// The number of recurrent layers.
    public var layers = 1
    /// How the notes of a frame depend on one another.
    public var output = Output.independent
    /// The hidden units of the joint output.
    public var jointSize = 128

    /// The share of the keys that are hidden from the network while it learns, others in every frame.
    public var inputDropout = 0.2
    /// The dropout rate between layers, one mask a sequence.
    public var hiddenDropout = 0.0
    /// The dropout rate before the outputs.
    public var outputDropout = 0.5
    /// The deviation of the normal noise that is added to what the network sees while it learns.
    public var inputNoise = 0.0
    /// How many semitones up or down a piece is moved, by chance, each time it is learned from.
    public var transposition = 0

    /// The number of pieces of a batch.
    public var batchSize = 16
    /// The frames that are learned from at once; longer pieces are cut.
    public var timeSteps = 256
    /// The largest number of passes over the pieces.
    public var passes = 200
    /// The passes without a better judgement after which the training ends; 0: it goes to its end.
    public var patience = 10
    /// The rule of updates.
    public var optimizer = Rule.adam
    /// The step size.
    public var learningRate = 4e-3
    /// The momentum of stochastic gradient descent.
    public var momentum = 0.9
    /// The coefficient of weight decay; with Adam decoupled from the gradient.
    public var weightDecay = 0.0
    /// The limit of the gradient's norm; 0: none.
    public var clipNorm = 1.0
    /// The decay rate of a mean of the weights; 0: none.
    public var averageDecay = 0.99
    /// Whether the step size falls along a cosine over all passes; else it stays.
    public var isAnnealed = false

    /// The choices for a number of frames to learn from.
    public init(frames: Int) {
        batchSize = frames < 100_000 ? 16 : 32
        passes = max(10, min(200, 3_000_000 / max(1, frames)))
    }
}

extension MusicRecipe {
    /// Takes away all that keeps a network from learning its pieces by heart, and the limit of the gradient: plain training, as
    /// studies of cells compare it.
    public mutating func makePlain() {
        (inputDropout, hiddenDropout, outputDropout, inputNoise, weightDecay) = (0, 0, 0, 0, 0)
        (averageDecay, clipNorm, transposition, isAnnealed) = (0, 0, 0, false)
    }

    /// The keys of a piano.
    package static let keyCount = 88
    /// The keys, and one input that says that a piece begins.
    package static let inputSize = 89

    /// The recipe as JSON.
    package var json: JSON {
        [
            "cell": .string(cell), "hidden_size": JSON(hiddenSize), "layers": JSON(layers),
            "output": .string(output.rawValue), "joint_size": JSON(jointSize), "input_dropout": JSON(inputDropout),
            "hidden_dropout": JSON(hiddenDropout), "output_dropout": JSON(outputDropout),
            "input_noise": JSON(inputNoise), "transposition": JSON(transposition), "batch_size": JSON(batchSize),
            "time_steps": JSON(timeSteps), "passes": JSON(passes), "patience": JSON(patience),
            "optimizer": .string(optimizer.rawValue), "learning_rate": JSON(learningRate),
            "momentum": JSON(momentum), "weight_decay": JSON(weightDecay), "clip_norm": JSON(clipNorm),
            "average_decay": JSON(averageDecay), "annealed": JSON(isAnnealed),
        ]
    }

    /// - Throws: `badModel` that names the key; every number is held to a sane range, so that a damaged file can ask for no
    ///   impossible memory.
    package init(_ json: JSONCursor) throws(RecurrentError) {
        let rate = 0...0.99
        cell = try json["cell"].string()
        hiddenSize = try json["hidden_size"].int(in: 1...16_384)
        layers = try json["layers"].int(in: 1...64)
        output = try json["output"].choice(Output.self)
        jointSize = try json["joint_size"].int(in: 1...16_384)
        inputDropout = try json["input_dropout"].double(in: rate)
        hiddenDropout = try json["hidden_dropout"].double(in: rate)
        outputDropout = try json["output_dropout"].double(in: rate)
        inputNoise = try json["input_noise"].double(in: 0...100)
        transposition = try json["transposition"].int(in: 0...48)
        batchSize = try json["batch_size"].int(in: 1...65_536)
        timeSteps = try json["time_steps"].int(in: 2...65_536)
        passes = try json["passes"].int(in: 1...1_000_000)
        patience = try json["patience"].int(in: 0...1_000_000)
        optimizer = try json["optimizer"].choice(Rule.self)
        learningRate = try json["learning_rate"].double(in: 1e-12...1e3)
        momentum = try json["momentum"].double(in: 0...1)
        weightDecay = try json["weight_decay"].double(in: 0...1e3)
        clipNorm = try json["clip_norm"].double(in: 0...1e9)
        averageDecay = try json["average_decay"].double(in: 0...0.9999999)
        isAnnealed = try json["annealed"].bool()
        if let problem { throw json.error(problem) }
    }

    /// Why there is no such network; nil where there is one.
    package var problem: String? {
        guard let sizes = layerSizes else { return "there is no cell '\(cell)' of \(hiddenSize) units" }
        guard sizes.outputs <= CellCatalog.maximumSize else { return "a layer has \(sizes.outputs) outputs" }
        return parameterCount <= 2e9 ? nil : "the network would have \(Int(min(parameterCount, 1e18))) numbers to train"
    }

    /// The trained numbers and the outputs of the layers; nil where there are no such layers.
    private var layerSizes: (parameters: Double, outputs: Int)? {
        var (total, input) = (0.0, Self.inputSize)
        for _ in 0..<layers {
            guard input <= CellCatalog.maximumSize, CellCatalog.entries.contains(where: { $0.name == cell }),
                let size = CellCatalog.size(named: cell, inputSize: input, hiddenSize: hiddenSize)
            else { return nil }
            total += Double(size.parameterCount)
            input = size.outputSize
        }
        return (total, input)
    }

    /// The numbers that are trained.
    package var parameterCount: Double {
        guard let layerSizes else { return 0 }
        let (K, Y, D) = (Double(Self.keyCount), Double(layerSizes.outputs), Double(jointSize))
        let head = K * (Y + 1)
        return layerSizes.parameters + head + (output == .joint ? D * (Y + 1) + 2 * K * D : 0)
    }

    /// What the network is, for a person.
    package var description: String {
        let joint = output == .joint ? ", notes depending on lower ones through \(jointSize) units" : ""
        return "\(layers) layer\(layers == 1 ? "" : "s") of \(hiddenSize) units of \(cell)\(joint), "
            + "\(Int(parameterCount)) parameters; at most \(passes) passes"
    }
}
