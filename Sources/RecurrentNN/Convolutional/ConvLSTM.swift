public import RecurrentAutodiff
public import RecurrentTensor

/// The state of a ``ConvLSTM`` between two calls: h and c, or the zero state.
///
/// State that a training step carried out is a constant in the next.
public struct ConvLSTMState: Sendable {
    /// The hidden state [B, C, …], or nil for zeros.
    public var hidden: Variable?
    /// The cell state [B, C, …], or nil for zeros.
    public var cell: Variable?

    /// The zero state of any batch and frame.
    public init() {}

    /// A state from its parts.
    public init(hidden: Variable, cell: Variable) {
        self.hidden = hidden
        self.cell = cell
    }

    /// The same state as constants.
    public func detached() -> ConvLSTMState {
        var copy = ConvLSTMState()
        copy.hidden = hidden?.detached()
        copy.cell = cell?.detached()
        return copy
    }
}

/// An LSTM whose states are frames and whose products are convolutions, in one or two dimensions.
///
///     i = σ(Wᵢ∗x + Rᵢ∗h + pᵢ⊙c + bᵢ)       f = σ(W_f∗x + R_f∗h + p_f⊙c + b_f)
///     g = tanh(W_g∗x + R_g∗h + b_g)        c′ = f⊙c + i⊙g
///     o = σ(Wₒ∗x + Rₒ∗h + pₒ⊙c′ + bₒ)      h′ = o⊙tanh(c′)
///
/// Outside its frame a state counts as zero, so that the state convolution keeps its size. The peepholes p are optional; they
/// multiply elementwise, each place of the frame by a weight of its own, and so fix the size of the frame. The output gate's
/// peephole sees the new cell state. A layer without input channels only unfolds its state: the forecaster of an
/// encoder-forecaster pair.
///
/// - Shapes: two dimensions: [T, B, I, H, W] → [T, B, C, H′, W′], where the input's kernel, stride and padding make H′ × W′ of
///   H × W; `weight_ih` [4C, I, kh, kw], `weight_hh` [4C, C, kh, kw], `bias` [4C], gates i, f, g, o; `weight_peephole`
///   [3, C, H′, W′] for i, f, o. One dimension: the same without the height.
/// - Initialisation: Glorot uniform input weights, orthogonal state weights for each gate, forget bias 1, other biases and
///   peepholes 0.
/// - Numerics: one chain of multiply-adds for each pre-activation; bits do not depend on the number of threads.
/// - Source: Shi et al. 2015, "Convolutional LSTM network".
public struct ConvLSTM: Module {
    /// The structure of the layer.
    public let configuration: ConvLSTMConfiguration
    /// Whether sequences are read from their last step to their first.
    public let isReversed: Bool
    /// The weights of the input.
    public var inputWeight: Parameter
    /// The weights of the previous hidden state.
    public var stateWeight: Parameter
    /// The bias.
    public var bias: Parameter
    /// The peepholes, if the layer has any.
    public var peephole: Parameter?

    /// Creates a layer.
    ///
    /// - Precondition: the configuration is valid.
    public init(
        _ configuration: ConvLSTMConfiguration, forgetBias: Double = 1, reversed: Bool = false, key: RandomKey
    ) {
        if let problem = configuration.problem { preconditionFailure("ConvLSTM: \(problem)") }
        self.configuration = configuration
        isReversed = reversed
        let (inputs, channels) = (configuration.inputChannels, configuration.hiddenChannels)
        let (taps, stateTaps) = (configuration.kernel.reduce(1, *), configuration.stateKernel.reduce(1, *))
        inputWeight = Parameter(
            Tensor.glorotUniform(4 * channels, inputs * taps, fanOut: channels * taps, key: key.substream(0))
                .reshaped([4 * channels, inputs] + configuration.kernel))
        let gates = (0..<4).map { Tensor.orthogonal(channels, channels * stateTaps, key: key.substream(1 + $0)) }
        stateWeight = Parameter(
            Tensor.concatenated(gates).reshaped([4 * channels, channels] + configuration.stateKernel))
        bias = Parameter(Tensor([0, forgetBias, 0, 0].flatMap { [Float](repeating: Float($0), count: channels) }))
        peephole = configuration.peepholeFrame.map { Parameter(Tensor(zeros: [3, channels] + $0)) }
    }

    /// Creates a layer from a configuration that comes from a file or a person.
    ///
    /// - Throws: `RecurrentError` of category `usage` that names what cannot be.
    public init(
        validating configuration: ConvLSTMConfiguration, forgetBias: Double = 1, reversed: Bool = false,
        key: RandomKey, at place: String? = nil
    ) throws(RecurrentError) {
        try configuration.validate(at: place)
        self.init(configuration, forgetBias: forgetBias, reversed: reversed, key: key)
    }

