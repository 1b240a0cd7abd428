import RecurrentFormats
import RecurrentTensor
import Testing

/// The rules that the tests of the format's reference implementation hold, each by its name there or in words.
@Suite struct SafetensorsNegativeTests {
    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var bytes: [UInt8]
        /// What the error says; nil: the file is accepted.
        var message: String?

        init(_ name: String, _ bytes: [UInt8], _ message: String?) {
            (testDescription, self.bytes, self.message) = (name, bytes, message)
        }
    }

    private static func file(_ header: String, _ dataLength: Int = 0) -> [UInt8] {
        SafetensorsTests.file(header, dataLength)
    }
    private static func entry(_ shape: String, _ offsets: String, _ dtype: String = "F32") -> String {
        SafetensorsTests.entry(shape, offsets, dtype)
    }

    static let cases = [
        Case("header too small", Array(repeating: 0, count: 7), "the file is too short"),
        Case("header too large", [1, 225, 245, 5, 0, 0, 0, 0] + Array("{}".utf8), "claims 100000001 bytes"),
        Case("header length beyond the file", [60, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8), "only 2 follow"),
        Case("header not UTF-8", [1, 0, 0, 0, 0, 0, 0, 0, 0xFF], "does not begin with \"{\""),
        Case("header not UTF-8 inside", [4, 0, 0, 0, 0, 0, 0, 0, 123, 34, 0xFF, 34], "not UTF-8"),
        Case("header not JSON", file("{"), ""),
        Case("header not JSON, but like it", file("{\"a\":}"), ""),
        Case("leading whitespace", file(" {}"), "does not begin with \"{\""),
        Case("trailing spaces", file("{}    "), nil),
        Case("tensor without elements", file("{\"a\":\(entry("[2,0]", "[0,0]"))}"), nil),
        Case("tensor without axes", file("{\"a\":\(entry("[]", "[0,4]"))}", 4), nil),
        Case(
            "overlapping offsets, the JSON attack",
            file(
                "{" + (0..<10).map { "\"\($0)\":\(entry("[2,2]", "[0,16]"))" }.joined(separator: ",") + "}", 16),
            "overlap"),
        Case(
            "hole between tensors",
            file("{\"a\":\(entry("[1]", "[0,4]")),\"b\":\(entry("[1]", "[8,12]"))}", 12), "hole"),
        Case("file longer than the last offset", file("{\"a\":\(entry("[2,2]", "[0,16]"))}", 20), "follow the last"),
        Case("file shorter than the last offset", file("{\"a\":\(entry("[2,2]", "[0,16]"))}", 10), "only 10 follow"),
        Case("file without its data", file("{\"a\":\(entry("[2,2]", "[0,16]"))}", 0), "only 0 follow"),
        Case("shape times type is not the bytes", file("{\"a\":\(entry("[2,2]", "[0,4]"))}", 4), "has 4 bytes of data"),
        Case("data before the beginning", file("{\"a\":\(entry("[1]", "[4,0]"))}", 4), "data offsets [4, 0]"),
        Case(
            "shape overflows", file("{\"a\":\(entry("[2,18446744073709551614]", "[0,16]"))}", 16), "no whole number"),
        Case(
            "shape times shape overflows",
            file("{\"a\":\(entry("[2,9223372036854775807]", "[0,16]"))}", 16), "more elements than a file can hold"),
        Case(
            "shape times type overflows",
            file("{\"a\":\(entry("[2,2305843009213693951]", "[0,16]"))}", 16), "more elements than a file can hold"),
        Case("bits that fill no bytes", file("{\"a\":\(entry("[3]", "[0,2]", "F4"))}", 2), "12 bits"),
        Case("bits that fill no bytes, six each", file("{\"a\":\(entry("[2]", "[0,1]", "F6_E2M3"))}", 1), "12 bits"),
        Case(
            "a tensor twice", file("{\"a\":\(entry("[1]", "[0,4]")),\"a\":\(entry("[1]", "[4,8]"))}", 8),
            "stands twice"),
        Case("metadata twice", file("{\"__metadata__\":{},\"__metadata__\":{}}"), "stands twice"),
        Case("metadata not of texts", file("{\"__metadata__\":{\"a\":1}}"), "a text is needed"),
        Case("metadata not an object", file("{\"__metadata__\":\"a\"}"), "an object is needed"),
    ]

    @Test(arguments: cases) func theRuleIsHeld(_ test: Case) throws {
        guard let message = test.message else {
            _ = try SafetensorsFile(bytes: test.bytes)
            return
        }
        let error = #expect(throws: RecurrentError.self) { try SafetensorsFile(bytes: test.bytes, source: "f") }
        #expect(error?.category == .badModel && error?.place?.hasPrefix("f") == true)
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("BOOL", 8), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6), ("U8", 8), ("I8", 8), ("F8_E5M2", 8), ("F8_E4M3", 8),
        ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8), ("I16", 16), ("U16", 16), ("F16", 16), ("BF16", 16),
        ("I32", 32), ("U32", 32), ("F32", 32), ("C64", 64), ("F64", 64), ("I64", 64), ("U64", 64),
    ])
    func everyElementTypeOfTheFormatIsListed(_ dtype: String, bits: Int) throws {
        let file = try SafetensorsFile(
            bytes: Self.file("{\"a\":\(Self.entry("[2,4]", "[0,\(bits)]", dtype))}", bits))
        #expect(file.entries.map(\.dtype) == [dtype] && file.entries[0].shape == [2, 4])
        if file.entries[0].elementType == nil {
            let error = #expect(throws: RecurrentError.self) { try file.tensor("a") }
            #expect(error?.what == "the tensor \"a\" has elements of type \(dtype)")
        } else {
            #expect(try file.tensor("a").shape == [2, 4])
        }
    }
}
