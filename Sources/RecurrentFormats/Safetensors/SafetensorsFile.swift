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
    private let bytes: StoredBytes
    private let dataStart: Int

    // MARK: - Opening

    /// Opens a file and checks its header.
    ///
    /// - Throws: `RecurrentError` where it cannot be read or breaks a rule of the format. Memory is taken only for what is
    ///   there, never for what the header claims.
    public convenience init(_ path: String, fileSystem: FileSystem = FileSystem()) throws(RecurrentError) {
        let (bytes, length) = try StoredBytes.open(path, fileSystem)
        try self.init(bytes, length: length, source: PathName.shown(path))
    }

    /// Takes the bytes of a file and checks its header.
    ///
    /// - Throws: `RecurrentError` where they break a rule of the format.
    public convenience init(bytes: [UInt8], source: String = "safetensors") throws(RecurrentError) {
        try self.init(.memory(bytes), length: bytes.count, source: source)
    }

    private init(_ bytes: StoredBytes, length: Int, source: String) throws(RecurrentError) {
        let prefix = try bytes.read(at: 0, count: min(8, length), source)
        let headerLength = try SafetensorsHeader.headerLength(prefix, fileLength: length, source: source)
        let header = try SafetensorsHeader(
            parsing: bytes.read(at: 8, count: headerLength, source), dataLength: length - 8 - headerLength,
            source: source)
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

    /// Fills memory with some of the bytes of a tensor of any element type.
    ///
    /// - Precondition: they lie within the tensor's bytes, which begin at 0.
    /// - Throws: `RecurrentError` where reading fails.
    func readBytes(
        of entry: Entry, from start: Int, into memory: UnsafeMutableRawBufferPointer
    ) throws(RecurrentError) {
        try bytes.copy(from: dataStart + entry.byteRange.lowerBound + start, into: memory, source)
    }

    private func tensor(_ entry: Entry) throws(RecurrentError) -> Tensor {
        guard let elementType = entry.elementType else {
            let known = ElementType.allCases.map { SafetensorsType($0).rawValue }.joined(separator: ", ")
            throw RecurrentError(
                .badModel, "the tensor \(JSON.string(entry.name).text()) has elements of type \(entry.dtype)",
                at: source, why: "tensors hold " + known, help: "convert it to one of these")
        }
        var tensor = Tensor(uninitialized: entry.shape, of: elementType)
        try bytes.copy(from: dataStart + entry.byteRange.lowerBound, into: &tensor, source)
        return tensor
    }
}
