public import RecurrentTensor

extension NPZFile {
    /// Writes arrays into a file, as `numpy.savez` does; afterwards it is there whole, with the old bytes or the new ones.
    ///
    /// The bytes depend on names and tensors alone: no date is written.
    ///
    /// - Throws: `RecurrentError` where it cannot be written, or a name stands twice, is empty, or is too long.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], to path: String, fileSystem: FileSystem = FileSystem()
    ) throws(RecurrentError) {
        try check(tensors.map(\.name), source: PathName.shown(path))
        try fileSystem.write(to: path) { (file) throws(RecurrentError) in
            try write(tensors) { (piece) throws(RecurrentError) in
                if let failure = file.writeAll(piece) { throw failure }
            }
        }
    }

    /// The bytes of a file.
    ///
    /// - Throws: `RecurrentError` where a name stands twice, is empty, or is too long.
    public static func bytes(_ tensors: [(name: String, tensor: Tensor)]) throws(RecurrentError) -> [UInt8] {
        try check(tensors.map(\.name), source: "npz")
        var bytes: [UInt8] = []
        try write(tensors) { (piece) throws(RecurrentError) in bytes.append(contentsOf: piece) }
        return bytes
    }

    private static func check(_ names: [String], source: String) throws(RecurrentError) {
        var seen: Set<String> = []
        for name in names {
            func failure(_ why: String) -> RecurrentError {
                RecurrentError(
                    .failure, "the array name \(JSON.string(name).text()) cannot be written", at: source, why: why)
            }
            if name.isEmpty { throw failure("it is empty") }
            if name.utf8.count > 60_000 { throw failure("it has \(name.utf8.count) bytes; 60,000 fit") }
            if !seen.insert(name).inserted { throw failure("it stands twice") }
        }
    }

    /// Hands the pieces of an archive, in order, to a sink. Numbers of `narrowLimit` or more go to ZIP64 fields.
    package static func write(
        _ tensors: [(name: String, tensor: Tensor)], narrowLimit: Int = Int(UInt32.max),
        to sink: (UnsafeRawBufferPointer) throws(RecurrentError) -> Void
    ) throws(RecurrentError) {
        func put(_ bytes: [UInt8]) throws(RecurrentError) {
            let failure: RecurrentError? = bytes.withUnsafeBytes { piece in
                do throws(RecurrentError) {
                    try sink(piece)
                    return nil
                } catch { return error }
            }
            if let failure { throw failure }
        }
        var directory: [UInt8] = []
        var offset = 0
        for (name, tensor) in tensors {
            let npy = NPYHeader(elementType: tensor.elementType, shape: tensor.shape).bytes()
            var crc = CRC32(.zip)
            crc.update(npy)
            tensor.withUnsafeBytes { crc.update($0) }
            let entry = ZIPWriter(
                name: Array((name + suffix).utf8), crc: crc.value,
                size: npy.count + tensor.count * tensor.elementType.byteCount, start: offset, narrowLimit: narrowLimit)
            let local = entry.localHeader()
            try put(local)
            try put(npy)
            let failure: RecurrentError? = tensor.withUnsafeBytes { piece in
                do throws(RecurrentError) {
                    try sink(piece)
                    return nil
                } catch { return error }
            }
            if let failure { throw failure }
            directory += entry.directoryRecord()
            offset += local.count + entry.size
        }
        try put(directory)
        try put(
            ZIPWriter.end(
                entryCount: tensors.count, directoryStart: offset, directoryCount: directory.count,
                narrowLimit: narrowLimit))
    }
}

/// The records of a ZIP archive around one stored entry.
private struct ZIPWriter {
    var name: [UInt8]
    var crc: UInt32
    var size: Int
    var start: Int
    var narrowLimit: Int

    private static func little<Word: FixedWidthInteger>(_ word: Word) -> [UInt8] {
        withUnsafeBytes(of: word.littleEndian) { Array($0) }
    }

    /// A number of 32 bits, or the mark that it stands in a ZIP64 field.
    private static func narrow(_ value: Int, _ limit: Int) -> [UInt8] {
        little(value < limit ? UInt32(truncatingIfNeeded: value) : UInt32.max)
    }

    private func extra(_ values: [Int]) -> [UInt8] {
        if values.isEmpty { return [] }
        return Self.little(ZIPDirectory.wideExtra) + Self.little(UInt16(8 * values.count))
            + values.flatMap { Self.little(UInt64($0)) }
    }

    /// From "version needed" to "sizes", as both records have it: the date is the first one that the format knows.
    private var common: [UInt8] {
        let flags: UInt16 = name.allSatisfy { $0 < 0x80 } ? 0 : 0x800
        let sizes = Self.narrow(size, narrowLimit) + Self.narrow(size, narrowLimit)
        return Self.little(UInt16(45)) + Self.little(flags) + Self.little(UInt16(0)) + Self.little(UInt16(0))
            + Self.little(UInt16(0x21)) + Self.little(crc) + sizes
    }

    func localHeader() -> [UInt8] {
        let extra = extra(size < narrowLimit ? [] : [size, size])
        return Self.little(ZIPDirectory.localSignature) + common + Self.little(UInt16(name.count))
            + Self.little(UInt16(extra.count)) + name + extra
    }

    func directoryRecord() -> [UInt8] {
        let extra = extra((size < narrowLimit ? [] : [size, size]) + (start < narrowLimit ? [] : [start]))
        let made = Self.little(ZIPDirectory.centralSignature) + Self.little(UInt16(45)) + common
        let lengths = Self.little(UInt16(name.count)) + Self.little(UInt16(extra.count)) + [0, 0]
        // Disk, inner and outer attributes: none.
        return made + lengths + [UInt8](repeating: 0, count: 8) + Self.narrow(start, narrowLimit) + name + extra
    }

    static func end(entryCount: Int, directoryStart: Int, directoryCount: Int, narrowLimit: Int) -> [UInt8] {
        let manyEntries = entryCount >= Int(UInt16.max)
        let isWide = manyEntries || directoryStart >= narrowLimit || directoryCount >= narrowLimit
        var bytes: [UInt8] = []
        if isWide {
            bytes += little(ZIPDirectory.wideEndSignature) + little(UInt64(44)) + little(UInt16(45))
            bytes += little(UInt16(45)) + little(UInt32(0)) + little(UInt32(0))
            bytes += little(UInt64(entryCount)) + little(UInt64(entryCount))
            bytes += little(UInt64(directoryCount)) + little(UInt64(directoryStart))
            bytes += little(ZIPDirectory.wideLocatorSignature) + little(UInt32(0))
            bytes += little(UInt64(directoryStart + directoryCount)) + little(UInt32(1))
        }
        let count = little(manyEntries ? UInt16.max : UInt16(entryCount))
        bytes += little(ZIPDirectory.endSignature) + little(UInt32(0)) + count + count
        bytes += narrow(directoryCount, narrowLimit) + narrow(directoryStart, narrowLimit) + little(UInt16(0))
        return bytes
    }
}
