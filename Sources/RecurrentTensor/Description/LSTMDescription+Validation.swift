extension LSTMDescription {
    /// Checks that the options have a meaning together.
    ///
    /// - Throws: `usage`, with the reason, for a combination that has none.
    public func validate(inputSize: Int, hiddenSize: Int) throws(RecurrentError) {
        guard inputSize > 0, hiddenSize > 0, inputSize <= 1 << 24, hiddenSize <= 1 << 24 else {
            throw Self.senseless(
                "an LSTM of input size \(inputSize) and hidden size \(hiddenSize)", "each lies in 1…16,777,216")
        }
        for activation in [gateActivation, cellInputActivation, cellOutputActivation] { try activation.validate() }
        try validateGates()
        try validateSizes(hiddenSize: hiddenSize)
        try validateConnections()
        try validateNumbers()
    }

    private func validateGates() throws(RecurrentError) {
        if outputGate == .coupled {
            throw Self.senseless("a coupled output gate", "only input and forget gate can be coupled to each other")
        }
        if inputGate == .coupled || forgetGate == .coupled {
            if inputGate == forgetGate {
                throw Self.senseless("input and forget gate both coupled", "one of them must be learned")
            }
            if inputGate == .open || forgetGate == .open {
                throw Self.senseless(
                    "a gate coupled to one that is held open",
                    "1 − 1 = 0: the cell would forget everything, or never take anything in",
                    help: "hold both open, or learn one of them")
            }
            if !gateActivation.isShare {
                throw Self.senseless(
                    "coupled gates with the gate activation \(gateActivation.name)",
                    "1 minus a gate is a share only where gates lie in 0…1",
                    help: "use sigmoid or hard-sigmoid for the gates")
            }
        }
        if learnedGates.isEmpty {
            if peepholes != .none {
                throw Self.senseless("peepholes without a learned gate", "there is no gate that could see the cell")
            }
            if fullGateRecurrence {
                throw Self.senseless(
                    "full gate recurrence without a learned gate", "there is no gate that could be recurrent")
            }
            if cellsPerBlock > 1 {
                throw Self.senseless("blocks of cells without a learned gate", "there is no gate to share")
            }
        }
        if case .chrono(let lag) = forgetBias {
            if forgetGate != .learned {
                throw Self.senseless(
                    "chrono initialisation without a learned forget gate", "it is the forget gate's bias that it sets")
            }
            if lag < 3 {
                throw Self.senseless("chrono initialisation for a longest lag of \(lag) steps", "it must be at least 3")
            }
        }
    }

    private func validateSizes(hiddenSize: Int) throws(RecurrentError) {
        if cellsPerBlock < 1 || hiddenSize % max(1, cellsPerBlock) != 0 {
            throw Self.senseless(
                "\(hiddenSize) cells in blocks of \(cellsPerBlock)", "every block must be full",
                help: "choose a hidden size that the block size divides")
        }
        for size in [projectionSize, nonRecurrentProjectionSize].compactMap({ $0 }) where size < 1 || size > 1 << 24 {
            throw Self.senseless("a projection to \(size) features", "its size lies in 1…16,777,216")
        }
        if nonRecurrentProjectionSize != nil && projectionSize == nil {
            throw Self.senseless(
                "a non-recurrent projection alone", "it stands beside a recurrent one (Sak et al. 2014)",
                help: "give the recurrent projection's size too, or put a linear layer behind the LSTM")
        }
    }

    private func validateConnections() throws(RecurrentError) {
        guard peepholes == .wikipedia else { return }
        let lost: (String, Bool)? = [
            ("a recurrent projection", projectionSize != nil),
            ("full gate recurrence", fullGateRecurrence),
            ("layer normalisation", layerNormalization),
            ("variational recurrent dropout", isVariational),
            ("the truncated gradient of 1997", truncatedGradient),
        ].first { $0.1 }
        if let lost {
            throw Self.senseless(
                "\(lost.0) with Wikipedia's peepholes",
                "in that cell the gates see the cell state in place of the hidden state, and nothing else recurs",
                help: "use the peepholes of Gers (gers), which keep the hidden state")
        }
    }

    private func validateNumbers() throws(RecurrentError) {
        var rates = [
            ("the zoneout rate of the hidden state", hiddenZoneout), ("the zoneout rate of the cell", cellZoneout),
            ("the DropConnect rate", dropConnect),
        ]
        switch recurrentDropout {
        case .none: break
        case .withoutMemoryLoss(let rate), .variational(let rate): rates.append(("the recurrent dropout rate", rate))
        }
        for (name, rate) in rates where !(rate >= 0 && rate < 1) {
            throw Self.senseless("\(name) \(rate)", "a rate is at least 0 and less than 1")
        }
        for (name, clip) in [
            ("cell clip", cellClip), ("pre-activation clip", preactivationClip), ("gradient clip", gradientClip),
        ] {
            if let clip, !(clip > 0 && clip.isFinite) {
                throw Self.senseless("a \(name) of \(clip)", "a limit is a positive number; leave it out for none")
            }
        }
        if !(inputNoise >= 0 && inputNoise.isFinite) {
            throw Self.senseless("input noise of \(inputNoise)", "a standard deviation is at least 0")
        }
        if case .constant(let bias) = forgetBias, !bias.isFinite {
            throw Self.senseless("a forget bias of \(bias)", "it must be a finite number")
        }
    }

    var isVariational: Bool {
        if case .variational(let rate) = recurrentDropout { return rate > 0 }
        return false
    }

    private static func senseless(_ what: String, _ why: String, help: String? = nil) -> RecurrentError {
        RecurrentError(.usage, "LSTM: \(what) is not possible", why: why, help: help)
    }
}
