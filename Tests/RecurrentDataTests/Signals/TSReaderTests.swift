import RecurrentData
import RecurrentTensor
import Testing

@Suite struct TSReaderTests {
    static func reader(_ text: String) -> TSReader {
        TSReader(source: ByteSource(bytes: Array(text.utf8), name: "a.ts"))
    }

    static func examples(_ text: String) throws -> [SignalExample] { try reader(text).rest() }

    static func failure(_ text: String) -> RecurrentError? {
        do {
            _ = try examples(text)
            return nil
        } catch { return error as? RecurrentError }
    }

    static let head = "# a remark\n@problemName x\n@univariate false\n@classLabel true a b\n"

    @Test func channelsStandSideBySideAndMissingNumbersAreNaN() throws {
        let found = try Self.examples(Self.head + "@data\n1,2,?:4,5e-1,6:a\n\n# between\n7:8: b \n")
        #expect(found.map(\.label) == ["a", "b"])
        #expect(found.map(\.place) == ["a.ts:6", "a.ts:9"])
        #expect(found[0].values.count == 6)
        #expect(found[0].values.prefix(4) == [1, 4, 2, 0.5])
        #expect(found[0].values[4].isNaN && found[0].values[5] == 6)
        #expect(found[1].values == [7, 8])
    }

    @Test func oneChannelAndALineWithCarriageReturn() throws {
        let found = try Self.examples("@UNIVARIATE true\r\n@targetLabel true\r\n@data\r\n1,2,3:0.5\r\n")
        #expect(found.count == 1 && found[0].label == "0.5" && found[0].values == [1, 2, 3])
    }

    @Test func timesNeedNotBeThoseOfOtherChannels() throws {
        let text = "@timeStamps true\n@classLabel true a\n@data\n(0,1),(2,3):(1,5),(2,?):a\n"
        let found = try Self.examples(text)[0]
        #expect(found.times == [0, 1, 2])
        #expect(found.values.map { $0.isNaN } == [false, true, true, false, false, true])
        #expect(found.values[0] == 1 && found.values[3] == 5 && found.values[4] == 3)
    }

    @Test func datesAreSecondsSince1970() throws {
        let text = "@timeStamps true\n@classLabel true a\n@data\n(2024-01-31 12:30:15,1),(2024-02-01,2):a\n"
        #expect(try Self.examples(text)[0].times == [1_706_704_215, 1_706_745_600])
    }

    @Test func everySequenceOfAnArchiveIsRead() throws {
        guard let path = sharedData("uea_japanese_vowels/JapaneseVowels_TRAIN.ts") else {
            print("not run: ../shared/data/uea_japanese_vowels is not here")
            return
        }
        let reader = try TSReader(path: path)
        let found = try reader.rest()
        #expect(found.count == 270 && reader.channels.count == 12)
        #expect(Set(found.compactMap(\.label)).count == 9)
        let lengths = found.map { $0.values.count / 12 }
        #expect(lengths.min() == 7 && lengths.max() == 26)
    }

    @Test(arguments: [
        ("1,2:a\n", "values before the line @data", "a.ts:1"),
        (head, "there is no line @data", "a.ts"),
        ("@clasLabel true\n", "there is no attribute \"@clasLabel\"", "a.ts:1"),
        ("@univariate yes\n", "@univariate says neither true nor false", "a.ts:1"),
        ("@seriesLength 0\n", "@seriesLength needs a whole number from 1 on", "a.ts:1"),
        (head + "@data\n1,2\n", "this sequence has no class", "a.ts:6"),
        (head + "@data\n1,2:c\n", "the class \"c\" is not one of the head's", "a.ts:6:5"),
        (head + "@data\n1,2:3:a\n", "channel 2 has 1 step, the first 2", "a.ts:6:5"),
        (head + "@data\n1:2:a\n1:a\n", "this sequence has 1 channel, not 2", "a.ts:7"),
        (head + "@data\n1,x2:a\n", "\"x2\" is no number", "a.ts:6:3"),
        (head + "@data\n1,-inf:a\n", "an infinite value", "a.ts:6:3"),
        (head + "@data\n1e39:a\n", "\"1e39\" is too large a number", "a.ts:6:1"),
        (head + "@dimension 3\n@data\n1:a\n", "this sequence has 1 channel, not 3", "a.ts:7"),
        (head + "@serieslength 2\n@data\n1:a\n", "this sequence has 1 step, not 2", "a.ts:7"),
        (head + "@timestamps true\n@data\n1:a\n", "a value without parentheses", "a.ts:7:1"),
        (head + "@timestamps true\n@data\n(1,2:a\n", "this sequence has no class", "a.ts:7"),
        (head + "@timestamps true\n@data\n(1):a\n", "a time without a value", "a.ts:7:2"),
        (
            head + "@timestamps true\n@data\n(2,1),(2,1):a\n", "this time is not later than the one before it",
            "a.ts:7:8"
        ),
        (head + "@timestamps true\n@data\n(soon,1):a\n", "\"soon\" is no time", "a.ts:7:2"),
        ("@targetlabel true\n" + head + "@data\n", "a sequence has a class or a number, not both", "a.ts:6"),
        (head + "@data\n1,\u{0}2:a\n", "a NUL byte", "a.ts:6:3"),
    ])
    func whatCannotBeReadIsNamedWithItsPlace(text: String, what: String, place: String) {
        let error = Self.failure(text)
        #expect(error?.what == what)
        #expect(error?.place == place)
        #expect(error?.category == .badData)
    }
}
