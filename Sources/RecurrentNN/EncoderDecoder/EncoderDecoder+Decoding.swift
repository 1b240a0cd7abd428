import RecurrentAutodiff
public import RecurrentTensor

extension EncoderDecoder {
    /// A decoder at its beginning for each source, to be searched through by ``BeamSearch``.
    public func decoder(_ source: Tensor, lengths: [Int]) -> Decoder {
        Decoder(network: self, memory: encoded(source, lengths: lengths))
    }

    /// The decoder's steps over several beginnings of an answer to each source.
    public struct Decoder: StepDecoder {
        private let network: EncoderDecoder
        private var memory: Memory
        private var state: DecoderState

        init(network: EncoderDecoder, memory: Memory) {
            self.network = network
            self.memory = memory
            state = memory.initial
        }

        /// The probabilities of what follows.
        public mutating func step(_ tokens: [Int32], continuing parents: [Int32]) -> DecodedStep {
            let rows = Tensor(parents)
            state.lower = state.lower.gathered(rows)
            state.upper = state.upper.gathered(rows)
            let count = tokens.count
            let decoded = network.decoded(Tensor(tokens, shape: [1, count]), memory, from: &state)
            let scores = network.logits(decoded.features).value
            return DecodedStep(
                logProbabilities: scores.reshaped([count, scores.shape[2]]).logSoftmax().converted(to: .float32),
                attention: decoded.attention.value.reshaped([count, memory.values.shape[0]]).converted(to: .float32))
        }

        /// Leaves all other sources.
        public mutating func keep(sentences: [Int]) {
            let (columns, count) = (memory.lengths.count, state.lower.hidden[0].shape[0])
            let slots = columns == 0 ? 0 : count / columns
            let rows = Tensor((0..<slots).flatMap { slot in sentences.map { Int32(slot * columns + $0) } })
            state.lower = state.lower.gathered(rows)
            state.upper = state.upper.gathered(rows)
            func chosen(_ x: Variable) -> Variable {
                let (K, B, F) = (x.shape[0], x.shape[1], x.shape[2])
                let wanted = Tensor((0..<K).flatMap { k in sentences.map { Int32(k * B + $0) } })
                return Variable(x.value.reshaped([K * B, F]).gathered(wanted).reshaped([K, sentences.count, F]))
            }
            memory = Memory(
                values: chosen(memory.values), keys: chosen(memory.keys),
                lengths: sentences.map { memory.lengths[$0] }, initial: memory.initial)
        }
    }
}

extension LSTMState {
    /// The state of these rows of the batch.
    fileprivate func gathered(_ rows: Tensor) -> LSTMState {
        LSTMState(
            hidden: hidden.map { Variable($0.value.gathered(rows)) },
            cell: cell.map { Variable($0.value.gathered(rows)) })
    }
}
