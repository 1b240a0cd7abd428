public import RecurrentTensor

extension Variable {
    /// A function of each element.
    public func activated(_ activation: Activation) -> Variable {
        switch activation {
        case .sigmoid: sigmoid()
        case .tanh: tanh()
        case .identity: self
        case .relu: relu()
        case .softplus: softplus()
        case .hardTanh: clamped(-1, 1)
        case .hardSigmoid(let slope, let offset): (self * slope + offset).clamped(0, 1)
        case .affine(let slope, let offset): self * slope + offset
        case .scaledSigmoid(let scale, let shift): sigmoid() * scale + shift
        case .scaledTanh(let scale, let slope): (self * slope).tanh() * scale
        case .softsign: self / (magnitude() + 1)
        case .leakyReLU(let slope): relu() - (-self).relu() * slope
        case .elu(let scale): relu() + (((-(-self).relu()).exp() - 1) * scale)
        case .thresholdedReLU(let threshold): thresholded(threshold)
        }
    }

    /// The same value, whose gradient is limited to −bound…bound on its way back.
    public func gradientLimited(to bound: Double) -> Variable {
        Variable.operation([self], value) { g, _ in
            [g.maximum(g.scalar(-bound)).minimum(g.scalar(bound))]
        }
    }

    private func thresholded(_ threshold: Double) -> Variable {
        let mask = Tensor(value.doubles().map { $0 > threshold ? 1.0 : 0 }, shape: shape).converted(to: elementType)
        return self * Variable(mask)
    }
}
