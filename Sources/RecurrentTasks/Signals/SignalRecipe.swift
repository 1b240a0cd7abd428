package import RecurrentFormats
import RecurrentNN
package import RecurrentTensor

/// What the numbers of a channel are divided by.
public enum SignalNormalization: String, Sendable, Hashable, CaseIterable {
    /// The deviation of the channel over all examples that are learned from, after their mean is taken off.
    case channel
    /// The deviation of the channel within the sequence itself, after its mean is taken off: level and size say nothing.
    case sequence
    /// Nothing.
    case none
}

/// What a regressor's errors cost.
public enum RegressionLoss: String, Sendable, Hashable, CaseIterable {
    /// Their squares.
    case squared
    /// Their sizes.
    case absolute
    /// Their squares where they are small, their sizes where they are large.
    case huber
}

/// Every choice of a classifier or regressor of signals: what it sees, its network, and how it learns.
public struct SignalRecipe: Sendable, Hashable {
    /// The number of channels of the data, C.
    public var channels: Int
    /// The number of outputs: the classes, K, or 1 of a regressor.
    public var outputs: Int
    /// What the numbers of a channel are divided by.
    public var normalization = SignalNormalization.channel
    /// The channels that are accompanied by one that tells which of their numbers were missing.
    public var indicators: [Int] = []
    /// Whether each channel is accompanied by its change since the step before.
    public var hasDifferences = false
    /// Whether the time since the step before is a channel.
    public var hasTimeDeltas = false
    /// How many steps are put side by side into one.
    public var stacking = 1
    /// The filters of a convolution in front of the recurrent layers; 0: there is none.
    public var filters = 0
    /// The steps that a filter sees, an odd number.
    public var kernel = 9
    /// The steps from one place of a filter to the next.
    public var stride = 1
    /// The steps that are read of a sequence, from its beginning.
    public var maximumLength = 1 << 20

    /// The name of the recurrent cell.
    public var cell = "lstm"
    /// The units of a recurrent layer in each direction.
    public var hiddenSize = 64
    /// The number of recurrent layers.
    public var layers = 1
    /// Whether sequences are read from both ends.
    public var isBidirectional = true
    /// How the outputs of all steps become one vector.
    public var pooling = SequencePooling.all

    /// The share of channels that are hidden from the network while it learns, others in each sequence.
    public var inputDropout = 0.0
    /// The dropout rate between layers.
    public var hiddenDropout = 0.2
    /// The dropout rate before the outputs.
    public var outputDropout = 0.3
    /// How much of a class's probability is spread over all classes.
    public var labelSmoothing = 0.0
    /// Whether rare classes count more, so that every class has the same weight in all.
    public var isBalanced = false
    /// What a regressor's errors cost.
    public var loss = RegressionLoss.squared
    /// The deviation of the noise that is added to what is learned from, in deviations of the channel.
    public var jitter = 0.1
    /// The deviation of a factor on each channel of what is learned from.
    public var scaling = 0.0
    /// The deviation of the logarithm of the pace of what is learned from.
    public var warping = 0.0
    /// The least share of its steps that is left of what is learned from.
    public var cropping = 1.0

    /// The number of examples of a batch.
    public var batchSize = 16
    /// The number of passes over the data.
    public var passes = 60
    /// The passes without a better judgement after which the training ends; 0: it goes to its end.
    public var patience = 0
    /// The step size.
    public var learningRate = 5e-3
    /// The coefficient of decoupled weight decay.
    public var weightDecay = 0.01
    /// The decay rate of a mean of the weights; 0: none.
    public var averageDecay = 0.99
    /// The number of networks whose answers are averaged, of each fold where there are folds.
    public var members = 1
    /// The number of parts of which each in turn judges the networks that learned from the others; 0: no such parts.
    public var folds = 0

