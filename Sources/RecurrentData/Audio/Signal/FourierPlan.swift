#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The discrete Fourier transform of complex sequences, two of them at a time.
///
///     X[k] = Σₙ x[n] e^(−2πi·kn/N)
///
/// Two sequences lie side by side in the lanes of each element, so that every loop is one of vectors, and neither sequence
/// changes the bits of the other. Sizes without a prime factor above 13 take a self-sorting mixed-radix transform, others
/// Bluestein's.
///
/// - Complexity: O(N log N) for every N.
/// - Source: Stockham 1966 as told by Van Loan, "Computational Frameworks for the Fast Fourier Transform", 1992, section 1.7;
///   Bluestein 1970.
final class FourierPlan: Sendable {
    /// Two numbers, one of each sequence.
    typealias Lane = SIMD2<Double>
    typealias Lanes = UnsafeMutablePointer<Lane>

    /// The length of a sequence.
    let size: Int

    private struct Stage {
        var radix: Int
        /// The number of butterflies of different twiddles.
        var blocks: Int
        /// The number of butterflies of equal twiddles.
        var stride: Int
        /// Where its twiddles begin.
        var twiddles: Int
    }

    private let stages: [Stage]
    private let cosines: [Double]
    private let sines: [Double]
    private let chirp: Chirp?

    /// - Precondition: `size` is positive.
    init(_ size: Int) {
        precondition(size > 0, "FourierPlan: a transform of \(size) points")
        self.size = size
        var stages: [Stage] = []
        var cosines: [Double] = []
        var sines: [Double] = []
        guard let radices = Self.radices(of: size) else {
            (self.stages, self.cosines, self.sines) = ([], [], [])
            chirp = Chirp(size)
            return
        }
        var rest = size
        var stride = 1
        for radix in radices {
            let blocks = rest / radix
            stages.append(Stage(radix: radix, blocks: blocks, stride: stride, twiddles: cosines.count))
            // The roots of the radix itself, then those of each block.
            for power in 0..<radix { Self.add(power, radix, &cosines, &sines) }
            for block in 0..<blocks { for power in 1..<radix { Self.add(block * power, rest, &cosines, &sines) } }
            rest = blocks
            stride *= radix
        }
        (self.stages, self.cosines, self.sines, chirp) = (stages, cosines, sines, nil)
    }

    private static func add(_ power: Int, _ count: Int, _ cosines: inout [Double], _ sines: inout [Double]) {
        let angle = -2 * Double.pi * Double(power % count) / Double(count)
        cosines.append(cos(angle))
        sines.append(sin(angle))
    }

    /// The factors 4, 2, 3, 5, … of a size; nil where a prime above 13 is one of them.
    private static func radices(of size: Int) -> [Int]? {
        var rest = size
        var radices: [Int] = []
        for radix in [4, 2, 3, 5, 7, 11, 13] {
            while rest % radix == 0 {
                radices.append(radix)
                rest /= radix
            }
        }
        return rest == 1 ? radices : nil
    }

    /// How many lanes of scratch a transform needs, in each of two arrays.
    var scratchCount: Int { chirp.map { $0.plan.size + $0.plan.scratchCount } ?? size }

    /// Transforms in place.
    func transform(_ real: Lanes, _ imaginary: Lanes, _ scratchReal: Lanes, _ scratchImaginary: Lanes) {
        if let chirp { return chirp.transform(real, imaginary, scratchReal, scratchImaginary) }
        var from = (real, imaginary)
        var to = (scratchReal, scratchImaginary)
        cosines.withUnsafeBufferPointer { cosines in
            sines.withUnsafeBufferPointer { sines in
                guard let cosines = cosines.baseAddress, let sines = sines.baseAddress else { return }
                for stage in stages {
                    let (c, s) = (cosines + stage.twiddles, sines + stage.twiddles)
                    switch stage.radix {
                    case 4: Self.four(stage, c, s, from, to)
                    case 2: Self.two(stage, c, s, from, to)
                    case 5: Self.five(stage, c, s, from, to)
                    default: Self.many(stage, c, s, from, to)
                    }
                    swap(&from, &to)
                }
            }
        }
        if from.0 != real {
            real.update(from: from.0, count: size)
            imaginary.update(from: from.1, count: size)
        }
    }

    // MARK: - Butterflies

