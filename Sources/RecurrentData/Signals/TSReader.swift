public import RecurrentTensor

/// A reader of `.ts` files: univariate and multivariate, of equal and unequal length, with missing values (`?`), with time
/// stamps, with classes or with numbers.
///
/// ```text
/// @problemName Vowels
/// @univariate false
/// @classLabel true a e
/// @data
/// 0.1,0.2,?:1.5,1.4,1.3:a
/// ```
/// Channels are separated by colons, values by commas; what belongs to the sequence stands last. With time stamps a value is
/// `(time,value)` and the channels need not be sampled together: a step is every time that occurs in any of them.
public final class TSReader: SignalReader {
    /// What the head says; complete after ``start()``.
    public private(set) var header = TSHeader()
    /// The names of the channels.
    public private(set) var channels: [String] = []
    private let lines: ByteLines
    private var isStarted = false

    /// Opens a file; `-` is standard input.
    ///
    /// - Throws: `inputOutput` where it cannot be opened.
    public convenience init(path: String) throws(RecurrentError) { self.init(source: try ByteSource(path: path)) }

    package init(source: ByteSource) { lines = ByteLines(source) }

    /// Reads bytes that lie in memory.
    @_spi(Testing) public convenience init(bytes: [UInt8], name: String) {
        self.init(source: ByteSource(bytes: bytes, name: name))
    }

    /// Reads the head, if that was not done.
    ///
    /// - Throws: `badData` where an attribute cannot be understood or there are no data.
    public func start() throws(RecurrentError) {
        if isStarted { return }
        isStarted = true
        while let line = try lines.next() {
            let content = Array(line.trimmedASCII)
            guard let first = content.first, first != UInt8(ascii: "#"), first != UInt8(ascii: "%") else { continue }
            guard first == UInt8(ascii: "@") else {
                throw RecurrentError(
                    .badData, "values before the line @data", at: lines.place,
                    help: "a .ts file begins with attributes such as @problemName and @classLabel, then @data")
            }
            if try header.take(content, place: lines.place) {
                if header.hasClass, header.hasTarget {
                    throw RecurrentError(.badData, "a sequence has a class or a number, not both", at: lines.place)
                }
                if let count = header.dimensions, count <= 1 << 20 { channels = numberedChannels(count) }
                return
            }
        }
        throw RecurrentError(
            .badData, "there is no line @data", at: lines.name, help: "check that this is a .ts file, and whole")
    }

    /// The next sequence; nil at the end.
    public func next() throws(RecurrentError) -> SignalExample? {
        try start()
        while let line = try lines.next() {
            guard let first = line.trimmedASCII.first, first != UInt8(ascii: "#"), first != UInt8(ascii: "%") else {
                continue
            }
            return try example(line)
        }
        return nil
    }

    private func example(_ line: [UInt8]) throws(RecurrentError) -> SignalExample {
        var parts = Self.split(line)
        var label: String?
        if header.hasLabel {
            guard parts.count > 1, let last = parts.popLast() else {
                throw RecurrentError(
                    .badData, "this sequence has no \(header.hasClass ? "class" : "number")", at: lines.place,
                    why: "the head says that one stands behind a colon at the end of each line")
            }
            label = try read(label: line[last], at: last.lowerBound)
        }
        let count = header.dimensions ?? (channels.isEmpty ? parts.count : channels.count)
        guard parts.count == count else {
            throw RecurrentError(
                .badData, "this sequence has \(counted(parts.count, "channel")), not \(count)", at: lines.place,
                why: header.dimensions == nil ? "the sequences before it have \(count)" : "the head says so")
        }
        if channels.isEmpty { channels = numberedChannels(count) }
        var result = SignalExample(values: [], label: label, place: lines.place)
        if header.hasTimes {
            try readTimed(line, parts, into: &result)
        } else {
            try readPlain(line, parts, into: &result)
        }
        let steps = result.values.count / count
        if let length = header.seriesLength, steps != length, !header.hasTimes {
            throw RecurrentError(
                .badData, "this sequence has \(counted(steps, "step")), not \(length)", at: lines.place,
                why: "the head says that all have \(length)", help: "write @equalLength false without @seriesLength")
        }
        return result
    }

