public import RecurrentTensor

/// Every LSTM that a description can name, as plain loops in double precision, typed from the equations of the article
/// "The LSTM family" and from nothing else in the package: forward and, equation by equation, backward.
///
/// - Shapes: `x` [T, B, I]; parts of a state: output [B, Y], cells [B, H] and, with full gate recurrence, learned gates
///   [B, G·n] in the order i, f, o.
public struct LSTMFamilyOracle {
    /// Which LSTM.
    public let description: LSTMDescription
    /// I.
    public let inputSize: Int
    /// H.
    public let hiddenSize: Int
    /// The parameters by name.
    public let parameters: [String: Tensor]

    let weights: [String: OracleMatrix]
    let layout: Layout
    let gate, cellInput, cellOutput: OracleActivation

    /// What chance decides, decided: factors and 0/1 choices of a run.
    public struct Masks {
        /// Recurrent dropout without memory loss, [T, B, H]: what multiplies i ⊙ g.
        public var candidate: Tensor?
        /// Variational recurrent dropout, [B, P]: what multiplies the state that enters the recurrent products.
        public var recurrent: Tensor?
        /// Zoneout, [T, B, Y]: 1 where the output stays.
        public var hiddenZone: Tensor?
        /// Zoneout, [T, B, H]: 1 where the cell stays.
        public var cellZone: Tensor?
        /// DropConnect, of the shape of `weight_hh` (`weight_ch` in Wikipedia's form): what multiplies it.
        public var recurrentWeight: Tensor?
        /// Noise, [T, B, I]: what is added to the input.
        public var inputNoise: Tensor?

        /// No masks: dropout and noise are off, zoneout takes its expectation.
        public init() {}
    }

    /// Where the sums of the gates stand among the N rows, and the sizes that follow from the description.
    struct Layout {
        /// The first row of i, f, g, o; nil where a gate has no weights.
        var first: [Int?] = []
        /// The sums of i, f, g, o.
        var counts: [Int] = []
        /// The gates of 0 i, 1 f, 3 o that are learned.
        var learned: [Int] = []
        var N = 0, n = 0, S = 0, P = 0, Y = 0

        init(_ d: LSTMDescription, _ H: Int) {
            S = d.cellsPerBlock
            n = H / S
            let isLearned = [d.inputGate == .learned, d.forgetGate == .learned, true, d.outputGate == .learned]
            for k in 0..<4 {
                counts.append(!isLearned[k] ? 0 : k == 2 ? H : n)
                first.append(isLearned[k] ? N : nil)
                if isLearned[k] && k != 2 { learned.append(k) }
                N += counts[k]
            }
            P = d.projectionSize ?? H
            Y = P + (d.nonRecurrentProjectionSize ?? 0)
        }

        /// The row of each learned gate's sums, gate after gate in the order i, f, o.
        var gateRows: [Int] { learned.flatMap { k in (0..<counts[k]).map { first[k]! + $0 } } }
    }

    /// The loops over these parameters.
    public init(_ description: LSTMDescription, inputSize: Int, hiddenSize: Int, parameters: [String: Tensor]) {
        self.description = description
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        layout = Layout(description, hiddenSize)
        gate = OracleActivation(description.gateActivation)
        cellInput = OracleActivation(description.cellInputActivation)
        cellOutput = OracleActivation(description.cellOutputActivation)
        let shapes = Self.parameterShapes(description, inputSize: inputSize, hiddenSize: hiddenSize)
        for (name, shape) in shapes {
            precondition(
                parameters[name]?.shape == shape,
                "LSTMFamilyOracle: \(name) is \(parameters[name]?.shape.description ?? "absent"), expected \(shape)")
        }
        self.parameters = parameters.filter { given in shapes.contains { $0.name == given.key } }
        weights = self.parameters.mapValues { OracleMatrix($0) }
    }

