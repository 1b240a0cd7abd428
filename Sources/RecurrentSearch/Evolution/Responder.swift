import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor

/// Something that acts: what it does may depend on all that it saw since its last reset.
public protocol Responder {
    /// Forgets what it saw.
    mutating func reset()
    /// The answer to an observation.
    ///
    /// - Precondition: `answer` has room for the numbers of an answer.
    mutating func respond(to observation: UnsafeBufferPointer<Double>, into answer: inout [Double])
    /// One that saw the same and goes on apart from this one.
    func copied() -> any Responder
}

/// How the numbers that a network answers become an action: the largest of a group is the choice; a bounded number is
/// squeezed into its bounds by tanh, unless it lies between −1 and 1 already; a number without bounds is the action.
public struct ActionMap: Sendable {
    private let space: Space
    private let isSqueezed: Bool

    /// The map of a space.
    ///
    /// - Parameter isSqueezed: whether answers lie between −1 and 1 already, as the states of units do.
    public init(_ space: Space, isSqueezed: Bool = false) { (self.space, self.isSqueezed) = (space, isSqueezed) }

    /// The numbers of an answer.
    public var answerSize: Int { space.encodedCount }

    /// A number between −1 and 1.
    func squeezed(_ answer: Double) -> Double { isSqueezed ? answer : Double.tanh(answer) }

    /// Writes the action of an answer from a position on.
    public func apply(_ answer: [Double], into action: inout [Double], at first: Int = 0) {
        func best(_ range: Range<Int>) -> Int {
            var top = range.lowerBound
            for k in range where answer[k] > answer[top] { top = k }
            return top - range.lowerBound
        }
        switch space {
        case .discrete(let count): action[first] = Double(best(0..<count))
        case .multiDiscrete(let counts):
            var at = 0
            for (index, count) in counts.enumerated() {
                action[first + index] = Double(best(at..<at + count))
                at += count
            }
        case .box(let low, let high):
            for k in low.indices {
                let width = high[k] - low[k]
                action[first + k] = width.isFinite ? low[k] + width * (0.5 + 0.5 * squeezed(answer[k])) : answer[k]
            }
        }
    }
}

/// A ``EvolvedNetwork`` at work: weights in the first cache, one step at a time, taken from a vector of genes.
public final class NetworkResponder: Responder {
    private let network: EvolvedNetwork
    private let fast: SmallRecurrence?
    private var all: [Float]
    private var slow: EvolvedNetwork?
    private var state: [Variable] = []

    /// A responder for networks like this one, with its weights.
    public init(_ network: EvolvedNetwork) {
        self.network = network
        all = network.layout.base
        if let cell = network.smallCell {
            fast = SmallRecurrence(
                cell, inputSize: network.inputSize, hiddenSize: network.shape.hiddenSize,
                outputSize: network.head == nil ? 0 : network.outputSize)
        } else {
            fast = nil
        }
        load(network.genes)
    }

    private init(copying other: NetworkResponder) {
        (network, all, slow, state) = (other.network, other.all, other.slow, other.state)
        fast = other.fast.map { SmallRecurrence(copying: $0) }
    }

    /// One that saw the same and goes on apart from this one.
    public func copied() -> any Responder { NetworkResponder(copying: self) }

    /// Whether steps run on the fused kernels rather than on the tape.
    public var isFast: Bool { fast != nil }

    /// Takes over the weights of a genome, and forgets what was seen.
    ///
    /// - Precondition: the genome has as many genes as the network.
    public func load(_ genes: [Double]) {
        network.layout.write(genes, into: &all)
        guard let fast else {
            var copy = network
            copy.genes = genes
            (slow, state) = (copy, [])
            return
        }
        all.withUnsafeBufferPointer { all in
            func place(_ name: String) -> UnsafePointer<Float>? {
                network.layout.places[name].flatMap { offset in all.baseAddress.map { $0 + offset } }
            }
            guard let input = place("cell.weight_ih"), let recurrent = place("cell.weight_hh") else { return }
            fast.load(
                SmallRecurrence.Weights(
                    input: input, recurrent: recurrent, inputBias: place("cell.bias_ih"),
                    recurrentBias: place("cell.bias_hh"),
                    peepholes: ["i", "f", "o"].map { place("cell.peephole_" + $0) },
                    readout: place("head.weight"), readoutBias: place("head.bias")))
        }
    }

    /// Forgets what was seen.
    public func reset() {
        fast?.reset()
        state = []
    }

    /// One step.
    public func respond(to observation: UnsafeBufferPointer<Double>, into answer: inout [Double]) {
        guard let fast else { return stepOnTape(observation, into: &answer) }
        let x = fast.input
        for k in 0..<network.inputSize { x[k] = Float(observation[k]) }
        fast.step()
        let y = fast.output
        for k in 0..<network.outputSize { answer[k] = Double(y[k]) }
    }

    private func stepOnTape(_ observation: UnsafeBufferPointer<Double>, into answer: inout [Double]) {
        guard let slow else { return }
        let x = Tensor(observation.prefix(network.inputSize).map { Float($0) }, shape: [1, network.inputSize])
        let y = slow(Variable(x), from: &state)
        for (k, value) in y.value.doubles().enumerated() { answer[k] = value }
    }
}

extension EvolvedNetwork {
    /// The cell as the fused kernels know it; nil where it runs on the tape.
    var smallCell: SmallRecurrence.Cell? {
        let found: SmallRecurrence.Cell? =
            switch cell {
            case let cell as RNNCell: .rnn(cell.activation)
            case let cell as GRUCell: .gru(resetsBefore: cell.form == .resetBefore)
            case let cell as LSTMCell where cell.initialHidden == nil && cell.initialCell == nil:
                .lstm(cell.description)
            default: nil
            }
        return found.flatMap { $0.isSupported ? $0 : nil }
    }
}
