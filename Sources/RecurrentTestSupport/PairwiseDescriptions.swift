public import RecurrentTensor

/// A set of possible descriptions in which every pair of choices that can stand together does, for H cells (an even number).
///
/// The truncated and the clipped gradient are left out: they are not derivatives, and have tests of their own.
public func pairwiseDescriptions(hiddenSize: Int) -> [LSTMDescription] {
    typealias Choice = @Sendable (inout LSTMDescription) -> Void
    let factors: [[Choice]] = [
        [{ _ in }, { $0.inputGate = .open }, { $0.inputGate = .coupled }],
        [{ _ in }, { $0.forgetGate = .open }, { $0.forgetGate = .coupled }],
        [{ _ in }, { $0.outputGate = .open }],
        [{ _ in }, { $0.gateActivation = .hardSigmoid(slope: 0.15, offset: 0.52) }, { $0.gateActivation = .softsign }],
        [
            { _ in }, { $0.cellInputActivation = .identity }, { $0.cellInputActivation = .cellInput1997 },
            { $0.cellInputActivation = .softsign }, { $0.cellInputActivation = .scaledTanh(scale: 1.7, slope: 0.6) },
        ],
        [
            { _ in }, { $0.cellOutputActivation = .identity }, { $0.cellOutputActivation = .cellOutput1997 },
            { $0.cellOutputActivation = .elu(scale: 0.8) }, { $0.cellOutputActivation = .softplus },
            { $0.cellOutputActivation = .leakyReLU(slope: 0.2) },
        ],
        [
            { _ in }, { $0.peepholes = .gers }, { $0.peepholes = .allPrevious }, { $0.peepholes = .wikipedia },
        ],
        [{ _ in }, { $0.fullGateRecurrence = true }],
        [{ _ in }, { $0.cellsPerBlock = 2 }],
        [
            { _ in }, { $0.projectionSize = 3 },
            {
                $0.projectionSize = 2
                $0.nonRecurrentProjectionSize = 3
            },
        ],
        [{ _ in }, { $0.layerNormalization = true }],
        [
            { _ in }, { $0.hiddenZoneout = 0.3 }, { $0.cellZoneout = 0.4 },
        ],
        [
            { _ in }, { $0.recurrentDropout = .withoutMemoryLoss(0.3) }, { $0.recurrentDropout = .variational(0.3) },
        ],
        [{ _ in }, { $0.cellClip = 0.6 }],
        [{ _ in }, { $0.preactivationClip = 0.7 }],
    ]
    func description(_ choices: [Int]) -> LSTMDescription? {
        var result = LSTMDescription()
        for (factor, choice) in zip(factors, choices) { factor[choice](&result) }
        do { try result.validate(inputSize: 2, hiddenSize: hiddenSize) } catch { return nil }
        return result
    }
    func pairs(_ choices: [Int]) -> Set<[Int]> {
        var found: Set<[Int]> = []
        for a in choices.indices { for b in a + 1..<choices.count { found.insert([a, choices[a], b, choices[b]]) } }
        return found
    }
    var random = RandomStream(seed: 2017)
    var open: Set<[Int]> = []
    for a in factors.indices {
        for b in a + 1..<factors.count {
            for i in factors[a].indices { for j in factors[b].indices { open.insert([a, i, b, j]) } }
        }
    }
    // Greedy: of many random possible descriptions the one that adds most, until no random one adds anything.
    var result: [LSTMDescription] = []
    while true {
        var best: (choices: [Int], description: LSTMDescription, gain: Int)?
        for _ in 0..<400 {
            let choices = factors.map { random.below($0.count) }
            guard let description = description(choices) else { continue }
            let gain = pairs(choices).intersection(open).count
            if gain > best?.gain ?? 0 { best = (choices, description, gain) }
        }
        guard let best else { break }
        result.append(best.description)
        open.subtract(pairs(best.choices))
    }
    return result
}
