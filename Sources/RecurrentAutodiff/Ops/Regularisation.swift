package import RecurrentTensor

extension Variable {
    /// Zeroes each element with probability `rate` and scales the others by 1/(1 − rate), while gradients are taken.
    ///
    /// It acts on values that depend on a parameter; on a constant, such as a model's input, and outside a gradient
    /// evaluation it is the identity. The mask comes from the random key of the tape, which travels
    /// in the variables: the same seed and step give the same mask on any number of threads.
    ///
    /// - Precondition: the evaluation was given a random key: `valueAndGradient(random: …)`.
    public func dropout(_ rate: Double) -> Variable { dropout(rate, sharedOver: []) }

    /// Dropout with one mask along some axes: every element that differs in these alone is kept or dropped with the others.
    ///
    /// Over the time axis of [T, B, F] it is variational dropout; over the last axis of an embedding's table whole tokens are
    /// dropped. Otherwise as ``dropout(_:)``.
    ///
    /// - Source: Gal & Ghahramani 2016; Merity, Keskar & Socher 2018.
    public func dropout(_ rate: Double, sharedOver axes: Set<Int>) -> Variable {
        precondition(rate >= 0 && rate < 1, "dropout: the rate is \(rate); it must be at least 0 and less than 1")
        precondition(axes.allSatisfy(shape.indices.contains), "dropout: \(shape) has not all axes of \(axes.sorted())")
        guard rate > 0, let tape = openTape else { return self }
        guard let key = tape.nextRandomKey() else {
            preconditionFailure(
                "dropout: the evaluation has no random key; call valueAndGradient(random: RandomKey(…))")
        }
        let extents = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
        let mask = Tensor.bernoulliMask(extents, of: elementType, keeping: 1 - rate, key: key)
        return Variable.operation([self], value * mask) { g, _ in [g * mask] }
    }

    /// Normalises each row of the last axis to mean 0 and variance 1, then scales and shifts it.
    ///
    ///     y = (x − mean) / √(variance + epsilon) ⊙ scale + shift
    ///
    /// - Shapes: `self` `[…, F]`; `scale`, `shift` `[F]`.
    /// - Source: Ba, Kiros & Hinton 2016.
    public func layerNorm(scale: Variable, shift: Variable, epsilon: Double = 1e-5) -> Variable {
        let width = shape.last ?? 1
        precondition(
            scale.shape == [width] && shift.shape == [width],
            "layerNorm: input \(shape) does not fit scale \(scale.shape) and shift \(shift.shape)")
        let mean = value.mean(axes: [-1], keepingAxes: true)
        let centred = value - mean
        let deviation = ((centred * centred).mean(axes: [-1], keepingAxes: true) + epsilon).squareRoot()
        let normal = centred / deviation
        let scaleValue = scale.value
        return Variable.operation([self, scale, shift], normal * scaleValue + shift.value) { g, needed in
            let gradient = g * scaleValue
            let dx =
                (gradient - gradient.mean(axes: [-1], keepingAxes: true) - normal
                    * (gradient * normal).mean(axes: [-1], keepingAxes: true)) / deviation
            return [
                needed[0] ? dx : nil, needed[1] ? (g * normal).reduced(to: [width]) : nil,
                needed[2] ? g.reduced(to: [width]) : nil,
            ]
        }
    }
}

extension Tensor {
    /// Elements that are `value` (nil: 1/`probability`) with that probability, else 0; each depends on the key and its own
    /// index alone.
    package static func bernoulliMask(
        _ shape: [Int], of elementType: ElementType, keeping probability: Double, value: Double? = nil, key: RandomKey
    ) -> Tensor {
        let threshold = UInt64(probability * 0x1p32)
        var result = Tensor(uninitialized: shape, of: elementType)
        func run<S: FloatingScalar>(_: S.Type) {
            let kept = S(value ?? 1 / probability)
            result.withMutableBuffer(of: S.self) { y in
                // Each block of four 64-bit numbers decides eight elements.
                for block in 0..<(y.count + 7) / 8 {
                    let bits = Philox.block(
                        counter: (UInt64(block), 1, key.step, 0), key: (key.seed, key.stream))
                    func place(_ word: UInt64, at index: Int) {
                        if index < y.count { y[index] = word >> 32 < threshold ? kept : 0 }
                        if index + 1 < y.count { y[index + 1] = word & 0xFFFF_FFFF < threshold ? kept : 0 }
                    }
                    place(bits.0, at: block * 8)
                    place(bits.1, at: block * 8 + 2)
                    place(bits.2, at: block * 8 + 4)
                    place(bits.3, at: block * 8 + 6)
                }
            }
        }
        switch elementType {
        case .float32: run(Float.self)
        case .float64: run(Double.self)
        default: preconditionFailure("bernoulliMask: elements are \(elementType.rawValue)")
        }
        return result
    }
}
