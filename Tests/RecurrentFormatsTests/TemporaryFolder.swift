import RecurrentFormats
import RecurrentTestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder for one test, removed with all that is in it when the test ends.
final class TemporaryFolder {
    let path: String

    init() { path = temporaryFolder() }

    deinit { Self.remove(path) }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    var names: [String] { (try? FileSystem().names(in: path)) ?? [] }

    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            _ = chmod(path, 0o700)
            for name in (try? FileSystem().names(in: path)) ?? [] { remove(path + "/" + name) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}

/// Writes bytes as they are, also past what the file system layer would do.
func overwrite(_ path: String, _ bytes: [UInt8]) {
    guard let file = fopen(path, "w") else { fatalError("cannot open \(path)") }
    bytes.withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, file) }
    fclose(file)
}
