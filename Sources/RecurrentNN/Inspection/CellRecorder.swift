public import RecurrentAutodiff
import RecurrentTensor

/// Runs recurrent layers step by step and keeps every gate and state of every step, for a ``CellTrace``.
public struct CellRecorder {
    /// One layer and direction, as it was computed.
    struct Recording {
        let name: String
        let isReversed: Bool
        let stateNames: [String]
        let initial: [Variable]
        /// By time, not by order of computation.
        var steps: [CellStep?]
        /// 1 at steps of a sequence, 0 at padded ones, [T, B].
        let isStep: [[Double]]
    }

    let tape = Tape()
    private(set) var recordings: [Recording] = []
    private var path: [String] = []

    init() {}

    /// The output of every step of a layer, from `state`, which becomes the state after the last step.
    ///
    /// - Parameters:
    ///   - x: [T, B, I].
    ///   - state: empty: the initial state.
    ///   - lengths: B numbers in 0...T.
    ///   - name: what the layer is called in the trace.
    public mutating func run(
        _ layer: any RecurrentLayer, _ x: Variable, from state: inout [Variable], lengths: [Int]? = nil,
        name: String = ""
    ) -> Variable {
        if !name.isEmpty { path.append(name) }
        defer { if !name.isEmpty { path.removeLast() } }
        return layer.observed(x, from: &state, lengths: lengths, by: &self)
    }

    /// The output of every step of a network of LSTMs; its layers are called `layer 0`, `layer 1 reverse` and so on.
    public mutating func run(
        _ network: LSTM, _ x: Variable, from state: inout LSTMState, lengths: [Int]? = nil, name: String = ""
    ) -> Variable {
        if !name.isEmpty { path.append(name) }
        defer { if !name.isEmpty { path.removeLast() } }
        return network.throughLayers(x, from: &state, lengths: lengths, dropout: 0) { layer, place, input, parts in
            run(layer, input, from: &parts, lengths: lengths, name: place.description)
        }
    }

    /// The output of every step of a ConvLSTM, as its own call gives it; states and gates are frames, [T, B, C, …].
    public mutating func run(
        _ layer: ConvLSTM, _ x: Variable, from state: inout ConvLSTMState, lengths: [Int]? = nil, name: String = ""
    ) -> Variable {
        if !name.isEmpty { path.append(name) }
        defer { if !name.isEmpty { path.removeLast() } }
        let shape = [x.shape[1]] + layer.plan(x, state, lengths).stateShape
        let zero = Variable(Tensor(zeros: shape, of: x.elementType))
        var parts = [state.hidden ?? zero, state.cell ?? zero]
        let output = record(
            x, from: &parts, lengths: lengths, reversed: layer.isReversed, stateNames: ["h", "c"],
            step: layer.observedStep)
        state = ConvLSTMState(hidden: parts[0], cell: parts[1])
        return output
    }

    /// The output of every step of a cell.
    mutating func run(
        _ cell: some RecurrentCell, _ x: Variable, from state: inout [Variable], lengths: [Int]?, reversed: Bool
    ) -> Variable {
        if state.isEmpty { state = cell.initialState(batchSize: x.shape[1], of: x.elementType) }
        return record(
            x, from: &state, lengths: lengths, reversed: reversed, stateNames: cell.stateNames, step: cell.observedStep)
    }

    /// Keeps every step of a walk through time, whose output is the first part of the state.
    private mutating func record(
        _ x: Variable, from state: inout [Variable], lengths: [Int]?, reversed: Bool, stateNames: [String],
        step: (_ x: Variable, _ state: [Variable]) -> CellStep
    ) -> Variable {
        let (T, B) = (x.shape[0], x.shape[1])
        // Gradients reach every state because these are recorded, whether or not anything is trained.
        state = state.map { $0.isRecorded ? $0 : tape.variable($0.value) }
        let inputs = unstacked(x.isRecorded ? x : tape.variable(x.value))
        var recording = Recording(
            name: path.joined(separator: " "), isReversed: reversed, stateNames: stateNames, initial: state,
            steps: [CellStep?](repeating: nil, count: T),
            isStep: (0..<T).map { t in (0..<B).map { (lengths?[$0] ?? T) > t ? 1 : 0 } })
        func zeros(_ shape: [Int]) -> Variable { Variable(Tensor(zeros: shape, of: x.elementType)) }
        let outputShape = state[0].shape
        let maskShape = [B] + outputShape.dropFirst().map { _ in 1 }
        var outputs = [Variable](repeating: zeros(outputShape), count: T)
        for index in 0..<T {
            let t = reversed ? T - 1 - index : index
            guard recording.isStep[t].contains(0) else {
                let next = step(inputs[t], state)
                recording.steps[t] = next
                (state, outputs[t]) = (next.state, next.state[0])
                continue
            }
            let mask = Tensor(recording.isStep[t], shape: maskShape).converted(to: x.elementType)
            // What stands in padding may be anything, NaN included: it must not reach the cell.
            let next = step(inputs[t].selected(where: mask, otherwise: zeros(inputs[t].shape)), state)
            recording.steps[t] = next
            outputs[t] = next.state[0].selected(where: mask, otherwise: zeros(outputShape))
            state = zip(next.state, state).map { $0.selected(where: mask, otherwise: $1) }
        }
        recordings.append(recording)
        return T == 0 ? zeros([0] + outputShape) : .stacked(outputs)
    }

    /// The steps of a sequence, whose gradients become one tensor again.
    private func unstacked(_ x: Variable) -> [Variable] {
        let values = (0..<x.shape[0]).map { x.value[$0] }
        guard let first = values.first else { return [] }
        return Variable.operation([x], outputs: values) { upstream, _ in
            [.stacked(upstream.map { $0 ?? Tensor(zeros: first.shape, of: first.elementType) })]
        }
    }
}
