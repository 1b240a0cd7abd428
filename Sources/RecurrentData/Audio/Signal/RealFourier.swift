/// The discrete Fourier transform of real sequences of one length, two at a time.
///
/// - Complexity: O(N log N) for every N; half of that of a complex transform where N is even.
package final class RealFourier: Sendable {
    typealias Lane = FourierPlan.Lane
    typealias Lanes = FourierPlan.Lanes

    /// The length of a sequence.
    package let size: Int
    /// The number of frequencies from zero to half the rate.
    package var binCount: Int { size / 2 + 1 }

    private let plan: FourierPlan
    // e^(−2πi·k/N) for the first half of the frequencies, where two halves are put together.
    private let cosines: [Double]
    private let sines: [Double]

    /// - Precondition: `size` is positive.
    package init(_ size: Int) {
        self.size = size
        let isEven = size % 2 == 0
        plan = FourierPlan(isEven ? size / 2 : size)
        let count = isEven ? size / 2 + 1 : 0
        cosines = (0..<count).map { cosine(-2 * Double.pi * Double($0) / Double(size)) }
        sines = (0..<count).map { sine(-2 * Double.pi * Double($0) / Double(size)) }
    }

    /// Room for one transform at a time.
    final class Room {
        /// The sequences, before; nothing of use after.
        let input: Lanes
        /// The real parts of each frequency, after.
        let real: Lanes
        /// The imaginary parts.
        let imaginary: Lanes
        fileprivate let memory: Lanes
        fileprivate let count: Int

        init(_ transform: RealFourier) {
            let (size, work) = (transform.size, transform.plan.size + transform.plan.scratchCount)
            count = size + 2 * (transform.binCount + work)
            memory = .allocate(capacity: count)
            memory.initialize(repeating: .zero, count: count)
            input = memory
            real = memory + size
            imaginary = real + transform.binCount
        }

        deinit { memory.deallocate() }
    }

    /// Transforms what lies in the input of a room.
    func transform(_ room: Room) {
        let work = room.imaginary + binCount
        let length = plan.size
        let (r, i) = (work, work + length)
        let (sr, si) = (i + length, i + length + plan.scratchCount)
        let x = room.input
        if size % 2 == 1 {
            for n in 0..<size { (r[n], i[n]) = (x[n], .zero) }
            plan.transform(r, i, sr, si)
            for k in 0..<binCount { (room.real[k], room.imaginary[k]) = (r[k], i[k]) }
            return
        }
        for n in 0..<length { (r[n], i[n]) = (x[2 * n], x[2 * n + 1]) }
        plan.transform(r, i, sr, si)
        cosines.withUnsafeBufferPointer { cosines in
            sines.withUnsafeBufferPointer { sines in
                for k in 0...length {
                    let (a, b) = (k == length ? 0 : k, k == 0 ? 0 : length - k)
                    // The transforms of the even and of the odd samples.
                    let (er, ei) = ((r[a] + r[b]) * 0.5, (i[a] - i[b]) * 0.5)
                    let (or, oi) = ((i[a] + i[b]) * 0.5, (r[b] - r[a]) * 0.5)
                    room.real[k] = er + or * cosines[k] - oi * sines[k]
                    room.imaginary[k] = ei + or * sines[k] + oi * cosines[k]
                }
            }
        }
    }

    /// The transform of one sequence.
    ///
    /// - Precondition: it has `size` elements.
    package func transform(_ values: [Double]) -> (real: [Double], imaginary: [Double]) {
        precondition(values.count == size, "RealFourier: \(values.count) values; the transform has \(size) points")
        let room = Room(self)
        for index in 0..<size { room.input[index] = Lane(values[index], 0) }
        transform(room)
        return ((0..<binCount).map { room.real[$0][0] }, (0..<binCount).map { room.imaginary[$0][0] })
    }
}