    /// The parts of a line between colons; those within parentheses belong to a time stamp.
    private static func split(_ line: [UInt8]) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var (start, depth) = (0, 0)
        for (index, byte) in line.enumerated() {
            switch byte {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth = max(0, depth - 1)
            case UInt8(ascii: ":") where depth == 0:
                parts.append(start..<index)
                start = index + 1
            default: break
            }
        }
        parts.append(start..<line.count)
        return parts
    }

    private func read(label bytes: ArraySlice<UInt8>, at offset: Int) throws(RecurrentError) -> String? {
        let trimmed = bytes.trimmedASCII
        guard let text = String(validating: trimmed, as: UTF8.self) else {
            throw RecurrentError(
                .badData, "the name of the class is not UTF-8", at: lines.place(at: offset), help: "save it as UTF-8")
        }
        if text.isEmpty || text == "?" { return nil }
        if let classes = header.classes, !classes.contains(text) {
            throw RecurrentError(
                .badData, "the class \(excerpt(text)) is not one of the head's", at: lines.place(at: offset),
                help: Spelling.help(for: text, in: classes))
        }
        return text
    }

    // MARK: - Values

    private func readPlain(
        _ line: [UInt8], _ parts: [Range<Int>], into result: inout SignalExample
    ) throws(RecurrentError) {
        var columns: [[Float]] = []
        for part in parts {
            var column: [Float] = []
            if !line[part].trimmedASCII.isEmpty {
                var start = part.lowerBound
                for index in part.lowerBound...part.upperBound
                where index == part.upperBound || line[index] == UInt8(ascii: ",") {
                    column.append(try value(line, start..<index))
                    start = index + 1
                }
            }
            if let first = columns.first, first.count != column.count {
                throw RecurrentError(
                    .badData,
                    "channel \(columns.count + 1) has \(counted(column.count, "step")), the first \(first.count)",
                    at: lines.place(at: part.lowerBound), why: "the channels of a sequence have steps in common",
                    help: "write ? where a value is missing")
            }
            columns.append(column)
        }
        result.values = Self.interleaved(columns)
    }

    private func value(_ line: [UInt8], _ range: Range<Int>) throws(RecurrentError) -> Float {
        var failure: RecurrentError?
        let value = line.withUnsafeBufferPointer { bytes -> Float in
            do throws(RecurrentError) {
                return try SignalNumber.value(
                    UnsafeBufferPointer(rebasing: bytes[range]), at: lines.place(at: range.lowerBound))
            } catch {
                failure = error
                return .nan
            }
        }
        if let failure { throw failure }
        return value
    }

    private static func interleaved(_ columns: [[Float]]) -> [Float] {
        guard columns.count > 1 else { return columns.first ?? [] }
        var values: [Float] = []
        values.reserveCapacity(columns.count * columns[0].count)
        for t in columns[0].indices { for column in columns { values.append(column[t]) } }
        return values
    }

    private func readTimed(
        _ line: [UInt8], _ parts: [Range<Int>], into result: inout SignalExample
    ) throws(RecurrentError) {
        var pairs: [(time: Double, channel: Int, value: Float)] = []
        for (channel, part) in parts.enumerated() {
            var before = -Double.infinity
            for range in try pairRanges(line, part) {
                guard let comma = line[range].lastIndex(of: UInt8(ascii: ",")) else {
                    throw RecurrentError(
                        .badData, "a time without a value", at: lines.place(at: range.lowerBound),
                        help: "write each value as (time,value)")
                }
                let time = try SignalTime.value(
                    line[range.lowerBound..<comma], at: lines.place(at: range.lowerBound))
                guard time > before else {
                    throw RecurrentError(
                        .badData, "this time is not later than the one before it", at: lines.place(at: range.lowerBound)
                    )
                }
                before = time
                pairs.append((time, channel, try value(line, comma + 1..<range.upperBound)))
            }
        }
        let times = Set(pairs.map(\.time)).sorted()
        let rows = Dictionary(uniqueKeysWithValues: times.enumerated().map { ($1, $0) })
        let (cells, isTooMany) = times.count.multipliedReportingOverflow(by: parts.count)
        guard !isTooMany, cells <= max(1 << 20, 64 * pairs.count) else {
            throw RecurrentError(
                .badData, "the channels have hardly a time in common", at: lines.place,
                why: "\(times.count) times of \(parts.count) channels", help: "sample the channels together")
        }
        var values = [Float](repeating: .nan, count: cells)
        for pair in pairs { values[(rows[pair.time] ?? 0) * parts.count + pair.channel] = pair.value }
        result.values = values
        result.times = times
    }

    /// What stands within each pair of parentheses.
    private func pairRanges(_ line: [UInt8], _ part: Range<Int>) throws(RecurrentError) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var open: Int?
        for index in part {
            switch line[index] {
            case UInt8(ascii: "(") where open == nil: open = index + 1
            case UInt8(ascii: ")") where open != nil:
                ranges.append((open ?? index)..<index)
                open = nil
            case UInt8(ascii: ","), 0x20, 0x09: continue
            default:
                if open != nil { continue }
                throw RecurrentError(
                    .badData, "a value without parentheses", at: lines.place(at: index),
                    why: "the head says that there are time stamps", help: "write each value as (time,value)")
            }
        }
        if let open {
            throw RecurrentError(.badData, "an open parenthesis", at: lines.place(at: open - 1))
        }
        return ranges
    }
}

