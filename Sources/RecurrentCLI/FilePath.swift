#if CLI
    import RecurrentFormats

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #else
        import Darwin
    #endif

    /// Names of files as the system sees them.
    enum FilePath {
        /// Whether two names lead to one file that exists.
        static func isSame(_ a: String, _ b: String) -> Bool {
            guard let a = identity(a), let b = identity(b) else { return false }
            return a == b
        }

        /// Whether two names are of one file, which need not exist.
        static func isSamePlace(_ a: String, _ b: String) -> Bool {
            a == b || isSame(a, b)
                || PathName.last(of: a) == PathName.last(of: b)
                    && isSame(PathName.parent(of: a), PathName.parent(of: b))
        }

        /// Whether a file of this name stands in a folder or in one below it.
        static func isInside(_ path: String, _ folder: String) -> Bool {
            guard let wanted = identity(folder) else { return false }
            var above = PathName.parent(of: path)
            var last: Identity?
            // Up by `..`, which follows links as the system does, until the root is its own parent.
            while let own = identity(above), own != last {
                if own == wanted { return true }
                last = own
                above += "/.."
            }
            return false
        }

        private struct Identity: Equatable {
            var device: dev_t
            var file: ino_t
        }

        private static func identity(_ path: String) -> Identity? {
            var status = stat()
            return stat(path, &status) == 0 ? Identity(device: status.st_dev, file: status.st_ino) : nil
        }
    }
#endif