    /// Choices for data of a size, from measured runs.
    ///
    /// - Parameters:
    ///   - examples: the examples to learn from.
    ///   - length: a customary number of steps.
    public init(channels: Int, outputs: Int, examples: Int, length: Int) {
        (self.channels, self.outputs) = (channels, outputs)
        batchSize = examples < 100 ? 8 : examples < 1_000 ? 16 : examples < 20_000 ? 32 : 64
        // So many updates that a small set is learned, so few that a large one is not read for days.
        let updates = examples < 100 ? 700 : examples < 1_000 ? 1_500 : 8_000
        passes = max(5, min(100, updates * batchSize / max(1, examples)))
        hiddenSize = examples < 1_000 ? 64 : 128
        layers = examples < 200 ? 1 : 2
        // Some thirty steps are remembered best; longer sequences are read by several steps at once.
        if length > 2_000 {
            stride = min(64, (length + 199) / 200)
            kernel = 2 * stride + 1
            filters = 32
        } else if length >= 60 {
            stacking = max(1, min((length + 15) / 30, 512 / channels))
        }
    }
}

extension SignalRecipe {
    /// The recipe as JSON.
    package var json: JSON {
        var object: JSONObject = [
            "channels": JSON(channels), "outputs": JSON(outputs), "normalization": .string(normalization.rawValue),
            "indicators": JSON(indicators), "differences": JSON(hasDifferences), "time_deltas": JSON(hasTimeDeltas),
            "stacking": JSON(stacking), "filters": JSON(filters), "kernel": JSON(kernel), "stride": JSON(stride),
            "maximum_length": JSON(maximumLength),
        ]
        let network: JSONObject = [
            "cell": .string(cell), "hidden_size": JSON(hiddenSize), "layers": JSON(layers),
            "bidirectional": JSON(isBidirectional), "pooling": .string(pooling.rawValue),
            "input_dropout": JSON(inputDropout), "hidden_dropout": JSON(hiddenDropout),
            "output_dropout": JSON(outputDropout), "label_smoothing": JSON(labelSmoothing),
            "balanced": JSON(isBalanced), "loss": .string(loss.rawValue), "jitter": JSON(jitter),
            "scaling": JSON(scaling), "warping": JSON(warping), "cropping": JSON(cropping),
        ]
        let learning: JSONObject = [
            "batch_size": JSON(batchSize), "passes": JSON(passes), "patience": JSON(patience),
            "learning_rate": JSON(learningRate), "weight_decay": JSON(weightDecay),
            "average_decay": JSON(averageDecay), "members": JSON(members), "folds": JSON(folds),
        ]
        for part in [network, learning] { for (key, value) in part { object[key] = value } }
        return .object(object)
    }

    /// - Throws: `badModel` that names the key; every number is held to a sane range, so that a damaged file can ask for no
    ///   impossible memory.
    package init(_ json: JSONCursor) throws(RecurrentError) {
        channels = try json["channels"].int(in: 1...65_536)
        outputs = try json["outputs"].int(in: 1...1_000_000)
        normalization = try json["normalization"].choice(SignalNormalization.self)
        indicators = try json["indicators"].ints()
        hasDifferences = try json["differences"].bool()
        hasTimeDeltas = try json["time_deltas"].bool()
        stacking = try json["stacking"].int(in: 1...65_536)
        filters = try json["filters"].int(in: 0...16_384)
        kernel = try json["kernel"].int(in: 1...65_535)
        stride = try json["stride"].int(in: 1...65_536)
        maximumLength = try json["maximum_length"].int(in: 1...(1 << 32))
        cell = try json["cell"].string()
        hiddenSize = try json["hidden_size"].int(in: 1...16_384)
        layers = try json["layers"].int(in: 1...64)
        isBidirectional = try json["bidirectional"].bool()
        pooling = try json["pooling"].choice(SequencePooling.self)
        try readRates(json)
        batchSize = try json["batch_size"].int(in: 1...65_536)
        passes = try json["passes"].int(in: 1...1_000_000)
        patience = try json["patience"].int(in: 0...1_000_000)
        learningRate = try json["learning_rate"].double(in: 1e-12...1e3)
        weightDecay = try json["weight_decay"].double(in: 0...1e3)
        averageDecay = try json["average_decay"].double(in: 0...0.9999999)
        members = try json["members"].int(in: 1...1_000)
        folds = try json["folds"].int(in: 0...1_000)
        if let problem { throw json.error(problem) }
    }

