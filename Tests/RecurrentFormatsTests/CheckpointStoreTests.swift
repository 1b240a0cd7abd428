import RecurrentFormats
import RecurrentTensor
import Testing

@Suite struct CheckpointStoreTests {
    let folder = TemporaryFolder()
    var store: CheckpointStore { CheckpointStore(directory: folder("training")) }

    static func files(_ seed: UInt8) -> [(name: String, bytes: [UInt8])] {
        [
            ("model.safetensors", (0..<500).map { UInt8(truncatingIfNeeded: $0) &+ seed }), ("cursor.json", [seed]),
            ("empty", []),
        ]
    }

    func isWhole(_ checkpoint: Checkpoint?, step: Int, seed: UInt8) -> Bool {
        guard let checkpoint, checkpoint.step == step else { return false }
        return checkpoint.files.elementsEqual(Self.files(seed)) { $0.name == $1.name && $0.bytes == $1.bytes }
    }

    func failure(_ body: () throws -> Void) -> RecurrentError? {
        do { try body() } catch { return error as? RecurrentError }
        return nil
    }

    @Test func nothingSavedGivesNothing() throws {
        #expect(try store.loadLast() == nil)
        #expect(try store.loadBest() == nil)
        #expect(try store.steps().isEmpty)
    }

    @Test func theLastAndTheBestAreLoaded() throws {
        try store.save(step: 100, files: Self.files(1), best: true)
        try store.save(step: 200, files: Self.files(2))
        let last = try store.loadLast()
        #expect(isWhole(last, step: 200, seed: 2) && last?.notes == [])
        #expect(isWhole(try store.loadBest(), step: 100, seed: 1))
        #expect(last?["cursor.json"] == [2] && last?["none"] == nil)
    }

