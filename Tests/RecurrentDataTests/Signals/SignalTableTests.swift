import RecurrentData
import RecurrentTensor
import Testing

@Suite struct SignalTableTests {
    typealias Wide = WideSignalReader.Options
    typealias Long = LongSignalReader.Options

    static func wide(_ text: String, name: String = "a.csv", _ change: (inout Wide) -> Void = { _ in }) throws
        -> (channels: [String], examples: [SignalExample])
    {
        var options = Wide()
        change(&options)
        let reader = try WideSignalReader(
            source: ByteSource(bytes: Array(text.utf8), name: name), options: options)
        return (reader.channels, try reader.rest())
    }

    static func long(_ text: String, _ change: (inout Long) -> Void = { _ in }) throws
        -> (channels: [String], examples: [SignalExample])
    {
        var options = Long()
        change(&options)
        let reader = try LongSignalReader(
            source: ByteSource(bytes: Array(text.utf8), name: "a.csv"), options: options)
        return (reader.channels, try reader.rest())
    }

    static func failure(_ body: () throws -> Void) -> RecurrentError? {
        do {
            try body()
            return nil
        } catch { return error as? RecurrentError }
    }

    // MARK: - A sequence in each row

    @Test func theOlderTextFormOfTheArchiveHasTheClassFirst() throws {
        let text = "   1.0000000e+00  -1.5e-01  2.0\n   2.0000000e+00   3.5e+00  4.0\n   1.0000000e+00  0  NaN\n"
        let found = try Self.wide(text, name: "X_TRAIN.txt").examples
        #expect(found.map(\.label) == ["1", "2", "1"])
        #expect(found.map(\.values) == [[-0.15, 2], [3.5, 4], [0]])
        #expect(found[1].place == "X_TRAIN.txt:2")
    }

    @Test func theClassMayStandLastInATableWithoutNames() throws {
        let found = try Self.wide("0.5,0.25,1.5,7\n0.5,2.25,1.5,8\n1.5,2.25,1.0,7\n0,1,2.5,8\n") { $0.channelCount = 3 }
        #expect(found.examples.map(\.label) == ["7", "8", "7", "8"])
        #expect(found.channels == ["channel 1", "channel 2", "channel 3"])
        #expect(found.examples[1].values == [0.5, 2.25, 1.5])
    }

    @Test func namesOfColumnsTellTheChannels() throws {
        let text = "id,x_1,x_2,y_1,y_2,who,class\nfirst,1,2,3,4,ann,up\nsecond,5,,7,,bob,down\n"
        let found = try Self.wide(text) { $0.group = "who" }
        #expect(found.channels == ["x", "y"])
        #expect(found.examples.map(\.values) == [[1, 3, 2, 4], [5, 7]])
        #expect(found.examples.map(\.name) == ["first", "second"])
        #expect(found.examples.map(\.group) == ["ann", "bob"])
        #expect(found.examples.map(\.label) == ["up", "down"])
    }

    @Test func theStepsOfAChannelMayStandTogether() throws {
        let found = try Self.wide("class;a;b;c;d\n1;1,5;2;3;4\n2;5;6;7;8,5\n") {
            ($0.channelCount, $0.isChannelMajor) = (2, true)
        }
        #expect(found.examples.map(\.values) == [[1.5, 3, 2, 4], [5, 7, 6, 8.5]])
    }

    @Test func aWideTableSaysWhatIsWrongWhere() {
        func what(_ text: String, _ change: (inout Wide) -> Void = { _ in }) -> String? {
            Self.failure { _ = try Self.wide(text, change) }.map { ($0.place ?? "") + ": " + $0.what }
        }
        #expect(what("class,a,b\nu,1,2\nd,3,x\n") == "a.csv:3:5: \"x\" is no number")
        #expect(what("class,a,b\nu,1,2\nd,3,inf\n") == "a.csv:3:5: an infinite value")
        #expect(what("class,a,b\nu,1,2,3,4\n") == "a.csv:2: this row has 5 fields, not 3")
        #expect(what("class,a,b\nu,1,2\n") { $0.label = "clas" } == "--label: there is no column \"clas\"")
        #expect(
            what("class,a,b,c\nu,1,2,3\n") { $0.channelCount = 2 }
                == "--channels: 3 columns of values are no steps of 2 channels")
        #expect(what("p,q,r\n1,2,3\n4,5,6\n") == "a.csv: the column of the classes cannot be told")
        #expect(what("") == "a.csv: is empty")
    }

    // MARK: - A step in each row

    @Test func rowsOfASequenceStandTogetherInTheOrderOfTheirTimes() throws {
        let text = "id,time,u,v,label\na,2,3,4,up\na,1,1,2,up\nb,1,5,,down\n"
        let found = try Self.long(text)
        #expect(found.channels == ["u", "v"])
        #expect(found.examples.map(\.name) == ["a", "b"])
        #expect(found.examples[0].values == [1, 2, 3, 4] && found.examples[0].times == [1, 2])
        #expect(found.examples[1].values[0] == 5 && found.examples[1].values[1].isNaN)
        #expect(found.examples.map(\.label) == ["up", "down"])
        #expect(found.examples.map(\.place) == ["a.csv:2", "a.csv:4"])
    }

    @Test func aLongTableSaysWhatIsWrongWhere() {
        func what(_ text: String) -> String? {
            Self.failure { _ = try Self.long(text) }.map { ($0.place ?? "") + ": " + $0.what }
        }
        #expect(
            what("id,u,label\na,1,x\nb,1,x\na,2,x\n")
                == "a.csv:4: the sequence \"a\" began before and was followed by another")
        #expect(
            what("id,u,label\na,1,x\na,1,y\n") == "a.csv:3:5: the class of this sequence was \"x\" and is now \"y\"")
        #expect(what("id,time,u\na,soon,1\n") == "a.csv:2:3: \"soon\" is no time")
        #expect(what("id,time,u\na,,1\n") == "a.csv:2:3: this row has no time")
        #expect(what("id,u\n,1\n") == "a.csv:2:1: this row has no name of a sequence")
        #expect(what("who,u,v\na,1,2\nb,2,3\n") == "a.csv: the column that names the sequence of a row cannot be told")
        #expect(what("id,u\na,1,2\n") == "a.csv:2: this row has 3 fields, not 2")
    }

    @Test(arguments: [
        ("0.5,0.25,1.5,7\n0.5,2.25,1.5,8\n", true, false),
        ("id,time,u,label\na,1,2,x\na,2,2,x\na,3,2,x\na,4,2,x\nb,1,1,y\n", true, true),
        ("text,label\na fine film that one must have seen,good\nan awful thing and dull beside it,bad\n", false, false),
        (
            "id,text,stars\n1,a fine film that one must have seen,5\n2,an awful thing and dull beside it,1\n", false,
            false
        ),
        ("name,language\nmüller,German\nsmith,English\n", false, false),
    ])
    func aLookTellsSignalsFromTexts(text: String, isSignals: Bool, isLong: Bool) {
        let look = SignalTableLook.look(ByteSource(bytes: Array(text.utf8), name: "a.csv"))
        #expect(look.isSignals == isSignals && look.isLong == isLong)
    }
}
