import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The bytes of a recording in order, with their position and a small window of what comes next.
final class AudioInput {
    private let source: ByteSource
    private let patience: Double
    private var buffer: [UInt8]
    private var start = 0
    private var end = 0
    private var reachedEnd = false
    /// The position of the next byte.
    private(set) var position = 0

    /// `patience`: how many seconds to wait for more bytes where the source ends, for a file that still grows.
    init(_ source: ByteSource, patience: Double = 0) {
        self.source = source
        self.patience = patience
        buffer = [UInt8](repeating: 0, count: 1 << 16)
    }

    /// The name for errors.
    var name: String { source.name }
    /// Where the next byte is, for errors.
    var place: String { "\(source.name), byte \(position)" }

    /// Makes at least `count` bytes lie in the window where the source has them; returns how many lie there.
    func need(_ count: Int) throws(RecurrentError) -> Int {
        if end - start >= count { return end - start }
        if start > 0 {
            buffer.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                memmove(base, base + start, end - start)
            }
            end -= start
            start = 0
        }
        if buffer.count < count {
            let size = max(count, 2 * buffer.count)
            buffer.append(contentsOf: repeatElement(0, count: size - buffer.count))
        }
        while end < count, !reachedEnd {
            let got = try fill()
            if got == 0 { reachedEnd = true } else { end += got }
        }
        return end
    }

    private func fill() throws(RecurrentError) -> Int {
        var waited = 0.0
        while true {
            var failure: RecurrentError?
            let got = buffer.withUnsafeMutableBytes { bytes -> Int in
                do throws(RecurrentError) {
                    return try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[end...]))
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if got > 0 || waited >= patience { return got }
            // A file that another program writes: what is read at its end is nothing, until more is written.
            let pause = min(0.02, patience - waited)
            usleep(UInt32(pause * 1e6) + 1)
            waited += max(pause, 1e-6)
            source.continuePastEnd()
        }
    }

    /// The bytes in the window.
    func withWindow<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        buffer.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[start..<end])) }
    }

    /// A byte of the window.
    subscript(_ index: Int) -> UInt8 { buffer[start + index] }

    /// Moves past bytes of the window.
    func advance(_ count: Int) {
        start += count
        position += count
    }

    /// Moves past bytes, of which the source may have fewer; false where it ends before.
    func skip(_ count: Int) throws(RecurrentError) -> Bool {
        var rest = count
        while rest > 0 {
            let there = min(try need(1), rest)
            if there == 0 { return false }
            advance(there)
            rest -= there
        }
        return true
    }

    /// The next `count` bytes, at most 8, as a number; nil where the source ends before.
    func number(_ count: Int, isBigEndian: Bool) throws(RecurrentError) -> UInt64? {
        guard try need(count) >= count else { return nil }
        var value: UInt64 = 0
        for index in 0..<count {
            value |= UInt64(self[index]) << UInt64(8 * (isBigEndian ? count - 1 - index : index))
        }
        advance(count)
        return value
    }
}
