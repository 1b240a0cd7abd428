import RecurrentFormats
import RecurrentTensor
import Testing

@Suite struct JSONLinesTests {
    let folder = TemporaryFolder()

    func failure(_ body: () throws -> Void) -> RecurrentError? {
        do { try body() } catch { return error as? RecurrentError }
        return nil
    }

    func line(_ step: Int) -> JSON { ["step": JSON(step), "loss": 0.5, "note": "a\nb"] }

    @Test func linesAreAppendedAndRead() throws {
        for start in [0, 3] {
            let writer = try JSONLinesWriter(folder("log"))
            for step in start..<start + 3 { try writer.append(line(step)) }
            try writer.synchronize()
            try writer.close()
            try writer.close()
            #expect(failure { try writer.append(1) }?.what == "cannot write: the file was closed")
        }
        let file = try JSONLinesFile(folder("log"))
        #expect(file.values == (0..<6).map(line) && !file.droppedTornLine)
    }

    @Test func aLineTornAtAnyByteIsDroppedAndWritingGoesOn() throws {
        let whole = line(0).text() + "\n"
        let torn = Array(line(1).text().utf8)
        for cut in 1...torn.count {
            overwrite(folder("log"), Array(whole.utf8) + torn[..<cut])
            let read = try JSONLinesFile(folder("log"))
            #expect(read.values.count == (cut == torn.count ? 2 : 1))
            #expect(read.droppedTornLine == (cut < torn.count))
            let writer = try JSONLinesWriter(folder("log"))
            #expect(writer.removedTornLine)
            try writer.append(line(2))
            try writer.close()
            #expect(try JSONLinesFile(folder("log")).values == [line(0), line(2)])
        }
    }

    @Test func aRunThatGoesOnTellsNothingTwice() throws {
        let lines = [line(1), ["note": "of nobody"], line(2), ["end": true], line(3), ["note": "too late"], line(2)]
        for (limit, kept) in [(0, 0), (1, 2), (2, 4), (3, 7), (9, 7)] {
            let text = "no JSON\n" + lines.map { $0.text() + "\n" }.joined()
            overwrite(folder("log"), Array((text + "{\"torn").utf8))
            let writer = try JSONLinesWriter(goingOnWith: folder("log"), after: limit, of: "step")
            #expect(writer.removedTornLine)
            try writer.append("new")
            try writer.close()
            let expected = lines[..<kept].map { $0.text() + "\n" }.joined()
            #expect(try FileSystem().read(folder("log")) == Array("no JSON\n\(expected)\"new\"\n".utf8))
        }
    }

    @Test func aTornLineLongerThanTheBufferIsFound() throws {
        let whole = Array((line(0).text() + "\n").utf8)
        overwrite(folder("log"), whole + [UInt8](repeating: 0x5B, count: 200_000))
        _ = try JSONLinesWriter(folder("log"))
        #expect(try FileSystem().read(folder("log")) == whole)
    }

    @Test func aBadLineInTheMiddleIsNamedByItsPlace() throws {
        overwrite(folder("log"), Array("{\"a\":1}\n\r\n{\"a\":}\n{}\n".utf8))
        let error = try #require(failure { _ = try JSONLinesFile(folder("log")) })
        #expect(error.place == folder("log") + ":3:6")
    }

    @Test func manyThreadsWriteWholeLines() async throws {
        let writer = try JSONLinesWriter(folder("log"))
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask { for step in 0..<200 { try? writer.append(["task": JSON(task), "step": JSON(step)]) } }
            }
        }
        try writer.close()
        #expect(try JSONLinesFile(folder("log")).values.count == 1600)
    }

    @Test func aLineThatCouldNotBeWrittenWholeIsTakenBack() throws {
        // Calls: 0 opens, then one write a line; of the third line half is written when the disk is full.
        let faulty = FaultySystem(.diskFull, at: 3)
        let writer = try JSONLinesWriter(folder("log"), fileSystem: faulty.fileSystem)
        for step in 0..<2 { try writer.append(line(step)) }
        #expect(failure { try writer.append(line(2)) }?.what == "cannot write: the disk is full")
        try writer.append(line(3))
        #expect(try JSONLinesFile(folder("log")).values == [line(0), line(1), line(3)])
    }

    @Test func aFolderCannotBeAppendedTo() {
        #expect(failure { _ = try JSONLinesWriter(folder.path) }?.what == "cannot write: it is a folder")
    }
}