    /// The hidden state of every step, from `state`, which becomes the state after the last step.
    ///
    /// A padded step (at or beyond a sequence's length) keeps the state and has output zero; a reversed layer starts at a
    /// sequence's own last step.
    ///
    /// - Shapes: `x` [T, B, I, H, W]; result [T, B, C, H′, W′]. One dimension: the same without the height.
    /// - Precondition: frames and state fit the configuration; `lengths`, if given, are B numbers in 0...T.
    public func callAsFunction(_ x: Variable, from state: inout ConvLSTMState, lengths: [Int]? = nil) -> Variable {
        history(x, from: &state, lengths: lengths).hidden
    }

    /// The hidden state of every step from the zero state.
    public func callAsFunction(_ x: Variable, lengths: [Int]? = nil) -> Variable {
        var state = ConvLSTMState()
        return self(x, from: &state, lengths: lengths)
    }

    /// What a layer did over a sequence.
    public struct History: Sendable {
        /// h of every step, [T, B, C, H′, W′]; zero at padded steps.
        public let hidden: Variable
        /// c of every step, [T, B, C, H′, W′]; zero at padded steps.
        public let cell: Variable
    }

    /// h and c of every step, both open to gradients.
    public func history(_ x: Variable, from state: inout ConvLSTMState, lengths: [Int]? = nil) -> History {
        let plan = plan(x, state, lengths)
        let planes = plan.geometry
        func plane(_ variable: Variable, _ lead: Int) -> Variable {
            guard configuration.dimensions == 1 else { return variable }
            return variable.reshaped(Array(variable.shape.prefix(lead)) + [1] + variable.shape.suffix(1))
        }
        func line(_ variable: Variable) -> Variable {
            guard configuration.dimensions == 1 else { return variable }
            return variable.reshaped(Array(variable.shape.dropLast(2)) + variable.shape.suffix(1))
        }
        let run = Variable.convLSTM(
            plane(x, 3), hidden: state.hidden.map { plane($0, 2) }, cell: state.cell.map { plane($0, 2) },
            inputWeight: plane(inputWeight.variable, 2), stateWeight: plane(stateWeight.variable, 2),
            bias: bias.variable, peephole: peephole.map { plane($0.variable, 2) }, input: planes, lengths: lengths,
            reversed: isReversed)
        state = ConvLSTMState(hidden: line(run.finalHidden), cell: line(run.finalCell))
        return History(hidden: line(run.hidden), cell: line(run.cell))
    }

    /// Visits the parameters.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("weight_ih", &inputWeight)
        visit("weight_hh", &stateWeight)
        visit("bias", &bias)
        visit("weight_peephole", &peephole)
    }
}

extension ConvLSTM {
    /// The extents of one call, after checking its arguments.
    struct Plan {
        let timeSteps: Int
        let batchSize: Int
        /// The state's shape without the batch: [C, H′, W′] or [C, W′].
        let stateShape: [Int]
        let geometry: ConvolutionGeometry
    }

    func plan(_ x: Variable, _ state: ConvLSTMState, _ lengths: [Int]?) -> Plan {
        let c = configuration
        precondition(
            x.shape.count == c.dimensions + 3 && x.shape[2] == c.inputChannels,
            "ConvLSTM: the input has shape \(x.shape); [T, B, \(c.inputChannels)"
                + (c.dimensions == 1 ? ", W] is needed" : ", H, W] is needed"))
        let frame = Array(x.shape.dropFirst(3))
        let stateShape = [c.hiddenChannels] + c.stateFrame(for: frame)
        let (timeSteps, batchSize) = (x.shape[0], x.shape[1])
        for (name, part) in [("hidden", state.hidden), ("cell", state.cell)] {
            precondition(
                part.map { $0.shape == [batchSize] + stateShape } ?? true,
                "ConvLSTM: the \(name) state has shape \(part?.shape ?? []); \([batchSize] + stateShape) is needed")
        }
        if let lengths {
            precondition(
                lengths.count == batchSize, "ConvLSTM: there are \(lengths.count) lengths for a batch of \(batchSize)")
            precondition(
                lengths.allSatisfy { $0 >= 0 && $0 <= timeSteps },
                "ConvLSTM: lengths \(lengths) must lie in 0...\(timeSteps)")
        }
        let isPlane = c.dimensions == 2
        return Plan(
            timeSteps: timeSteps, batchSize: batchSize, stateShape: stateShape,
            geometry: ConvolutionGeometry(
                channels: c.inputChannels, filters: 4 * c.hiddenChannels, height: isPlane ? frame[0] : 1,
                width: frame[frame.count - 1], kernelHeight: isPlane ? c.kernel[0] : 1,
                kernelWidth: c.kernel[c.dimensions - 1], strideY: isPlane ? c.stride[0] : 1,
                strideX: c.stride[c.dimensions - 1], paddingY: isPlane ? c.padding[0] : 0,
                paddingX: c.padding[c.dimensions - 1]))
    }
}
