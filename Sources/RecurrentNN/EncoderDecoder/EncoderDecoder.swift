public import RecurrentAutodiff
public import RecurrentTensor

/// From a sequence of tokens to another one: an encoder that reads both ways, and a decoder that looks back at it.
///
///     a = BiLSTM(Eₛ x)                                    s₀ = tanh(W_h [→h; ←h] + b_h)    c₀ = W_c [→c; ←c] + b_c
///     u_t = LSTM₁(E_t y_{t−1})                            from s₀, c₀
///     w_t = softmax_k(u_tᵀ W_a a_k)     v_t = Σ_k w_tk a_k
///     z_t = LSTM₂…([u_t; v_t])                            z_t = u_t with one decoder layer
///     r_t = tanh(W_r [z_t; v_t] + b_r)                    P(y_t) = softmax(E_t r_t + b)
///
/// No step of the decoder's first layer waits for what was looked at before, so that training runs each layer, and the attention
/// of all steps, as one operation over the whole answer; the layers above see what was looked at.
///
/// - Shapes: tokens [T, B], `int32`; see the parts.
/// - Initialisation: embeddings N(0, 1/E); the others as their layers.
/// - Source: encoder and attention: Bahdanau, Cho & Bengio 2015; the general score: Luong, Pham & Manning 2015; attention between
///   the decoder's layers: Wu et al. 2016; tied embeddings: Press & Wolf 2017.
public struct EncoderDecoder: Module {
    /// Sizes and rates.
    public let configuration: EncoderDecoderConfiguration
    /// Eₛ; the target's too where they are shared.
    public var sourceEmbedding: Embedding
    /// E_t; nil where it is shared.
    public var targetEmbedding: Embedding?
    /// The layers that read the source both ways.
    public var encoder: LSTM
    /// W_h and b_h of each decoder layer.
    public var hiddenBridges: [Linear]
    /// W_c and b_c of each decoder layer.
    public var cellBridges: [Linear]
    /// The decoder's first layer.
    public var lower: LSTM
    /// W_a.
    public var keys: Linear
    /// The decoder's other layers; nil with one layer.
    public var upper: LSTM?
    /// W_r and b_r.
    public var readout: Linear
    /// The last layer's weight, [V, E]; nil where it is the target's table.
    public var outputWeight: Parameter?
    /// b, [V].
    public var outputBias: Parameter

    /// A network of a configuration.
    ///
    /// - Precondition: the configuration has no problem; see ``EncoderDecoderConfiguration/validate()``.
    public init(_ configuration: EncoderDecoderConfiguration, key: RandomKey) {
        precondition(configuration.problem == nil, "EncoderDecoder: \(configuration.problem ?? "")")
        self.configuration = configuration
        let (E, H) = (configuration.embeddingSize, configuration.hiddenSize)
        func embedding(_ count: Int, _ stream: UInt64) -> Embedding {
            Embedding(count: count, size: E, deviation: 1 / Double(E).squareRoot(), key: key.substream(stream))
        }
        sourceEmbedding = embedding(configuration.sourceTokens, 0)
        targetEmbedding = configuration.sharesEmbeddings ? nil : embedding(configuration.targetTokens, 1)
        encoder = LSTM(
            inputSize: E, hiddenSize: H, layers: configuration.encoderLayers, bidirectional: true,
            dropout: configuration.dropout, key: key.substream(2))
        hiddenBridges = (0..<configuration.decoderLayers).map {
            Linear(inputSize: 2 * H, outputSize: H, key: key.substream(16 + UInt64($0)))
        }
        cellBridges = (0..<configuration.decoderLayers).map {
            Linear(inputSize: 2 * H, outputSize: H, key: key.substream(128 + UInt64($0)))
        }
        lower = LSTM(inputSize: E, hiddenSize: H, key: key.substream(3))
        keys = Linear(inputSize: 2 * H, outputSize: H, bias: false, key: key.substream(4))
        upper =
            configuration.decoderLayers == 1
            ? nil
            : LSTM(
                inputSize: 3 * H, hiddenSize: H, layers: configuration.decoderLayers - 1,
                dropout: configuration.dropout, key: key.substream(5))
        readout = Linear(inputSize: 3 * H, outputSize: E, key: key.substream(6))
        outputWeight =
            configuration.tiesOutput
            ? nil : Parameter(.glorotUniform(configuration.targetTokens, E, key: key.substream(7)))
        outputBias = Parameter(Tensor(zeros: [configuration.targetTokens]))
    }

