public import RecurrentTensor

/// WFDB records as sequences: each beat with what stands around it, or each record whole.
public final class WFDBReader: SignalReader {
    /// What becomes a sequence.
    public enum Unit: Sendable, Hashable {
        /// A beat, labelled by its symbol, with so many seconds before and after it.
        case beats(before: Double, after: Double)
        /// A record.
        case records
    }

    /// The names of the signals of the first record.
    public private(set) var channels: [String] = []
    private let unit: Unit
    private let annotator: String
    private let labels: [String: String]
    private var paths: ArraySlice<String>
    private var waiting: ArraySlice<SignalExample> = []

    /// A reader of records.
    ///
    /// - Parameters:
    ///   - paths: the heads.
    ///   - annotator: the ending of the files of annotations.
    ///   - labels: the class or number of whole records by path.
    public init(
        paths: [String], unit: Unit, annotator: String = "atr", labels: [String: String] = [:]
    ) {
        (self.paths, self.unit, self.annotator, self.labels) = (paths[...], unit, annotator, labels)
    }

    /// The next beat or record; nil at the end.
    public func next() throws(RecurrentError) -> SignalExample? {
        while waiting.isEmpty {
            guard let path = paths.popFirst() else { return nil }
            waiting = try examples(path)[...]
        }
        return waiting.popFirst()
    }

    private func examples(_ path: String) throws(RecurrentError) -> [SignalExample] {
        let record = try WFDBRecord(path: path)
        guard !record.channels.isEmpty else {
            throw RecurrentError(.badData, "this record has no signals", at: printable(path))
        }
        if channels.isEmpty { channels = record.channels }
        guard record.channels.count == channels.count else {
            throw RecurrentError(
                .badData, "this record has \(counted(record.channels.count, "signal")), not \(channels.count)",
                at: printable(path))
        }
        let values = record.values
        let name = record.header.name
        guard case .beats(let before, let after) = unit else {
            return [
                SignalExample(
                    values: values, label: labels[path], group: name, name: name, place: printable(path))
            ]
        }
        let stem = path.hasSuffix(".hea") ? String(path.dropLast(4)) : path
        let beats = try WFDBAnnotations(path: stem + "." + annotator)
        let rate = record.header.frequency
        guard before >= 0, after >= 0, (before + after) * rate >= 1, (before + after) * rate < 1e7 else {
            throw RecurrentError(
                .usage, "a beat from \(before) s before to \(after) s after its mark has no step", at: printable(path))
        }
        // Where the annotations count in steps of another length, their places are those of the same times.
        let scale = beats.frequency.map { rate / $0 } ?? 1
        let (back, ahead) = (Int((before * rate).rounded()), Int((after * rate).rounded()))
        let count = channels.count
        return beats.annotations.compactMap { beat in
            let place = (Double(beat.sample) * scale).rounded()
            guard beat.isBeat, place < Double(record.frameCount) else { return nil }
            let middle = Int(place)
            // A beat at the edge of the record is not whole.
            guard middle >= back, middle + ahead <= record.frameCount else { return nil }
            return SignalExample(
                values: Array(values[(middle - back) * count..<(middle + ahead) * count]), label: beat.symbol,
                group: nil, name: "\(name) \(beat.sample)", place: printable(path) + ": sample \(beat.sample)")
        }
    }
}
