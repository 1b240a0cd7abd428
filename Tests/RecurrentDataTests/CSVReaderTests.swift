import RecurrentData
import RecurrentTensor
import Testing

@Test func aQuotedFieldMayHoldSeparatorsNewlinesAndDoubledQuotes() throws {
    let table = try records(Array("a,b\n\"x,y\",\"line\none \"\"two\"\"\"\n".utf8))
    #expect(table == [["a", "b"], ["x,y", "line\none \"two\""]])
}

@Test(arguments: ["a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\r1,2\r", "a,b\n1,2", "a,b\r\n1,2", "\u{FEFF}a,b\n\n\n1,2\n\n"])
func everyLineEndingAndAMarkReadTheSame(text: String) throws {
    #expect(try records(Array(text.utf8)) == [["a", "b"], ["1", "2"]])
}

@Test(arguments: ["a,b\n1,2\n", "a,b\n1,2", "\n", ""])
func aReaderAtItsEndStaysThere(text: String) throws {
    let reader = CSVReader(
        source: ByteSource(bytes: Array(text.utf8), name: "a.csv"), separator: UInt8(ascii: ","))
    while try reader.next() {}
    for _ in 0..<3 { #expect(try !reader.next()) }
    #expect(reader.place(0).hasPrefix("a.csv"))
}

@Test func theReaderAgreesWithPythonsCSVModule() throws {
    let lines = try fixture("tables.txt")
    #expect(lines.count == 400)
    for line in lines {
        let separator = try #require(UInt8(line[0]))
        let bytes = hex(line[1])
        let outcome: String
        do throws(RecurrentError) {
            outcome = try records(bytes, separator: separator).map { record in
                record.map { $0.isEmpty ? "-" : $0.utf8.map(hex).joined() }.joined(separator: ",")
            }.joined(separator: "/")
        } catch {
            outcome = "error"
        }
        #expect(outcome == line[2], "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
    }
}

private func hex(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
}

private func hex(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return text.utf8.count == 1 ? "0" + text : text
}

@Test func recordsAreTheSameWhereverTheBufferEnds() throws {
    // Records of every length around the size of the buffer's first filling, so that each byte is once the last in it.
    var text = ""
    for index in 0..<40_000 { text += "\(index),\"a \"\"\(index)\"\"\r\nb\",é\(index)\r\n" }
    let table = try withFile(Array(text.utf8)) { path in
        let reader = try CSVReader(path: path)
        var count = 0
        while try reader.next() {
            #expect(reader.fieldCount == 3)
            #expect(reader.text(0) == "\(count)")
            #expect(reader.text(1) == "a \"\(count)\"\r\nb")
            #expect(reader.text(2) == "é\(count)")
            #expect(reader.line == count * 2 + 1)
            count += 1
        }
        return count
    }
    #expect(table == 40_000)
}

@Test func aPlaceCountsLinesInsideQuotesAndCharactersNotBytes() throws {
    let reader = CSVReader(
        source: ByteSource(bytes: Array("h,i\n\"é\nü\",\"x\"\"y\",z\nk,l\n".utf8), name: "f"),
        separator: UInt8(ascii: ","))
    #expect(try reader.next() && reader.place(1) == "f:1:3")
    #expect(try reader.next())
    #expect((0..<3).map { reader.place($0) } == ["f:2:1", "f:3:4", "f:3:11"])
    #expect(try reader.next() && reader.place(0) == "f:4:1")
}

@Test(arguments: [
    ("a,b\n1,\"2", "data.csv:2:3", "a quoted field is not closed before the end of the file"),
    ("a,b\n1,\"2\"x\n", "data.csv:2:6", "text follows a closing quote"),
    ("a,b\n1,\u{0}2\n", "data.csv:2:3", "a NUL byte"),
])
func aBrokenTableIsAnErrorWithItsPlace(text: String, place: String, what: String) {
    let error = failure(text)
    #expect(error?.place == place)
    #expect(error?.what == what)
    #expect(error?.category == .badData)
}

@Test func theFirstInvalidByteIsFoundAtItsPlace() {
    let cases: [([UInt8], Int?)] = [
        ([0x61, 0xC3, 0xA9], nil), ([0xE2, 0x82, 0xAC], nil), ([0xF0, 0x9F, 0x98, 0x80], nil), ([0x61, 0xE9, 0x62], 1),
        ([0xC0, 0x80], 0), ([0xE0, 0x80, 0x80], 0), ([0xED, 0xA0, 0x80], 0), ([0xF4, 0x90, 0x80, 0x80], 0),
        ([0xF0, 0x9F, 0x98], 0), ([0x80], 0), ([0xFF], 0), ([0xC3], 0), ([0x61, 0], 1),
    ]
    for (bytes, expected) in cases {
        #expect(bytes.withUnsafeBufferPointer { firstInvalidUTF8($0) } == expected, "\(bytes)")
    }
}

@Test func theReaderAndTheStandardLibraryAgreeOnUTF8() {
    var random = TestRandom(7)
    let leads: [UInt8] = [
        0x41, 0xC2, 0xC3, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
    ]
    for _ in 0..<20_000 {
        let bytes = (0..<Int.random(in: 1...6, using: &random)).map { _ in leads.randomElement(using: &random) ?? 0 }
        let isValid = String(validating: bytes, as: UTF8.self) != nil
        #expect((bytes.withUnsafeBufferPointer { firstInvalidUTF8($0) } == nil) == isValid, "\(bytes)")
    }
}

@Test(
    arguments: [
        ([0xFF, 0xFE, 0x61, 0x00], "UTF-16"), ([0xFE, 0xFF, 0x00, 0x61], "UTF-16"), ([0x1F, 0x8B, 0x08, 0x00], "gzip"),
        ([0x50, 0x4B, 0x03, 0x04], "spreadsheet"), ([0x50, 0x41, 0x52, 0x31], "Parquet"),
    ] as [([UInt8], String)])
func anotherKindOfFileIsNamed(bytes: [UInt8], word: String) {
    #expect(failure(bytes)?.what.contains(word) == true)
    #expect(failure(bytes)?.help != nil)
}

@Test func bytesThatAreNotUTF8GiveLineAndColumn() {
    let error = failure(Array("a,b\n1,x".utf8) + [0xE9] + Array(",\n".utf8))
    #expect(error?.place == "data.csv:2:4")
    #expect(error?.what == "byte 0xE9 is not UTF-8")
    #expect(error?.help?.contains("iconv") == true)
}

@Test func aLineBeyondTheLimitFailsEarly() {
    var options = SeriesOptions()
    options.limits.recordBytes = 1000
    let error = failure("a,b\n1," + String(repeating: "2", count: 5000) + "\n", options)
    #expect(error?.place == "data.csv:2")
    #expect(error?.what == "a line is longer than 1000 bytes")
}

@Test func anOpenQuoteThatSwallowsTheFileIsShownWhereItOpens() {
    var options = SeriesOptions()
    options.limits.recordBytes = 1000
    let error = failure("a,b\n1,\"2\n" + String(repeating: "1,2\n", count: 2000), options)
    #expect(error?.place == "data.csv:2:3")
    #expect(error?.what == "a quoted field does not end within 1000 bytes")
}

@Test func aHugeLineIsRefusedInLittleMemory() throws {
    // 64 MiB without a line break: four times the limit of a line.
    let line = Array("t,y\n1,".utf8) + [UInt8](repeating: UInt8(ascii: "7"), count: 64 << 20)
    try withFile(line) { path in
        let error = #expect(throws: RecurrentError.self) { try TimeSeriesSet(csv: path) }
        #expect(error?.what == "a line is longer than 16 MiB")
    }
}

@Test func moreFieldsThanTheLimitAreAnError() {
    var options = SeriesOptions()
    options.limits.fields = 100
    let error = failure(String(repeating: ",", count: 200) + "\n", options)
    #expect(error?.what == "a line has more than 100 fields")
}

@Test(arguments: [
    ("a;b\n1,5;2,5\n3,25;4\n", ";", NumberFormat.DecimalMark.comma), ("a\tb\n1.5\t2\n", "\t", .point),
    ("a|b\n1|2\n", "|", .point), ("a,b\n1.5,2\n", ",", .point), ("a;b\n1.234,5;2\n", ";", .comma),
    ("a,b\n\"1,234.5\",2\n", ",", .point), ("a\n1\n2\n", ",", .point), ("a;b\n1,234;5\n", ";", .comma),
    ("d;y\n31.01.2024;5\n", ";", .point),
])
func separatorAndDecimalMarkAreFound(text: String, separator: String, mark: NumberFormat.DecimalMark) {
    let dialect = Dialect.detect(Array(text.utf8)[...], isWhole: true, separator: nil, decimalMark: nil)
    #expect(dialect.separator == separator.utf8.first)
    #expect(dialect.numbers.decimalMark == mark)
}

@Test func everySpellingOfANumberRoundsAsPythonDoes() throws {
    let lines = try fixture("numbers.txt")
    #expect(lines.count > 2000)
    for line in lines {
        let expected = try #require(UInt64(line[1], radix: 16))
        guard case .value(let value) = parse(line[0]) else {
            Issue.record("\(line[0]) is no number")
            continue
        }
        #expect(value.bitPattern == expected, "\(line[0])")
    }
}

private func parse(_ text: String, _ mark: NumberFormat.DecimalMark = .point) -> ParsedNumber {
    Array(text.utf8).withUnsafeBufferPointer { NumberFormat(decimalMark: mark).parse($0) }
}

@Test(arguments: [
    ("1,234,567.5", 1_234_567.5), ("1'234.5", 1234.5), ("  12 ", 12), ("-1,000", -1000), ("+5", 5), ("12 345", 12345),
])
func groupsOfThreeDigitsAreOneNumber(text: String, value: Double) { #expect(parse(text) == .value(value)) }

@Test(arguments: [
    "1,23", "12,34,567", "1,2345", "abc", "1.2.3", "1e", "e5", "0x1F", "1_000", "5%", "1,234'567", "--5", "1 2", "1.5x",
    "nanx", "infinitely",
])
func whatIsNoNumberIsText(text: String) { #expect(parse(text) == .text) }

@Test(arguments: ["", "  ", "NA", "N/A", "NaN", "nan", "null", "None", "?", "-", "n/a", "#N/A", "NULL"])
func theUsualWordsMeanMissing(text: String) { #expect(parse(text) == .missing) }

@Test(arguments: ["inf", "-inf", "Infinity", "∞", "1e999"])
func infinityIsKnownAsSuch(text: String) { #expect(parse(text) == .infinite) }

@Test func aDecimalCommaSwapsTheMarks() {
    #expect(parse("1.234,5", .comma) == .value(1234.5))
    #expect(parse("3,14", .comma) == .value(3.14))
    #expect(parse("3.14", .comma) == .text)
}

@Test func randomBytesNeverTrap() {
    var random = TestRandom(99)
    let alphabet: [UInt8] = Array("0123456789,;\t\"\n\r-/:.TZ eE+abdsy".utf8) + [0, 0xC3, 0xA9, 0xFF, 0xEF, 0xBB, 0xBF]
    var accepted = 0
    for round in 0..<4000 {
        let count = Int.random(in: 0...200, using: &random)
        var bytes = (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 }
        if round % 2 == 0 { bytes = Array("ds,y\n2024-01-01,1\n2024-01-02,2\n".utf8) + bytes }
        var options = SeriesOptions()
        options.limits.recordBytes = 128
        if failure(bytes, options) == nil { accepted += 1 }
    }
    // Were everything refused at once, nothing behind the first check would have run.
    #expect(accepted > 0)
}

@Test func mutatedTablesNeverTrap() {
    var random = TestRandom(5)
    var accepted = 0
    let seeds = [
        "ds,y,x\n2024-01-31 10:00:00+02:00,1.5,2\n2024-02-29 10:00:00+02:00,2,3\n2024-03-31 10:00:00+01:00,NA,4\n",
        "year,month,day,v\n2024,1,31,5\n2024,2,1,6\n2024,2,2,7\n",
        "unique_id,ds,y\na,2024Q1,1\na,2024Q2,2\nb,2024Q1,3\n",
        "V1,V2,V3,V4\nH1,1,2,3\nH2,4,5,\n", "date;y\n01.02.2024;3,5\n02.02.2024;4,5\n", "t,y\n0.5,1\n1.0,2\n1.5,3\n",
        "when,y\n1700000000,1\n1700003600,2\n1700007200,3\n", "d,y\n1/2/2024 3:04 PM,1\n1/3/2024 3:04 PM,2\n",
    ]
    for round in 0..<6000 {
        var bytes = Array(seeds[round % seeds.count].utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(UInt8(ascii: "9"), at: at)
            case 2: bytes.remove(at: at)
            default: bytes.insert(contentsOf: bytes[at...].prefix(9), at: at)
            }
        }
        if failure(bytes) == nil { accepted += 1 }
    }
    #expect(accepted > 100)
}
