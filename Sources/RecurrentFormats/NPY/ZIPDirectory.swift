import RecurrentTensor

/// The directory of a ZIP archive whose entries are stored as they are: names, places and checks.
///
/// - Source: PKWARE's APPNOTE 6.3, sections 4.3 and 4.4 (ZIP64 included).
struct ZIPDirectory: Sendable {
    struct Entry: Sendable, Hashable {
        var name: String
        var crc: UInt32
        /// Where its bytes lie in the archive.
        var byteRange: Range<Int>
    }

    var entries: [Entry] = []

    static let localSignature: UInt32 = 0x0403_4B50
    static let centralSignature: UInt32 = 0x0201_4B50
    static let endSignature: UInt32 = 0x0605_4B50
    static let wideEndSignature: UInt32 = 0x0606_4B50
    static let wideLocatorSignature: UInt32 = 0x0706_4B50
    /// The extra field that holds sizes and places too large for 32 bits.
    static let wideExtra: UInt16 = 1

    /// Reads and checks a directory, and the header in front of every entry.
    init(reading bytes: StoredBytes, length: Int, source: String) throws(RecurrentError) {
        let place = try Self.directoryPlace(bytes, length, source)
        // The directory is memory only for what is there: it lies within the file.
        let directory = LittleEndianBytes(try bytes.read(at: place.start, count: place.count, source))
        var cursor = 0
        var names: Set<String> = []
        for _ in 0..<place.entryCount {
            let record = try Self.record(directory, &cursor, source)
            guard names.insert(record.name).inserted else {
                throw Self.failure("the entry \(JSON.string(record.name).text()) stands twice", source)
            }
            let entry = try Self.located(record, in: bytes, before: place.start, source)
            if !record.name.hasSuffix("/") { entries.append(entry) }
        }
        guard cursor == place.count else { throw Self.failure("its directory is longer than its entries", source) }
        try checkOverlap(source)
    }

    // MARK: - The end of the archive

    private static func directoryPlace(
        _ bytes: StoredBytes, _ length: Int, _ source: String
    ) throws(RecurrentError) -> (start: Int, count: Int, entryCount: Int) {
        let tailCount = min(length, 22 + Int(UInt16.max))
        let tailStart = length - tailCount
        let tail = LittleEndianBytes(try bytes.read(at: tailStart, count: tailCount, source))
        guard tailCount >= 22 else { throw failure("it is too short: \(length) bytes", source) }
        // The end record is the last one whose comment fills the rest of the file.
        var end = tailCount - 22
        while end >= 0, tail.word32(end) != endSignature || end + 22 + Int(tail.word16(end + 20)) != tailCount {
            end -= 1
        }
        guard end >= 0 else {
            throw failure(
                "its directory is missing", source, help: "the file was cut off, or is no archive; copy it again")
        }
        var disks = UInt64(tail.word16(end + 4)) | UInt64(tail.word16(end + 6))
        var counts = (UInt64(tail.word16(end + 8)), UInt64(tail.word16(end + 10)))
        var size = UInt64(tail.word32(end + 12))
        var start = UInt64(tail.word32(end + 16))
        var endPlace = tailStart + end
        if endPlace >= 20 {
            let locator = LittleEndianBytes(try bytes.read(at: endPlace - 20, count: 20, source))
            if locator.word32(0) == wideLocatorSignature {
                let place = locator.word64(8)
                guard let wide = Int(exactly: place), endPlace >= 76, wide <= endPlace - 76 else {
                    throw failure("its ZIP64 end record lies outside the file", source)
                }
                let record = LittleEndianBytes(try bytes.read(at: wide, count: 56, source))
                guard record.word32(0) == wideEndSignature, record.word64(4) == UInt64(endPlace - 20 - wide - 12) else {
                    throw failure("its ZIP64 end record is damaged", source)
                }
                disks |= UInt64(record.word32(16)) | UInt64(record.word32(20))
                counts = (record.word64(24), record.word64(32))
                size = record.word64(40)
                start = record.word64(48)
                endPlace = wide
            }
        }
        guard disks == 0, counts.0 == counts.1 else { throw failure("it is spread over several files", source) }
        guard let start = Int(exactly: start), let size = Int(exactly: size), start <= endPlace,
            size == endPlace - start
        else { throw failure("its directory does not lie where it says", source) }
        // An entry takes 46 bytes or more.
        guard counts.0 <= UInt64(size / 46) else {
            throw failure("its directory of \(size) bytes claims \(counts.0) entries", source)
        }
        return (start, size, Int(counts.0))
    }

    // MARK: - Entries

    private struct Record {
        var name: String
        var crc: UInt32
        var size: UInt64
        var localStart: UInt64
    }