    private static func two(
        _ stage: Stage, _ c: UnsafePointer<Double>, _ s: UnsafePointer<Double>, _ x: (Lanes, Lanes),
        _ y: (Lanes, Lanes)
    ) {
        let (blocks, stride) = (stage.blocks, stage.stride)
        for p in 0..<blocks {
            let (wr, wi) = (c[2 + p], s[2 + p])
            for q in 0..<stride {
                let (a, b) = (q + stride * p, q + stride * (p + blocks))
                let to = q + stride * 2 * p
                let (ar, ai, br, bi) = (x.0[a], x.1[a], x.0[b], x.1[b])
                y.0[to] = ar + br
                y.1[to] = ai + bi
                let (dr, di) = (ar - br, ai - bi)
                y.0[to + stride] = dr * wr - di * wi
                y.1[to + stride] = dr * wi + di * wr
            }
        }
    }

    private static func four(
        _ stage: Stage, _ c: UnsafePointer<Double>, _ s: UnsafePointer<Double>, _ x: (Lanes, Lanes),
        _ y: (Lanes, Lanes)
    ) {
        let (blocks, stride) = (stage.blocks, stage.stride)
        let quarter = stride * blocks
        for p in 0..<blocks {
            let w = 4 + 3 * p
            let (w1r, w1i, w2r, w2i, w3r, w3i) = (c[w], s[w], c[w + 1], s[w + 1], c[w + 2], s[w + 2])
            for q in 0..<stride {
                let at = q + stride * p
                let to = q + stride * 4 * p
                let (ar, ai) = (x.0[at], x.1[at])
                let (br, bi) = (x.0[at + quarter], x.1[at + quarter])
                let (cr, ci) = (x.0[at + 2 * quarter], x.1[at + 2 * quarter])
                let (dr, di) = (x.0[at + 3 * quarter], x.1[at + 3 * quarter])
                let (er, ei, fr, fi) = (ar + cr, ai + ci, ar - cr, ai - ci)
                let (gr, gi, hr, hi) = (br + dr, bi + di, br - dr, bi - di)
                y.0[to] = er + gr
                y.1[to] = ei + gi
                // i·h = (−hᵢ, hᵣ)
                let (kr, ki) = (fr + hi, fi - hr)
                let (lr, li) = (er - gr, ei - gi)
                let (mr, mi) = (fr - hi, fi + hr)
                y.0[to + stride] = kr * w1r - ki * w1i
                y.1[to + stride] = kr * w1i + ki * w1r
                y.0[to + 2 * stride] = lr * w2r - li * w2i
                y.1[to + 2 * stride] = lr * w2i + li * w2r
                y.0[to + 3 * stride] = mr * w3r - mi * w3i
                y.1[to + 3 * stride] = mr * w3i + mi * w3r
            }
        }
    }

    private static func five(
        _ stage: Stage, _ c: UnsafePointer<Double>, _ s: UnsafePointer<Double>, _ x: (Lanes, Lanes),
        _ y: (Lanes, Lanes)
    ) {
        let (blocks, stride) = (stage.blocks, stage.stride)
        let part = stride * blocks
        // The roots are those of a rotation backwards: their sines are negative.
        let (c1, c2, s1, s2) = (c[1], c[2], -s[1], -s[2])
        for p in 0..<blocks {
            let w = 5 + 4 * p
            for q in 0..<stride {
                let at = q + stride * p
                let to = q + stride * 5 * p
                let (ar, ai) = (x.0[at], x.1[at])
                let (br, bi, er, ei) = (x.0[at + part], x.1[at + part], x.0[at + 4 * part], x.1[at + 4 * part])
                let (dr, di, fr, fi) = (
                    x.0[at + 2 * part], x.1[at + 2 * part], x.0[at + 3 * part], x.1[at + 3 * part]
                )
                let (sumR, sumI, farR, farI) = (br + er, bi + ei, dr + fr, di + fi)
                let (gapR, gapI, midR, midI) = (br - er, bi - ei, dr - fr, di - fi)
                y.0[to] = ar + sumR + farR
                y.1[to] = ai + sumI + farI
                let (gr, gi) = (ar + sumR * c1 + farR * c2, ai + sumI * c1 + farI * c2)
                let (hr, hi) = (ar + sumR * c2 + farR * c1, ai + sumI * c2 + farI * c1)
                let (kr, ki) = (gapR * s1 + midR * s2, gapI * s1 + midI * s2)
                let (lr, li) = (gapR * s2 - midR * s1, gapI * s2 - midI * s1)
                // −i·k = (kᵢ, −kᵣ)
                write(gr + ki, gi - kr, c[w], s[w], y, to + stride)
                write(hr + li, hi - lr, c[w + 1], s[w + 1], y, to + 2 * stride)
                write(hr - li, hi + lr, c[w + 2], s[w + 2], y, to + 3 * stride)
                write(gr - ki, gi + kr, c[w + 3], s[w + 3], y, to + 4 * stride)
            }
        }
    }

