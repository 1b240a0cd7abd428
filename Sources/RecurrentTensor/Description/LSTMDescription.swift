/// Which LSTM: every member of the classic family, as the article *The LSTM family* lists them, is one value of this type.
///
/// The default is the standard LSTM. With all options, for one time step:
///
///     i = s(Wᵢx + Rᵢr + pᵢ⊙c + bᵢ)        f = s(W_f x + R_f r + p_f⊙c + b_f)        g = a(W_g x + R_g r + b_g)
///     c̃ = clip(f ⊙ c + i ⊙ g)             o = s(Wₒx + Rₒr + pₒ⊙c̃ + bₒ)            m = o ⊙ h(c̃)
///
/// where r is the previous hidden state, a projection of m, or (Wikipedia's form) the previous cell state.
///
/// - Source: Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000; Gers, Schraudolph & Schmidhuber 2002; Sak,
///   Senior & Beaufays 2014; Greff et al. 2017. Each option names its own.
public struct LSTMDescription: Sendable, Hashable {
    /// How a gate comes by its value.
    public enum Gate: String, Sendable, Hashable, CaseIterable {
        /// It has weights of its own.
        case learned
        /// It is 1.
        case open
        /// It is 1 minus the other of input and forget gate, and has no weights.
        case coupled
    }

    /// Which cell state the gates see besides x and h.
    public enum Peepholes: String, Sendable, Hashable, CaseIterable {
        /// None.
        case none
        /// Input and forget gate see the cell before the step, the output gate the cell after it, each its own (a vector of
        /// weights a gate).
        case gers
        /// All three gates see the cell before the step.
        case allPrevious = "all-previous"
        /// The gates see the cell state before the step, through full matrices, in place of the hidden state; the candidate
        /// sees the input alone.
        case wikipedia
    }

    /// Dropout within the recurrence. Masks are drawn while gradients are taken, and not otherwise.
    public enum RecurrentDropout: Sendable, Hashable {
        /// None.
        case none
        /// On the candidate, a new mask each step, so that the cell's memory is never lost. Source: Semeniuta et al. 2016.
        case withoutMemoryLoss(Double)
        /// On the hidden state that enters the recurrent products, one mask a sequence. Source: Gal & Ghahramani 2016.
        case variational(Double)
    }

    /// How the forget gate's bias begins.
    public enum ForgetBias: Sendable, Hashable {
        /// At one value. Source: Gers et al. 2000; 1 after Jozefowicz et al. 2015.
        case constant(Double)
        /// At log u with u uniform in 1…`longestLag` − 1, and the input gate's at −log u, so that memories of all lengths up to
        /// `longestLag` steps are there from the beginning. Source: Tallec & Ollivier 2018.
        case chrono(longestLag: Int)
    }

    // MARK: Equations

    /// The input gate. `.coupled`: i = 1 − f.
    public var inputGate = Gate.learned
    /// The forget gate. `.coupled`: f = 1 − i (CIFG).
    public var forgetGate = Gate.learned
    /// The output gate; it cannot be coupled.
    public var outputGate = Gate.learned
    /// s, of the three gates.
    public var gateActivation = Activation.sigmoid
    /// a, of the cell input.
    public var cellInputActivation = Activation.tanh
    /// h, of the cell output.
    public var cellOutputActivation = Activation.tanh
    /// Which cell state the gates see.
    public var peepholes = Peepholes.none
    /// Whether the gates also see all gates of the step before, through a matrix for each pair. Source: Hochreiter &
    /// Schmidhuber 1997, as FGR in Greff et al. 2017.
    public var fullGateRecurrence = false
    /// S: how many cells share one input, forget and output gate. Source: Hochreiter & Schmidhuber 1997.
    public var cellsPerBlock = 1
    /// P: the size of the hidden state, as a learned projection of the H cell outputs; nil: the cell outputs themselves.
    /// Source: Sak et al. 2014; PyTorch's `proj_size`.
    public var projectionSize: Int?
    /// Q: the size of a second projection, part of the output but not of the recurrence. Source: Sak et al. 2014.
    public var nonRecurrentProjectionSize: Int?
    /// Whether input products, recurrent products and the cell that the output shows are normalised over their features.
    /// Source: Ba, Kiros & Hinton 2016.
    public var layerNormalization = false
    /// The share of hidden and of cell states that stay as they were: at random while gradients are taken, in expectation
    /// otherwise. Source: Krueger et al. 2017.
    public var hiddenZoneout = 0.0
    /// See ``hiddenZoneout``.
    public var cellZoneout = 0.0
    /// Dropout within the recurrence.
    public var recurrentDropout = RecurrentDropout.none
    /// The rate at which single weights of the hidden (or cell) state are dropped, one mask for a whole sequence batch; those of
    /// the previous gates stay. Source: Wan et al. 2013;
    /// Merity et al. 2018.
    public var dropConnect = 0.0
    /// The standard deviation of Gaussian noise on the input while gradients are taken. Source: Graves 2006.
    public var inputNoise = 0.0

