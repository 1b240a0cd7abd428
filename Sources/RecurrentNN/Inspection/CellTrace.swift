public import RecurrentAutodiff
public import RecurrentTensor

/// What the cells of a model did on an input, step by step, and how the loss depends on each of their states.
///
///     let trace = CellTrace(layer, x) { output in (output * output).sum() }
///     print(trace.layers[0].gradientNorms[1].values)        // |∂loss/∂c_t|, [T, B]
///
/// ∂loss/∂s_t is the total derivative: by every way on which the state s_t reaches the loss, that is through all later steps
/// and, for a cell state, through the output of its own step. In an LSTM whose forget gate is open ∂loss/∂c_t hardly changes
/// from step to step, the constant error carousel; in a simple recurrent network ∂loss/∂h_t fades.
///
/// What is random in a layer (dropout, zoneout) acts in expectation or not at all, as when a model predicts. At a padded
/// step every number is 0.
///
/// - Complexity: the cell step by step on the tape, and the gradients of all states in one walk back.
/// - Source: Hochreiter & Schmidhuber 1997; Pascanu, Mikolov & Bengio 2013.
public struct CellTrace: Sendable {
    /// Numbers of one kind over all steps.
    public struct Quantity: Sendable {
        /// Such as `forget gate`, `h` or `c`.
        public let name: String
        /// One row for each step and sequence.
        public let values: Tensor
    }

    /// One layer and direction.
    public struct Layer: Sendable {
        /// The place in the model, such as `layer 0 forward`; empty where there is one layer alone.
        public let name: String
        /// Whether it read from the last step to the first.
        public let isReversed: Bool
        /// Gates and candidates, [T, B, ·] each, as far as the cell shows them. Those of a ConvLSTM are frames, as its
        /// states and gradients are: [T, B, C, …].
        public let activations: [Quantity]
        /// The parts of the state after each step, [T, B, S] each: h, and c where there is one.
        public let states: [Quantity]
        /// ∂loss/∂state, of the names and shapes of ``states``.
        public let gradients: [Quantity]
        /// ∂loss/∂state before the first step, [B, S], of the names of ``states``.
        public let initialGradients: [Quantity]

        /// The Euclidean norm of each row of ``gradients``, [T, B], in double precision.
        public var gradientNorms: [Quantity] {
            gradients.map { gradient in
                let shape = gradient.values.shape
                let numbers = gradient.values.doubles()
                let width = shape.dropFirst(2).reduce(1, *)
                let norms = (0..<shape[0] * shape[1]).map { row in
                    numbers[row * width..<(row + 1) * width].reduce(0) { $0 + $1 * $1 }.squareRoot()
                }
                return Quantity(name: gradient.name, values: Tensor(norms, shape: Array(shape.prefix(2))))
            }
        }
    }

    /// The layers and directions, in the order of computation.
    public let layers: [Layer]
    /// The value of the loss.
    public let loss: Double

    /// Of whatever a function computes with the layers that it runs through the recorder: recurrent layers, networks of
    /// LSTMs and ConvLSTMs.
    ///
    /// - Parameter body: gives the loss, one number.
    public init(_ body: (inout CellRecorder) throws -> Variable) rethrows {
        var recorder = CellRecorder()
        let loss = try body(&recorder)
        let recordings = recorder.recordings
        let watched = recordings.flatMap { recording in
            recording.initial + recording.steps.flatMap { $0?.state ?? [] }
        }
        let gradients = recorder.tape.gradients(of: loss, for: watched)
        self.loss = loss.value.item
        var first = 0
        layers = recordings.map { recording in
            let count = recording.initial.count * (1 + recording.steps.count)
            defer { first += count }
            return Layer(recording, Array(zip(watched, gradients).dropFirst(first).prefix(count)))
        }
    }

    /// Of one layer, or a stack or pair of layers, over a sequence.
    ///
    /// - Parameters:
    ///   - x: [T, B, I].
    ///   - state: the parts of the state before the first step; empty: the initial state.
    ///   - lengths: B numbers in 0...T.
    ///   - loss: one number from the outputs, [T, B, Y].
    public init(
        _ layer: any RecurrentLayer, _ x: Tensor, from state: [Tensor] = [], lengths: [Int]? = nil,
        loss: (Variable) throws -> Variable
    ) rethrows {
        try self.init { recorder in
            var carried = state.map { Variable($0) }
            return try loss(recorder.run(layer, Variable(x), from: &carried, lengths: lengths))
        }
    }
}

extension CellTrace.Layer {
    /// From a recording and its states with their gradients: the initial ones, then those of each step.
    fileprivate init(_ recording: CellRecorder.Recording, _ states: [(Variable, Tensor?)]) {
        let parts = recording.initial.count
        let isStep = recording.isStep
        name = recording.name
        isReversed = recording.isReversed

        func gradient(_ index: Int) -> Tensor {
            let (variable, gradient) = states[index]
            return gradient ?? Tensor(zeros: variable.shape, of: variable.elementType)
        }
        /// [T, B, ·], zero at padded steps.
        func joined(_ rows: [Tensor], _ shape: [Int]) -> Tensor {
            guard let first = rows.first else {
                return Tensor(zeros: [0] + shape, of: recording.initial[0].elementType)
            }
            let mask = Tensor(
                isStep.flatMap { $0 }, shape: [rows.count, isStep[0].count] + shape.dropFirst().map { _ in 1 })
            return .stacked(rows) * mask.converted(to: first.elementType)
        }
        let named = recording.stateNames.enumerated()
        self.states = named.map { part, name in
            CellTrace.Quantity(
                name: name,
                values: joined(
                    recording.steps.compactMap { $0?.state[part].value }, recording.initial[part].shape))
        }
        gradients = named.map { part, name in
            CellTrace.Quantity(
                name: name,
                values: joined(
                    recording.steps.indices.map { gradient(parts * (1 + $0) + part) },
                    recording.initial[part].shape))
        }
        initialGradients = named.map { part, name in CellTrace.Quantity(name: name, values: gradient(part)) }
        let shown = recording.steps.first??.activations ?? []
        activations = shown.enumerated().map { index, activation in
            CellTrace.Quantity(
                name: activation.name,
                values: joined(
                    recording.steps.compactMap { $0?.activations[index].value.value }, activation.value.shape))
        }
    }
}
