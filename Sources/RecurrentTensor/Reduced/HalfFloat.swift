/// Floats of 16 bits, as they are stored: conversions that round to nearest, ties to even.
///
/// - Source: IEEE 754-2008, binary16; bfloat16 is the upper half of a binary32.
package enum HalfFloat {
    /// The number of a binary16.
    package static func float(_ bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        if exponent == 0x1F { return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13) }
        if exponent == 0 {
            let size = Float(fraction) * 0x1p-24
            return sign == 0 ? size : -size
        }
        return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }

    /// The number of a bfloat16.
    package static func float(brain bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// The nearest binary16.
    package static func bits(_ value: Double) -> UInt16 {
        let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
        if value.isNaN { return sign | 0x7E00 }
        let size = value.magnitude
        if size >= 65520 { return sign | 0x7C00 }
        if size < 0x1p-14 {
            // A subnormal is a count of 2⁻²⁴; 1024 of them are the first normal number, whose bits follow.
            return sign | UInt16((size * 0x1p24).rounded(.toNearestOrEven))
        }
        let unit = Double(sign: .plus, exponent: size.exponent - 10, significand: 1)
        let count = (size / unit).rounded(.toNearestOrEven)
        // 1024 ≤ count ≤ 2048; a carry into the exponent is what rounding up to the next power of two means.
        return sign | UInt16((Int(size.exponent) + 14) << 10 + Int(count))
    }

    /// The nearest bfloat16.
    package static func bits(brain value: Float) -> UInt16 {
        if value.isNaN { return UInt16(value.bitPattern >> 16) | 0x40 }
        let bits = value.bitPattern
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }
}
