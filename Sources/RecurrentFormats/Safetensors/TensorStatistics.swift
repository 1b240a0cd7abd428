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

    /// Of a tensor in a file, in memory for a few pieces of it; nil where its elements are no numbers that can be computed
    /// with, such as those of four bits.
    ///
    /// The result does not depend on the number of threads.
    ///
    /// - Throws: `RecurrentError` where reading fails.
    public init?(_ entry: SafetensorsFile.Entry, in file: SafetensorsFile) throws(RecurrentError) {
        guard Self.canRead(entry.type) else { return nil }
        let byteCount = entry.byteRange.count
        let pieceCount = (byteCount + Self.pieceSize - 1) / Self.pieceSize
        let atOnce = min(pieceCount, Self.piecesAtOnce)
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(byteCount, atOnce * Self.pieceSize), alignment: 64)
        defer { memory.deallocate() }
        var first = 0
        while first < pieceCount {
            let parts = min(atOnce, pieceCount - first)
            var results = [Result<TensorStatistics, RecurrentError>?](repeating: nil, count: parts)
            results.withUnsafeMutableBufferPointer { results in
                // Each part touches the one result and the one piece of memory of its own number.
                nonisolated(unsafe) let (results, memory) = (results, memory)
                let first = first
                ThreadPool.shared.run(parts: parts) { part in
                    let start = (first + part) * Self.pieceSize
                    let place = part * Self.pieceSize
                    let length = min(Self.pieceSize, byteCount - start)
                    let piece = UnsafeMutableRawBufferPointer(rebasing: memory[place..<place + length])
                    results[part] = Self.piece(entry, file, from: start, in: piece)
                }
            }
            for result in results {
                if let result { merge(try result.get()) }
            }
            first += parts
        }
    }

    private init() {}

    /// What a processor keeps near it; a multiple of the size of every element, so that none is cut.
    private static let pieceSize = 1 << 18
    private static let piecesAtOnce = 16

    private static func piece(
        _ entry: SafetensorsFile.Entry, _ file: SafetensorsFile, from start: Int,
        in memory: UnsafeMutableRawBufferPointer
    ) -> Result<TensorStatistics, RecurrentError> {
        do throws(RecurrentError) {
            try file.readBytes(of: entry, from: start, into: memory)
            var result = TensorStatistics()
            result.add(UnsafeRawBufferPointer(memory), entry.type)
            return .success(result)
        } catch { return .failure(error) }
    }

    private mutating func merge(_ other: TensorStatistics) {
        count += other.count
        nonFiniteCount += other.nonFiniteCount
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
        sum += other.sum
    }

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
        case .float32: addFloats(bytes)
        case .bfloat16: addHalves(bytes) { UInt32($0) << 16 }
        case .float16: addHalves(bytes, Self.widened)
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

    // MARK: - Floats of 32 bits and fewer

    private static let blockCount = 2048

    private mutating func addFloats(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt32.self) else { return }
        var done = 0
        while done < bytes.count / 4 {
            let length = min(Self.blockCount, bytes.count / 4 - done)
            addBlock(start + done, length)
            done += length
        }
    }

    @inline(__always)
    private mutating func addHalves(_ bytes: UnsafeRawBufferPointer, _ widen: (UInt16) -> UInt32) {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt16.self) else { return }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.blockCount) { block in
            guard let wide = block.baseAddress else { return }
            var done = 0
            while done < bytes.count / 2 {
                let length = min(Self.blockCount, bytes.count / 2 - done)
                for k in 0..<length { wide[k] = widen(start[done + k]) }
                addBlock(wide, length)
                done += length
            }
        }
    }

    /// Numbers by their bits. Eight go side by side, so that the compiler takes several at once.
    private mutating func addBlock(_ bits: UnsafePointer<UInt32>, _ length: Int) {
        func value(_ k: Int) -> Float { Float(bitPattern: bits[k]) }
        func pair(_ k: Int) -> SIMD2<Double> { SIMD2(Double(value(k)), Double(value(k + 1))) }
        var (a, b, c, d) = (SIMD2<Double>.zero, SIMD2<Double>.zero, SIMD2<Double>.zero, SIMD2<Double>.zero)
        var (low0, low1, low2, low3) = (Float.infinity, Float.infinity, Float.infinity, Float.infinity)
        var (high0, high1, high2, high3) = (-Float.infinity, -Float.infinity, -Float.infinity, -Float.infinity)
        @inline(__always)
        func take(_ k: Int) {
            let (v0, v1, v2, v3) = (value(k), value(k + 1), value(k + 2), value(k + 3))
            low0 = v0 < low0 ? v0 : low0
            low1 = v1 < low1 ? v1 : low1
            low2 = v2 < low2 ? v2 : low2
            low3 = v3 < low3 ? v3 : low3
            high0 = v0 > high0 ? v0 : high0
            high1 = v1 > high1 ? v1 : high1
            high2 = v2 > high2 ? v2 : high2
            high3 = v3 > high3 ? v3 : high3
        }
        let whole = length / 8 * 8
        var k = 0
        while k < whole {
            a += pair(k)
            b += pair(k + 2)
            c += pair(k + 4)
            d += pair(k + 6)
            take(k)
            take(k + 4)
            k += 8
        }
        let sums = (a + b) + (c + d)
        var total = sums[0] + sums[1]
        for k in whole..<length {
            let number = value(k)
            total += Double(number)
            low0 = number < low0 ? number : low0
            high0 = number > high0 ? number : high0
        }
        // Doubles hold the sum of a block of any finite floats; one that is not finite shows in it.
        guard total.isFinite else { return addSparse(bits, length) }
        sum += total
        count += length
        minimum = min(minimum, Double(min(min(low0, low1), min(low2, low3))))
        maximum = max(maximum, Double(max(max(high0, high1), max(high2, high3))))
    }

    /// Numbers among which some are not finite.
    private mutating func addSparse(_ bits: UnsafePointer<UInt32>, _ length: Int) {
        for k in 0..<length {
            let value = Double(Float(bitPattern: bits[k]))
            guard value.isFinite else {
                nonFiniteCount += 1
                continue
            }
            count += 1
            sum += value
            minimum = min(minimum, value)
            maximum = max(maximum, value)
        }
    }

    /// The bits of a binary32 number from those of a binary16 one.
    @inline(__always)
    private static func widened(_ half: UInt16) -> UInt32 {
        let magnitude = UInt32(half & 0x7FFF) << 13
        // The factor moves the exponent from one bias to the other, and makes subnormal numbers normal.
        let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
        return UInt32(half & 0x8000) << 16 | (half & 0x7C00 == 0x7C00 ? 0x7FC0_0000 : scaled)
    }

    // MARK: - Other numbers

    @inline(__always)
    private mutating func addNumbers<Word: BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, of: Word.Type, _ number: (Word) -> Double
    ) {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: Word.self) else { return }
        let length = bytes.count / MemoryLayout<Word>.size
        var (low, high, total, found) = (minimum, maximum, 0.0, 0)
        for k in 0..<length {
            let value = number(start[k])
            guard value.isFinite else { continue }
            found += 1
            total += value
            low = value < low ? value : low
            high = value > high ? value : high
        }
        (minimum, maximum) = (low, high)
        count += found
        nonFiniteCount += length - found
        sum += total
    }
}
