public import RecurrentTensor

/// An IDX file: one array of bytes or numbers, as the MNIST data are stored.
///
/// Two zero bytes, a byte for the element type, a byte for the rank, each extent in four bytes and the elements in row-major
/// order, all big-endian. Bytes, signed or not, are read; other element types are refused by name.
public enum IDXFile {
    /// Reads a file that is not compressed.
    ///
    /// - Shapes: as the file says.
    /// - Throws: `RecurrentError` where the file cannot be read or breaks a rule of the format.
    public static func read(_ path: String, fileSystem: FileSystem = FileSystem()) throws(RecurrentError) -> Tensor {
        try tensor(try fileSystem.read(path), source: PathName.shown(path))
    }

    /// The array in the bytes of a file.
    ///
    /// - Throws: `RecurrentError` where they break a rule of the format.
    public static func tensor(_ bytes: [UInt8], source: String = "idx") throws(RecurrentError) -> Tensor {
        func failure(_ what: String, _ help: String? = nil) -> RecurrentError {
            RecurrentError(.badData, what, at: source, help: help)
        }
        if bytes.starts(with: [0x1F, 0x8B]) { throw failure("is compressed by gzip", "unpack it first: gunzip FILE") }
        guard bytes.count >= 4, bytes[0] == 0, bytes[1] == 0 else {
            throw failure("is no IDX file: it does not begin with two zero bytes")
        }
        guard bytes[2] == 0x08 || bytes[2] == 0x09 else {
            throw failure("holds elements of type \(bytes[2]); bytes, of type 8 or 9, can be read")
        }
        let rank = Int(bytes[3])
        let start = 4 + 4 * rank
        guard rank <= 8, bytes.count >= start else {
            throw failure("has a header of \(rank) axes that is cut short or above 8 axes")
        }
        let shape = (0..<rank).map { axis in
            bytes[4 + 4 * axis..<8 + 4 * axis].reduce(0) { $0 << 8 | Int($1) }
        }
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw failure("has a shape \(shape) beyond all memory") }
            count = product
        }
        guard bytes.count - start == count else {
            throw failure("has \(bytes.count - start) bytes of data; its shape \(shape) needs \(count)")
        }
        let data = bytes[start...]
        return bytes[2] == 0x08
            ? Tensor(Array(data), shape: shape) : Tensor(data.map { Int8(bitPattern: $0) }, shape: shape)
    }
}