/// Times of values, as fields of text.
enum SignalTime {
    /// A number, or a date with or without a time of the day as seconds since 1970.
    static func value(
        _ field: ArraySlice<UInt8>, at place: @autoclosure () -> String
    ) throws(RecurrentError) -> Double {
        let bytes = Array(field.trimmedASCII)
        if let number = bytes.withUnsafeBufferPointer({ SignalNumber.double($0) }) { return number }
        if let seconds = date(bytes) { return seconds }
        throw RecurrentError(
            .badData, "\(excerpt(String(decoding: bytes, as: UTF8.self))) is no time", at: place(),
            help: "write a number, or 2024-01-31 12:30:00")
    }

    /// `YYYY-MM-DD`, `YYYY-MM-DD HH:MM` or `YYYY-MM-DD HH:MM:SS` with a fraction; T may stand for the space.
    private static func date(_ bytes: [UInt8]) -> Double? {
        let parts = bytes.split { !(48...57).contains($0) && $0 != UInt8(ascii: ".") }
        let marks = bytes.filter { !(48...57).contains($0) && $0 != UInt8(ascii: ".") }
        let forms: [[UInt8]] = ["--", "-- :", "--T:", "-- ::", "--T::"].map { Array($0.utf8) }
        guard bytes.count <= 40, forms.contains(marks), parts.count == marks.count + 1 else { return nil }
        let numbers = parts.map { Double(String(decoding: $0, as: UTF8.self)) ?? -1 }
        let limits: [ClosedRange<Double>] = [1...9999, 1...12, 1...31, 0...24, 0...59, 0...60.999_999]
        guard zip(numbers, limits).allSatisfy({ $1.contains($0) }) else { return nil }
        guard numbers.prefix(5).allSatisfy({ $0 == $0.rounded() }) else { return nil }
        let day = CivilDate(year: Int(numbers[0]), month: Int(numbers[1]), day: Int(numbers[2])).daysSince1970
        var seconds = Double(day) * 86_400
        for (number, unit) in zip(numbers.dropFirst(3), [3600.0, 60, 1]) { seconds += number * unit }
        return seconds
    }
}
