// The members of the family that have names of their own.
extension LSTMDescription {
    /// The LSTM of *LSTM: A Search Space Odyssey*: with Gers's peepholes. Its variants below differ in one thing each.
    ///
    /// - Source: Greff et al. 2017; Gers, Schraudolph & Schmidhuber 2002.
    public static let vanilla = LSTMDescription { $0.peepholes = .gers }
    /// No peepholes: the standard LSTM, as in PyTorch and Keras.
    public static let np = LSTMDescription()
    /// No input gate: i = 1.
    public static let nig = LSTMDescription(vanilla) { $0.inputGate = .open }
    /// No forget gate: f = 1.
    public static let nfg = LSTMDescription(vanilla) { $0.forgetGate = .open }
    /// No output gate: o = 1.
    public static let nog = LSTMDescription(vanilla) { $0.outputGate = .open }
    /// No input activation function: the cell input is its sum.
    public static let niaf = LSTMDescription(vanilla) { $0.cellInputActivation = .identity }
    /// No output activation function: the output shows the cell itself.
    public static let noaf = LSTMDescription(vanilla) { $0.cellOutputActivation = .identity }
    /// Coupled input and forget gate: f = 1 − i.
    public static let cifg = LSTMDescription(vanilla) { $0.forgetGate = .coupled }
    /// Full gate recurrence: each gate also sees every gate of the step before.
    public static let fgr = LSTMDescription(vanilla) { $0.fullGateRecurrence = true }

    /// The cell of 1997: no forget gate, input squashed to −2…2 and output to −1…1.
    ///
    /// The original also had several cells a block (``cellsPerBlock``) and a truncated gradient (``truncatedGradient``).
    /// - Source: Hochreiter & Schmidhuber 1997.
    public static let original1997 = LSTMDescription {
        $0.forgetGate = .open
        $0.cellInputActivation = .cellInput1997
        $0.cellOutputActivation = .cellOutput1997
    }

    /// A description by what differs from another.
    public init(_ other: LSTMDescription, _ change: (inout LSTMDescription) -> Void) {
        self = other
        change(&self)
    }

    /// A named member, for any hidden size.
    public struct Member: Sendable {
        /// The name that a person types.
        public let name: String
        /// What it is, in a few words.
        public let summary: String
        /// Its description for H cells.
        public let description: @Sendable (_ hiddenSize: Int) -> LSTMDescription

        init(_ name: String, _ summary: String, _ description: LSTMDescription) {
            (self.name, self.summary) = (name, summary)
            self.description = { _ in description }
        }

        init(_ name: String, _ summary: String, _ description: @escaping @Sendable (Int) -> LSTMDescription) {
            (self.name, self.summary, self.description) = (name, summary, description)
        }
    }

    /// The members with names, the standard LSTM first.
    public static let members: [Member] = [
        Member("lstm", "the standard LSTM, without peepholes", np),
        Member("lstm-peephole", "with Gers's peepholes: the vanilla LSTM of the Odyssey", vanilla),
        Member("lstm-nig", "vanilla without input gate", nig),
        Member("lstm-nfg", "vanilla without forget gate", nfg),
        Member("lstm-nog", "vanilla without output gate", nog),
        Member("lstm-niaf", "vanilla without input activation", niaf),
        Member("lstm-noaf", "vanilla without output activation", noaf),
        Member("lstm-cifg", "vanilla with coupled gates, f = 1 − i", cifg),
        Member(
            "lstm-cifg-input", "vanilla with coupled gates, i = 1 − f",
            LSTMDescription(vanilla) { $0.inputGate = .coupled }),
        Member("lstm-fgr", "vanilla with full gate recurrence", fgr),
        Member(
            "lstm-peephole-previous", "peepholes of which all see the cell before the step",
            LSTMDescription { $0.peepholes = .allPrevious }),
        Member(
            "lstm-peephole-wikipedia", "gates that see the cell in place of the hidden state",
            LSTMDescription { $0.peepholes = .wikipedia }),
        Member("lstm-1997", "the first LSTM: no forget gate, logistic squashing", original1997),
        Member("lstm-projected", "with a recurrent projection to half the cells") { hiddenSize in
            LSTMDescription { $0.projectionSize = max(1, hiddenSize / 2) }
        },
        Member("lstm-projected-both", "peepholes, recurrent and non-recurrent projection (LSTMP)") { hiddenSize in
            LSTMDescription(vanilla) {
                $0.projectionSize = max(1, hiddenSize / 2)
                $0.nonRecurrentProjectionSize = max(1, hiddenSize / 4)
            }
        },
        Member("lstm-layer-norm", "with layer normalisation", LSTMDescription { $0.layerNormalization = true }),
        Member(
            "lstm-zoneout", "with zoneout of 0.05 of the hidden and 0.5 of the cell states",
            LSTMDescription {
                $0.hiddenZoneout = 0.05
                $0.cellZoneout = 0.5
            }),
        Member(
            "lstm-recurrent-dropout", "with recurrent dropout of 0.25 without memory loss",
            LSTMDescription { $0.recurrentDropout = .withoutMemoryLoss(0.25) }),
        Member(
            "lstm-variational", "with variational recurrent dropout of 0.25",
            LSTMDescription { $0.recurrentDropout = .variational(0.25) }),
    ]
}
