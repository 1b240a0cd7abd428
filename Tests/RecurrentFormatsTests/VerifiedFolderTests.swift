import RecurrentFormats
import RecurrentTensor
import Testing

@Suite struct VerifiedFolderTests {
    let folder = TemporaryFolder()
    let system = FileSystem()
    typealias Files = [(name: String, bytes: [UInt8])]
    let first: Files = [
        ("config.json", Array("{}".utf8)), ("model.safetensors", SHA256Tests.bytes(300)), ("old.txt", [7]),
    ]
    let second: Files = [("config.json", Array("{\"a\":1}".utf8)), ("model.safetensors", SHA256Tests.bytes(400))]

    func failure(_ body: () throws -> Void) -> RecurrentError? {
        do { try body() } catch { return error as? RecurrentError }
        return nil
    }

    func holds(_ files: Files) throws -> Bool {
        let opened = try VerifiedFolder(opening: folder("model"))
        return try opened.manifest.files.map(\.name) == files.map(\.name)
            && files.allSatisfy {
                try opened.read($0.name) == $0.bytes && system.read(opened.path(of: $0.name)) == $0.bytes
            }
    }

    @Test func whatIsWrittenIsOpened() throws {
        try VerifiedFolder.write(first, to: folder("model"), replacing: false)
        #expect(try holds(first))
        #expect(
            try system.names(in: folder("model")) == ["config.json", "manifest.json", "model.safetensors", "old.txt"])
        #expect(folder.names == ["model"])
    }

    @Test func anExistingFolderIsReplacedOnlyWhenAsked() throws {
        try VerifiedFolder.write(first, to: folder("model"), replacing: false)
        let error = try #require(failure { try VerifiedFolder.write(second, to: folder("model"), replacing: false) })
        #expect(error.what == "the folder exists already" && error.help?.contains("--force") == true)
        #expect(try holds(first))
        try system.makeFolder(folder("model/training"))
        try system.write("mine", to: folder("model/notes.txt"))
        try VerifiedFolder.write(second, to: folder("model"), replacing: true)
        #expect(try holds(second))
        #expect(
            try system.names(in: folder("model")) == [
                "config.json", "manifest.json", "model.safetensors", "notes.txt", "training",
            ])
    }

    @Test func anEmptyFolderIsFilled() throws {
        try system.makeFolder(folder("model"))
        try VerifiedFolder.write(first, to: folder("model"), replacing: false)
        #expect(try holds(first))
    }

    @Test func missingParentsAreMade() throws {
        try VerifiedFolder.write(first, to: folder("a/b/model"), replacing: false)
        #expect(try VerifiedFolder(opening: folder("a/b/model")).contains("config.json"))
    }

    @Test func aFileIsNoFolder() throws {
        try system.write("x", to: folder("model"))
        #expect(failure { try VerifiedFolder.write(first, to: folder("model"), replacing: true) }?.category == .usage)
        #expect(
            failure { _ = try VerifiedFolder(opening: folder("model")) }?.what == "this is a file, not a model folder")
        #expect(failure { _ = try VerifiedFolder(opening: folder("none")) }?.what == "there is no such model folder")
        #expect(
            failure { _ = try VerifiedFolder(opening: folder.path) }?.what
                == "this is no model folder: manifest.json is missing")
    }

    @Test func everyDamagedFileIsNamed() throws {
        try VerifiedFolder.write(first, to: folder("model"), replacing: false)
        try system.removeFile(folder("model/old.txt"))
        overwrite(folder("model/config.json"), Array("{".utf8))
        var bytes = first[1].bytes
        bytes[100] ^= 4
        overwrite(folder("model/model.safetensors"), bytes)
        let error = try #require(failure { _ = try VerifiedFolder(opening: folder("model")) })
        #expect(
            error.what
                == "the model folder is damaged: config.json is truncated: 1 of 2 bytes; "
                + "model.safetensors was altered: its hash differs; old.txt is missing")
        #expect(error.category == .badModel)
    }

    @Test func aManifestCannotLeadOutOfTheFolder() throws {
        for name in ["../secret", "/etc/passwd", "a/b", "", ".."] {
            try system.makeFolder(folder("model"))
            let text = """
                {"format":"recurrent model","version":1,"files":[{"name":\(JSON(name).text()),"bytes":1,"sha256":""}],\
                "sha256":""}
                """
            try system.write(text, to: folder("model/manifest.json"))
            let error = try #require(failure { _ = try VerifiedFolder(opening: folder("model")) })
            #expect(error.description.contains("it must be a plain file name"))
        }
    }

    @Test func aManifestOfANewerVersionSaysSo() throws {
        try system.makeFolder(folder("model"))
        try system.write("{\"format\":\"recurrent model\",\"version\":2}", to: folder("model/manifest.json"))
        #expect(
            failure { _ = try VerifiedFolder(opening: folder("model")) }?.help == "use the newer program that wrote it")
    }

    @Test(arguments: FaultySystem.Fault.allCases, [false, true])
    func aWriteThatFailsAtAnyCallLeavesTheOldFolderOrTheNew(fault: FaultySystem.Fault, existing: Bool) throws {
        func restart() throws {
            for name in folder.names { try system.removeFlatFolder(folder(name)) }
            if existing { try VerifiedFolder.write(first, to: folder("model"), replacing: false) }
        }
        try restart()
        let counting = FaultySystem()
        try VerifiedFolder.write(second, to: folder("model"), replacing: true, fileSystem: counting.fileSystem)
        #expect(counting.count >= 20)
        for call in 0..<counting.count {
            try restart()
            let faulty = FaultySystem(fault, at: call)
            let error = failure {
                try VerifiedFolder.write(second, to: folder("model"), replacing: true, fileSystem: faulty.fileSystem)
            }
            if system.exists(folder("model")) || existing {
                let new = try holds(second)
                #expect(try new || (existing && holds(first)), "call \(call): \(error?.description ?? "")")
                if error == nil { #expect(new, "call \(call)") }
            } else {
                #expect(error != nil, "call \(call)")
            }
            if fault == .interrupted || fault == .shortWrite { #expect(error == nil, "call \(call)") }
            try VerifiedFolder.write(second, to: folder("model"), replacing: true)
            #expect(try holds(second))
            #expect(!(try system.names(in: folder("model")).contains { $0.hasSuffix(".new") || $0.contains("next") }))
        }
    }
}
