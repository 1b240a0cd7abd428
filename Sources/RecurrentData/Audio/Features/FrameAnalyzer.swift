import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Frames of samples to rows of a spectrum, of mels or of cepstral coefficients, two frames at a time.
///
/// Each frame has a lane of its own, so that its row does not depend on the frame beside it.
final class FrameAnalyzer {
    private typealias Lane = RealFourier.Lane

    /// What depends on the description alone.
    final class Tables: Sendable {
        let features: AudioFeatures
        let window: [Double]
        let fourier: RealFourier
        let filters: MelFilters
        /// The cosine transform times the lifter: a row of mels for each coefficient.
        let cosines: [Double]

        init(_ features: AudioFeatures) {
            self.features = features
            window = features.window.values(features.windowLength, isPeriodic: features.isPeriodic)
            fourier = RealFourier(features.fftSize)
            filters = features.kind == .spectrum ? MelFilters(empty: ()) : MelFilters(features)
            cosines = features.kind == .cepstrum ? Self.cosines(features) : []
        }

        private static func cosines(_ features: AudioFeatures) -> [Double] {
            let count = features.melCount
            var result: [Double] = []
            for row in 0..<features.cepstrumCount {
                let scale = (Double(row == 0 ? 1 : 2) / Double(count)).squareRoot()
                let phase = Double.pi * Double(row + features.lifterBegin) / features.lifter
                let lift = features.lifter > 0 ? 1 + features.lifter / 2 * sin(phase) : 1
                for mel in 0..<count {
                    result.append(scale * lift * cos(.pi / Double(count) * (Double(mel) + 0.5) * Double(row)))
                }
            }
            return result
        }
    }

    let tables: Tables
    private let features: AudioFeatures
    private let room: RealFourier.Room
    private let power: UnsafeMutablePointer<Lane>
    private let mels: UnsafeMutablePointer<Lane>
    private let key: RandomKey?

    init(_ tables: Tables, key: RandomKey?) {
        self.tables = tables
        self.key = key
        features = tables.features
        room = RealFourier.Room(tables.fourier)
        power = .allocate(capacity: tables.fourier.binCount)
        mels = .allocate(capacity: max(1, tables.filters.count))
    }

    deinit {
        power.deallocate()
        mels.deallocate()
    }

    /// The columns that `row` writes: mels instead of cepstral coefficients where `stopsAtMels`.
    func columnCount(stopsAtMels: Bool) -> Int {
        features.kind == .cepstrum && stopsAtMels ? features.melCount + 1 : features.baseCount
    }

    /// Writes the rows of two frames; the second frame may be the first one again, and its row be dropped.
    ///
    /// `indices` are the numbers of the frames, by which their dither is drawn.
    func rows(
        _ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, indices: (Int, Int), stopsAtMels: Bool,
        into target: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>?)
    ) {
        let energy = prepare(first, second, indices)
        tables.fourier.transform(room)
        let bins = tables.fourier.binCount
        for bin in 0..<bins {
            let (r, i) = (room.real[bin], room.imaginary[bin])
            power[bin] = r * r + i * i
        }
        if !features.isPower { for bin in 0..<bins { power[bin] = power[bin].squareRoot() } }
        if features.kind == .spectrum {
            for bin in 0..<bins { write(compressed(power[bin]), at: bin, target) }
            return
        }
        sumMels()
        if features.kind == .mel || stopsAtMels {
            let shift = features.energy == .first || features.kind == .cepstrum ? 1 : 0
            if shift == 1 { write(energy, at: 0, target) }
            for mel in 0..<features.melCount { write(mels[mel], at: mel + shift, target) }
            return
        }
        tables.cosines.withUnsafeBufferPointer { cosines in
            for row in 0..<features.cepstrumCount {
                var sum = Lane.zero
                for mel in 0..<features.melCount { sum += mels[mel] * cosines[row * features.melCount + mel] }
                write(row == 0 && features.energy == .first ? energy : sum, at: row, target)
            }
        }
    }

    /// The cepstral coefficients of a row that ends with mels, the energy before them.
    func cepstrum(_ row: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<features.cepstrumCount {
            var sum = 0.0
            for mel in 0..<features.melCount {
                sum += Double(row[mel + 1]) * tables.cosines[index * features.melCount + mel]
            }
            target[index] = index == 0 && features.energy == .first ? row[0] : Float(sum)
        }
    }

    @inline(__always)
    private func write(
        _ value: Lane, at index: Int, _ target: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>?)
    ) {
        target.0[index] = Float(value[0])
        target.1?[index] = Float(value[1])
    }

    /// Fills the room with windowed samples and returns the logarithm of the energies.
    private func prepare(_ first: UnsafePointer<Float>, _ second: UnsafePointer<Float>, _ indices: (Int, Int)) -> Lane {
        let count = features.windowLength
        let x = room.input
        let amplitude = features.amplitude
        for index in 0..<count { x[index] = Lane(Double(first[index]), Double(second[index])) * amplitude }
        if features.dither > 0, let key {
            var streams = (RandomStream(key.at(step: indices.0)), RandomStream(key.at(step: indices.1)))
            for index in 0..<count { x[index] += Lane(streams.0.normal(), streams.1.normal()) * features.dither }
        }
        if features.removesMean {
            var sum = Lane.zero
            for index in 0..<count { sum += x[index] }
            let mean = sum / Double(count)
            for index in 0..<count { x[index] -= mean }
        }
        let wantsEnergy = features.energy == .first
        var energy = wantsEnergy && features.hasRawEnergy ? energies(count) : .zero
        if features.preemphasis != 0 {
            let factor = features.preemphasis
            for index in stride(from: count - 1, to: 0, by: -1) { x[index] -= factor * x[index - 1] }
            x[0] -= factor * x[0]
        }
        tables.window.withUnsafeBufferPointer { window in for index in 0..<count { x[index] *= window[index] } }
        if wantsEnergy, !features.hasRawEnergy { energy = energies(count) }
        for index in count..<features.fftSize { x[index] = .zero }
        return energy
    }

    private func energies(_ count: Int) -> Lane {
        var sum = Lane.zero
        for index in 0..<count { sum += room.input[index] * room.input[index] }
        let floor = Double(Float.ulpOfOne)
        return Lane(log(max(sum[0], floor)), log(max(sum[1], floor)))
    }

    private func sumMels() {
        let filters = tables.filters
        filters.weights.withUnsafeBufferPointer { weights in
            for mel in 0..<filters.count {
                let (from, to) = (filters.offsets[mel], filters.offsets[mel + 1])
                let bins = power + (filters.starts[mel] - from)
                var sum = Lane.zero
                for index in from..<to { sum += bins[index] * weights[index] }
                mels[mel] = compressed(sum)
            }
        }
    }

    @inline(__always)
    private func compressed(_ x: Lane) -> Lane {
        switch features.compression {
        case .none: return x
        case .logarithm(let floor): return Lane(log(max(x[0], floor)), log(max(x[1], floor)))
        case .logarithmWithOffset(let offset): return Lane(log(x[0] + offset), log(x[1] + offset))
        case .decibel(let floor, _): return Lane(10 * log10(max(x[0], floor)), 10 * log10(max(x[1], floor)))
        }
    }
}
