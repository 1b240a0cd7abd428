import RecurrentFormats
import RecurrentTensor
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite struct FileSystemTests {
    let folder = TemporaryFolder()
    let system = FileSystem()

    func failure(_ body: () throws -> Void) -> RecurrentError? {
        do { try body() } catch { return error as? RecurrentError }
        return nil
    }

    @Test(arguments: [0, 1, 4095, 4096, 4097, 3_000_000])
    func whatIsWrittenIsRead(count: Int) throws {
        let bytes = SHA256Tests.bytes(count)
        try system.write(bytes, to: folder("a"))
        #expect(try system.read(folder("a")) == bytes)
        #expect(try system.read(folder("a"), maximumBytes: count) == bytes)
        #expect(try system.hash(folder("a")) == (SHA256.hash(bytes), count))
        #expect(folder.names == ["a"])
    }

    @Test func aFileThatDoesNotKnowItsLengthIsReadWhole() throws {
        guard system.exists("/proc/self/status") else { return }
        #expect(try system.read("/proc/self/status").count > 100)
        #expect(throws: RecurrentError.self) { try system.read("/proc/self/status", maximumBytes: 10) }
    }

    @Test func aFileLongerThanAllowedIsRefused() throws {
        try system.write("12345", to: folder("a"))
        let error = try #require(failure { _ = try system.read(folder("a"), maximumBytes: 4) })
        #expect(error.what == "cannot read: the file is too long" && error.why == "at most 4 bytes are read")
        #expect(error.category == .inputOutput)
    }

    @Test func eachFailureSaysWhereWhyAndWhatToDo() throws {
        try system.write("x", to: folder("file"))
        let cases: [(String, () throws -> Void)] = [
            ("cannot read: no such file or folder", { _ = try system.read(folder("none")) }),
            ("cannot read: it is a folder", { _ = try system.read(folder.path) }),
            ("cannot read: a part of the path is a file, not a folder", { _ = try system.read(folder("file/x")) }),
            ("cannot write: no such file or folder", { try system.write("x", to: folder("no/x")) }),
            ("cannot write: it is a folder", { try system.write("x", to: folder.path) }),
            ("cannot make the folder: it exists already", { try system.makeFolder(folder("file")) }),
            ("cannot list: a part of the path is a file, not a folder", { _ = try system.names(in: folder("file")) }),
            (
                "cannot write: the name is too long",
                { try system.write("x", to: folder(String(repeating: "n", count: 300))) }
            ),
        ]
        for (message, body) in cases {
            let error = try #require(failure(body))
            #expect(error.what == message)
            #expect(error.category == .inputOutput && error.place?.hasPrefix(folder.path) == true && error.help != nil)
        }
        #expect(folder.names == ["file"])
    }

    @Test func noFileCanHaveANulInItsName() throws {
        try system.write("x", to: folder("a"))
        #expect(failure { _ = try system.read(folder("a\0b")) }?.what == "cannot read: no file can have this name")
    }

    @Test func controlCharactersOfAPathDoNotReachTheTerminal() throws {
        let error = try #require(failure { _ = try system.read(folder("\u{1B}[2J")) })
        #expect(!error.description.unicodeScalars.contains("\u{1B}"))
    }

    @Test func aFullDiskIsNamedAndNothingIsLeft() throws {
        guard system.exists("/dev/full") else { return }
        let error = try #require(failure { try system.write("x", to: "/dev/full") })
        #expect(error.what == "cannot write: the disk is full")
        #expect(system.kind(of: "/dev/full") == .other)
    }

    @Test func aPipeIsNotReadAsAFileAndDoesNotBlock() throws {
        mkfifo(folder("pipe"), 0o600)
        #expect(failure { _ = try system.read(folder("pipe")) }?.what.contains("pipe or a device") == true)
    }

    @Test func aFolderWithMissingParentsIsMade() throws {
        try system.makeFolder(folder("a/b/c/"))
        try system.makeFolder(folder("a/b/c"))
        #expect(system.isFolder(folder("a/b/c")))
        #expect(throws: RecurrentError.self) {
            try system.makeFolder(folder(String(repeating: "d/", count: 1_000_000)))
        }
    }

    @Test func removingAFolderNeverGoesDeeper() throws {
        try system.makeFolder(folder("a/b"))
        try system.write("x", to: folder("a/x"))
        try system.write("y", to: folder("a/b/y"))
        #expect(failure { try system.removeFlatFolder(folder("a")) }?.what == "cannot remove: the folder is not empty")
        #expect(system.exists(folder("a/b/y")))
        try system.removeFlatFolder(folder("a/b"))
        try system.removeFlatFolder(folder("a"))
        #expect(folder.names.isEmpty)
    }

    @Test(arguments: FaultySystem.Fault.allCases)
    func aWriteThatFailsAtAnyCallLeavesTheOldBytesOrTheNew(fault: FaultySystem.Fault) throws {
        let old = SHA256Tests.bytes(1000)
        let new = SHA256Tests.bytes(2000)
        try system.write(old, to: folder("a"))
        let counting = FaultySystem()
        try counting.fileSystem.write(new, to: folder("a"))
        #expect(counting.count >= 8)
        for call in 0..<counting.count {
            try system.write(old, to: folder("a"))
            let faulty = FaultySystem(fault, at: call)
            let error = failure { try faulty.fileSystem.write(new, to: folder("a")) }
            let found = try system.read(folder("a"))
            #expect(found == old || found == new, "call \(call)")
            if error == nil { #expect(found == new, "call \(call)") }
            if fault == .interrupted || fault == .shortWrite { #expect(error == nil, "call \(call)") }
            // Only a process that dies there leaves its unfinished file.
            if fault != .allFromHere { #expect(folder.names == ["a"], "call \(call)") }
            for name in folder.names where name != "a" { try system.removeFile(folder(name)) }
        }
    }

    @Test func closingHappensExactlyOnce() throws {
        let before = try system.names(in: "/dev/fd").count
        for call in 0..<12 {
            let faulty = FaultySystem(.inputOutput, at: call)
            try? faulty.fileSystem.write("x", to: folder("a"))
        }
        for _ in 0..<50 { try system.write("x", to: folder("a")) }
        // Tests beside this one open files too; a leak here would show as at least fifty.
        #expect(try system.names(in: "/dev/fd").count < before + 40)
    }

    @Test(arguments: [
        ("a/b", "a", "b"), ("a", ".", "a"), ("/a", "/", "a"), ("/", "/", "/"), ("a/b//", "a", "b"), ("//a", "/", "a"),
    ])
    func pathsAreTakenApart(path: String, parent: String, last: String) {
        #expect(PathName.parent(of: path) == parent)
        #expect(PathName.last(of: path) == last)
    }

    @Test(arguments: ["", ".", "..", "a/b", "/a", "a\0", "a\n", "a\\b", String(repeating: "x", count: 256)])
    func aNameThatLeadsOutOfItsFolderIsNotPlain(name: String) {
        #expect(!PathName.isPlain(name))
    }
}
