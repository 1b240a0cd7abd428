public import RecurrentTensor

/// Examples as ragged lists of whole numbers in named columns: what a text is once it is tokenised.
///
/// Held in memory, or read piece by piece from files that may be larger than memory; only an index of 8 bytes for each list
/// is held then. A store on disk is three files with one beginning of their names: `NAME.json` tells the columns and
/// counts, `NAME.index` where each list begins (64-bit, little-endian), `NAME.tokens` holds the numbers (8 or 32 bits each,
/// little-endian), so that `numpy.fromfile` reads it too.
///
/// ```swift
/// let store = TokenStore(columns: ["words", "label"], [[[5, 9, 2], [1]], [[7], [0]]])
/// try store.tokens(0, column: 0)   // [5, 9, 2]
/// ```
public struct TokenStore: Sendable {
    /// The names of the columns.
    public let columns: [String]
    /// The number of examples.
    public let count: Int
    /// Where each list begins, in numbers: `count · columns + 1` of them.
    private let starts: [Int]
    private let memory: Memory

    private enum Memory: Sendable {
        case numbers([Int32])
        case stored(StoredBytes, width: Int, source: String)
    }

    /// A store in memory.
    ///
    /// - Precondition: each example has a list for each column.
    public init(columns: [String], _ examples: [[[Int32]]]) {
        var numbers: [Int32] = []
        var starts = [0]
        starts.reserveCapacity(examples.count * columns.count + 1)
        for example in examples {
            precondition(
                example.count == columns.count, "TokenStore: an example has \(example.count) of \(columns.count) lists")
            for list in example {
                numbers += list
                starts.append(numbers.count)
            }
        }
        self.columns = columns
        self.starts = starts
        count = examples.count
        memory = .numbers(numbers)
    }

    // MARK: - Reading

    /// The number of a column.
    ///
    /// - Precondition: there is such a column.
    public func column(_ name: String) -> Int {
        guard let index = columns.firstIndex(of: name) else {
            preconditionFailure("TokenStore: there is no column '\(name)' beside \(columns)")
        }
        return index
    }

    /// The length of a list.
    public func length(_ example: Int, column: Int = 0) -> Int {
        let list = list(example, column)
        return starts[list + 1] - starts[list]
    }

    /// A list, whole.
    ///
    /// - Throws: `inputOutput` where the file cannot be read.
    public func tokens(_ example: Int, column: Int = 0) throws(RecurrentError) -> [Int32] {
        try tokens(example, column: column, 0..<length(example, column: column))
    }

