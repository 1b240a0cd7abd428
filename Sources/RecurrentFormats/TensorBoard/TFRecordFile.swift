public import RecurrentTensor

/// A file of records, as TensorFlow frames them: TensorBoard's event files among others.
///
/// Each record is its length in eight bytes, a check of these, the bytes, and a check of those: the masked CRC-32C of the
/// format, all little-endian.
public struct TFRecordFile: Sendable {
    /// The records, in order.
    public let records: [[UInt8]]
    /// Whether the last record was torn, because its writer was killed or is still at work, and was dropped.
    public let droppedTornRecord: Bool

    /// Reads a file.
    ///
    /// - Throws: `RecurrentError` where it cannot be read, or where any record but a torn last one is damaged.
    public init(
        _ path: String, maximumBytes: Int = 1 << 30, fileSystem: FileSystem = FileSystem()
    ) throws(RecurrentError) {
        try self.init(bytes: fileSystem.read(path, maximumBytes: maximumBytes), source: PathName.shown(path))
    }

    /// Reads the bytes of a file.
    ///
    /// - Throws: `RecurrentError` where any record but a torn last one is damaged.
    public init(bytes: [UInt8], source: String = "records") throws(RecurrentError) {
        let numbers = LittleEndianBytes(bytes)
        var records: [[UInt8]] = []
        var start = 0
        while bytes.count - start >= 12 {
            func damaged(_ what: String) -> RecurrentError {
                RecurrentError(
                    .badData, "the record at byte \(start) is damaged", at: source,
                    why: "the check of its \(what) does not hold")
            }
            guard numbers.word32(start + 8) == Self.check(bytes[start..<start + 8]) else { throw damaged("length") }
            guard let length = Int(exactly: numbers.word64(start)), length <= bytes.count - start - 16 else { break }
            let record = bytes[start + 12..<start + 12 + length]
            guard numbers.word32(start + 12 + length) == Self.check(record) else { throw damaged("bytes") }
            records.append(Array(record))
            start += 16 + length
        }
        self.records = records
        droppedTornRecord = start < bytes.count
    }

    /// A record with its frame.
    static func framed(_ record: [UInt8]) -> [UInt8] {
        let length = little(UInt64(record.count))
        return length + little(check(length[...])) + record + little(check(record[...]))
    }

    /// The CRC-32C of bytes, masked: so that the check of bytes that hold checks is none of these.
    private static func check(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var crc = CRC32(.castagnoli)
        bytes.withUnsafeBytes { crc.update($0) }
        return (crc.value >> 15 | crc.value << 17) &+ 0xA282_EAD8
    }

    private static func little(_ word: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: word.littleEndian) { Array($0) }
    }
}