    @inline(__always)
    private static func write(
        _ r: Lane, _ i: Lane, _ wr: Double, _ wi: Double, _ y: (Lanes, Lanes), _ to: Int
    ) {
        y.0[to] = r * wr - i * wi
        y.1[to] = r * wi + i * wr
    }

    private static func many(
        _ stage: Stage, _ c: UnsafePointer<Double>, _ s: UnsafePointer<Double>, _ x: (Lanes, Lanes),
        _ y: (Lanes, Lanes)
    ) {
        let (radix, blocks, stride) = (stage.radix, stage.blocks, stage.stride)
        let part = stride * blocks
        for p in 0..<blocks {
            let twiddle = radix + (radix - 1) * p - 1
            for q in 0..<stride {
                let at = q + stride * p
                let to = q + stride * radix * p
                for k in 0..<radix {
                    var (sumR, sumI) = (x.0[at], x.1[at])
                    var root = 0
                    for j in 1..<radix {
                        root += k
                        if root >= radix { root -= radix }
                        let (vr, vi) = (x.0[at + j * part], x.1[at + j * part])
                        sumR += vr * c[root] - vi * s[root]
                        sumI += vr * s[root] + vi * c[root]
                    }
                    if k == 0 {
                        y.0[to] = sumR
                        y.1[to] = sumI
                    } else {
                        let (wr, wi) = (c[twiddle + k], s[twiddle + k])
                        y.0[to + k * stride] = sumR * wr - sumI * wi
                        y.1[to + k * stride] = sumR * wi + sumI * wr
                    }
                }
            }
        }
    }
}

extension FourierPlan {
    /// A transform of any size as a convolution with a chirp, by transforms of a power of two.
    final class Chirp: Sendable {
        let plan: FourierPlan
        private let size: Int
        // e^(−πi·n²/N), and the transform of its inverse, divided by the size of the convolution.
        private let factors: (cosines: [Double], sines: [Double])
        private let filter: (real: [Lane], imaginary: [Lane])

        init(_ size: Int) {
            self.size = size
            var length = 1
            while length < 2 * size - 1 { length *= 2 }
            let plan = FourierPlan(length)
            self.plan = plan
            var cosines: [Double] = []
            var sines: [Double] = []
            var square = 0
            for n in 0..<size {
                // n² modulo 2N keeps the angle small and exact.
                let angle = -Double.pi * Double(square) / Double(size)
                cosines.append(cos(angle))
                sines.append(sin(angle))
                square = (square + 2 * n + 1) % (2 * size)
            }
            var real = [Lane](repeating: .zero, count: length)
            var imaginary = real
            for n in 0..<size {
                let (value, other) = (Lane(repeating: cosines[n]), Lane(repeating: -sines[n]))
                (real[n], imaginary[n]) = (value, other)
                if n > 0 { (real[length - n], imaginary[length - n]) = (value, other) }
            }
            var scratch = (real, imaginary)
            real.withUnsafeMutableBufferPointer { r in
                imaginary.withUnsafeMutableBufferPointer { i in
                    scratch.0.withUnsafeMutableBufferPointer { sr in
                        scratch.1.withUnsafeMutableBufferPointer { si in
                            if let r = r.baseAddress, let i = i.baseAddress, let sr = sr.baseAddress,
                                let si = si.baseAddress
                            {
                                plan.transform(r, i, sr, si)
                            }
                        }
                    }
                }
            }
            factors = (cosines, sines)
            filter = (real.map { $0 / Double(length) }, imaginary.map { $0 / Double(length) })
        }

        func transform(_ real: Lanes, _ imaginary: Lanes, _ scratchReal: Lanes, _ scratchImaginary: Lanes) {
            let length = plan.size
            let (workR, workI) = (scratchReal, scratchImaginary)
            let (moreR, moreI) = (scratchReal + length, scratchImaginary + length)
            for n in 0..<size {
                let (c, s) = (factors.cosines[n], factors.sines[n])
                workR[n] = real[n] * c - imaginary[n] * s
                workI[n] = real[n] * s + imaginary[n] * c
            }
            for n in size..<length { (workR[n], workI[n]) = (.zero, .zero) }
            plan.transform(workR, workI, moreR, moreI)
            for n in 0..<length {
                let (r, i) = (workR[n], workI[n])
                // The inverse transform is the transform with real and imaginary part exchanged.
                workR[n] = r * filter.real[n] - i * filter.imaginary[n]
                workI[n] = r * filter.imaginary[n] + i * filter.real[n]
            }
            plan.transform(workI, workR, moreI, moreR)
            for n in 0..<size {
                let (c, s) = (factors.cosines[n], factors.sines[n])
                real[n] = workR[n] * c - workI[n] * s
                imaginary[n] = workR[n] * s + workI[n] * c
            }
        }
    }
}
