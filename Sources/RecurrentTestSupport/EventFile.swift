import RecurrentFormats

/// What an event file tells, read field by field.
package struct EventFile {
    package struct Entry {
        package var step: Int64 = 0
        package var tag = ""
        package var scalar: Float?
        package var histogramLimits: [Double] = []
        package var histogramCounts: [Double] = []
        package var plugin = ""
        package var text = ""
    }

    package private(set) var entries: [Entry] = []
    package private(set) var version = ""
    /// The steps at which a session began that makes later steps of earlier files void.
    package private(set) var starts: [Int64] = []

    /// Reads a file; the last record may be torn.
    package init(_ path: String) throws {
        for record in try TFRecordFile(path).records {
            var reader = ProtobufReader(record, source: path)
            var step: Int64 = 0
            while let field = try reader.next() {
                switch field.number {
                case 2: step = try reader.int64(field)
                case 3: version = try reader.string(field)
                case 5: try readSummary(try reader.message(field), step)
                case 7:
                    _ = try reader.message(field)
                    starts.append(step)
                default: try reader.skip(field)
                }
            }
        }
    }

    private mutating func readSummary(_ summary: ProtobufReader, _ step: Int64) throws {
        var summary = summary
        while let field = try summary.next() {
            var value = try summary.message(field)
            var entry = Entry(step: step)
            while let part = try value.next() {
                switch part.number {
                case 1: entry.tag = try value.string(part)
                case 2: entry.scalar = try value.float(part)
                case 5: try Self.readHistogram(try value.message(part), &entry)
                case 8: entry.text = try Self.text(8, in: try value.message(part))
                case 9:
                    var metadata = try value.message(part)
                    while let inner = try metadata.next() {
                        guard inner.number == 1 else {
                            try metadata.skip(inner)
                            continue
                        }
                        entry.plugin = try Self.text(1, in: try metadata.message(inner))
                    }
                default: try value.skip(part)
                }
            }
            entries.append(entry)
        }
    }

    private static func readHistogram(_ message: ProtobufReader, _ entry: inout Entry) throws {
        var message = message
        while let field = try message.next() {
            switch field.number {
            case 6: try message.appendDoubles(field, to: &entry.histogramLimits)
            case 7: try message.appendDoubles(field, to: &entry.histogramCounts)
            default: try message.skip(field)
            }
        }
    }

    /// The first text under a number.
    private static func text(_ number: Int, in message: ProtobufReader) throws -> String {
        var message = message
        while let field = try message.next() {
            if field.number == number { return try message.string(field) }
            try message.skip(field)
        }
        return ""
    }

    /// The scalars under a tag, by step.
    package func scalars(_ tag: String) -> [Int64: Float] {
        Dictionary(entries.filter { $0.tag == tag }.compactMap { entry in entry.scalar.map { (entry.step, $0) } }) {
            $1
        }
    }
}
