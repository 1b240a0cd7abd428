public import RecurrentTensor

/// Descriptions that together have every pair of options that has a meaning.
public enum LSTMDescriptionCover {
    /// One option: a name, and its levels, the first being that of the standard LSTM.
    struct Factor: Sendable {
        let name: String
        let levels: [@Sendable (inout LSTMDescription) -> Void]

        init(_ name: String, _ others: [@Sendable (inout LSTMDescription) -> Void]) {
            self.name = name
            levels = [{ _ in }] + others
        }
    }

    /// The options, for even hidden sizes of at least 4.
    static let factors = [
        Factor("input gate", [{ $0.inputGate = .open }, { $0.inputGate = .coupled }]),
        Factor("forget gate", [{ $0.forgetGate = .open }, { $0.forgetGate = .coupled }]),
        Factor("output gate", [{ $0.outputGate = .open }]),
        Factor(
            "gate activation",
            [
                { $0.gateActivation = .hardSigmoid(slope: 0.25, offset: 0.45) }, { $0.gateActivation = .softsign },
                { $0.gateActivation = .scaledSigmoid(scale: 0.9, shift: 0.05) },
            ]),
        Factor(
            "cell input",
            [
                { $0.cellInputActivation = .cellInput1997 }, { $0.cellInputActivation = .identity },
                { $0.cellInputActivation = .softsign },
                { $0.cellInputActivation = .scaledTanh(scale: 1.7, slope: 0.6) },
                { $0.cellInputActivation = .hardTanh },
                { $0.cellInputActivation = .thresholdedReLU(threshold: 0.2) }, { $0.cellInputActivation = .relu },
            ]),
        Factor(
            "cell output",
            [
                { $0.cellOutputActivation = .cellOutput1997 }, { $0.cellOutputActivation = .identity },
                { $0.cellOutputActivation = .elu(scale: 0.8) }, { $0.cellOutputActivation = .softplus },
                { $0.cellOutputActivation = .leakyReLU(slope: 0.2) },
                { $0.cellOutputActivation = .affine(slope: 0.7, offset: 0.1) }, { $0.cellOutputActivation = .hardTanh },
                { $0.cellOutputActivation = .relu }, { $0.cellOutputActivation = .thresholdedReLU(threshold: 0.1) },
            ]),
        Factor(
            "peepholes",
            [{ $0.peepholes = .gers }, { $0.peepholes = .allPrevious }, { $0.peepholes = .wikipedia }]),
        Factor("full gate recurrence", [{ $0.fullGateRecurrence = true }]),
        Factor("blocks", [{ $0.cellsPerBlock = 2 }]),
        Factor(
            "projection",
            [
                { $0.projectionSize = 2 },
                { ($0.projectionSize, $0.nonRecurrentProjectionSize) = (3, 1) },
            ]),
        Factor("layer normalisation", [{ $0.layerNormalization = true }]),
        Factor("hidden zoneout", [{ $0.hiddenZoneout = 0.3 }]),
        Factor("cell zoneout", [{ $0.cellZoneout = 0.2 }]),
        Factor(
            "recurrent dropout",
            [{ $0.recurrentDropout = .withoutMemoryLoss(0.4) }, { $0.recurrentDropout = .variational(0.4) }]),
        Factor("DropConnect", [{ $0.dropConnect = 0.4 }]),
        Factor("input noise", [{ $0.inputNoise = 0.3 }]),
        Factor("cell clip", [{ $0.cellClip = 0.8 }]),
        Factor("pre-activation clip", [{ $0.preactivationClip = 0.9 }]),
        Factor("gradient clip", [{ $0.gradientClip = 0.2 }]),
        Factor("truncated gradient", [{ $0.truncatedGradient = true }]),
        Factor("learned initial state", [{ $0.learnedInitialState = true }]),
    ]

    /// Two levels of two options.
    struct Pair: Hashable {
        let a, i, b, j: Int
    }

    static func description(_ levels: [Int]) -> LSTMDescription {
        LSTMDescription { description in
            for (factor, level) in zip(factors, levels) { factor.levels[level](&description) }
        }
    }

    static func isPossible(_ levels: [Int]) -> Bool {
        (try? description(levels).validate(inputSize: 3, hiddenSize: 4)) != nil
    }

    static func pairs(of levels: [Int]) -> Set<Pair> {
        var pairs: Set<Pair> = []
        for a in levels.indices {
            for b in levels.indices where a < b { pairs.insert(Pair(a: a, i: levels[a], b: b, j: levels[b])) }
        }
        return pairs
    }

    /// The descriptions with a short name each.
    ///
    /// - Complexity: greedy, so that there are some more than need be.
    public static let all: [(name: String, description: LSTMDescription)] = cover().map { levels in
        let changed = levels.indices.filter { levels[$0] > 0 }.map { factors[$0].name + " \(levels[$0])" }
        return (changed.joined(separator: ", "), description(levels))
    }

    private static func cover() -> [[Int]] {
        let standard = factors.map { _ in 0 }
        var open: [Pair] = []
        for a in factors.indices {
            for b in factors.indices where a < b {
                for i in factors[a].levels.indices {
                    for j in factors[b].levels.indices {
                        var levels = standard
                        (levels[a], levels[b]) = (i, j)
                        if isPossible(levels) { open.append(Pair(a: a, i: i, b: b, j: j)) }
                    }
                }
            }
        }
        var uncovered = Set(open)
        var result: [[Int]] = []
        for pair in open.reversed() where uncovered.contains(pair) {
            var levels = standard
            (levels[pair.a], levels[pair.b]) = (pair.i, pair.j)
            var fixed = [pair.a, pair.b]
            for a in factors.indices where a != pair.a && a != pair.b {
                var best = (level: 0, gain: -1)
                for level in factors[a].levels.indices {
                    var candidate = levels
                    candidate[a] = level
                    guard isPossible(candidate) else { continue }
                    let gain = fixed.filter { b in
                        let (first, second) = (min(a, b), max(a, b))
                        return uncovered.contains(
                            Pair(a: first, i: candidate[first], b: second, j: candidate[second]))
                    }.count
                    if gain > best.gain { best = (level, gain) }
                }
                levels[a] = best.level
                fixed.append(a)
            }
            uncovered.subtract(pairs(of: levels))
            result.append(levels)
        }
        return result
    }
}
