package import RecurrentTensor

extension FileSystem {
    /// The first bytes of a file, at most 16, which tell what it is.
    ///
    /// - Throws: `inputOutput` where it cannot be read.
    package func head(of path: String) throws(RecurrentError) -> [UInt8] {
        let file = try open(path, .read, "read")
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = try readSome(file, at: 0, path, into: &bytes, from: 0)
        return Array(bytes.prefix(count))
    }
}