    /// The parameters of a description, with their shapes.
    public static func parameterShapes(
        _ d: LSTMDescription, inputSize I: Int, hiddenSize H: Int
    ) -> [(name: String, shape: [Int])] {
        let layout = Layout(d, H)
        let (N, P, Y) = (layout.N, layout.P, layout.Y)
        let gates = layout.learned.count * layout.n
        var shapes: [(String, [Int])] = [("weight_ih", [N, I])]
        shapes.append(d.peepholes == .wikipedia ? ("weight_ch", [gates, H]) : ("weight_hh", [N, P]))
        shapes += [("bias_ih", [N]), ("bias_hh", [N])]
        if d.peepholes == .gers || d.peepholes == .allPrevious {
            for k in layout.learned { shapes.append((peepholeName(k), [H])) }
        }
        if d.fullGateRecurrence { shapes.append(("weight_gates", [gates, gates])) }
        if d.projectionSize != nil { shapes.append(("weight_hr", [Y, H])) }
        if d.layerNormalization {
            shapes += [
                ("norm_ih.weight", [N]), ("norm_hh.weight", [N]), ("norm_c.weight", [H]), ("norm_c.bias", [H]),
            ]
        }
        if d.learnedInitialState { shapes += [("initial_h", [Y]), ("initial_c", [H])] }
        return shapes.map { (name: $0.0, shape: $0.1) }
    }

    static func peepholeName(_ gate: Int) -> String { ["peephole_i", "peephole_f", "", "peephole_o"][gate] }

    /// The extents of the parts of a state.
    public var stateSizes: [Int] {
        [layout.Y, hiddenSize] + (description.fullGateRecurrence ? [layout.learned.count * layout.n] : [])
    }

    // MARK: - A whole batch

    /// What a run over a batch gives, with the trace that the backward pass needs.
    public struct Run {
        /// Each part of the state after every step, [T, B, ·]; zero at padded steps.
        public let steps: [Tensor]
        /// Each part of the state after the last step, [B, ·].
        public let final: [Tensor]

        let traces: [[Step]]
        let order: [[Int]]
        let isInitialStateLearned: Bool
        let masks: Masks
    }

    /// What the backward pass gives.
    public struct Gradients {
        /// The gradient of each parameter by its name.
        public var parameters: [String: Tensor]
        /// The gradient of the input, [T, B, I].
        public var x: Tensor
        /// The gradient of each part of the initial state, [B, ·].
        public var state: [Tensor]
    }

    /// Runs over each sequence of a batch.
    ///
    /// `state` nil is the learned initial state where there is one and zero elsewhere; initial gates may be left out. Sequence b has
    /// `lengths[b]` steps; with `reversed` it is read from its last step to its first. Masks are indexed by the step's place in
    /// the input, whatever the direction.
    public func run(
        _ x: Tensor, state: [Tensor]? = nil, lengths: [Int]? = nil, reversed: Bool = false, masks: Masks = Masks()
    ) -> Run {
        let (T, B) = (x.shape[0], x.shape[1])
        let xs = Rows(x)
        let (candidate, recurrent) = (masks.candidate.map(Rows.init), masks.recurrent.map(Rows.init))
        let (hiddenZone, cellZone) = (masks.hiddenZone.map(Rows.init), masks.cellZone.map(Rows.init))
        let noise = masks.inputNoise.map(Rows.init)
        let recurrentWeight = maskedRecurrentWeight(masks)
        let given = state?.map(Rows.init)
        var steps = stateSizes.map { [Double](repeating: 0, count: T * B * $0) }
        var final = stateSizes.map { _ in [Double]() }
        var (traces, orders): ([[Step]], [[Int]]) = ([], [])

        for b in 0..<B {
            let length = lengths?[b] ?? T
            let order = reversed ? Array((0..<length).reversed()) : Array(0..<length)
            var carried = initialState(given.map { parts in parts.map { $0[b] } })
            var trace: [Step] = []
            for t in order {
                var input = xs[t * B + b]
                if let noise { for k in input.indices { input[k] += noise[t * B + b][k] } }
                let step = forward(
                    input, carried, recurrentWeight: recurrentWeight, candidateMask: candidate?[t * B + b],
                    recurrentMask: recurrent?[b], hiddenZone: hiddenZone?[t * B + b], cellZone: cellZone?[t * B + b])
                carried = step.next
                for part in carried.indices {
                    for k in carried[part].indices {
                        steps[part][(t * B + b) * carried[part].count + k] = carried[part][k]
                    }
                }
                trace.append(step)
            }
            for part in carried.indices { final[part] += carried[part] }
            traces.append(trace)
            orders.append(order)
        }
        return Run(
            steps: stateSizes.indices.map { Tensor(steps[$0], shape: [T, B, stateSizes[$0]]) },
            final: stateSizes.indices.map { Tensor(final[$0], shape: [B, stateSizes[$0]]) },
            traces: traces, order: orders, isInitialStateLearned: state == nil && description.learnedInitialState,
            masks: masks)
    }

