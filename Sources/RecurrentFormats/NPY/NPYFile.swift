public import RecurrentTensor

/// An NPY file: one array, as `numpy.save` writes it.
///
/// Versions 1.0, 2.0 and 3.0 are read, in either byte order; an array whose first axis runs fastest is turned into
/// row-major order. Written is version 1.0, little-endian, row-major. numpy knows no `bfloat16`: it travels as two bytes
/// without a meaning (`V2`), as the Python package `ml_dtypes` writes it.
public enum NPYFile {
    /// Reads a file.
    ///
    /// - Shapes: as the file says.
    /// - Throws: `RecurrentError` where it cannot be read, breaks a rule of the format, or holds elements that no tensor
    ///   can hold. Memory is taken only for what is there, never for what the header claims.
    public static func read(_ path: String, fileSystem: FileSystem = FileSystem()) throws(RecurrentError) -> Tensor {
        let (bytes, length) = try StoredBytes.open(path, fileSystem)
        return try array(in: bytes, at: 0, count: length, source: PathName.shown(path)).tensor
    }

    /// The array in the bytes of a file.
    ///
    /// - Throws: `RecurrentError` as ``read(_:fileSystem:)``.
    public static func tensor(_ bytes: [UInt8], source: String = "npy") throws(RecurrentError) -> Tensor {
        try array(in: .memory(bytes), at: 0, count: bytes.count, source: source).tensor
    }

    /// What a file holds, without reading its elements.
    ///
    /// - Throws: `RecurrentError` as ``read(_:fileSystem:)``.
    public static func description(
        of path: String, fileSystem: FileSystem = FileSystem()
    ) throws(RecurrentError) -> (elementType: ElementType, shape: [Int]) {
        let (bytes, length) = try StoredBytes.open(path, fileSystem)
        let header = try NPYHeader.read(bytes, at: 0, available: length, source: PathName.shown(path))
        return (header.elementType, header.shape)
    }

    /// Writes a file; afterwards it is there whole, with the old bytes or the new ones.
    ///
    /// - Throws: `RecurrentError` where it cannot be written.
    public static func write(
        _ tensor: Tensor, to path: String, fileSystem: FileSystem = FileSystem()
    ) throws(RecurrentError) {
        let header = NPYHeader(elementType: tensor.elementType, shape: tensor.shape).bytes()
        try fileSystem.write(to: path) { (file) throws(RecurrentError) in
            try file.write(header)
            if let failure = tensor.withUnsafeBytes({ file.writeAll($0) }) { throw failure }
        }
    }

    /// The bytes of a file.
    public static func bytes(_ tensor: Tensor) -> [UInt8] {
        NPYHeader(elementType: tensor.elementType, shape: tensor.shape).bytes() + tensor.withUnsafeBytes(Array.init)
    }

    // MARK: - Elements

    /// Reads the array that fills `count` bytes from a place on, and the CRC-32 of these bytes where it is asked for.
    static func array(
        in bytes: StoredBytes, at start: Int, count: Int, source: String, checked: Bool = false
    ) throws(RecurrentError) -> (tensor: Tensor, crc: UInt32) {
        let header = try NPYHeader.read(bytes, at: start, available: count, source: source)
        var crc = CRC32(.zip)
        // The shape as the elements lie: with Fortran order, the last axis of the array is the slowest.
        let stored = header.isFortranOrder ? header.shape.reversed() : header.shape
        var tensor = Tensor(uninitialized: stored, of: header.elementType)
        try bytes.copy(from: start + header.byteCount, into: &tensor, source)
        if checked {
            crc.update(try bytes.read(at: start, count: header.byteCount, source))
            tensor.withUnsafeBytes { crc.update($0) }
        }
        if header.isBigEndian { swapBytes(of: &tensor) }
        if header.elementType == .bool, let place = tensor.withUnsafeBytes({ $0.firstIndex { $0 > 1 } }) {
            let value = tensor.withUnsafeBytes { $0[place] }
            throw NPYHeader.failure("the truth value number \(place) is the byte \(value)", source)
        }
        return (header.isFortranOrder ? reversingAxes(of: tensor, to: header.shape) : tensor, crc.value)
    }

    private static func swapBytes(of tensor: inout Tensor) {
        func swap<Word: FixedWidthInteger>(_: Word.Type) {
            tensor.withUnsafeMutableBytes { buffer in
                for word in 0..<buffer.count / MemoryLayout<Word>.size {
                    let place = word * MemoryLayout<Word>.size
                    buffer.storeBytes(
                        of: buffer.load(fromByteOffset: place, as: Word.self).byteSwapped, toByteOffset: place,
                        as: Word.self)
                }
            }
        }
        switch tensor.elementType.byteCount {
        case 2: swap(UInt16.self)
        case 4: swap(UInt32.self)
        case 8: swap(UInt64.self)
        default: break
        }
    }

    /// The array with its axes in reversed order, for any element type.
    private static func reversingAxes(of tensor: Tensor, to shape: [Int]) -> Tensor {
        var result = Tensor(uninitialized: shape, of: tensor.elementType)
        guard tensor.count > 0, let last = shape.last else { return tensor }
        // How far apart neighbours along each axis of the result lie in the source.
        var strides: [Int] = []
        var stride = 1
        for extent in shape {
            strides.append(stride)
            stride *= extent
        }
        func copy<Word: FixedWidthInteger>(_: Word.Type) {
            tensor.withUnsafeBytes { source in
                result.withUnsafeMutableBytes { target in
                    let size = MemoryLayout<Word>.size
                    let step = strides[strides.count - 1]
                    var index = [Int](repeating: 0, count: shape.count)
                    var start = 0
                    for row in 0..<tensor.count / last {
                        for k in 0..<last {
                            let word = source.load(fromByteOffset: (start + k * step) * size, as: Word.self)
                            target.storeBytes(of: word, toByteOffset: (row * last + k) * size, as: Word.self)
                        }
                        for axis in (0..<shape.count - 1).reversed() {
                            index[axis] += 1
                            start += strides[axis]
                            if index[axis] < shape[axis] { break }
                            start -= strides[axis] * shape[axis]
                            index[axis] = 0
                        }
                    }
                }
            }
        }
        switch tensor.elementType.byteCount {
        case 1: copy(UInt8.self)
        case 2: copy(UInt16.self)
        case 4: copy(UInt32.self)
        default: copy(UInt64.self)
        }
        return result
    }
}