    /// Visits every parameter.
    public mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        visit("source_embedding", &sourceEmbedding)
        if targetEmbedding != nil { visit("target_embedding", &targetEmbedding!) }
        visit("encoder", &encoder)
        visit("hidden_bridges", &hiddenBridges)
        visit("cell_bridges", &cellBridges)
        visit("decoder_lower", &lower)
        visit("attention", &keys)
        if upper != nil { visit("decoder_upper", &upper!) }
        visit("readout", &readout)
        visit("output_weight", &outputWeight)
        visit("output_bias", &outputBias)
    }

    // MARK: - Encoder

    /// What the encoder made of a batch of sources.
    public struct Memory: Sendable {
        /// a: what there is to look at, [K, B, 2H]; zero at padded positions.
        public let values: Variable
        /// W_a a, [K, B, H].
        public let keys: Variable
        /// The number of positions of each source.
        public let lengths: [Int]
        /// The decoder's state before its first step.
        public let initial: DecoderState
    }

    /// The state of every decoder layer.
    public struct DecoderState: Sendable {
        /// That of the first layer.
        public var lower: LSTMState
        /// That of the others.
        public var upper: LSTMState
    }

    /// Reads sources.
    ///
    /// - Parameters:
    ///   - source: [K, B]; what stands at or beyond a length may be any token.
    ///   - lengths: the number of tokens of each source, in 0...K.
    public func encoded(_ source: Tensor, lengths: [Int]) -> Memory {
        let embedded = sourceEmbedding(source).dropout(configuration.embeddingDropout)
        var state = LSTMState()
        let read = encoder(embedded, from: &state, lengths: lengths)
        let values = read.dropout(configuration.dropout)
        let top = state.hidden.count - 2
        let hidden = Variable.concatenated([state.hidden[top], state.hidden[top + 1]], axis: 1)
        let cell = Variable.concatenated([state.cell[top], state.cell[top + 1]], axis: 1)
        let parts = zip(hiddenBridges, cellBridges).map { ($0(hidden).tanh(), $1(cell)) }
        let initial = DecoderState(
            lower: LSTMState(hidden: [parts[0].0], cell: [parts[0].1]),
            upper: LSTMState(hidden: parts.dropFirst().map(\.0), cell: parts.dropFirst().map(\.1)))
        return Memory(values: values, keys: keys(values), lengths: lengths, initial: initial)
    }

    // MARK: - Decoder

    /// What the decoder made of the beginning of an answer.
    public struct Decoded: Sendable {
        /// r, [T, B, E].
        public let features: Variable
        /// w, [T, B, K].
        public let attention: Variable
    }

    /// Reads what an answer has so far, from a state, which becomes the state after it.
    ///
    /// - Parameters:
    ///   - tokens: [T, B].
    ///   - memory: the sources; with more than one row a source the rows of `state` and the columns of `tokens` are grouped
    ///     as in ``StepDecoder`` and T is 1.
    ///   - lengths: the number of tokens of each row; nil: T.
    public func decoded(
        _ tokens: Tensor, _ memory: Memory, from state: inout DecoderState, lengths: [Int]? = nil
    ) -> Decoded {
        let embedded = (targetEmbedding ?? sourceEmbedding)(tokens).dropout(configuration.embeddingDropout)
        let below = lower(embedded, from: &state.lower, lengths: lengths)
        let (T, rows, sources) = (tokens.shape[0], tokens.shape[1], memory.lengths.count)
        // Several rows a source stand like several steps: each of them asks the same keys.
        precondition(
            rows == sources || T == 1 && sources > 0 && rows % sources == 0,
            "EncoderDecoder: \(rows) rows of \(T) steps do not fit \(sources) sources")
        let query = rows == sources ? below : below.reshaped([rows / sources, sources, configuration.hiddenSize])
        let attended = DotProductAttention(scale: 1)(
            query, keys: memory.keys, values: memory.values, keyLengths: memory.lengths)
        let context = attended.context.reshaped([T, rows, 2 * configuration.hiddenSize])
        let weights = attended.weights.reshaped([T, rows, memory.values.shape[0]])
        var top = below.dropout(configuration.dropout)
        if let upper {
            top = upper(.concatenated([top, context], axis: 2), from: &state.upper, lengths: lengths)
                .dropout(configuration.dropout)
        }
        let features = readout(.concatenated([top, context], axis: 2)).tanh().dropout(configuration.dropout)
        return Decoded(features: features, attention: weights)
    }

    /// The weight of the last layer, [V, E].
    var output: Variable { (outputWeight ?? (targetEmbedding ?? sourceEmbedding).weight).variable }

    /// The scores of every next token before the softmax, [T, B, V].
    public func logits(_ features: Variable) -> Variable { features.affine(output, outputBias.variable) }
}
