import RecurrentData
import RecurrentFormats
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite struct RecordTableTests {
    static func file(_ text: String, _ name: String = "record.csv") throws -> String {
        let path = temporaryFolder() + "/" + name
        try FileSystem().write(text, to: path)
        return path
    }

    @Test func aColumnOfWordsHoldsTheClassesOfSteps() throws {
        let path = try Self.file("time,x,y,activity\n0,1,2,rest\n1,,3,rest\n2,4,5,\n3,6,7,walk\n")
        #expect(RecordTable.isSignal(path))
        let record = try #require(try RecordTable.read(path).first)
        #expect(record.channels == ["x", "y"])
        #expect(record.values.map { $0.isNaN ? -1 : $0 } == [1, 2, -1, 3, 4, 5, 6, 7])
        #expect(record.labels == .steps([0, 0, -1, 1], names: ["rest", "walk"]))
    }

    @Test func classesOfSingleStepsAreThoseOfPoints() throws {
        let path = try Self.file("v;label\n1;\n2;\n3;N\n4;\n5;\n6;\n7;\n8;A\n")
        let record = try #require(try RecordTable.read(path).first)
        #expect(record.labels == .events([.init(position: 2, label: "N"), .init(position: 7, label: "A")]))
        var options = RecordTableOptions()
        options.areEvents = false
        let steps = try #require(try RecordTable.read(path, options: options).first)
        #expect(steps.labels == .steps([-1, -1, 0, -1, -1, -1, -1, 1], names: ["N", "A"]))
    }

    @Test func aTableHoldsSeveralRecords() throws {
        let path = try Self.file("record,v,class\na,1,x\na,2,y\nb,3,x\n")
        let records = try RecordTable.read(path)
        #expect(records.map(\.name) == ["a", "b"])
        #expect(records.map(\.stepCount) == [2, 1])
        let mixed = try Self.file("record,v,class\na,1,x\nb,2,y\na,3,x\n")
        let error = #expect(throws: RecurrentError.self) { try RecordTable.read(mixed) }
        #expect(error?.place?.hasSuffix("record.csv:4") == true)
        #expect(error?.what == "the rows of the record 'a' do not follow one another")
    }

    @Test func sentencesAreNoSignal() throws {
        #expect(!RecordTable.isSignal(try Self.file("Peter\tB-PER\nlives\tO\n\nin\tO\n", "train.tsv")))
        #expect(!RecordTable.isSignal(try Self.file("1\t2\n3\t4\n", "numbers.tsv")))
        #expect(!RecordTable.isSignal("/nowhere/at/all.csv"))
    }

    @Test(arguments: [
        ("x,label\n1,a\nfour,b\n", "4:1"), ("x,label\n1,a\n2\n", ":3"), ("x,label\n1,a\ninf,b\n", ":3:1"),
        ("label\na\n", ""), ("", ""),
    ])
    func whatIsNoSignalIsNamedWithItsPlace(text: String, place: String) throws {
        let path = try Self.file(text)
        var options = RecordTableOptions()
        options.label = "label"
        options.channels = text.isEmpty || text.hasPrefix("label") ? nil : ["x"]
        let error = #expect(throws: RecurrentError.self) { try RecordTable.read(path, options: options) }
        #expect(error?.category == .badData)
        if place.hasPrefix(":") { #expect(error?.place?.hasSuffix("record.csv" + place) == true) }
    }

    @Test func aPartOfARecordKeepsItsEvents() {
        let record = LabelledRecord(
            name: "r", channels: ["a", "b"], values: (0..<20).map(Float.init),
            labels: .events([.init(position: 1, label: "x"), .init(position: 6, label: "y")]))
        let part = record.sliced(5..<10)
        #expect(part.values == (10..<20).map(Float.init))
        #expect(part.labels == .events([.init(position: 1, label: "y")]))
    }
}

@Suite struct UnitTableTests {
    @Test func columnsBetweenBlanksNeedNoNames() throws {
        let path = try RecordTableTests.file("1 1 0.5 10  \n1 2 0.6 11  \n2 1 0.7 12  \n", "train.txt")
        let table = try UnitTable(path: path)
        #expect(table.channels == ["3", "4"])
        #expect(table.units.map(\.name) == ["1", "2"])
        #expect(table.units[0].values == [0.5, 10, 0.6, 11])
        #expect((0..<2).map { table.units[0].life(at: $0) } == [1, 0])
        let lives = try RecordTableTests.file("112 \n98 \n", "lives.txt")
        let units = try table.units(livesFrom: lives)
        #expect(units.map(\.lifeAtEnd) == [112, 98])
        #expect(units[0].life(at: 0) == 113)
    }

    @Test func aUnitThatWasSeenNoLongerHasNoKnownLife() throws {
        let path = try RecordTableTests.file("engine,hour,heat,failed\na,1,3,0\na,5,4,1\nb,2,3,0\nb,4,4,0\n")
        var options = UnitTableOptions()
        options.failed = "failed"
        let table = try UnitTable(path: path, options: options)
        #expect(table.channels == ["heat"])
        #expect(table.units.map(\.lifeAtEnd) == [0, nil])
        #expect(table.units[0].life(at: 0) == 4)
        #expect(table.units[1].life(at: 0) == 2)
    }

    @Test(arguments: [
        ("1 1 2\n1 3 4\n1 2 5\n", "the time of unit '1' does not go on: 2.0 after 3.0", ":3"),
        ("1 1 2\n2 1 4\n1 2 5\n", "the rows of unit '1' do not follow one another", ":3"),
        ("1 1 2\n1 2\n", "2 fields where the first line has 3", ":2"),
        ("1 1 2\n1 2 hot\n", "'hot' in column 3 is no number", ":2"),
    ])
    func damagedTablesAreNamedByLine(text: String, what: String, place: String) throws {
        let path = try RecordTableTests.file(text, "train.txt")
        let error = #expect(throws: RecurrentError.self) { try UnitTable(path: path) }
        #expect(error?.what == what)
        #expect(error?.place?.hasSuffix("train.txt" + place) == true)
    }

    @Test func livesHaveToFitTheUnits() throws {
        let table = try UnitTable(path: try RecordTableTests.file("1 1 2\n2 1 4\n", "test.txt"))
        for text in ["5\n", "5\n6\n7\n", "5\n-6\n", "5\nnan\n"] {
            let lives = try RecordTableTests.file(text, "lives.txt")
            #expect(throws: RecurrentError.self) { try table.units(livesFrom: lives) }
        }
    }
}