    private static func record(
        _ bytes: LittleEndianBytes, _ cursor: inout Int, _ source: String
    ) throws(RecurrentError) -> Record {
        let start = cursor
        guard bytes.count - start >= 46, bytes.word32(start) == centralSignature else {
            throw failure("its directory is damaged", source)
        }
        let flags = bytes.word16(start + 8)
        let method = bytes.word16(start + 10)
        let nameCount = Int(bytes.word16(start + 28))
        let extraCount = Int(bytes.word16(start + 30))
        let total = 46 + nameCount + extraCount + Int(bytes.word16(start + 32))
        guard bytes.count - start >= total else { throw failure("its directory is damaged", source) }
        let nameBytes = bytes.slice(start + 46, nameCount)
        guard let name = String(validating: nameBytes, as: UTF8.self), !name.isEmpty,
            flags & 0x800 != 0 || nameBytes.allSatisfy({ $0 < 0x80 })
        else { throw failure("the name of an entry is neither ASCII nor marked as UTF-8", source) }
        let shown = JSON.string(name).text()
        if flags & 0x41 != 0 { throw failure("the entry \(shown) is encrypted", source) }
        if method == 8 {
            throw failure(
                "the entry \(shown) is compressed", source,
                help: "save it without compression, in Python: numpy.savez, not numpy.savez_compressed")
        }
        if method != 0 { throw failure("the entry \(shown) is compressed by method \(method)", source) }
        var compressed = UInt64(bytes.word32(start + 20))
        var size = UInt64(bytes.word32(start + 24))
        var localStart = UInt64(bytes.word32(start + 42))
        let narrow = UInt64(UInt32.max)
        if size == narrow || compressed == narrow || localStart == narrow {
            // The extra field holds those that do not fit, in this order.
            var wide = wideValues(bytes, start + 46 + nameCount, extraCount)[...]
            for (needed, keep) in [(size, 0), (compressed, 1), (localStart, 2)] where needed == narrow {
                guard let value = wide.popFirst() else {
                    throw failure("the entry \(shown) has no ZIP64 sizes", source)
                }
                switch keep {
                case 0: size = value
                case 1: compressed = value
                default: localStart = value
                }
            }
        }
        guard compressed == size else {
            throw failure("the entry \(shown) is stored, but has two sizes: \(compressed) and \(size)", source)
        }
        cursor += total
        return Record(name: name, crc: bytes.word32(start + 16), size: size, localStart: localStart)
    }

    /// The values of the ZIP64 extra field, as many as are there.
    private static func wideValues(_ bytes: LittleEndianBytes, _ start: Int, _ count: Int) -> [UInt64] {
        var place = start
        let end = start + count
        while end - place >= 4 {
            let length = Int(bytes.word16(place + 2))
            guard length <= end - place - 4 else { return [] }
            if bytes.word16(place) == wideExtra {
                return (0..<min(3, length / 8)).map { bytes.word64(place + 4 + 8 * $0) }
            }
            place += 4 + length
        }
        return []
    }

    /// Finds the bytes of an entry behind its own header, which says only where they begin: all else is in the directory.
    private static func located(
        _ record: Record, in bytes: StoredBytes, before end: Int, _ source: String
    ) throws(RecurrentError) -> Entry {
        func outside() -> RecurrentError {
            failure("the entry \(JSON.string(record.name).text()) lies outside the file", source)
        }
        guard let start = Int(exactly: record.localStart), let size = Int(exactly: record.size), start <= end,
            end - start >= 30
        else { throw outside() }
        let header = LittleEndianBytes(try bytes.read(at: start, count: 30, source))
        guard header.word32(0) == localSignature, header.word16(8) == 0 else {
            throw failure("the header of the entry \(JSON.string(record.name).text()) is damaged", source)
        }
        let begin = start + 30 + Int(header.word16(26)) + Int(header.word16(28))
        guard begin <= end, size <= end - begin else { throw outside() }
        let name = try bytes.read(at: start + 30, count: Int(header.word16(26)), source)
        guard name.elementsEqual(record.name.utf8) else {
            throw failure("the entry \(JSON.string(record.name).text()) has another name in its own header", source)
        }
        return Entry(name: record.name, crc: record.crc, byteRange: begin..<begin + size)
    }

    /// Entries that share bytes let a small file claim much.
    private func checkOverlap(_ source: String) throws(RecurrentError) {
        var end = 0
        for entry in entries.sorted(by: { $0.byteRange.lowerBound < $1.byteRange.lowerBound }) {
            guard entry.byteRange.lowerBound >= end else {
                throw Self.failure("the entry \(JSON.string(entry.name).text()) overlaps another", source)
            }
            end = entry.byteRange.upperBound
        }
    }

    static func failure(_ what: String, _ source: String, help: String? = nil) -> RecurrentError {
        RecurrentError(.badData, "no NPZ archive that can be read: " + what, at: source, help: help)
    }
}

/// Bytes with little-endian numbers in them.
///
/// - Precondition: of every access, that it lies within the bytes.
struct LittleEndianBytes {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var count: Int { bytes.count }

    func slice(_ start: Int, _ count: Int) -> ArraySlice<UInt8> { bytes[start..<start + count] }
    func word16(_ place: Int) -> UInt16 { UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8 }
    func word32(_ place: Int) -> UInt32 { UInt32(word16(place)) | UInt32(word16(place + 2)) << 16 }
    func word64(_ place: Int) -> UInt64 { UInt64(word32(place)) | UInt64(word32(place + 4)) << 32 }
}
