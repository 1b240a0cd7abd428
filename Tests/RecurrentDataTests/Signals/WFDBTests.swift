import RecurrentData
import RecurrentTensor
import Testing

@Suite struct WFDBTests {
    private static func bytes(hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
    }

    private static func record(_ head: String, _ bytes: [UInt8]) throws -> WFDBRecord {
        try WFDBRecord(WFDBHeader(Array(head.utf8), source: "r.hea"), source: "r.hea") { _ in bytes }
    }

    /// What reading a head and samples throws.
    private static func failure(_ head: String, _ bytes: [UInt8] = []) -> RecurrentError? {
        do {
            _ = try record(head, bytes)
            return nil
        } catch { return error as? RecurrentError }
    }

    @Test func everyFormatIsReadAsThePackageWFDBReadsIt() throws {
        var formats: Set<Int> = []
        for line in try fixture("signals/wfdb.txt") where line[0] != "annotations" {
            let head = line[1].split(separator: "|").joined(separator: "\n")
            let record = try Self.record(head, Self.bytes(hex: line[2]))
            #expect(record.notes.isEmpty, "\(line[0])")
            #expect(record.frameCount == 12 && record.header.frequency == 360)
            #expect(record.header.comments == ["a remark"])
            for signal in record.header.signals.indices {
                formats.insert(record.header.signals[signal].format.rawValue)
                let samples = line[3 + 2 * signal].split(separator: " ").map { Int32($0) }
                let physical = line[4 + 2 * signal].split(separator: " ").map { Double($0) ?? 0 }
                #expect(record.samples[signal].map { Optional($0) } == samples, "\(line[0])")
                let found = record.physical(signal)
                #expect(found.count == physical.count)
                // One rounding from Double to Float: half a unit in the 24th bit.
                for (a, b) in zip(found, physical) {
                    #expect(a.isNaN && b.isNaN || abs(Double(a) - b) <= abs(b) * 0x1p-24, "\(line[0]): \(a), \(b)")
                }
            }
        }
        #expect(formats == Set(WFDBFormat.allCases.map(\.rawValue)))
    }

    @Test func annotationsAreThoseOfThePackageWFDB() throws {
        let line = try #require(try fixture("signals/wfdb.txt").first { $0[0] == "annotations" })
        let found = try WFDBAnnotations(Self.bytes(hex: line[2]), source: "r.atr")
        #expect(found.frequency == 360)
        let rows = found.annotations.map {
            "\($0.sample) \($0.symbol) \($0.subtype) \($0.channel) \($0.number) \($0.text.isEmpty ? "-" : $0.text)"
        }
        #expect(rows == Array(line.dropFirst(3)))
        #expect(found.annotations.filter(\.isBeat).map(\.symbol) == ["N", "V", "A", "N", "/"])
    }

    @Test func theAnnotationsOfARealRecordAreAllThere() throws {
        guard let path = sharedData("mitbih_100/original/100.atr"), let list = sharedData("mitbih_100/annotations.csv")
        else {
            print("not run: ../shared/data/mitbih_100 is not here")
            return
        }
        let wanted = String(decoding: try readAll(list), as: UTF8.self).split(separator: "\n").dropFirst()
            .map { $0.split(separator: ",").map(String.init) }
        let found = try WFDBAnnotations(path: path).annotations
        #expect(found.count == 2274)
        #expect(found.map { ["\($0.sample)", $0.symbol] } == wanted)
    }

    @Test func aRecordIsReadFromItsHeadInAnyOrderOfFiles() throws {
        // Two signals of two files: formats may differ between files, and one is late by a frame.
        let head = "r 2 100 3\nr.a 16 200 16 0 1 6 0 first\nr.b 80:1 10(5)/uV 8 0 0 0 0 second lead\n"
        let header = try WFDBHeader(Array(head.utf8), source: "r.hea")
        let record = try WFDBRecord(header, source: "r.hea") { name in
            name == "r.a" ? [1, 0, 2, 0, 3, 0] : [130, 131, 132]
        }
        #expect(record.samples == [[1, 2, 3], [3, 4, -128]])
        #expect(record.channels == ["first", "second lead"])
        #expect(record.header.signals[1].unit == "uV" && record.header.signals[1].baseline == 5)
        #expect(record.physical(1)[2].isNaN)
        #expect(record.notes.count == 1)
    }

    @Test func severalSamplesInAFrameAreAveraged() throws {
        let record = try Self.record(
            "r 2 100 2\nr.d 80x2 1 8 0 0 0 0 a\nr.d 80 1 8 0 0 0 0 b\n", [129, 131, 128, 133, 0, 127])
        #expect(record.samples == [[1, 3, 5, -128], [0, -1]])
        #expect(record.physical(0) == [2, 5])
    }

    @Test(arguments: [
        ("", "the head is empty"),
        ("r\n", "the line of the record does not tell the number of its signals"),
        ("r/3 2 360 10\n", "a record of several segments"),
        ("r 99999 360\n", "the line of the record does not tell the number of its signals"),
        ("r 1 -3\nr.dat 16\n", "\"-3\" is no sampling frequency"),
        ("r 1 360 99999999999999999999\nr.dat 16\n", "\"99999999999999999999\" is no number of samples"),
        ("r 2 360\nr.dat 16\n", "the head promises 2 signals and describes 1"),
        ("r 1 360\nr.dat 16\nr.dat 16\n", "more lines than the 1 signal of the first line"),
        ("r 1 360\nr.dat\n", "the line of a signal needs a file and a format"),
        ("r 1 360\nr.dat 508\n", "samples of format 508 are not read"),
        ("r 1 360\nr.dat 16x\n", "\"16x\" is no format"),
        ("r 1 360\nr.dat 16 NaN\n", "\"NaN\" is no gain"),
        ("r 1 360\nr.dat 16 200(5/mV\n", "\"200(5/mV\" is no gain"),
        ("r 1 360\nr.dat 16 200 16 1e9\n", "\"1e9\" is no zero of a converter"),
        ("r 1 360\n../r.dat 16\n", "the samples stand in \"../r.dat\""),
        ("r 1 360 5\nr.dat 16\n", "\"r.dat\" holds 2 samples of each signal, not 5"),
        ("r 1 360\nr.dat 16+9\n", "\"r.dat\" has 4 bytes; the samples are to begin at 9"),
        ("r 2 360\nr.dat 16\nr.dat 80\n", "the signals of \"r.dat\" are of several formats"),
    ])
    func badHeadsAreNamed(head: String, what: String) {
        #expect(Self.failure(head, [1, 2, 3, 4])?.what == what)
    }

    @Test(arguments: [
        ([0x00], "the file ends within an annotation"), ([0x00, 0xEC, 1, 2], "the file ends within an annotation"),
        ([0x05, 0xFC, 65], "the file ends within an annotation"), ([0x00, 0xD0], "there is no annotation of code 52"),
        ([0x00, 0xEC, 0xFF, 0xFF, 0xFF, 0xFF, 0, 4, 0, 0], "an annotation before the beginning of the record"),
    ])
    func badAnnotationsAreNamed(bytes: [UInt8], what: String) {
        #expect(throws: RecurrentError.self) { try WFDBAnnotations(bytes, source: "r.atr") }
        do {
            _ = try WFDBAnnotations(bytes, source: "r.atr")
        } catch { #expect(error.what == what) }
    }
}
