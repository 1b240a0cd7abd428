public import RecurrentTensor

/// A safetensors file, open for reading: its list of tensors, and each tensor on request.
///
/// ```swift
/// let file = try SafetensorsFile("model/model.safetensors")
/// for entry in file.entries { print(entry.name, entry.dtype, entry.shape) }
/// let weight = try file.tensor("lstm.weight_ih_l0")
/// ```
/// Opening reads and checks the header alone. The file may be replaced meanwhile: an open one still reads the old bytes.
public final class SafetensorsFile: Sendable {
    /// What the header says of one tensor.
    public struct Entry: Sendable, Hashable {
        /// The name.
        public let name: String
        let type: SafetensorsType
        /// The extent of each axis.
        public let shape: [Int]
        /// Where its bytes lie behind the header.
        public let byteRange: Range<Int>

        /// The element type as the format spells it, such as `F32`.
        public var dtype: String { type.rawValue }
        /// The element type of the tensor; nil where no tensor here can hold it, so that it can be listed but not loaded.
        public var elementType: ElementType? { type.elementType }
        /// The number of elements.
        public var count: Int { shape.reduce(1, *) }
    }

    /// The tensors, in the order of the header.
    public let entries: [Entry]
    /// The free texts of the header.
    public let metadata: [String: String]
    /// The name of the file in errors.
    public let source: String

    private let positions: [String: Int]
    private let bytes: Bytes
    private let dataStart: Int

    /// Where the bytes are.
    fileprivate enum Bytes: Sendable {
        case file(SharedFile)
        case memory([UInt8])
    }

    /// An open file that several references share.
    fileprivate final class SharedFile: Sendable {
        let file: OpenFile
        init(_ file: consuming OpenFile) { self.file = file }
    }

    // MARK: - Opening

    /// Opens a file and checks its header.
    ///
    /// - Throws: `RecurrentError` where it cannot be read or breaks a rule of the format. Memory is taken only for what is
    ///   there, never for what the header claims.
    public convenience init(_ path: String, fileSystem: FileSystem = FileSystem()) throws(RecurrentError) {
        let file = try fileSystem.open(path, .read, "read")
        let length = try fileSystem.size(of: file, path)
        try self.init(.file(SharedFile(file)), length: length, source: PathName.shown(path))
    }

    /// Takes the bytes of a file and checks its header.
    ///
    /// - Throws: `RecurrentError` where they break a rule of the format.
    public convenience init(bytes: [UInt8], source: String = "safetensors") throws(RecurrentError) {
        try self.init(.memory(bytes), length: bytes.count, source: source)
    }

    private init(_ bytes: Bytes, length: Int, source: String) throws(RecurrentError) {
        var prefix = [UInt8](repeating: 0, count: min(8, length))
        try bytes.copy(from: 0, into: &prefix, source)
        let headerLength = try SafetensorsHeader.headerLength(prefix, fileLength: length, source: source)
        var headerBytes = [UInt8](repeating: 0, count: headerLength)
        try bytes.copy(from: 8, into: &headerBytes, source)
        let header = try SafetensorsHeader(
            parsing: headerBytes, dataLength: length - 8 - headerLength, source: source)
        entries = header.entries
        metadata = header.metadata
        positions = header.positions
        self.bytes = bytes
        self.source = source
        dataStart = 8 + headerLength
    }

    // MARK: - Tensors

    /// What the header says of a tensor, or nil where there is none of this name.
    public func entry(_ name: String) -> Entry? { positions[name].map { entries[$0] } }

    /// Reads one tensor.
    ///
    /// - Throws: `RecurrentError` where there is none of this name, its element type cannot be held, or reading fails.
    public func tensor(_ name: String) throws(RecurrentError) -> Tensor {
        guard let entry = entry(name) else {
            throw RecurrentError(
                .badModel, "there is no tensor \(JSON.string(name).text())", at: source,
                help: Spelling.help(for: name, in: entries.map(\.name)))
        }
        return try tensor(entry)
    }

    /// Reads all tensors, in the order of the header.
    ///
    /// - Throws: `RecurrentError` where an element type cannot be held or reading fails.
    public func tensors() throws(RecurrentError) -> [(name: String, tensor: Tensor)] {
        var tensors: [(name: String, tensor: Tensor)] = []
        for entry in entries { tensors.append((entry.name, try tensor(entry))) }
        return tensors
    }

    private func tensor(_ entry: Entry) throws(RecurrentError) -> Tensor {
        guard let elementType = entry.elementType else {
            let known = ElementType.allCases.map { SafetensorsType($0).rawValue }.joined(separator: ", ")
            throw RecurrentError(
                .badModel, "the tensor \(JSON.string(entry.name).text()) has elements of type \(entry.dtype)",
                at: source, why: "tensors hold " + known, help: "convert it to one of these")
        }
        var tensor = Tensor(uninitialized: entry.shape, of: elementType)
        let start = dataStart + entry.byteRange.lowerBound
        let failure: RecurrentError? = tensor.withUnsafeMutableBytes { buffer in
            do throws(RecurrentError) {
                try bytes.copy(from: start, into: buffer, source)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
        return tensor
    }
}

extension SafetensorsFile.Bytes {
    fileprivate func copy(from start: Int, into target: inout [UInt8], _ source: String) throws(RecurrentError) {
        let failure: RecurrentError? = target.withUnsafeMutableBytes { buffer in
            do throws(RecurrentError) {
                try copy(from: start, into: buffer, source)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
    }

    fileprivate func copy(
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
