import RecurrentAutodiff
import RecurrentTensor

/// What may stand between the layers of a ``LayeredNetwork`` and has no weights.
public enum NetworkFunction: String, Sendable, Hashable, CaseIterable {
    /// x, which says that nothing stands there.
    case identity
    /// max(0, x).
    case relu
    /// tanh x.
    case tanh
    /// 1 / (1 + e⁻ˣ).
    case sigmoid
    /// x where x ≥ 0, 0.01 x below, as PyTorch's default.
    case leakyReLU = "leaky-relu"
    /// x where x ≥ 0, eˣ − 1 below.
    case elu
    /// log(1 + eˣ).
    case softplus
    /// x / (1 + |x|).
    case softsign
    /// x limited to −1…1.
    case hardTanh = "hard-tanh"
    /// eˣ over its sum along the features.
    case softmax
    /// The logarithm of softmax.
    case logSoftmax = "log-softmax"
    /// The output of each sequence's last step alone: [T, B, F] → [B, F]; zeros for a sequence without steps.
    case last
    /// The final hidden state of the recurrent layer right before it, the reverse direction's behind the forward's:
    /// [T, B, F] → [B, F]. Of one direction it is what `last` gives; of two the reverse one has then read the whole sequence.
    case final

    /// Whether one output leaves for each sequence instead of one for each step.
    var endsSequence: Bool { self == .last || self == .final }

    /// The function of single numbers, or nil where this is none.
    var activation: Activation? {
        switch self {
        case .identity: .identity
        case .relu: .relu
        case .tanh: .tanh
        case .sigmoid: .sigmoid
        case .leakyReLU: .leakyReLU()
        case .elu: .elu()
        case .softplus: .softplus
        case .softsign: .softsign
        case .hardTanh: .hardTanh
        case .softmax, .logSoftmax, .last, .final: nil
        }
    }

    func callAsFunction(_ x: Variable, lengths: [Int]?) -> Variable {
        if let activation { return x.activated(activation) }
        switch self {
        case .softmax: return x.softmax()
        case .logSoftmax: return x.logSoftmax()
        case .last: return lastSteps(of: x, lengths)
        default: preconditionFailure("NetworkFunction: the final state is not found in the steps")
        }
    }

    private func lastSteps(of x: Variable, _ lengths: [Int]?) -> Variable {
        let (T, B, F) = (x.shape[0], x.shape[1], x.shape[2])
        guard T > 0 else { return Variable(Tensor(zeros: [B, F], of: x.elementType)) }
        guard let lengths else { return x[T - 1] }
        let rows = lengths.indices.map { Int32(max(0, lengths[$0] - 1) * B + $0) }
        let picked = x.reshaped([T * B, F]).gathered(Tensor(rows))
        let mask = Tensor(lengths.map { $0 > 0 ? 1.0 : 0 }, shape: [B, 1]).converted(to: x.elementType)
        return picked.selected(where: mask, otherwise: Variable(Tensor(zeros: [B, F], of: x.elementType)))
    }
}
