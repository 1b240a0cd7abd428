public import RecurrentTensor

/// A WFDB record, as PhysioNet's archives hold them: `NAME.hea` with its `.dat` files.
///
/// ```swift
/// let record = try WFDBRecord(path: "mitdb/100")
/// let lead = record.physical(0)                            // in millivolts
/// let beats = try WFDBAnnotations(path: "mitdb/100.atr")
/// ```
/// Formats 8, 16, 24, 32, 61, 80, 160, 212, 310 and 311, several signals in one file or in several, several samples in a
/// frame, skews; records of one segment.
public struct WFDBRecord: Sendable, Hashable {
    /// The head.
    public let header: WFDBHeader
    /// The stored samples of each signal.
    public let samples: [[Int32]]
    /// The number of frames, which is that of the steps.
    public let frameCount: Int
    /// Remarks that a person should read, such as that a checksum differs.
    public let notes: [String]

    /// The largest file that is read.
    static let mostBytes = 1 << 31

    /// Reads a record.
    ///
    /// - Parameter path: the head's path, with or without `.hea`; the files of the samples stand beside it.
    /// - Throws: `badData` or `inputOutput` that names file and place.
    public init(path: String) throws(RecurrentError) {
        let head = path.hasSuffix(".hea") ? path : path + ".hea"
        let header = try WFDBHeader(ByteSource(path: head).all(limit: 1 << 22), source: printable(head))
        let folder = head.lastIndex(of: "/").map { String(head[...$0]) } ?? ""
        try self.init(header, source: printable(head)) { (name) throws(RecurrentError) in
            try ByteSource(path: folder + name).all(limit: Self.mostBytes)
        }
    }

    /// A record whose head and samples lie in memory, all signals in one file.
    @_spi(Testing) public init(head: [UInt8], samples: [UInt8], name: String) throws(RecurrentError) {
        try self.init(WFDBHeader(head, source: name), source: name) { _ in samples }
    }

    /// A record of a head.
    ///
    /// - Parameter read: the bytes of a file that the head names.
    package init(
        _ header: WFDBHeader, source: String, read: (String) throws(RecurrentError) -> [UInt8]
    ) throws(RecurrentError) {
        self.header = header
        var samples = [[Int32]](repeating: [], count: header.signals.count)
        var frames = header.frameCount
        var (notes, first): ([String], Int) = ([], 0)
        while first < header.signals.count {
            let file = header.signals[first].file
            let group = first..<(header.signals[first...].firstIndex { $0.file != file } ?? header.signals.count)
            guard !file.contains("/"), file != "~" else {
                throw RecurrentError(
                    .badData, "the samples stand in \(excerpt(file))", at: source,
                    why: "only files beside the head are read", help: "put the file beside the head")
            }
            let signals = Array(header.signals[group])
            guard signals.allSatisfy({ $0.format == signals[0].format }) else {
                throw RecurrentError(.badData, "the signals of \(excerpt(file)) are of several formats", at: source)
            }
            let read = try Self.columns(signals, read(file), frames: header.frameCount, file: file)
            for (index, column) in zip(group, read) { samples[index] = column }
            let found = read[0].count / signals[0].samplesPerFrame
            if let frames, found != frames {
                throw RecurrentError(
                    .badData, "\(excerpt(file)) holds \(found) samples of each signal, not \(frames)", at: source,
                    help: "check that the file is whole")
            }
            frames = found
            first = group.upperBound
        }
        for (signal, column) in zip(header.signals, samples) {
            guard let checksum = signal.checksum, !column.isEmpty else { continue }
            let sum = column.reduce(Int16(0)) { $0 &+ Int16(truncatingIfNeeded: $1) }
            if sum != Int16(truncatingIfNeeded: checksum) {
                notes.append("\(source): the samples of '\(printable(signal.name))' do not fit their checksum")
            }
        }
        (self.samples, self.notes, frameCount) = (samples, notes, samples.isEmpty ? 0 : frames ?? 0)
    }

    private static func columns(
        _ signals: [WFDBSignal], _ bytes: [UInt8], frames: Int?, file: String
    ) throws(RecurrentError) -> [[Int32]] {
        let offset = signals[0].byteOffset
        guard offset <= bytes.count else {
            throw RecurrentError(
                .badData, "\(excerpt(file)) has \(bytes.count) bytes; the samples are to begin at \(offset)")
        }
        let format = signals[0].format
        let all = format.samples(bytes[offset...])
        let width = signals.reduce(0) { $0 + $1.samplesPerFrame }
        let count = min(all.count / width, frames ?? .max)
        var result: [[Int32]] = []
        var place = 0
        for signal in signals {
            var column: [Int32] = []
            column.reserveCapacity(count * signal.samplesPerFrame)
            for frame in 0..<count {
                for sample in 0..<signal.samplesPerFrame { column.append(all[frame * width + place + sample]) }
            }
            place += signal.samplesPerFrame
            if format == .differences8 {
                var sum = Int32(truncatingIfNeeded: signal.initialValue ?? 0)
                for index in column.indices {
                    sum &+= column[index]
                    column[index] = sum
                }
            }
            if signal.skew > 0 {
                // What comes late is moved forward; at the end it is not known.
                let shift = min(column.count, signal.skew * signal.samplesPerFrame)
                column.removeFirst(shift)
                column += repeatElement(format.missing ?? column.last ?? 0, count: shift)
            }
            result.append(column)
        }
        return result
    }

    /// The numbers of a signal in its physical unit, one for each frame; the mean where a frame has several.
    ///
    /// - Precondition: there is such a signal.
    public func physical(_ signal: Int) -> [Float] {
        let description = header.signals[signal]
        let size = description.samplesPerFrame
        if size == 1 { return samples[signal].map { description.physical($0) } }
        return (0..<frameCount).map { frame in
            let own = samples[signal][frame * size..<(frame + 1) * size]
            let known = own.map { description.physical($0) }.filter { !$0.isNaN }
            return known.isEmpty ? .nan : known.reduce(0, +) / Float(known.count)
        }
    }

    /// The numbers of all signals in their physical units, frame after frame, [T, C].
    public var values: [Float] {
        let columns = header.signals.indices.map { physical($0) }
        guard columns.count > 1 else { return columns.first ?? [] }
        var result: [Float] = []
        result.reserveCapacity(columns.count * frameCount)
        for frame in 0..<frameCount { for column in columns { result.append(column[frame]) } }
        return result
    }

    /// The names of the signals, each once.
    public var channels: [String] {
        var seen: [String: Int] = [:]
        return header.signals.map { signal in
            seen[signal.name, default: 0] += 1
            let number = seen[signal.name] ?? 1
            return number == 1 ? signal.name : "\(signal.name) \(number)"
        }
    }
}
