package import RecurrentTensor

// Cells of zeros, for weights that are about to be loaded: no randomness is drawn and no matrix made orthogonal.

extension LSTMCell {
    /// A cell of zeros.
    ///
    /// - Precondition: `description` is possible for these sizes.
    package init(blank inputSize: Int, _ hiddenSize: Int, _ description: LSTMDescription) {
        let columns = description.columns(hiddenSize: hiddenSize)
        let (N, H, P) = (columns.total, hiddenSize, description.recurrentSize(hiddenSize: hiddenSize))
        let Y = description.outputSize(hiddenSize: H)
        func zeros(_ shape: Int...) -> Parameter { Parameter(Tensor(zeros: shape)) }
        func peephole(_ gate: LSTMGate) -> Parameter? {
            [.gers, .allPrevious].contains(description.peepholes) && description.learnedGates.contains(gate)
                ? zeros(H) : nil
        }
        self.inputSize = inputSize
        self.hiddenSize = H
        self.description = description
        inputWeight = zeros(N, inputSize)
        let seesCells = description.peepholes == .wikipedia
        recurrentWeight = seesCells ? zeros(N - columns.counts[LSTMGate.candidate.rawValue], H) : zeros(N, P)
        inputBias = zeros(N)
        recurrentBias = zeros(N)
        inputPeephole = peephole(.input)
        forgetPeephole = peephole(.forget)
        outputPeephole = peephole(.output)
        let gates = description.learnedGates.count * (H / description.cellsPerBlock)
        gateWeight = description.fullGateRecurrence ? zeros(gates, gates) : nil
        projectionWeight = description.projectionSize != nil ? zeros(Y, H) : nil
        let isNormalized = description.layerNormalization
        inputGain = isNormalized ? zeros(N) : nil
        recurrentGain = isNormalized ? zeros(N) : nil
        cellGain = isNormalized ? zeros(H) : nil
        cellShift = isNormalized ? zeros(H) : nil
        initialHidden = description.learnedInitialState ? zeros(Y) : nil
        initialCell = description.learnedInitialState ? zeros(H) : nil
    }
}

extension GRUCell {
    /// A cell of zeros.
    package init(blank inputSize: Int, _ hiddenSize: Int, form: GRUForm) {
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        self.form = form
        inputWeight = Parameter(Tensor(zeros: [3 * hiddenSize, inputSize]))
        recurrentWeight = Parameter(Tensor(zeros: [3 * hiddenSize, hiddenSize]))
        inputBias = Parameter(Tensor(zeros: [3 * hiddenSize]))
        recurrentBias = Parameter(Tensor(zeros: [3 * hiddenSize]))
    }
}

extension RNNCell {
    /// A cell of zeros.
    package init(blank inputSize: Int, _ hiddenSize: Int, activation: Activation) {
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        self.activation = activation
        inputWeight = Parameter(Tensor(zeros: [hiddenSize, inputSize]))
        recurrentWeight = Parameter(Tensor(zeros: [hiddenSize, hiddenSize]))
        inputBias = Parameter(Tensor(zeros: [hiddenSize]))
        recurrentBias = Parameter(Tensor(zeros: [hiddenSize]))
    }
}

extension LSTM {
    /// A network of given cells, layer by layer, forward before reverse.
    ///
    /// - Precondition: there is a cell for each layer and direction.
    package init(cells: [LSTMCell], layers: Int, bidirectional: Bool) {
        precondition(
            layers > 0 && cells.count == layers * (bidirectional ? 2 : 1), "LSTM: \(cells.count) cells are given")
        inputSize = cells[0].inputSize
        hiddenSize = cells[0].hiddenSize
        layerCount = layers
        isBidirectional = bidirectional
        dropout = 0
        self.cells = cells
    }
}

extension GRU {
    /// A network of given cells, layer by layer, forward before reverse.
    package init(cells: [GRUCell], bidirectional: Bool) {
        self.cells = cells
        isBidirectional = bidirectional
        dropout = 0
    }
}

extension RNN {
    /// A network of given cells, layer by layer, forward before reverse.
    package init(cells: [RNNCell], bidirectional: Bool) {
        self.cells = cells
        isBidirectional = bidirectional
        dropout = 0
    }
}

extension Linear {
    /// A map of zeros.
    package init(blank inputSize: Int, _ outputSize: Int, bias: Bool) {
        weight = Parameter(Tensor(zeros: [outputSize, inputSize]))
        self.bias = bias ? Parameter(Tensor(zeros: [outputSize])) : nil
    }
}

extension Embedding {
    /// A table of zeros.
    package init(blank count: Int, _ size: Int) { weight = Parameter(Tensor(zeros: [count, size])) }
}
