import RecurrentFormats
import RecurrentTensor
import Testing

@Suite struct JSONTests {
    func parse(_ text: String) throws -> JSON { try JSON(parsing: text) }

    func failure(_ text: String) -> String {
        do {
            let value = try JSON(parsing: text, from: "f")
            return "read as \(value)"
        } catch {
            return (error.place ?? "") + " " + error.what
        }
    }

    @Test func everyKindOfValueIsRead() throws {
        #expect(try parse(" null ") == .null)
        #expect(try parse("[true,false]") == [true, false])
        #expect(try parse("-12") == .integer(-12))
        #expect(try parse("1.5e3") == .number(1500))
        #expect(try parse(#""a\"\\\/\b\f\n\r\tÄ😀\u00e4\ud83d\ude00""#) == .string("a\"\\/\u{8}\u{c}\n\r\tÄ😀ä😀"))
        #expect(try parse("{\"b\":1,\"a\":[{}, [ ]]}") == ["b": 1, "a": [[:], []]])
    }

    @Test func objectsKeepTheOrderOfTheirKeys() throws {
        let keys = (0..<100).map { "k\(($0 * 37) % 100)" }
        let text = "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        let object = try #require(try parse(text).objectValue)
        #expect(object.keys == keys)
        #expect(try parse(text).text() == text)
        #expect(object["k37"] == 0 && object["none"] == nil)
    }

    @Test(arguments: [
        ("", "f:1:1 the text ends where a value is needed"),
        ("[1,]", "f:1:4 \"]\" stands where a value is needed"),
        ("[1 2]", "f:1:4 \"2\" stands where \",\" or \"]\" is needed"),
        ("{\"a\":1,}", "f:1:8 \"}\" stands where a key in double quotes is needed"),
        ("{\"a\" 1}", "f:1:6 \"1\" stands where \":\" after the key is needed"),
        ("{\"a\":1,\n \"a\":2}", "f:2:2 the key \"a\" stands twice in one object"),
        ("{\"a\":1} x", "f:1:9 \"x\" stands where the end of the text is needed"),
        ("[01]", "f:1:2 a number begins with a needless 0"),
        ("[-]", "f:1:3 \"]\" stands where a digit is needed"),
        ("[1.]", "f:1:4 \"]\" stands where a digit after the point is needed"),
        ("[1e+]", "f:1:5 \"]\" stands where a digit in the exponent is needed"),
        ("1e999", "f:1:1 a number is too large"),
        ("nul", "f:1:1 \"n\" stands where null is needed"),
        ("NaN", "f:1:1 \"N\" stands where a value is needed"),
        ("\"abc", "f:1:1 a text has no closing quote"),
        ("\"a\nb\"", "f:1:3 the end of a line stands inside a text"),
        ("\"\\x\"", "f:1:2 a backslash is followed by \"x\""),
        ("\"\\ud800\"", "f:1:2 an escape is half of a surrogate pair"),
        ("\"\\udc00\"", "f:1:2 an escape is half of a surrogate pair"),
        ("\"\\ud800\\u0041\"", "f:1:2 an escape is half of a surrogate pair"),
        ("\"\\u12g4\"", "f:1:2 \\u is not followed by four hexadecimal digits"),
        ("\"äöü\",", "f:1:6 \",\" stands where the end of the text is needed"),
        ("\u{FEFF}{}", "f:1:1 the text begins with a byte order mark"),
        ("// no\n1", "f:1:1 \"/\" stands where a value is needed"),
    ])
    func anErrorSaysExactlyWhere(text: String, message: String) {
        #expect(failure(text) == message)
    }

    @Test(
        arguments: [
            [0x22, 0xC3, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22],
            [0x22, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0xFF, 0x22], [0xFF],
        ] as [[UInt8]])
    func bytesThatAreNotUTF8AreRefused(bytes: [UInt8]) {
        #expect { try JSON(parsing: bytes) } throws: { ($0 as? RecurrentError)?.what == "the text is not UTF-8" }
    }

    @Test func nestingIsBounded() throws {
        let depth64 = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(try parse(depth64).text() == depth64)
        #expect(failure("[" + depth64 + "]") == "f:1:65 lists and objects nest deeper than 64")
        #expect(failure(String(repeating: "{\"a\":[", count: 1_000_000)).contains("nest deeper"))
    }

    @Test func lengthIsBounded() {
        #expect(throws: RecurrentError.self) { try JSON(parsing: Array("[1,2,3]".utf8), maximumBytes: 6) }
    }

