public import RecurrentTensor

/// Layers of oracles, in one or two directions, as PyTorch stacks them.
public struct LSTMOracleStack {
    /// The cells, layer by layer, forward before reversed.
    public let cells: [LSTMFamilyOracle]
    let directions: Int
    let isReversed: Bool

    /// The stack of a golden case.
    public init(_ golden: LSTMGoldenCase) {
        directions = golden.directions
        isReversed = golden.isReversed
        let outputSize = golden.description.outputSize(hiddenSize: golden.hiddenSize)
        cells = golden.cellNames.enumerated().map { index, name in
            LSTMFamilyOracle(
                golden.description,
                inputSize: index < golden.directions ? golden.inputSize : golden.directions * outputSize,
                hiddenSize: golden.hiddenSize, parameters: golden.parameters(name))
        }
    }

    /// What a run gives.
    public struct Run {
        /// The output of the last layer, [T, B, D·Y].
        public let output: Tensor
        /// The parts of the final state, each [L·D, B, ·].
        public let final: [Tensor]
        /// The run of each cell.
        public let runs: [LSTMFamilyOracle.Run]
    }

    /// Runs all layers; parts of `state` are [L·D, B, ·].
    public func run(
        _ x: Tensor, state: [Tensor]?, lengths: [Int]?, masks: LSTMFamilyOracle.Masks = .init()
    ) -> Run {
        var input = x
        var runs: [LSTMFamilyOracle.Run] = []
        for first in stride(from: 0, to: cells.count, by: directions) {
            var outputs: [Tensor] = []
            for direction in 0..<directions {
                let run = cells[first + direction].run(
                    input, state: state.map { parts in parts.map { Self.part($0, first + direction) } },
                    lengths: lengths, reversed: isReversed || direction == 1, masks: masks)
                runs.append(run)
                outputs.append(run.steps[0])
            }
            input = Self.joined(outputs)
        }
        let final = runs[0].final.indices.map { part in Self.stacked(runs.map { $0.final[part] }) }
        return Run(output: input, final: final, runs: runs)
    }

    /// The gradients of each cell's parameters, of the input, and of the parts of the initial state, [L·D, B, ·].
    public func backward(
        _ run: Run, output: Tensor, cells cellUpstream: Tensor?, final: [Tensor]
    ) -> (parameters: [[String: Tensor]], x: Tensor, state: [Tensor]) {
        var upstream = output
        var gradients = [LSTMFamilyOracle.Gradients?](repeating: nil, count: cells.count)
        for first in stride(from: 0, to: cells.count, by: directions).reversed() {
            let shares = Self.split(upstream, directions)
            var dx: [Double] = []
            for direction in 0..<directions {
                let k = first + direction
                let gradient = cells[k].backward(
                    run.runs[k], steps: [shares[direction], cellUpstream], final: final.map { Self.part($0, k) })
                let values = gradient.x.doubles()
                dx = dx.isEmpty ? values : zip(dx, values).map { $0 + $1 }
                upstream = Tensor(dx, shape: gradient.x.shape)
                gradients[k] = gradient
            }
        }
        let all = gradients.compactMap { $0 }
        return (
            all.map(\.parameters), upstream,
            all[0].state.indices.map { part in Self.stacked(all.map { $0.state[part] }) }
        )
    }

    // MARK: - Slices, in double precision

    private static func part(_ stacked: Tensor, _ index: Int) -> Tensor {
        let shape = Array(stacked.shape.dropFirst())
        let size = shape.reduce(1, *)
        return Tensor(Array(stacked.doubles()[index * size..<(index + 1) * size]), shape: shape)
    }

    private static func stacked(_ tensors: [Tensor]) -> Tensor {
        Tensor(tensors.flatMap { $0.doubles() }, shape: [tensors.count] + tensors[0].shape)
    }

    private static func joined(_ tensors: [Tensor]) -> Tensor {
        let (T, B, width) = (tensors[0].shape[0], tensors[0].shape[1], tensors[0].shape[2])
        let values = tensors.map { $0.doubles() }
        var rows: [Double] = []
        for row in 0..<T * B {
            for share in values { rows += share[row * width..<(row + 1) * width] }
        }
        return Tensor(rows, shape: [T, B, width * tensors.count])
    }

    private static func split(_ tensor: Tensor, _ count: Int) -> [Tensor] {
        let (T, B, width) = (tensor.shape[0], tensor.shape[1], tensor.shape[2] / count)
        let values = tensor.doubles()
        return (0..<count).map { share in
            var rows: [Double] = []
            for row in 0..<T * B {
                let start = (row * count + share) * width
                rows += values[start..<start + width]
            }
            return Tensor(rows, shape: [T, B, width])
        }
    }
}
