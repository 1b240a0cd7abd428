public import RecurrentTensor

/// The structure of a ``ConvLSTM`` layer, in one or two dimensions.
///
/// Arrays have one entry for each dimension: `[width]`, or `[height, width]`.
public struct ConvLSTMConfiguration: Sendable, Hashable {
    /// The channels of an input frame, I; 0 for a layer that only unfolds its state.
    public var inputChannels: Int
    /// The channels of the states, C.
    public var hiddenChannels: Int
    /// The kernel of the input convolution.
    public var kernel: [Int]
    /// The strides of the input convolution: states are smaller than inputs by this factor.
    public var stride: [Int]
    /// The zeros on each side of an input frame.
    public var padding: [Int]
    /// The kernel of the state convolution, whose extents are odd: the state keeps its size.
    public var stateKernel: [Int]
    /// The extents of the state's frame, for a layer with peepholes: each place of the frame has weights of its own, so that
    /// the layer runs on frames of this size alone. nil: no peepholes, and frames of any size.
    public var peepholeFrame: [Int]?

    /// A structure.
    ///
    /// - Parameters:
    ///   - stride: 1 in every dimension where nil.
    ///   - padding: half the kernel, rounded down, where nil: with stride 1 and an odd kernel frames keep their size.
    ///   - stateKernel: `kernel` where nil.
    public init(
        inputChannels: Int, hiddenChannels: Int, kernel: [Int], stride: [Int]? = nil, padding: [Int]? = nil,
        stateKernel: [Int]? = nil, peepholeFrame: [Int]? = nil
    ) {
        self.inputChannels = inputChannels
        self.hiddenChannels = hiddenChannels
        self.kernel = kernel
        self.stride = stride ?? kernel.map { _ in 1 }
        self.padding = padding ?? kernel.map { $0 / 2 }
        self.stateKernel = stateKernel ?? kernel
        self.peepholeFrame = peepholeFrame
    }

    /// The number of dimensions of a frame: 1 or 2.
    public var dimensions: Int { kernel.count }

    /// The extents of the state's frame for input frames of the given extents.
    ///
    /// - Precondition: the kernel fits into the padded frame.
    public func stateFrame(for inputFrame: [Int]) -> [Int] {
        if let problem = problem(frame: inputFrame) { preconditionFailure("ConvLSTM: \(problem)") }
        return extents(inputFrame)
    }

    /// Checks a structure that comes from a file or a person.
    ///
    /// - Throws: `RecurrentError` of category `usage` that names what cannot be.
    public func validate(at place: String? = nil) throws(RecurrentError) {
        if let problem { throw RecurrentError(.usage, "a ConvLSTM cannot be made: \(problem)", at: place) }
    }

    /// Checks the shape [T, B, I, …] of frames that come from a file or a person.
    ///
    /// - Throws: `RecurrentError` of category `badData` that says which frames are needed.
    public func validate(frames shape: [Int], at place: String? = nil) throws(RecurrentError) {
        try validate(at: place)
        let needed = "[T, B, \(inputChannels)" + (dimensions == 1 ? ", W]" : ", H, W]")
        guard shape.count == dimensions + 3, shape[2] == inputChannels, shape.allSatisfy({ $0 >= 0 }) else {
            throw RecurrentError(
                .badData, "frames of shape \(shape) do not fit a ConvLSTM; \(needed) is needed", at: place)
        }
        if let problem = problem(frame: Array(shape.dropFirst(3))) {
            throw RecurrentError(.badData, problem, at: place)
        }
    }

    // A limit far above any use keeps products of extents below what an integer holds.
    private static let most = 1 << 20

    /// What is wrong with the structure, in words, or nil.
    package var problem: String? {
        let limit = ConvLSTMConfiguration.most
        if dimensions != 1 && dimensions != 2 {
            return "the kernel \(kernel) has \(dimensions) extents; 1 or 2 are needed"
        }
        if inputChannels < 0 || inputChannels > limit {
            return "there are \(inputChannels) input channels; 0...\(limit) are possible"
        }
        if hiddenChannels < 1 || hiddenChannels > limit {
            return "there are \(hiddenChannels) hidden channels; 1...\(limit) are possible"
        }
        for (name, extents, least) in [
            ("kernel", kernel, 1), ("stride", stride, 1), ("padding", padding, 0), ("state kernel", stateKernel, 1),
        ] {
            if extents.count != dimensions {
                return "the \(name) \(extents) has \(extents.count) extents; the kernel has \(dimensions)"
            }
            if extents.contains(where: { $0 < least || $0 > limit }) {
                return "the \(name) \(extents) must lie in \(least)...\(limit)"
            }
        }
        if stateKernel.contains(where: { $0 % 2 == 0 }) {
            return "the state kernel \(stateKernel) must have odd extents, so that the state keeps its size"
        }
        if zip(padding, kernel).contains(where: { $0 >= $1 }) {
            return "the padding \(padding) must be smaller than the kernel \(kernel)"
        }
        let weights = (kernel + [inputChannels, hiddenChannels, 4]).reduce(1.0) { $0 * Double($1) }
        let stateWeights = (stateKernel + [hiddenChannels, hiddenChannels, 4]).reduce(1.0) { $0 * Double($1) }
        if max(weights, stateWeights) > 0x1p40 { return "the weights would have more than 2⁴⁰ entries" }
        if let peepholeFrame {
            if peepholeFrame.count != dimensions || peepholeFrame.contains(where: { $0 < 1 || $0 > limit }) {
                return "the peephole frame \(peepholeFrame) must have \(dimensions) extents in 1...\(limit)"
            }
            if (peepholeFrame + [hiddenChannels, 3]).reduce(1.0, { $0 * Double($1) }) > 0x1p40 {
                return "the peepholes would have more than 2⁴⁰ entries"
            }
        }
        return nil
    }

    /// What is wrong with input frames of the given extents, in words, or nil.
    package func problem(frame: [Int]) -> String? {
        if frame.count != dimensions {
            return "a frame of \(frame) has \(frame.count) extents; \(dimensions) are needed"
        }
        // Far above any frame that memory holds, and low enough for the arithmetic below.
        if frame.contains(where: { $0 > 1 << 40 }) { return "a frame of \(frame) is too large" }
        for k in frame.indices where frame[k] < 1 || kernel[k] - 2 * padding[k] > frame[k] {
            return "a frame of \(frame) is too small for the kernel \(kernel) with padding \(padding)"
        }
        if let peepholeFrame, extents(frame) != peepholeFrame {
            return
                "a frame of \(frame) gives a state of \(extents(frame)); the peepholes are made for \(peepholeFrame), "
                + "and a ConvLSTM with peepholes runs on frames of one size alone"
        }
        return nil
    }

    private func extents(_ frame: [Int]) -> [Int] {
        frame.indices.map { (frame[$0] + 2 * padding[$0] - kernel[$0]) / stride[$0] + 1 }
    }
}
