import RecurrentTensor

/// A number together with how it changes with up to 8 others: derivatives that are carried forward along a computation.
struct Sensitivity {
    var value: Double
    var slope: SIMD8<Double>

    /// A number that depends on nothing.
    @inline(__always)
    init(_ value: Double) { (self.value, slope) = (value, SIMD8(repeating: 0)) }

    /// The number along which the derivatives of one place are taken.
    @inline(__always)
    init(_ value: Double, along place: Int) {
        self.init(value)
        slope[place] = 1
    }

    @inline(__always)
    init(_ value: Double, _ slope: SIMD8<Double>) { (self.value, self.slope) = (value, slope) }

    @inline(__always)
    static func + (a: Sensitivity, b: Sensitivity) -> Sensitivity {
        Sensitivity(a.value + b.value, a.slope + b.slope)
    }

    @inline(__always)
    static func + (a: Sensitivity, b: Double) -> Sensitivity { Sensitivity(a.value + b, a.slope) }

    @inline(__always)
    static func * (a: Sensitivity, b: Sensitivity) -> Sensitivity {
        Sensitivity(a.value * b.value, a.slope * b.value + b.slope * a.value)
    }

    @inline(__always)
    static func * (a: Double, b: Sensitivity) -> Sensitivity { Sensitivity(a * b.value, a * b.slope) }

    @inline(__always)
    static func / (a: Sensitivity, b: Sensitivity) -> Sensitivity {
        let inverse = 1 / b.value
        let value = a.value * inverse
        return Sensitivity(value, (a.slope - b.slope * value) * inverse)
    }

    @inline(__always)
    func sine() -> Sensitivity { Sensitivity(Double.sin(value), slope * Double.cos(value)) }

    @inline(__always)
    func cosine() -> Sensitivity { Sensitivity(Double.cos(value), slope * -Double.sin(value)) }

    @inline(__always)
    func tanh() -> Sensitivity {
        let t = Double.tanh(value)
        return Sensitivity(t, slope * (1 - t * t))
    }
}
