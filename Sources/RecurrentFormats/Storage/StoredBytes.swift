import RecurrentTensor

/// The bytes of a file, in memory or still on the disk: read in pieces, at any place.
enum StoredBytes: Sendable {
    case file(SharedFile)
    case memory([UInt8])

    /// An open file that several references share.
    final class SharedFile: Sendable {
        let file: OpenFile
        init(_ file: consuming OpenFile) { self.file = file }
    }

    /// Opens a plain file, and says how long it is.
    static func open(
        _ path: String, _ fileSystem: FileSystem
    ) throws(RecurrentError) -> (bytes: StoredBytes, length: Int) {
        let file = try fileSystem.open(path, .read, "read")
        let length = try fileSystem.size(of: file, path)
        return (.file(SharedFile(file)), length)
    }

    /// A piece of the bytes.
    ///
    /// - Precondition: it lies within them; memory is taken for all of it.
    func read(at start: Int, count: Int, _ source: String) throws(RecurrentError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let failure: RecurrentError? = bytes.withUnsafeMutableBytes { buffer in
            do throws(RecurrentError) {
                try copy(from: start, into: buffer, source)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Fills memory with the bytes that begin at a place.
    func copy(
        from start: Int, into target: UnsafeMutableRawBufferPointer, _ source: String
    ) throws(RecurrentError) {
        if target.isEmpty { return }
        switch self {
        case .memory(let bytes):
            bytes.withUnsafeBytes {
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + target.count]))
            }
        case .file(let shared):
            try shared.file.read(at: start, into: target, source)
        }
    }

    /// Fills a tensor with the bytes that begin at a place.
    func copy(from start: Int, into tensor: inout Tensor, _ source: String) throws(RecurrentError) {
        let failure: RecurrentError? = tensor.withUnsafeMutableBytes { buffer in
            do throws(RecurrentError) {
                try copy(from: start, into: buffer, source)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
    }
}

extension OpenFile {
    /// Fills memory with the bytes that begin at an offset.
    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer, _ path: String) throws(RecurrentError) {
        var filled = 0
        while filled < target.count {
            let count = system.retried {
                system.calls.read(
                    descriptor, UnsafeMutableRawBufferPointer(rebasing: target[filled...]), offset + filled)
            }
            if count < 0 { throw SystemFailure.error(Int32(-count), "read", path) }
            if count == 0 {
                throw RecurrentError(
                    .inputOutput, "cannot read: the file became shorter while it was read", at: path)
            }
            filled += count
        }
    }
}
