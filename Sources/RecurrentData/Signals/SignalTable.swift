import RecurrentTensor

/// Rows of numbers and words: values between separators, or between spaces.
final class SignalTable {
    /// How its numbers are written.
    let numbers: NumberFormat
    /// The first rows, for a first look.
    let sample: [[String]]
    /// The names of the columns; nil: the first row is data.
    let header: [String]?
    let name: String
    private let rows: Rows
    private var line: [UInt8] = []
    private var words: [Range<Int>] = []

    private enum Rows {
        case separated(CSVReader)
        case spaced(ByteLines)
    }

    init(_ source: ByteSource) throws(RecurrentError) {
        name = source.name
        let (head, isWhole) = try source.peek(1 << 20)
        guard !head.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) || !isWhole else {
            throw RecurrentError(.badData, "is empty", at: name, help: "give sequences of numbers")
        }
        if Self.isSpaced(head) {
            numbers = NumberFormat()
            var first: [[String]] = []
            let lines = ByteLines(ByteSource(bytes: Array(head), name: name))
            while first.count < 200, let line = try lines.next() {
                if !line.trimmedASCII.isEmpty {
                    first.append(Self.words(line).map { String(decoding: line[$0], as: UTF8.self) })
                }
            }
            // The last of them may be cut.
            if !isWhole, first.count > 1, first.count < 200 { first.removeLast() }
            sample = first
            rows = .spaced(ByteLines(source))
        } else {
            let dialect = Dialect.detect(head, isWhole: isWhole, separator: nil, decimalMark: nil)
            numbers = dialect.numbers
            var first: [[String]] = []
            let reader = CSVReader(
                source: ByteSource(bytes: Array(head), name: name), separator: dialect.separator,
                limits: Self.limits, dropsCutRecord: !isWhole)
            while first.count < 200, try reader.next() { first.append((0..<reader.fieldCount).map { reader.text($0) }) }
            sample = first
            rows = .separated(CSVReader(source: source, separator: dialect.separator, limits: Self.limits))
        }
        header = Self.header(sample, numbers)
        if header != nil { _ = try next() }
    }

    private static var limits: CSVReader.Limits {
        var limits = CSVReader.Limits()
        limits.recordBytes = 1 << 28
        limits.fields = 1 << 24
        return limits
    }

    // MARK: - Rows

    /// The fields of the current row.
    private(set) var count = 0

    /// Goes to the next row that is not blank; false at the end.
    func next() throws(RecurrentError) -> Bool {
        switch rows {
        case .separated(let reader):
            guard try reader.next() else { return false }
            count = reader.fieldCount
            // A separator at the end of a row is no field.
            return true
        case .spaced(let lines):
            while let bytes = try lines.next() {
                words = Self.words(bytes)
                if words.isEmpty { continue }
                (line, count) = (bytes, words.count)
                return true
            }
            return false
        }
    }

    /// The place of a field of the current row.
    func place(_ index: Int) -> String {
        switch rows {
        case .separated(let reader): reader.place(index)
        case .spaced(let lines): lines.place(at: words[index].lowerBound)
        }
    }

    /// The place of the current row.
    var place: String {
        switch rows {
        case .separated(let reader): reader.linePlace
        case .spaced(let lines): lines.place
        }
    }

    /// A field of the current row as a number; NaN where it is missing.
    func value(_ index: Int) throws(RecurrentError) -> Float {
        switch rows {
        case .separated(let reader): return try SignalNumber.value(reader.bytes(index), numbers, at: place(index))
        case .spaced:
            var failure: RecurrentError?
            let value = line.withUnsafeBufferPointer { bytes -> Float in
                do throws(RecurrentError) {
                    return try SignalNumber.value(
                        UnsafeBufferPointer(rebasing: bytes[words[index]]), numbers, at: place(index))
                } catch {
                    failure = error
                    return .nan
                }
            }
            if let failure { throw failure }
            return value
        }
    }

    /// A field of the current row without spaces at its ends; nil where it says that nothing is known.
    func text(_ index: Int) -> String? {
        let text: String =
            switch rows {
            case .separated(let reader): reader.text(index).trimmedSpaces
            case .spaced: String(decoding: line[words[index]], as: UTF8.self)
            }
        if text.isEmpty || text == "?" || text == "NaN" { return nil }
        return Self.shortNumber(text)
    }

    /// A class that is written as a number without a fraction is the same with and without zeros behind the point.
    private static func shortNumber(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: ".")), let number = Double(text), let whole = Int(exactly: number) else {
            return text
        }
        return "\(whole)"
    }

    // MARK: - A first look

    private static func isSpaced(_ head: ArraySlice<UInt8>) -> Bool {
        let lines = head.split(separator: lineFeed).prefix(20).filter { !$0.trimmedASCII.isEmpty }
        let marks = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "|"), 0x09]
        return !lines.isEmpty
            && lines.allSatisfy { line in
                !line.contains { marks.contains($0) } && line.trimmedASCII.contains(0x20)
            }
    }

    private static func words(_ line: [UInt8]) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start: Int?
        for (index, byte) in line.enumerated() {
            if byte == 0x20 || byte == 0x09 {
                if let first = start { words.append(first..<index) }
                start = nil
            } else if start == nil {
                start = index
            }
        }
        if let first = start { words.append(first..<line.count) }
        return words
    }

    /// What the fields of a row are: whether each could be a number.
    func isNumber(_ text: String) -> Bool { Self.isNumber(text, numbers) }

    private static func isNumber(_ text: String, _ numbers: NumberFormat) -> Bool {
        switch Array(text.utf8).withUnsafeBufferPointer({ numbers.parse($0) }) {
        case .value, .missing, .infinite: true
        case .text: false
        }
    }

    private static func header(_ sample: [[String]], _ numbers: NumberFormat) -> [String]? {
        guard let first = sample.first else { return nil }
        let names = first.map(\.trimmedSpaces)
        let isWord = names.map { !$0.isEmpty && !isNumber($0, numbers) }
        guard sample.count > 1 else { return isWord.allSatisfy { $0 } && names.count > 2 ? names : nil }
        let words = isWord.count { $0 }
        let below = sample[1].map { !$0.trimmedSpaces.isEmpty && !isNumber($0, numbers) }
        if words > below.count(where: { $0 }) { return names }
        let known = SignalColumns.labels.union(SignalColumns.ids).union(SignalColumns.times)
        return names.contains { known.contains($0.lowercased()) } ? names : nil
    }
}

/// Names of columns that say what they hold.
enum SignalColumns {
    static let labels: Set = ["label", "class", "target", "y", "category", "outcome", "class_label", "classlabel"]
    static let ids: Set = [
        "id", "series", "series_id", "seriesid", "sequence", "sequence_id", "sample", "sample_id", "unit", "record",
        "recording", "recording_id", "case", "case_id", "measurement_id",
    ]
    static let times: Set = ["time", "t", "step", "timestamp", "date", "datetime", "cycle", "frame", "index"]

    /// A column by its name or its number from 1.
    static func find(
        _ given: String, _ option: String, header: [String]?, count: Int, file: String
    ) throws(RecurrentError) -> Int {
        if let index = header?.firstIndex(of: given) { return index }
        if let index = header?.firstIndex(where: { $0.lowercased() == given.lowercased() }) { return index }
        if let number = Int(given), (1...max(1, count)).contains(number) { return number - 1 }
        throw RecurrentError(
            .usage, "there is no column \(excerpt(given))", at: option,
            why: header == nil ? "\(file) has \(count) columns without names" : nil,
            help: header.map { Spelling.help(for: given, in: $0) } ?? "give its number, 1 to \(count)")
    }
}
