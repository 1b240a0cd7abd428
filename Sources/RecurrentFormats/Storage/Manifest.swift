import RecurrentTensor

/// The list of the files that belong together, with their sizes and hashes.
///
/// It is written last and carries a hash of itself, so that a folder with a valid manifest is whole, and any changed bit,
/// also in the manifest, is noticed.
public struct Manifest: Sendable, Hashable {
    /// The manifest's own name in its folder.
    public static let fileName = "manifest.json"

    /// One file.
    public struct File: Sendable, Hashable {
        /// The name, without a folder.
        public var name: String
        /// The length in bytes.
        public var byteCount: Int
        /// The SHA-256 hash as 64 hexadecimal digits.
        public var sha256: String
    }

    /// What the files are together: `model` or `checkpoint`.
    public var kind: String
    /// The training step of a checkpoint.
    public var step: Int?
    /// The place of a checkpoint in the order of saving: of two, the one with the greater number was saved later.
    public var serial: Int?
    /// The files.
    public var files: [File]

    static let version = 1
    /// The longest manifest that is read.
    static let maximumBytes = 16 << 20

    init(kind: String, step: Int? = nil, serial: Int? = nil, contents: [(name: String, bytes: [UInt8])]) {
        self.kind = kind
        self.step = step
        self.serial = serial
        files = contents.map { File(name: $0.name, byteCount: $0.bytes.count, sha256: SHA256.hash($0.bytes)) }
        for (index, file) in files.enumerated() {
            precondition(
                PathName.isPlain(file.name) && file.name != Self.fileName
                    && !files[..<index].contains { $0.name == file.name },
                "Manifest: \"\(file.name)\" is no name for a file beside the manifest, or stands twice")
        }
    }

    // MARK: - As text

    /// The manifest as it stands in its file.
    var bytes: [UInt8] {
        var json = body
        json["sha256"] = .string(SHA256.hash(body.bytes(.pretty)))
        return json.bytes(.pretty)
    }

    private var body: JSON {
        var json: JSON = ["format": .string("recurrent " + kind), "version": JSON(Self.version)]
        if let step { json["step"] = JSON(step) }
        if let serial { json["serial"] = JSON(serial) }
        json["files"] = .array(
            files.map { ["name": .string($0.name), "bytes": JSON($0.byteCount), "sha256": .string($0.sha256)] })
        return json
    }

    /// Reads a manifest.
    ///
    /// - Throws: `RecurrentError` where it is not exactly what this type writes.
    init(parsing bytes: [UInt8], kind: String, from source: String) throws(RecurrentError) {
        let json = try JSON(
            parsing: bytes, from: source, maximumBytes: Self.maximumBytes, maximumDepth: 4, category: .badModel)
        let cursor = JSONCursor(json, source: source)
        let format = try cursor["format"].string()
        guard format == "recurrent " + kind else {
            throw cursor["format"].error("is \(JSON.string(format).text())", why: "it must be \"recurrent \(kind)\"")
        }
        let version = try cursor["version"].int()
        guard version == Self.version else {
            throw cursor["version"].error(
                "is \(version)", why: "this program reads version \(Self.version)",
                help: version > Self.version ? "use the newer program that wrote it" : nil)
        }
        self.kind = kind
        step = try cursor["step"].ifPresent?.int(in: 0...CheckpointStore.maximumStep)
        serial = try cursor["serial"].ifPresent?.int(in: 0...Int.max)
        files = []
        var names: Set<String> = []
        for element in try cursor["files"].elements() {
            let name = try element["name"].string()
            guard PathName.isPlain(name), names.insert(name).inserted else {
                throw element["name"].error("is \(JSON.string(name).text())", why: "it must be a plain file name")
            }
            files.append(
                File(
                    name: name, byteCount: try element["bytes"].int(in: 0...Int.max),
                    sha256: try element["sha256"].string()))
        }
        guard self.bytes == bytes else {
            throw RecurrentError(.badModel, "the manifest was altered", at: source, why: "its own hash differs")
        }
    }

    // MARK: - Comparing with what is there

    /// What is wrong with a file, in words, or nil where it is as it was written.
    static func problem(_ file: File, at path: String, in system: FileSystem) -> String? {
        guard let kind = system.kind(of: path) else { return "\(file.name) is missing" }
        guard kind == .file else { return "\(file.name) is not a plain file" }
        do throws(RecurrentError) {
            let (sha256, byteCount) = try system.hash(path)
            return problem(file, byteCount: byteCount, sha256: sha256)
        } catch {
            return "\(file.name): \(error.what)"
        }
    }

    static func problem(_ file: File, byteCount: Int, sha256: @autoclosure () -> String) -> String? {
        if byteCount < file.byteCount { return "\(file.name) is truncated: \(byteCount) of \(file.byteCount) bytes" }
        if byteCount > file.byteCount { return "\(file.name) has \(byteCount) bytes instead of \(file.byteCount)" }
        return sha256() == file.sha256 ? nil : "\(file.name) was altered: its hash differs"
    }
}
