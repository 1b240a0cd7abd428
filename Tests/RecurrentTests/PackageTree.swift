import RecurrentFormats
import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The files of the package, as they stand on the disk.
enum PackageTree {
    /// The folder of the package, with a slash at the end.
    static let root: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return parts.joined(separator: "/") + "/"
    }()

    static func text(_ path: String) throws -> String {
        String(decoding: try FileSystem().read(root + path, maximumBytes: 1 << 24), as: UTF8.self)
    }

    static func lines(_ path: String) throws -> [String] {
        try text(path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The paths of all files in a folder and below it whose names end in `suffix`, in order.
    static func files(in folder: String, suffix: String) throws -> [String] {
        let system = FileSystem()
        return try system.names(in: root + folder).flatMap { name -> [String] in
            let path = folder + "/" + name
            if system.isFolder(root + path) { return try files(in: path, suffix: suffix) }
            return name.hasSuffix(suffix) ? [path] : []
        }
    }

    /// What a program writes to standard output.
    ///
    /// - Throws: `RecurrentError` where it cannot be started or fails, with what it wrote to standard error.
    static func output(of arguments: [String], in folder: String) throws -> [UInt8] {
        let (out, err) = (folder + "/stdout", folder + "/stderr")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, err, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var process: pid_t = 0
        guard posix_spawnp(&process, arguments[0], &actions, nil, &pointers, environ) == 0 else {
            throw RecurrentError(.failure, "'\(arguments[0])' cannot be started")
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) == -1 {
            guard errno == EINTR else { throw RecurrentError(.failure, "'\(arguments[0])' was lost") }
        }
        guard status == 0 else {
            let message = String(decoding: try FileSystem().read(err, maximumBytes: 1 << 20), as: UTF8.self)
            throw RecurrentError(.failure, "\(arguments.joined(separator: " ")) failed", why: message)
        }
        return try FileSystem().read(out, maximumBytes: 1 << 24)
    }
}
