public import RecurrentTensor

/// Writing named tensors in the safetensors format.
///
/// The bytes depend on names and tensors alone, not on the order in which they are given: tensors of the widest elements
/// come first, then by name, as the reference implementation lays them out.
public enum Safetensors {
    /// Writes a file; afterwards it is there whole, with the old bytes or the new ones.
    ///
    /// - Throws: `RecurrentError` where it cannot be written, a name stands twice, or the header would be too long.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to path: String,
        fileSystem: FileSystem = FileSystem()
    ) throws(RecurrentError) {
        let (header, ordered) = try layout(tensors, metadata, source: path)
        try fileSystem.write(to: path) { (file) throws(RecurrentError) in
            try file.write(header)
            for (_, tensor) in ordered {
                if let failure = tensor.withUnsafeBytes({ file.writeAll($0) }) { throw failure }
            }
        }
    }

    /// The bytes of a file.
    ///
    /// - Throws: `RecurrentError` where a name stands twice, or the header would be too long.
    public static func bytes(
        _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:]
    ) throws(RecurrentError) -> [UInt8] {
        let (header, ordered) = try layout(tensors, metadata, source: "safetensors")
        var bytes = header
        bytes.reserveCapacity(
            header.count + ordered.reduce(0) { $0 + $1.tensor.count * $1.tensor.elementType.byteCount })
        for (_, tensor) in ordered { tensor.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }

    private static func layout(
        _ tensors: [(name: String, tensor: Tensor)], _ metadata: [String: String], source: String
    ) throws(RecurrentError) -> (header: [UInt8], ordered: [(name: String, tensor: Tensor)]) {
        func rank(_ type: ElementType) -> Int { SafetensorsType.allCases.firstIndex(of: SafetensorsType(type)) ?? 0 }
        let ordered = tensors.sorted { a, b in
            let (rankA, rankB) = (rank(a.tensor.elementType), rank(b.tensor.elementType))
            return rankA != rankB ? rankA > rankB : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
        }
        var header = JSONObject()
        if !metadata.isEmpty {
            let sorted = metadata.sorted { $0.key < $1.key }
            header.append("__metadata__", .object(JSONObject(sorted.map { ($0.key, .string($0.value)) })))
        }
        var end = 0
        for (name, tensor) in ordered {
            let begin = end
            end += tensor.count * tensor.elementType.byteCount
            let entry: JSON = [
                "dtype": .string(SafetensorsType(tensor.elementType).rawValue), "shape": JSON(tensor.shape),
                "data_offsets": JSON([begin, end]),
            ]
            guard name != "__metadata__", header.append(name, entry) else {
                throw RecurrentError(
                    .failure, "the tensor name \(JSON.string(name).text()) cannot be written", at: source,
                    why: name == "__metadata__" ? "the format uses it for its own" : "it stands twice")
            }
        }
        var text = JSON.object(header).bytes()
        // Padding to eight bytes aligns the data for readers that map the file into memory.
        text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
        guard text.count <= SafetensorsHeader.maximumBytes else {
            throw RecurrentError(
                .failure, "the header of \(text.count) bytes is too long for the safetensors format", at: source)
        }
        let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
        return (length + text, ordered)
    }
}