    /// The gradients of Σ steps · stepUpstream + Σ final · finalUpstream.
    ///
    /// Upstream gradients stand in the order of the parts of a state; nil, or left out at the end, is zero.
    public func backward(_ run: Run, steps stepUpstream: [Tensor?], final finalUpstream: [Tensor?]) -> Gradients {
        let (T, B) = (run.steps[0].shape[0], run.steps[0].shape[1])
        let stepRows = stepUpstream.map { $0.map(Rows.init) }
        let finalRows = finalUpstream.map { $0.map(Rows.init) }
        let recurrentWeight = maskedRecurrentWeight(run.masks)
        var gradients = weights.mapValues { OracleMatrix(zerosLike: $0) }
        var dx = [Double](repeating: 0, count: T * B * inputSize)
        var dState = stateSizes.map { _ in [Double]() }

        for b in 0..<B {
            var d = stateSizes.map { [Double](repeating: 0, count: $0) }
            func add(_ rows: [Rows?], _ row: Int) {
                for part in d.indices where part < rows.count {
                    guard let upstream = rows[part] else { continue }
                    for k in d[part].indices { d[part][k] += upstream[row][k] }
                }
            }
            add(finalRows, b)
            for (step, t) in zip(run.traces[b], run.order[b]).reversed() {
                add(stepRows, t * B + b)
                let (input, previous) = backward(step, d, recurrentWeight: recurrentWeight, &gradients)
                for k in input.indices { dx[(t * B + b) * inputSize + k] = input[k] }
                d = previous
            }
            for part in d.indices { dState[part] += d[part] }
            if run.isInitialStateLearned {
                gradients["initial_h"]?.add(d[0])
                gradients["initial_c"]?.add(d[1])
            }
        }
        if let mask = run.masks.recurrentWeight {
            let (name, factors) = (recurrentWeightName, mask.doubles())
            for k in factors.indices { gradients[name]?.values[k] *= factors[k] }
        }
        return Gradients(
            parameters: parameters.reduce(into: [:]) { result, parameter in
                result[parameter.key] = gradients[parameter.key].map { Tensor($0.values, shape: parameter.value.shape) }
            },
            x: Tensor(dx, shape: [T, B, inputSize]),
            state: stateSizes.indices.map { Tensor(dState[$0], shape: [B, stateSizes[$0]]) })
    }

    // MARK: - Helpers

    private var recurrentWeightName: String { description.peepholes == .wikipedia ? "weight_ch" : "weight_hh" }

    private func maskedRecurrentWeight(_ masks: Masks) -> OracleMatrix {
        var matrix = weights[recurrentWeightName]!
        if let mask = masks.recurrentWeight?.doubles() { for k in mask.indices { matrix.values[k] *= mask[k] } }
        return matrix
    }

    private func initialState(_ given: [[Double]]?) -> [[Double]] {
        var state = stateSizes.map { [Double](repeating: 0, count: $0) }
        if let given {
            for part in given.indices { state[part] = given[part] }
        } else if description.learnedInitialState {
            state[0] = weights["initial_h"]!.values
            state[1] = weights["initial_c"]!.values
        }
        return state
    }

    /// The rows along the last axis of a tensor.
    private struct Rows {
        let width: Int
        let values: [Double]

        init(_ tensor: Tensor) {
            width = tensor.shape.last ?? 1
            values = tensor.doubles()
        }

        subscript(_ row: Int) -> [Double] { Array(values[row * width..<(row + 1) * width]) }
    }
}
