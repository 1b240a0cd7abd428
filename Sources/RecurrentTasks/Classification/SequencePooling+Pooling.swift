import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor

extension SequencePooling {
    /// The outputs of all steps as one vector, and how much attention each step has, [T, B], where there is any.
    ///
    /// - Parameters:
    ///   - h: [T, B, Y].
    ///   - attention: the vector that is compared with each step, [1, Y]; nil: every step counts alike.
    ///   - last: the last step of each direction, [B, Y].
    func pooled(
        _ h: Variable, lengths: [Int], attention: Parameter?, last: () -> Variable
    ) -> (vector: Variable, attention: Variable?) {
        switch self {
        case .max: return (h.maximumOverTime(lengths: lengths), nil)
        case .mean: return (h.meanOverTime(lengths: lengths), nil)
        case .last: return (last(), nil)
        case .attention: return Self.attended(h, lengths, attention)
        case .all:
            let (vector, weights) = Self.attended(h, lengths, attention)
            let parts = [h.maximumOverTime(lengths: lengths), h.meanOverTime(lengths: lengths), vector]
            return (Variable.concatenated(parts, axis: 1), weights)
        }
    }

    private static func attended(
        _ h: Variable, _ lengths: [Int], _ attention: Parameter?
    ) -> (vector: Variable, attention: Variable?) {
        guard let attention else { return (h.meanOverTime(lengths: lengths), nil) }
        let (T, B) = (h.shape[0], h.shape[1])
        let scores = h.affine(attention.variable, nil).reshaped([T, B]).transposed([1, 0])
        let seen = mask(lengths, T)
        let least = Variable(Tensor(filled: -1e30, shape: [B, T], of: .float32))
        let shares = scores.selected(where: seen, otherwise: least).softmax() * Variable(seen)
        let weights = shares.transposed([1, 0])
        return ((h * weights.reshaped([T, B, 1])).sum(axes: [0]), weights)
    }

    /// 1 where a sequence has a step, else 0: [B, T].
    private static func mask(_ lengths: [Int], _ T: Int) -> Tensor {
        let B = lengths.count
        var seen = [Float](repeating: 0, count: B * T)
        for (b, length) in lengths.enumerated() { for t in 0..<min(length, T) { seen[b * T + t] = 1 } }
        return Tensor(seen, shape: [B, T])
    }
}
