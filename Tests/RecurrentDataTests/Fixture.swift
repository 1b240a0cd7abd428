import RecurrentData
import RecurrentTensor
import RecurrentTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The lines of a golden file beside these tests, split at tabs.
func fixture(_ name: String) throws -> [[String]] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let bytes = try readAll(folder + "/Fixtures/" + name)
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
        line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
}

/// The root folder of the package.
let packageRoot = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")

/// The path of an outside data set, or nil where this machine has none.
func sharedData(_ path: String) -> String? {
    let full = packageRoot + "/../shared/data/" + path
    return access(full, R_OK) == 0 ? full : nil
}

func readAll(_ path: String) throws -> [UInt8] {
    let source = try ByteSource(path: path)
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let got = try chunk.withUnsafeMutableBytes { try source.read(into: $0) }
        if got == 0 { return all }
        all += chunk[..<got]
    }
}

/// A file that lives as long as the closure.
func withFile<R>(_ bytes: [UInt8], _ body: (String) throws -> R) throws -> R {
    var template = temporaryTemplate()
    let descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    close(descriptor)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    let file = fopen(path, "w")
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
    return try body(path)
}

func read(_ text: String, _ options: SeriesOptions = SeriesOptions()) throws -> TimeSeriesSet {
    try TimeSeriesSet(bytes: Array(text.utf8), name: "data.csv", options: options)
}

/// The error that reading `text` throws.
func failure(_ text: String, _ options: SeriesOptions = SeriesOptions()) -> RecurrentError? {
    failure(Array(text.utf8), options)
}

func failure(_ bytes: [UInt8], _ options: SeriesOptions = SeriesOptions()) -> RecurrentError? {
    do throws(RecurrentError) {
        _ = try TimeSeriesSet(bytes: bytes, name: "data.csv", options: options)
        return nil
    } catch {
        return error
    }
}

/// The records of a table.
func records(_ bytes: [UInt8], separator: UInt8 = UInt8(ascii: ",")) throws(RecurrentError) -> [[String]] {
    let reader = CSVReader(source: ByteSource(bytes: bytes, name: "data.csv"), separator: separator)
    var records: [[String]] = []
    while try reader.next() { records.append((0..<reader.fieldCount).map { reader.text($0) }) }
    return records
}

/// A small repeatable generator for tests.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }

    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func normal() -> Double {
        (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform())
    }
}

/// Values that may both be missing, equal within a relative distance.
func isClose(_ left: Double, _ right: Double, _ tolerance: Double) -> Bool {
    left.isNaN && right.isNaN || left == right || abs(left - right) <= tolerance * max(1, abs(right))
}
