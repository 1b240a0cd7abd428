#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The calls to the operating system that reading and writing files stand on.
///
/// Each returns a number from 0 up, or the error number negated. They are values, so that a test can let the k-th call
/// of a save fail, for every k.
package struct SystemCalls: Sendable {
    /// How a file is opened.
    package enum Access: Sendable {
        /// For reading. Opening never blocks, not even on a pipe without writer.
        case read
        /// For writing; it must not exist yet.
        case create
        /// For writing at the end; created where it does not exist.
        case append
        /// For writing over what is there: devices and pipes.
        case overwrite
    }

    package var open: @Sendable (_ path: String, _ access: Access) -> Int32
    package var read: @Sendable (_ file: Int32, _ into: UnsafeMutableRawBufferPointer, _ offset: Int) -> Int
    package var write: @Sendable (_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int
    package var truncate: @Sendable (_ file: Int32, _ length: Int) -> Int32
    package var sync: @Sendable (_ file: Int32) -> Int32
    package var close: @Sendable (_ file: Int32) -> Int32
    package var rename: @Sendable (_ from: String, _ to: String) -> Int32
    package var makeDirectory: @Sendable (_ path: String) -> Int32
    package var removeFile: @Sendable (_ path: String) -> Int32
    package var removeDirectory: @Sendable (_ path: String) -> Int32

    /// The calls of the machine that the program runs on.
    package static let live = SystemCalls(
        open: { path, access in
            let flags: Int32 =
                switch access {
                case .read: O_RDONLY | O_NONBLOCK
                case .create: O_WRONLY | O_CREAT | O_EXCL
                case .append: O_RDWR | O_CREAT | O_APPEND
                case .overwrite: O_WRONLY
                }
            #if canImport(Glibc)
                return result(Glibc.open(path, flags | O_CLOEXEC, 0o666))
            #elseif canImport(Musl)
                return result(Musl.open(path, flags | O_CLOEXEC, 0o666))
            #else
                return result(Darwin.open(path, flags | O_CLOEXEC, 0o666))
            #endif
        },
        read: { file, buffer, offset in
            // One call moves at most 2 GiB on Linux and fails above that on macOS.
            let count = pread(file, buffer.baseAddress, min(buffer.count, 1 << 30), off_t(offset))
            if count >= 0 || errno != ESPIPE { return count < 0 ? -Int(errno) : count }
            let streamed = systemRead(file, buffer)
            return streamed < 0 ? -Int(errno) : streamed
        },
        write: { file, bytes in
            let count = systemWrite(file, bytes.baseAddress, min(bytes.count, 1 << 30))
            return count < 0 ? -Int(errno) : count
        },
        truncate: { result(ftruncate($0, off_t($1))) },
        sync: { file in
            #if canImport(Darwin)
                // fsync alone leaves the bytes in the drive's own cache.
                if fcntl(file, F_FULLFSYNC) == 0 { return 0 }
            #endif
            return result(fsync(file))
        },
        close: { result(systemClose($0)) },
        rename: { result(systemRename($0, $1)) },
        makeDirectory: { result(mkdir($0, 0o777)) },
        removeFile: { result(unlink($0)) },
        removeDirectory: { result(rmdir($0)) })

    private static func result(_ value: Int32) -> Int32 { value < 0 ? -errno : value }
}

// Named apart, because inside `SystemCalls` the plain names mean its own closures.
private func systemRead(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(file, buffer.baseAddress, min(buffer.count, 1 << 30))
}
private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(file, bytes, count) }
private func systemClose(_ file: Int32) -> Int32 { close(file) }
private func systemRename(_ from: String, _ to: String) -> Int32 { rename(from, to) }
