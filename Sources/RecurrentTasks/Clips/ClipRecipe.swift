import RecurrentFormats
import RecurrentTensor

/// Every choice of a classifier of clips: its network, and how it learns.
public struct ClipRecipe: Sendable, Hashable {
    /// The channels, rows and columns of a frame.
    public var channels: Int
    /// The rows of a frame.
    public var height: Int
    /// The columns of a frame.
    public var width: Int
    /// The number of classes.
    public var classes: Int

    /// The channels of each convolution, each of which halves rows and columns.
    public var filters: [Int] = [8, 16, 24]
    /// The numbers that a frame becomes.
    public var frameSize = 64
    /// The units of the LSTM over the frames.
    public var hiddenSize = 96
    /// The dropout rate of frames and answer.
    public var dropout = 0.2
    /// The clips of a batch.
    public var batchSize = 16
    /// The number of passes over the clips.
    public var epochs = 10
    /// The step size of Adam at its greatest; it falls along a cosine.
    public var learningRate = 2e-3
    /// The decay rate of a mean of the weights; 0: none.
    public var averageDecay = 0.99
    /// How many networks are trained, whose probabilities are averaged.
    public var members = 1

    /// Choices for data of a size.
    init(channels: Int, height: Int, width: Int, classes: Int, clips: Int) {
        (self.channels, self.height, self.width, self.classes) = (channels, height, width, classes)
        // Halving ends where a frame is a few pixels wide.
        while filters.count > 1, min(height, width) >> filters.count < 2 { filters.removeLast() }
        if min(height, width) >= 64 { filters.append(32) }
        batchSize = max(1, min(16, clips / 8))
        // Fewer passes leave motions of small extent apart from noise untold.
        epochs = max(3, min(60, 160_000 / max(1, clips)))
    }

    /// The rows and columns after the convolutions.
    var mapExtents: (height: Int, width: Int) {
        filters.reduce((height, width)) { extents, _ in ((extents.0 + 1) / 2, (extents.1 + 1) / 2) }
    }

    /// The numbers of one network, as a double so that no declared size can overflow it.
    var parameterCount: Double {
        var (total, before) = (0.0, Double(channels))
        for count in filters {
            total += Double(count) * (before * 9 + 1)
            before = Double(count)
        }
        let (extents, F, H, K) = (mapExtents, Double(frameSize), Double(hiddenSize), Double(classes))
        total += F * (before * Double(extents.height) * Double(extents.width) + 1)
        return total + 4 * H * (F + H + 2) + K * (2 * H + 1)
    }

    var json: JSON {
        [
            "channels": JSON(channels), "height": JSON(height), "width": JSON(width), "classes": JSON(classes),
            "filters": JSON(filters), "frame_size": JSON(frameSize), "hidden_size": JSON(hiddenSize),
            "dropout": JSON(dropout), "batch_size": JSON(batchSize), "epochs": JSON(epochs),
            "learning_rate": JSON(learningRate), "average_decay": JSON(averageDecay), "members": JSON(members),
        ]
    }

    /// - Throws: `badModel` that names the key; every number is held to a sane range.
    init(_ json: JSONCursor) throws(RecurrentError) {
        channels = try json["channels"].int(in: 1...3)
        height = try json["height"].int(in: 1...16_384)
        width = try json["width"].int(in: 1...16_384)
        classes = try json["classes"].int(in: 1...100_000)
        filters = try json["filters"].ints()
        frameSize = try json["frame_size"].int(in: 1...8192)
        hiddenSize = try json["hidden_size"].int(in: 1...8192)
        dropout = try json["dropout"].double(in: 0...0.99)
        batchSize = try json["batch_size"].int(in: 1...65_536)
        epochs = try json["epochs"].int(in: 1...1_000_000)
        learningRate = try json["learning_rate"].double(in: 1e-9...10)
        averageDecay = try json["average_decay"].double(in: 0...0.999_999)
        members = try json["members"].int(in: 1...64)
        guard (1...12).contains(filters.count), filters.allSatisfy({ (1...4096).contains($0) }) else {
            throw json["filters"].error("is to hold 1 to 12 numbers of channels")
        }
    }
}