    /// A part of a list.
    ///
    /// - Throws: `inputOutput` where the file cannot be read.
    /// - Precondition: the range lies within the list.
    public func tokens(
        _ example: Int, column: Int = 0, _ range: Range<Int>
    ) throws(RecurrentError) -> [Int32] {
        let list = list(example, column)
        precondition(
            range.lowerBound >= 0 && range.upperBound <= starts[list + 1] - starts[list],
            "TokenStore: \(range) lies outside a list of \(starts[list + 1] - starts[list])")
        let begin = starts[list] + range.lowerBound
        switch memory {
        case .numbers(let numbers): return Array(numbers[begin..<begin + range.count])
        case .stored(let bytes, let width, let source):
            let read = try bytes.read(at: begin * width, count: range.count * width, source)
            if width == 1 { return read.map { Int32($0) } }
            return [Int32](unsafeUninitializedCapacity: range.count) { numbers, count in
                read.withUnsafeBytes { bytes in
                    for index in 0..<range.count {
                        numbers[index] = Int32(
                            littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))
                    }
                }
                count = range.count
            }
        }
    }

    /// The numbers of all lists together.
    public var tokenCount: Int { starts[starts.count - 1] }

    private func list(_ example: Int, _ column: Int) -> Int {
        precondition(
            example >= 0 && example < count && column >= 0 && column < columns.count,
            "TokenStore: example \(example), column \(column) lie outside \(count) examples of \(columns.count) columns"
        )
        return example * columns.count + column
    }

    // MARK: - Files

    /// Opens the files that ``write(to:columns:maximumToken:_:)`` wrote.
    ///
    /// - Parameter path: the common beginning of their names.
    /// - Throws: `badModel` where they are missing, damaged, or do not fit each other.
    public init(opening path: String, fileSystem: FileSystem = FileSystem()) throws(RecurrentError) {
        func damaged(_ why: String) -> RecurrentError {
            RecurrentError(
                .badModel, "the prepared data are damaged", at: path, why: why, help: "begin the training anew")
        }
        let json = JSONCursor(
            try JSON(
                parsing: try fileSystem.read(path + ".json", maximumBytes: 1 << 20), from: path + ".json",
                category: .badModel), source: path + ".json")
        guard try json["format"].string() == "recurrent-tokens", try json["version"].int() == 1 else {
            throw json["format"].error("these are no prepared data of a known version")
        }
        columns = try json["columns"].strings()
        count = try json["examples"].int(in: 0...(1 << 40))
        let total = try json["tokens"].int(in: 0...(1 << 50))
        let width = try json["bytes"].int(in: 1...4)
        guard width == 1 || width == 4, !columns.isEmpty, columns.count <= 64 else {
            throw damaged("their description names \(columns.count) columns of \(width) bytes")
        }
        let lists = count * columns.count + 1
        let (index, indexLength) = try StoredBytes.open(path + ".index", fileSystem)
        guard indexLength == lists * 8 else { throw damaged("the index has \(indexLength) bytes, not \(lists * 8)") }
        let raw = try index.read(at: 0, count: indexLength, path + ".index")
        starts = raw.withUnsafeBytes { bytes in
            (0..<lists).map {
                Int(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int.self))
            }
        }
        guard starts[0] == 0, starts[lists - 1] == total, zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 })
        else { throw damaged("the index does not rise from 0 to \(total)") }
        let (bytes, length) = try StoredBytes.open(path + ".tokens", fileSystem)
        guard length == total * width else {
            throw damaged("there are \(length) bytes of tokens, not \(total * width)")
        }
        memory = .stored(bytes, width: width, source: path + ".tokens")
    }

    /// Writes a store in one pass with little memory, and opens it.
    ///
    /// - Parameters:
    ///   - path: the common beginning of the names of its files.
    ///   - maximumToken: the greatest number that will occur; below 256 a number takes one byte, else four.
    ///   - body: gives the examples one by one.
    /// - Throws: what `body` throws, or `inputOutput`; no store is there then.
    public static func write(
        to path: String, columns: [String], maximumToken: Int, fileSystem: FileSystem = FileSystem(),
        _ body: (inout Writer) throws(RecurrentError) -> Void
    ) throws(RecurrentError) -> TokenStore {
        // The description goes first and comes last: without it the files mean nothing.
        for suffix in [".json", ".index", ".tokens"] { try fileSystem.removeFile(path + suffix) }
        var writer = Writer(
            columns: columns.count, width: maximumToken < 256 ? 1 : 4,
            into: Files(
                index: try fileSystem.open(path + ".index", .create, "write"),
                tokens: try fileSystem.open(path + ".tokens", .create, "write")))
        try body(&writer)
        try writer.finish()
        let json: JSON = [
            "format": "recurrent-tokens", "version": 1, "columns": JSON(columns), "examples": JSON(writer.examples),
            "tokens": JSON(writer.total), "bytes": JSON(writer.width),
        ]
        try fileSystem.write(json.bytes(.pretty), to: path + ".json")
        return try TokenStore(opening: path, fileSystem: fileSystem)
    }

    /// The two files that grow.
    fileprivate final class Files {
        let index: OpenFile
        let tokens: OpenFile
        init(index: consuming OpenFile, tokens: consuming OpenFile) {
            self.index = index
            self.tokens = tokens
        }
    }

    /// Takes the examples of a store that is written.
    public struct Writer {
        /// The number of examples so far.
        public private(set) var examples = 0
        /// The number of numbers so far.
        public private(set) var total = 0
        fileprivate let width: Int
        private let columns: Int
        private let files: Files
        private var tokens: [UInt8] = []
        private var starts: [UInt8] = []

        fileprivate init(columns: Int, width: Int, into files: Files) {
            (self.columns, self.width, self.files) = (columns, width, files)
            add(start: 0)
        }

        /// Adds an example.
        ///
        /// - Throws: `inputOutput` where the disk is full.
        /// - Precondition: there is a list for each column, and every number fits.
        public mutating func append(_ example: [[Int32]]) throws(RecurrentError) {
            precondition(example.count == columns, "TokenStore: an example has \(example.count) of \(columns) lists")
            for list in example {
                try add(list)
                add(start: total)
            }
            examples += 1
        }

        /// Adds numbers to an example of one column, which may be longer than memory.
        ///
        /// - Throws: `inputOutput` where the disk is full.
        /// - Precondition: there is one column; ``endExample()`` follows the last piece.
        public mutating func extend(_ piece: [Int32]) throws(RecurrentError) {
            precondition(columns == 1, "TokenStore: only an example of one list can be given in pieces")
            try add(piece)
        }

        /// Ends an example that was given in pieces.
        public mutating func endExample() {
            add(start: total)
            examples += 1
        }

        private mutating func add(_ list: [Int32]) throws(RecurrentError) {
            for number in list {
                if width == 1 {
                    precondition(number >= 0 && number < 256, "TokenStore: \(number) does not fit one byte")
                    tokens.append(UInt8(number))
                } else {
                    let bits = UInt32(bitPattern: number)
                    for shift in stride(from: UInt32(0), to: 32, by: 8) {
                        tokens.append(UInt8(truncatingIfNeeded: bits >> shift))
                    }
                }
            }
            total += list.count
            if tokens.count + starts.count > 1 << 20 { try flush() }
        }

        private mutating func add(start: Int) {
            for shift in stride(from: 0, to: 64, by: 8) { starts.append(UInt8(truncatingIfNeeded: start >> shift)) }
        }

        private mutating func flush() throws(RecurrentError) {
            try files.tokens.write(tokens)
            try files.index.write(starts)
            tokens.removeAll(keepingCapacity: true)
            starts.removeAll(keepingCapacity: true)
        }

        fileprivate mutating func finish() throws(RecurrentError) {
            try flush()
            try files.tokens.sync()
            try files.index.sync()
        }
    }
}