    @Test func onlyTheNewestAndTheBestAreKept() throws {
        for step in 1...8 { try store.save(step: step, files: Self.files(UInt8(step)), best: step == 2) }
        #expect(try store.steps() == [8, 7, 6, 2])
        #expect(
            try FileSystem().names(in: folder("training")) == [
                "best", "last", "step-000000000002", "step-000000000006", "step-000000000007", "step-000000000008",
            ])
    }

    @Test func aRunThatWentBackGoesOnFromWhereItSavedLast() throws {
        for step in [100, 200, 300] { try store.save(step: step, files: Self.files(UInt8(step / 100))) }
        try store.save(step: 150, files: Self.files(9))
        #expect(isWhole(try store.loadLast(), step: 150, seed: 9))
        #expect(try store.steps() == [150, 300, 200])
        overwrite(folder("training/last"), [0])
        #expect(isWhole(try store.loadLast(), step: 150, seed: 9))
    }

    @Test func aCheckpointOfTheSameStepIsReplaced() throws {
        try store.save(step: 5, files: Self.files(1), best: true)
        try store.save(step: 5, files: Self.files(2))
        for checkpoint in [try store.loadLast(), try store.loadBest()] {
            #expect(isWhole(checkpoint, step: 5, seed: 2) && checkpoint?.notes == [])
        }
        #expect(try FileSystem().names(in: folder("training")) == ["best", "last", "step-000000000005"])
    }

    @Test func theFolderMayBeMoved() throws {
        try store.save(step: 1, files: Self.files(1))
        try FileSystem().rename(folder("training"), to: folder("elsewhere"))
        #expect(isWhole(try CheckpointStore(directory: folder("elsewhere")).loadLast(), step: 1, seed: 1))
    }

    // MARK: - Damage

    @Test(arguments: [
        ("model.safetensors", "model.safetensors was altered: its hash differs", 2),
        ("model.safetensors", "model.safetensors is truncated: 3 of 500 bytes", 1),
        ("cursor.json", "cursor.json is missing", 0), ("manifest.json", "manifest.json is missing", 0),
        ("manifest.json", "manifest.json was altered", 2),
    ])
    func damageFallsBackToTheNewestWholeOneAndIsNamed(name: String, message: String, damage: Int) throws {
        for step in 1...3 { try store.save(step: step, files: Self.files(UInt8(step)), best: step == 3) }
        let path = folder("training/step-000000000003/" + name)
        var bytes = try FileSystem().read(path)
        bytes[bytes.count / 2] ^= 1
        if damage == 0 { try FileSystem().removeFile(path) } else { overwrite(path, damage == 1 ? [1, 2, 3] : bytes) }
        for checkpoint in [try store.loadLast(), try store.loadBest()] {
            #expect(isWhole(checkpoint, step: 2, seed: 2))
            let notes = try #require(checkpoint?.notes)
            #expect(notes.contains { $0.contains("step-000000000003") && $0.contains(message) }, "\(notes)")
            #expect(notes.last == "loaded step-000000000002")
        }
    }

    @Test func whenAllAreDamagedTheErrorNamesEach() throws {
        for step in 1...2 {
            try store.save(step: step, files: Self.files(1))
            overwrite(folder("training/step-00000000000\(step)/cursor.json"), [])
        }
        let error = try #require(failure { _ = try store.loadLast() })
        #expect(error.category == .badModel && error.what == "no checkpoint can be loaded")
        #expect(error.why?.contains("step-000000000001 is damaged: cursor.json is truncated: 0 of 1 bytes") == true)
        #expect(error.why?.contains("step-000000000002") == true)
    }

    @Test func everyFlippedBitIsNoticedAndNamed() throws {
        // 3,000 random bits over all bytes of the folder, the manifests and the pointers included.
        try store.save(step: 1, files: Self.files(1))
        try store.save(step: 2, files: Self.files(2))
        let system = FileSystem()
        var places: [(path: String, name: String, count: Int)] = []
        for name in ["model.safetensors", "cursor.json", "manifest.json"] {
            let path = folder("training/step-000000000002/" + name)
            places.append((path, name, try system.read(path).count))
        }
        places.append((folder("training/last"), "\"last\"", try system.read(folder("training/last")).count))
        let total = places.reduce(0) { $0 + $1.count }
        var generator = SplitMix(state: 7)
        for _ in 0..<3000 {
            var bit = Int.random(in: 0..<total * 8, using: &generator)
            let place = places.first { place in
                if bit < place.count * 8 { return true }
                bit -= place.count * 8
                return false
            }!
            let good = try system.read(place.path)
            var bad = good
            bad[bit / 8] ^= 1 << UInt8(bit % 8)
            overwrite(place.path, bad)
            let checkpoint = try store.loadLast()
            overwrite(place.path, good)
            let notes = checkpoint?.notes ?? []
            #expect(notes.contains { $0.contains(place.name) }, "bit \(bit) of \(place.name): \(notes)")
            // With a damaged pointer the newest is loaded, and it is whole; else the one before.
            let two = place.name == "\"last\""
            #expect(isWhole(checkpoint, step: two ? 2 : 1, seed: two ? 2 : 1))
        }
        #expect(try store.loadLast()?.notes == [])
    }

    // MARK: - Failing calls

    @Test(arguments: FaultySystem.Fault.allCases, [false, true])
    func aSaveThatFailsAtAnyCallLeavesTheOldCheckpointOrTheNew(fault: FaultySystem.Fault, sameStep: Bool) throws {
        // Keeps one, so that every save also removes; with the same step, so that every save also replaces.
        let step = sameStep ? 1 : 2
        func store(_ system: FileSystem = FileSystem()) -> CheckpointStore {
            CheckpointStore(directory: folder("training"), keeping: 1, fileSystem: system)
        }
        func restart() throws {
            for name in (try? FileSystem().names(in: folder("training"))) ?? [] {
                let path = folder("training/" + name)
                if FileSystem().isFolder(path) {
                    try FileSystem().removeFlatFolder(path)
                } else {
                    try FileSystem().removeFile(path)
                }
            }
            try store().save(step: 1, files: Self.files(1), best: true)
        }
        try restart()
        let counting = FaultySystem()
        try store(counting.fileSystem).save(step: step, files: Self.files(2), best: true)
        #expect(counting.count > 40)
        for call in 0..<counting.count {
            try restart()
            let faulty = FaultySystem(fault, at: call)
            let error = failure { try store(faulty.fileSystem).save(step: step, files: Self.files(2), best: true) }
            for found in [try store().loadLast(), try store().loadBest()] {
                let new = isWhole(found, step: step, seed: 2)
                #expect(new || isWhole(found, step: 1, seed: 1), "call \(call): \(error?.description ?? "no error")")
                if error == nil { #expect(new, "call \(call)") }
            }
            if let error { #expect(error.category == .inputOutput) }
            if fault == .interrupted || fault == .shortWrite { #expect(error == nil, "call \(call)") }
            // The next save works and leaves nothing of the failed one.
            #expect(try store().save(step: 3, files: Self.files(3), best: true) == [])
            #expect(isWhole(try store().loadLast(), step: 3, seed: 3))
            #expect(
                try FileSystem().names(in: folder("training")) == ["best", "last", "step-000000000003"], "call \(call)")
        }
    }

    @Test func whatKilledProcessesLeftIsRemovedAndWhatLivingOnesMakeIsNot() throws {
        let system = FileSystem()
        for name in ["tmp-2147483646-0", "tmp-1-0", "tmp-notes"] {
            try system.makeFolder(folder("training/" + name))
            try system.write("x", to: folder("training/\(name)/x"))
        }
        try store.save(step: 1, files: Self.files(1))
        // Process 1 lives as long as the machine; 2147483646 is beyond the largest process id of Linux.
        #expect(
            try system.names(in: folder("training")) == ["last", "step-000000000001", "tmp-1-0", "tmp-notes"])
    }
}