    // MARK: Clips, three different things

    /// Limits the cell state after each step to −cellClip…cellClip; its gradient is 0 where it was limited.
    public var cellClip: Double?
    /// Limits what enters the gate and cell input activations: ONNX's `clip`.
    public var preactivationClip: Double?
    /// Limits the gradient of what enters the gate and cell input activations, at each step. Source: Graves 2013.
    public var gradientClip: Double?
    /// Whether errors end at the gates and the cell input instead of flowing on through recurrent weights and peepholes: the
    /// truncated gradient of Hochreiter & Schmidhuber 1997, for historical comparisons. Within the cell they flow on.
    public var truncatedGradient = false

    // MARK: Beginnings

    /// How the forget gate's bias begins; without a learned forget gate a constant has no effect.
    public var forgetBias = ForgetBias.constant(1)
    /// Whether h and c before the first step are learned, where no state is given; recurrent gates begin at zero.
    public var learnedInitialState = false

    /// The standard LSTM.
    public init() {}

    /// A description by what differs from the standard LSTM.
    public init(_ change: (inout LSTMDescription) -> Void) { change(&self) }
}

// MARK: - What follows from it

extension LSTMDescription {
    /// Whether this is the standard LSTM in everything that a step computes.
    package var isStandard: Bool {
        var plain = LSTMDescription()
        plain.forgetBias = forgetBias
        plain.learnedInitialState = learnedInitialState
        plain.dropConnect = dropConnect
        plain.inputNoise = inputNoise
        return self == plain
    }

    /// Whether steps make random choices while gradients are taken.
    package var isRandom: Bool { recurrentDropout != .none || hiddenZoneout > 0 || cellZoneout > 0 }

    /// The learned gates in the order i, f, o.
    package var learnedGates: [LSTMGate] {
        [(LSTMGate.input, inputGate), (.forget, forgetGate), (.output, outputGate)].filter { $0.1 == .learned }.map(\.0)
    }

    /// The rows of the weights, gate by gate in the order i, f, g, o; those of gates without weights are left out.
    package func columns(hiddenSize: Int) -> LSTMColumns { LSTMColumns(self, hiddenSize: hiddenSize) }

    /// The size of the state that enters the recurrent products.
    package func recurrentSize(hiddenSize: Int) -> Int { projectionSize ?? hiddenSize }

    /// The size of an output: the projections one after another, or the cells.
    public func outputSize(hiddenSize: Int) -> Int {
        (projectionSize ?? hiddenSize) + (nonRecurrentProjectionSize ?? 0)
    }

    /// The extents of the parts of a state: output, cells and, with full gate recurrence, gates.
    public func stateSizes(hiddenSize: Int) -> [Int] {
        let gates = learnedGates.count * (hiddenSize / max(1, cellsPerBlock))
        return [outputSize(hiddenSize: hiddenSize), hiddenSize] + (fullGateRecurrence ? [gates] : [])
    }
}

/// One of the four sums of a step, in the order of weights.
package enum LSTMGate: Int, Sendable, CaseIterable {
    case input, forget, candidate, output
}

/// Where each gate's sums stand in a row of all sums.
package struct LSTMColumns: Sendable, Hashable {
    /// The first column of i, f, g, o; −1 where a gate has none.
    package let first: [Int]
    /// The columns of i, f, g, o.
    package let counts: [Int]
    /// N: all columns.
    package let total: Int

    init(_ description: LSTMDescription, hiddenSize: Int) {
        let gate = hiddenSize / max(1, description.cellsPerBlock)
        let learned = description.learnedGates
        var at = 0
        var (first, counts): ([Int], [Int]) = ([], [])
        for kind in LSTMGate.allCases {
            let count = kind == .candidate ? hiddenSize : learned.contains(kind) ? gate : 0
            first.append(count > 0 ? at : -1)
            counts.append(count)
            at += count
        }
        (self.first, self.counts, total) = (first, counts, at)
    }
}