    private mutating func readRates(_ json: JSONCursor) throws(RecurrentError) {
        let rate = 0...0.99
        inputDropout = try json["input_dropout"].double(in: rate)
        hiddenDropout = try json["hidden_dropout"].double(in: rate)
        outputDropout = try json["output_dropout"].double(in: rate)
        labelSmoothing = try json["label_smoothing"].double(in: rate)
        isBalanced = try json["balanced"].bool()
        loss = try json["loss"].choice(RegressionLoss.self)
        jitter = try json["jitter"].double(in: 0...10)
        scaling = try json["scaling"].double(in: 0...10)
        warping = try json["warping"].double(in: 0...3)
        cropping = try json["cropping"].double(in: 0.01...1)
    }

    /// Why there is no such network; nil where there is one.
    package var problem: String? {
        guard Set(indicators).count == indicators.count, indicators.allSatisfy((0..<channels).contains) else {
            return "the channels with indicators are not among the \(channels)"
        }
        guard kernel % 2 == 1 else { return "a filter sees an odd number of steps, not \(kernel)" }
        guard folds != 1 else { return "one fold cannot be learned from and judged by; there must be two or more" }
        guard inputSize <= CellCatalog.maximumSize, layerInput <= CellCatalog.maximumSize else {
            return "a step would have \(max(inputSize, layerInput)) numbers"
        }
        guard layerSizes != nil else {
            return "there is no cell '\(cell)' of \(hiddenSize) units"
        }
        let numbers = parameterCount * Double(networkCount)
        return numbers <= 2e9 ? nil : "the networks would have \(Int(min(numbers, 1e18))) numbers to train"
    }

    /// The numbers of a step before steps are put side by side.
    package var featureCount: Int {
        channels + indicators.count + (hasDifferences ? channels : 0) + (hasTimeDeltas ? 1 : 0)
    }

    /// The numbers of a step that enters the network.
    package var inputSize: Int { featureCount * stacking }
    /// The numbers of a step that enters the recurrent layers.
    var layerInput: Int { filters > 0 ? filters : inputSize }
    /// How many networks are trained.
    package var networkCount: Int { members * max(1, folds) }
    /// The fold that judges a network; nil: there are no folds.
    package func fold(of network: Int) -> Int? { folds > 0 ? network % folds : nil }

    /// The trained numbers and the outputs of each layer; nil where there is no such layer.
    var layerSizes: (parameters: Double, outputs: Int)? {
        var (total, input) = (0.0, layerInput)
        for _ in 0..<layers {
            guard input <= CellCatalog.maximumSize, CellCatalog.entries.contains(where: { $0.name == cell }),
                let size = CellCatalog.size(named: cell, inputSize: input, hiddenSize: hiddenSize)
            else { return nil }
            total += Double(size.parameterCount) * (isBidirectional ? 2 : 1)
            input = size.outputSize * (isBidirectional ? 2 : 1)
        }
        return (total, input)
    }

    /// Whether there is attention.
    var hasAttention: Bool { pooling == .attention || pooling == .all }

    /// The numbers of one network, those of the scales included.
    package var parameterCount: Double {
        guard let layerSizes else { return 0 }
        let pooled = Double(layerSizes.outputs * (pooling == .all ? 3 : 1))
        var total = layerSizes.parameters + Double(outputs) * (pooled + 1) + 2 * Double(featureCount) + 2
        if hasAttention { total += Double(layerSizes.outputs) }
        if filters > 0 { total += Double(filters) * (Double(inputSize) * Double(kernel) + 1) }
        return total
    }
}
