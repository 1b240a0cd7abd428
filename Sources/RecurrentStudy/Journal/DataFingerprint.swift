import RecurrentFormats
package import RecurrentTensor

/// What the data of a study are, so that a study is never continued on others.
package struct DataFingerprint: Sendable, Hashable {
    /// A hash of the names below each given path, and of the bytes.
    package let hash: String
    /// The number of files, and of their bytes.
    package let files: Int
    package let bytes: Int

    /// Looks at files, and at all files in folders. The given paths themselves do not count: data may move.
    ///
    /// - Throws: `inputOutput` where one cannot be read.
    package init(of paths: [String]) throws(RecurrentError) {
        let system = FileSystem()
        var (hash, files, bytes) = (SHA256(), 0, 0)
        var waiting = paths.reversed().map { (path: $0, name: "") }
        while let (path, name) = waiting.popLast() {
            if system.isFolder(path) {
                guard name.utf8.count < 4096 else {
                    throw RecurrentError(.inputOutput, "the folders are too deep", at: path)
                }
                hash.update(Array("folder \(name)\n".utf8))
                for entry in try system.names(in: path).reversed() {
                    waiting.append((PathName.join(path, entry), name + "/" + entry))
                }
                continue
            }
            // What is no plain file, such as a socket, holds no data.
            if !name.isEmpty, system.kind(of: path) != .file { continue }
            let (digest, count) = try system.hash(path)
            hash.update(Array("\(name) \(count) \(digest)\n".utf8))
            files += 1
            bytes += count
        }
        (self.hash, self.files, self.bytes) = (hash.finish(), files, bytes)
    }

    /// The sizes in words.
    var summary: String { "\(bytes) bytes in \(files) \(files == 1 ? "file" : "files")" }

    var json: JSON { ["sha256": .string(hash), "files": JSON(files), "bytes": JSON(bytes)] }

    init(_ json: JSONCursor) throws(RecurrentError) {
        hash = try json["sha256"].string()
        files = try json["files"].int(in: 0...(1 << 50))
        bytes = try json["bytes"].int(in: 0...(1 << 60))
    }
}
