public import RecurrentTensor

/// An NPZ file, open for reading: the named arrays that `numpy.savez` writes, and each on request.
///
/// ```swift
/// let file = try NPZFile("weights.npz")
/// let kernel = try file.tensor("lstm.kernel")
/// ```
/// Entries are stored as they are; what `numpy.savez_compressed` writes is refused. Opening checks the directory of the
/// archive; the check sum of an array is checked when it is read.
public final class NPZFile: Sendable {
    /// The names of the arrays, in the order of the archive.
    public let names: [String]
    /// The name of the file in errors.
    public let source: String

    private let entries: [String: ZIPDirectory.Entry]
    private let bytes: StoredBytes
    static let suffix = ".npy"

    // MARK: - Opening

    /// Opens a file and checks its directory. Entries that are no `.npy` files are left out of the names.
    ///
    /// - Throws: `RecurrentError` where it cannot be read, breaks a rule of the format, or holds compressed entries.
    public convenience init(_ path: String, fileSystem: FileSystem = FileSystem()) throws(RecurrentError) {
        let (bytes, length) = try StoredBytes.open(path, fileSystem)
        try self.init(bytes, length: length, source: PathName.shown(path))
    }

    /// Takes the bytes of a file and checks its directory.
    ///
    /// - Throws: `RecurrentError` where they break a rule of the format or hold compressed entries.
    public convenience init(bytes: [UInt8], source: String = "npz") throws(RecurrentError) {
        try self.init(.memory(bytes), length: bytes.count, source: source)
    }

    private init(_ bytes: StoredBytes, length: Int, source: String) throws(RecurrentError) {
        let directory = try ZIPDirectory(reading: bytes, length: length, source: source)
        var names: [String] = []
        var entries: [String: ZIPDirectory.Entry] = [:]
        // By bytes: what a person sees as one character may join the dot to the letter before it.
        let suffix = Self.suffix.utf8
        for entry in directory.entries where entry.name.utf8.suffix(suffix.count).elementsEqual(suffix) {
            let name = String(decoding: entry.name.utf8.dropLast(suffix.count), as: UTF8.self)
            names.append(name)
            entries[name] = entry
        }
        self.names = names
        self.entries = entries
        self.bytes = bytes
        self.source = source
    }

    // MARK: - Arrays

    /// Reads one array and checks its sum.
    ///
    /// - Throws: `RecurrentError` where there is none of this name, it is damaged, or no tensor can hold its elements.
    public func tensor(_ name: String) throws(RecurrentError) -> Tensor {
        let (entry, place) = try entry(name)
        let (tensor, crc) = try NPYFile.array(
            in: bytes, at: entry.byteRange.lowerBound, count: entry.byteRange.count, source: place, checked: true)
        guard crc == entry.crc else {
            throw RecurrentError(
                .badData, "the array \(JSON.string(name).text()) is damaged", at: source,
                why: "its CRC-32 is not the one in the directory", help: "copy or make the file again")
        }
        return tensor
    }

    /// Reads all arrays, in the order of the archive.
    ///
    /// - Throws: `RecurrentError` as ``tensor(_:)``.
    public func tensors() throws(RecurrentError) -> [(name: String, tensor: Tensor)] {
        var tensors: [(name: String, tensor: Tensor)] = []
        for name in names { tensors.append((name, try tensor(name))) }
        return tensors
    }

    /// What the header of an array says, without reading its elements.
    ///
    /// - Throws: `RecurrentError` where there is none of this name, or no tensor can hold its elements.
    public func description(of name: String) throws(RecurrentError) -> (elementType: ElementType, shape: [Int]) {
        let (entry, place) = try entry(name)
        let header = try NPYHeader.read(
            bytes, at: entry.byteRange.lowerBound, available: entry.byteRange.count, source: place)
        return (header.elementType, header.shape)
    }

    private func entry(_ name: String) throws(RecurrentError) -> (ZIPDirectory.Entry, place: String) {
        guard let entry = entries[name] else {
            throw RecurrentError(
                .badData, "there is no array \(JSON.string(name).text())", at: source,
                help: Spelling.help(for: name, in: names))
        }
        return (entry, source + ": " + PathName.shown(entry.name))
    }
}
