import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Turns the error numbers of the operating system into words.
enum SystemFailure {
    /// The error for a failed call: what was tried, where, why and what to do.
    static func error(_ number: Int32, _ action: String, _ path: String) -> RecurrentError {
        let (reason, help) = words(number)
        return RecurrentError(.inputOutput, "cannot \(action): \(reason)", at: PathName.shown(path), help: help)
    }

    private static func words(_ number: Int32) -> (reason: String, help: String?) {
        switch number {
        case ENOENT: ("no such file or folder", "check the path")
        case EACCES, EPERM: ("permission denied", "check who may use it, or choose another place")
        case ENOSPC: ("the disk is full", "free some space, or choose another disk")
        case EDQUOT: ("the disk quota is used up", "free some space, or choose another disk")
        case EISDIR: ("it is a folder", "name a file")
        case ENOTDIR: ("a part of the path is a file, not a folder", "check the path")
        case EEXIST: ("it exists already", "choose another name, or remove it")
        case ENOTEMPTY: ("the folder is not empty", "choose another name, or empty it")
        case EROFS: ("the file system is read-only", "choose another place")
        case EIO: ("the disk reports a fault", "check the disk, or choose another one")
        case EFBIG: ("the file would be larger than the file system allows", "choose another disk")
        case ENAMETOOLONG: ("the name is too long", "choose a shorter one")
        case ELOOP: ("the path has too many symbolic links", "check the links")
        case EMFILE, ENFILE: ("too many files are open", "raise the limit with \"ulimit -n\"")
        case EXDEV: ("source and target are on different disks", nil)
        case EBUSY, ETXTBSY: ("another program is using it", nil)
        case EINTR: ("the call was interrupted again and again", "try again")
        case ENOMEM: ("there is not enough memory", nil)
        default: (strerror(number).map { String(cString: $0) } ?? "error \(number)", nil)
        }
    }
}

/// Paths and the names in them.
package enum PathName {
    /// The path with control characters replaced: a file name is outside text and may hold terminal commands.
    package static func shown(_ path: String) -> String {
        String(String.UnicodeScalarView(path.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    /// Whether this is the name of one file in a folder, that cannot lead out of the folder.
    package static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
            && !name.unicodeScalars.contains { $0 == "/" || $0 == "\\" || isControl($0) }
    }

    /// The path of the folder that holds this one: `a/b` → `a`, `a` → `.`, `/a` → `/`.
    package static func parent(of path: String) -> String {
        let trimmed = withoutTrailingSlashes(path)
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        let parent = withoutTrailingSlashes(String(trimmed[..<slash]))
        return parent.isEmpty ? "/" : parent
    }

    /// The last name of a path: `a/b/` → `b`.
    package static func last(of path: String) -> String {
        let trimmed = withoutTrailingSlashes(path)
        if trimmed == "/" { return trimmed }
        return trimmed.lastIndex(of: "/").map { String(trimmed[trimmed.index(after: $0)...]) } ?? trimmed
    }

    /// A name inside a folder.
    package static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    private static func withoutTrailingSlashes(_ path: String) -> String {
        var trimmed = path[...]
        while trimmed.utf8.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
        return String(trimmed)
    }
}
