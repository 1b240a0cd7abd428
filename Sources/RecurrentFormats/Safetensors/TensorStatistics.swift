public import RecurrentTensor

/// What can be said of the numbers of a tensor in one pass: how many, the least, the greatest, the mean, and how many are
/// NaN or infinite.
public struct TensorStatistics: Sendable, Hashable {
    /// The number of finite numbers.
    public private(set) var count = 0
    /// The number of those that are NaN or infinite.
    public private(set) var nonFiniteCount = 0
    /// The least finite number; infinity where there is none.
    public private(set) var minimum = Double.infinity
    /// The greatest finite number; minus infinity where there is none.
    public private(set) var maximum = -Double.infinity
    private var sum = 0.0

    /// The mean of the finite numbers; NaN where there is none.
    public var mean: Double { count == 0 ? .nan : sum / Double(count) }

    /// Of a tensor in memory.
    public init(_ tensor: Tensor) {
        tensor.withUnsafeBytes { add($0, SafetensorsType(tensor.elementType)) }
    }

    /// Of a tensor in a file, with memory for a piece of it; nil where its elements are no numbers that can be computed
    /// with, such as those of four bits.
    ///
    /// - Throws: `RecurrentError` where reading fails.
    public init?(_ entry: SafetensorsFile.Entry, in file: SafetensorsFile) throws(RecurrentError) {
        guard Self.canRead(entry.type) else { return nil }
        var result = TensorStatistics()
        try file.visitBytes(of: entry) { result.add($0, entry.type) }
        self = result
    }

    private init() {}

    private static func canRead(_ type: SafetensorsType) -> Bool {
        switch type {
        case .float32, .float64, .float16, .bfloat16, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64,
            .bool:
            true
        default: false
        }
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer, _ type: SafetensorsType) {
        switch type {
        case .float32: addFloats(bytes, of: UInt32.self) { $0 }
        case .bfloat16: addFloats(bytes, of: UInt16.self) { SIMD16<UInt32>(truncatingIfNeeded: $0) &<< 16 }
        case .float16: addFloats(bytes, of: UInt16.self, Self.widened)
        case .float64: addNumbers(bytes, of: UInt64.self) { Double(bitPattern: $0) }
        case .int8: addNumbers(bytes, of: Int8.self) { Double($0) }
        case .int16: addNumbers(bytes, of: Int16.self) { Double($0) }
        case .int32: addNumbers(bytes, of: Int32.self) { Double($0) }
        case .int64: addNumbers(bytes, of: Int64.self) { Double($0) }
        case .uint8, .bool: addNumbers(bytes, of: UInt8.self) { Double($0) }
        case .uint16: addNumbers(bytes, of: UInt16.self) { Double($0) }
        case .uint32: addNumbers(bytes, of: UInt32.self) { Double($0) }
        case .uint64: addNumbers(bytes, of: UInt64.self) { Double($0) }
        default: break
        }
    }

    // MARK: - Sixteen at a time

    /// Numbers of 32 bits or fewer, as the bits of 32-bit floats.
    @inline(__always)
    private mutating func addFloats<Word: FixedWidthInteger & SIMDScalar>(
        _ bytes: UnsafeRawBufferPointer, of: Word.Type, _ bits: (SIMD16<Word>) -> SIMD16<UInt32>
    ) {
        let size = MemoryLayout<Word>.size
        let words = bytes.count / size
        var low = SIMD16<Float>(repeating: .infinity)
        var high = SIMD16<Float>(repeating: -.infinity)
        var total = SIMD16<Double>.zero
        var finite = SIMD16<UInt32>.zero
        let whole = words / 16
        for block in 0..<whole {
            let loaded = bytes.loadUnaligned(fromByteOffset: block * 16 * size, as: SIMD16<Word>.self)
            Self.take(bits(loaded), &low, &high, &total, &finite)
        }
        if whole * 16 < words {
            // What is left over, filled up with NaN, which is taken away again from what is not finite.
            var rest = SIMD16<Word>.zero
            for lane in 0..<words - whole * 16 {
                rest[lane] = bytes.loadUnaligned(fromByteOffset: (whole * 16 + lane) * size, as: Word.self)
            }
            var restBits = bits(rest)
            for lane in (words - whole * 16)..<16 { restBits[lane] = 0x7FC0_0000 }
            Self.take(restBits, &low, &high, &total, &finite)
        }
        let found = (0..<16).reduce(0) { $0 + Int(finite[$1]) }
        count += found
        nonFiniteCount += words - found
        if found > 0 {
            minimum = min(minimum, Double(low.min()))
            maximum = max(maximum, Double(high.max()))
            for lane in 0..<16 { sum += total[lane] }
        }
    }

    @inline(__always)
    private static func take(
        _ bits: SIMD16<UInt32>, _ low: inout SIMD16<Float>, _ high: inout SIMD16<Float>, _ total: inout SIMD16<Double>,
        _ finite: inout SIMD16<UInt32>
    ) {
        let exponent = SIMD16<UInt32>(repeating: 0x7F80_0000)
        let isFinite = (bits & exponent) .!= exponent
        let values = unsafeBitCast(bits, to: SIMD16<Float>.self)
        low = pointwiseMin(low, values.replacing(with: .infinity, where: .!isFinite))
        high = pointwiseMax(high, values.replacing(with: -.infinity, where: .!isFinite))
        total += SIMD16<Double>(values.replacing(with: 0, where: .!isFinite))
        finite &+= SIMD16<UInt32>.zero.replacing(with: 1, where: isFinite)
    }

    /// The bits of binary32 numbers from those of binary16 ones.
    @inline(__always)
    private static func widened(_ half: SIMD16<UInt16>) -> SIMD16<UInt32> {
        let wide = SIMD16<UInt32>(truncatingIfNeeded: half)
        let sign = (wide & 0x8000) &<< 16
        let shifted = unsafeBitCast((wide & 0x7FFF) &<< 13, to: SIMD16<Float>.self)
        // The factor moves the exponent from one bias to the other, and makes subnormal numbers normal.
        let magnitude = unsafeBitCast(shifted * 0x1p112, to: SIMD16<UInt32>.self)
        let isFinite = (wide & 0x7C00) .!= 0x7C00
        return sign | SIMD16<UInt32>(repeating: 0x7FC0_0000).replacing(with: magnitude, where: isFinite)
    }

    @inline(__always)
    private mutating func addNumbers<Word: BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, of: Word.Type, _ number: (Word) -> Double
    ) {
        let size = MemoryLayout<Word>.size
        var (low, high, total, found) = (minimum, maximum, 0.0, 0)
        for word in 0..<bytes.count / size {
            let value = number(bytes.loadUnaligned(fromByteOffset: word * size, as: Word.self))
            guard value.isFinite else { continue }
            found += 1
            total += value
            low = min(low, value)
            high = max(high, value)
        }
        (minimum, maximum) = (low, high)
        count += found
        nonFiniteCount += bytes.count / size - found
        sum += total
    }
}
