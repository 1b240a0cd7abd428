/// Philox 4×64-10: a counter-based generator. The same key and counter give the same four numbers anywhere.
///
/// - Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. Equal to
///   `numpy.random.Philox` of the same key and counter.
public enum Philox {
    /// The block of four 64-bit numbers of a counter under a key.
    public static func block(
        counter: (UInt64, UInt64, UInt64, UInt64), key: (UInt64, UInt64)
    ) -> (UInt64, UInt64, UInt64, UInt64) {
        var (c0, c1, c2, c3) = counter
        var (k0, k1) = key
        for round in 0..<10 {
            if round > 0 {
                k0 &+= 0x9E37_79B9_7F4A_7C15
                k1 &+= 0xBB67_AE85_84CA_A73B
            }
            let p0 = c0.multipliedFullWidth(by: 0xD2E7_470E_E14C_6C93)
            let p1 = c2.multipliedFullWidth(by: 0xCA5A_8263_9512_1157)
            (c0, c1, c2, c3) = (p1.high ^ c1 ^ k0, p1.low, p0.high ^ c3 ^ k1, p0.low)
        }
        return (c0, c1, c2, c3)
    }
}

/// The name of a stream of random numbers: a seed, a stream within it and a step within that.
///
/// Keys are values: what is drawn depends on the key and the index of the draw, never on what was drawn elsewhere, on
/// the number of threads, or on a restart.
public struct RandomKey: Sendable, Hashable {
    /// The seed that a person gives.
    public var seed: UInt64
    /// Which use of randomness: initialisation, shuffling, dropout of a layer, …
    public var stream: UInt64
    /// The training step, epoch or other count within the stream.
    public var step: UInt64

    /// Creates the key of a seed, a stream and a step.
    public init(seed: UInt64, stream: UInt64 = 0, step: UInt64 = 0) {
        self.seed = seed
        self.stream = stream
        self.step = step
    }

    /// The key of another use of randomness under the same seed: `index` is mixed into the stream.
    public func substream(_ index: UInt64) -> RandomKey {
        let mixed = Philox.block(counter: (index, stream, 0x5EED, 1), key: (seed, 0xA5A5))
        return RandomKey(seed: seed, stream: mixed.0, step: step)
    }

    /// The key of another step of the same stream.
    public func at(step: Int) -> RandomKey {
        RandomKey(seed: seed, stream: stream, step: UInt64(bitPattern: Int64(step)))
    }
}

/// The numbers of a key, one after another.
public struct RandomStream: RandomNumberGenerator, Sendable {
    /// The key of the stream.
    public let key: RandomKey
    private var position: UInt64 = 0
    private var buffer: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private var available = 0

    /// The stream of a key from its beginning.
    public init(_ key: RandomKey) { self.key = key }

    /// The stream of a key from the draw `position` of 64 bits on, a multiple of four.
    fileprivate init(_ key: RandomKey, from position: Int) {
        self.key = key
        self.position = UInt64(position / 4)
    }

    /// The stream of a seed from its beginning.
    public init(seed: UInt64) { self.init(RandomKey(seed: seed)) }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        if available == 0 {
            buffer = Philox.block(counter: (position, 0, key.step, 0), key: (key.seed, key.stream))
            position &+= 1
            available = 4
        }
        available -= 1
        switch available {
        case 3: return buffer.0
        case 2: return buffer.1
        case 1: return buffer.2
        default: return buffer.3
        }
    }

    /// A uniform number in [0, 1) with 53 random bits.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A uniform number in a range.
    public mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * uniform() }

    /// A number from the standard normal distribution (Box and Muller's transform).
    public mutating func normal() -> Double {
        let radius = (-2 * Double.log(1 - uniform())).squareRoot()
        return radius * Double.cos(2 * Double.pi * uniform())
    }

    /// A whole number below `bound`.
    public mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}

extension Tensor {
    /// A tensor of uniform numbers in `low..<high`.
    public init(
        uniform low: Double, _ high: Double, shape: [Int], of elementType: ElementType = .float32, key: RandomKey
    ) {
        self.init(shape: shape, of: elementType, key: key, draws: 1) { $0.uniform(low, high) }
    }

    /// A tensor of numbers from a normal distribution.
    public init(
        normal mean: Double = 0, deviation: Double = 1, shape: [Int], of elementType: ElementType = .float32,
        key: RandomKey
    ) {
        self.init(shape: shape, of: elementType, key: key, draws: 2) { mean + deviation * $0.normal() }
    }

    /// Each element takes `draws` draws of the key's stream, so that any thread can begin at any of them.
    private init(
        shape: [Int], of elementType: ElementType, key: RandomKey, draws: Int, _ draw: (inout RandomStream) -> Double
    ) {
        var result = Tensor(uninitialized: shape, of: elementType)
        let share = 1 << 12
        func fill<S: FloatingScalar>(_: S.Type) {
            result.withMutableBuffer(of: S.self) { values in
                ThreadPool.shared.run(parts: (values.count + share - 1) / share) { part in
                    var stream = RandomStream(key, from: part * share * draws)
                    for index in part * share..<min(values.count, (part + 1) * share) {
                        values[index] = S(draw(&stream))
                    }
                }
            }
        }
        switch elementType {
        case .float32: fill(Float.self)
        case .float64: fill(Double.self)
        default: preconditionFailure("Tensor: random numbers as \(elementType.rawValue); floating point is needed")
        }
        self = result
    }
}
