public import RecurrentTensor

/// How a file of records is read; what is nil is found from the file.
public struct RecordFileOptions: Sendable, Hashable {
    /// Tables.
    public var table = RecordTableOptions()
    /// WFDB: the ending of the file of annotations.
    public var annotator = "atr"
    /// WFDB: whether annotations that are no beats count as well.
    public var readsAllAnnotations = false

    /// Everything found from the file.
    public init() {}
}

/// Records from files: tables in text, and WFDB records with their annotations.
public enum RecordFile {
    /// Whether a file looks like one of records rather than of text.
    public static func isRecord(_ path: String) -> Bool {
        path != "-" && (path.lowercased().hasSuffix(".hea") || RecordTable.isSignal(path))
    }

    /// Reads the records of a file.
    ///
    /// - Parameter needsLabels: whether a record without labels is an error.
    /// - Throws: `badData` or `inputOutput` with the place of what is wrong, `usage` where a column is not there.
    public static func read(
        _ path: String, options: RecordFileOptions = RecordFileOptions(), needsLabels: Bool = true
    ) throws(RecurrentError) -> [LabelledRecord] {
        guard path.lowercased().hasSuffix(".hea") else {
            return try RecordTable.read(path, options: options.table, needsLabels: needsLabels)
        }
        return [try wfdb(path, options, needsLabels: needsLabels)]
    }

    private static func wfdb(
        _ path: String, _ options: RecordFileOptions, needsLabels: Bool
    ) throws(RecurrentError) -> LabelledRecord {
        let record = try WFDBRecord(path: path)
        let names = record.header.signals.map(\.name)
        var chosen = Array(names.indices)
        if let given = options.table.channels {
            chosen = []
            for name in given {
                guard let place = names.firstIndex(of: name) else {
                    throw RecurrentError(
                        .usage, "there is no signal '\(printable(name))' in the record", at: printable(path),
                        help: Spelling.help(for: name, in: names))
                }
                chosen.append(place)
            }
        }
        guard !chosen.isEmpty else { throw RecurrentError(.badData, "the record has no signal", at: printable(path)) }
        let columns = chosen.map { record.physical($0) }
        var values: [Float] = []
        values.reserveCapacity(record.frameCount * columns.count)
        for step in 0..<record.frameCount { for column in columns { values.append(column[step]) } }
        let rate = record.header.frequency
        var labels = LabelledRecord.Labels.none
        do {
            let read = try WFDBAnnotations(path: String(path.dropLast(3)) + options.annotator)
            // Places may be counted in another unit than the samples.
            let scale = read.frequency.map { rate / $0 } ?? 1
            let wanted = read.annotations.filter { options.readsAllAnnotations || $0.isBeat }
            let events = wanted.compactMap { annotation -> LabelledRecord.Event? in
                let step = Double(annotation.sample) * scale
                guard step < Double(record.frameCount) else { return nil }
                return LabelledRecord.Event(position: Int(step), label: annotation.symbol)
            }
            labels = .events(events.sorted { $0.position < $1.position })
        } catch {
            // A record that nobody annotated can be looked through all the same.
            guard !needsLabels, error.category == .inputOutput else { throw error }
        }
        return LabelledRecord(
            name: record.header.name, channels: chosen.map { names[$0] }, rate: rate, values: values, labels: labels)
    }
}