    @Test func numbersAreReadAsTheNearestDouble() throws {
        // Oracle: the standard library's own conversion of the same digits.
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            let digits = value.description
            #expect(try parse(digits) == .number(value))
            let short = Double(Int.random(in: -99_999...99_999)) / pow10(Int.random(in: 0...12))
            #expect(try parse("\(short)") == .number(short))
        }
        for text in [
            "9007199254740993.0", "123456789012345678901234567890", "0.1e-22", "1.7976931348623157e308", "5e-324",
            "1e-999",
        ] {
            #expect(try parse(text) == .number(Double(text)!))
        }
        #expect(try parse("1" + String(repeating: "0", count: 300)) == .number(1e300))
        #expect(try parse("0." + String(repeating: "0", count: 100_000) + "1") == .number(0))
        #expect(try parse("1e-99999999999999999999") == .number(0))
    }

    func pow10(_ n: Int) -> Double { (0..<n).reduce(1) { value, _ in value * 10 } }

    @Test func wholeNumbersStayWholeAtTheEdges() throws {
        for value in [0, 1, -1, Int64.max, Int64.min, 999_999_999_999_999_999] {
            #expect(try parse("\(value)") == .integer(value))
        }
        #expect(try parse("9223372036854775808") == .number(9_223_372_036_854_775_808))
        #expect(try parse("-9223372036854775809") == .number(-9_223_372_036_854_775_808))
        #expect(try parse("18446744073709551616") == .number(18_446_744_073_709_551_616))
        guard case .number(let zero) = try parse("-0") else { Issue.record("-0 lost its sign"); return }
        #expect(zero.sign == .minus)
    }

    @Test func intValueRefusesWhatIsNoWholeNumber() {
        #expect(JSON.number(3).intValue == 3)
        #expect(JSON.number(3.5).intValue == nil)
        #expect(JSON.number(1e300).intValue == nil)
        #expect(JSON.number(.nan).intValue == nil)
    }

    @Test func whatIsWrittenIsReadBackEqual() throws {
        let value: JSON = [
            "text": "tab\t \"quote\" \\ \u{1B}[31m \u{85} \u{2028} 漢 😀", "numbers": [0.1, 1e300, -2.5e-308, 1.0, 12],
            "nested": [["a": nil], [], [:], [true, false]], "": "empty key",
        ]
        #expect(try JSON(parsing: value.text()) == value)
        #expect(try JSON(parsing: value.text(.pretty)) == value)
        #expect(!value.text().unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) })
    }

    @Test func prettyTextIsForPeople() {
        let value: JSON = ["task": "forecast", "rates": [0.5, 1], "layers": [["size": 3]], "none": [:], "empty": []]
        #expect(
            value.text(.pretty) == """
                {
                  "task": "forecast",
                  "rates": [0.5, 1],
                  "layers": [
                    {
                      "size": 3
                    }
                  ],
                  "none": {},
                  "empty": []
                }

                """)
    }

    @Test func aNumberThatIsNotFiniteIsNullOrAnError() {
        let value: JSON = ["a": [1, .number(.nan)]]
        #expect(value.text() == #"{"a":[1,null]}"#)
        #expect { try value.strictBytes() } throws: {
            ($0 as? RecurrentError)?.what == "\"a.1\" is nan, which JSON cannot express"
        }
    }

    @Test func aFloatIsWrittenWithItsOwnFewestDigits() {
        #expect(JSON(Float(0.1)).text() == "0.1")
        #expect(JSON(Float.infinity).text() == "null")
    }

    @Test func keysAreReplacedAddedAndRemoved() {
        var value: JSON = [:]
        for number in 0..<20 { value["k\(number)"] = JSON(number) }
        value["k3"] = "three"
        value["k0"] = nil
        value["absent"] = nil
        #expect(value.objectValue?.count == 19)
        #expect(value["k3"] == "three" && value["k19"] == 19 && value["k0"] == nil)
        #expect(value.objectValue?.first?.key == "k1")
    }

    // MARK: - The cursor

    enum Mode: String, CaseIterable { case additive, multiplicative }

    func message<T>(_ body: () throws(RecurrentError) -> T) -> String {
        do { return "\(try body())" } catch { return error.description }
    }

    @Test func aMissingOrWrongValueIsNamedByItsKeyPath() throws {
        let cursor = JSONCursor(
            ["model": ["layers": [["size": 3], ["size": -4]], "mode": "aditive", "rate": 0.5]], source: "config.json")
        let model = cursor["model"]
        #expect(try model["layers"].elements().first?["size"].int() == 3)
        #expect(try model["rate"].double() == 0.5)
        #expect(try cursor["seed"].ifPresent?.int() == nil)
        #expect(
            message { () throws(RecurrentError) in try model["layers"][1]["size"].int(in: 1...9) }
                == "config.json: \"model.layers[1].size\" is -4\n  why:  it must be from 1 to 9")
        #expect(
            message { () throws(RecurrentError) in try model["layers"][2]["size"].int() }
                == "config.json: \"model.layers[2].size\" is missing\n  why:  it must be a whole number")
        #expect(
            message { () throws(RecurrentError) in try model["mode"].choice(Mode.self) }
                == "config.json: \"model.mode\" is \"aditive\"\n  help: did you mean \"additive\"?")
        #expect(
            message { () throws(RecurrentError) in try model.allowOnly(["layers", "mode", "rates"]) }
                == "config.json: \"model.rate\" is not known\n  help: did you mean \"rates\"?")
        #expect(
            message { () throws(RecurrentError) in try model["mode"].bool() }
                == "config.json: \"model.mode\" is \"aditive\"\n  why:  it must be true or false")
    }

    // MARK: - Nothing traps

    @Test func randomAndDamagedTextNeverTraps() {
        let seed = Array(#"{"a":[1,-2.5e3,"x\u00e4\ud83d\ude00é",true,null,{"b":{}}],"k":123456789012345678901}"#.utf8)
        var generator = SplitMix(state: 1)
        for _ in 0..<50_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                guard !bytes.isEmpty else { break }
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(seed.randomElement(using: &generator)!, at: place)
                default: bytes = Array(bytes[..<max(1, place)])
                }
            }
            if let value = try? JSON(parsing: bytes) {
                #expect((try? JSON(parsing: value.text())) == value)
            }
        }
    }
}

/// A small repeatable generator for tests.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
