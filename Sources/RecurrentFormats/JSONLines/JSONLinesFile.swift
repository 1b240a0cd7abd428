public import RecurrentTensor

/// A file of JSON values, one a line, as it was read.
public struct JSONLinesFile: Sendable {
    /// The values, in order. Empty lines count for nothing.
    public let values: [JSON]
    /// Whether the last line was torn, because its writer was killed, and was dropped.
    public let droppedTornLine: Bool

    /// Reads a file.
    ///
    /// A last line without newline is dropped unless it is a whole object or list.
    ///
    /// - Throws: `RecurrentError` where it cannot be read, or where any other line is no JSON value, with its place.
    public init(
        _ path: String, maximumBytes: Int = 1 << 30, fileSystem: FileSystem = FileSystem()
    ) throws(RecurrentError) {
        try self.init(
            parsing: fileSystem.read(path, maximumBytes: maximumBytes), from: PathName.shown(path))
    }

    /// Reads the bytes of a file.
    ///
    /// - Throws: `RecurrentError` where any line but a torn last one is no JSON value, with its place.
    public init(parsing bytes: [UInt8], from source: String = "JSON lines") throws(RecurrentError) {
        var values: [JSON] = []
        var number = 0
        var start = 0
        while start < bytes.count {
            number += 1
            let newline = bytes[start...].firstIndex(of: 0x0A)
            let line = Array(bytes[start..<(newline ?? bytes.count)])
            start = newline.map { $0 + 1 } ?? bytes.count
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            if newline == nil {
                // A torn number or word could look whole; a torn object or list cannot.
                guard let value = try? JSON(parsing: line), value.objectValue != nil || value.arrayValue != nil else {
                    self.values = values
                    droppedTornLine = true
                    return
                }
                values.append(value)
            } else {
                values.append(try Self.value(line, number, source))
            }
        }
        self.values = values
        droppedTornLine = false
    }

    private static func value(_ line: [UInt8], _ number: Int, _ source: String) throws(RecurrentError) -> JSON {
        do throws(RecurrentError) {
            return try JSON(parsing: line, from: "")
        } catch {
            // The parser saw one line and calls it line 1.
            var error = error
            let column = error.place?.split(separator: ":").last ?? "1"
            error.place = "\(source):\(number):\(column)"
            throw error
        }
    }
}
