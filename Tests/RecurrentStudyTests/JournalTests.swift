import RecurrentFormats
import RecurrentStudy
import RecurrentTensor
import RecurrentTraining
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite struct JournalTests {
    /// Works at a study from several threads at once, each as a process would: with files and locks of its own.
    private func work(_ study: TemporaryStudy, workers: Int, _ objective: Valley = Valley()) throws {
        let failures = Mutex<[String]>([])
        Crew.run(workers) { _ in
            do {
                try StudyWorker(study.folder).work(objective, interrupt: InterruptFlag())
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
    }

    @Test func everyTrialIsRunOnceWhateverTheNumberOfWorkers() throws {
        var points: [[String: SearchPoint]] = []
        for workers in [1, 2, 7] {
            let study = try TemporaryStudy { ($0.trials, $0.seeds, $0.confirmations) = (6, 2, 3) }
            let seen = Mutex<[String: Int]>([:])
            try work(study, workers: workers, Valley { order in seen.withLock { $0[order.run.name, default: 0] += 1 } })
            let entries = try study.state().entries
            // Two variants, six trials, two seeds; then three seeds of the best point of each.
            #expect(entries.count == 30)
            #expect(seen.withLock { $0.values.allSatisfy { $0 == 1 } && $0.count == 30 })
            #expect(entries.allSatisfy { $0.outcome?.kind == .finished })
            points.append(Dictionary(entries.map { ($0.run.name, $0.point) }) { first, _ in first })
        }
        // The same seed gives the same points, and the same best ones.
        #expect(points[0] == points[1] && points[0] == points[2])
        let space = try odysseySpace()
        let expected = space.point(seed: 0, stream: TextHash.fnv("nfg"), trial: 4)
        #expect(points[0]["nfg-0004"] == expected && points[0]["nfg-0004-s1"] == expected)
    }

    @Test func theBestPointIsTrainedAgainWithOtherSeeds() throws {
        let study = try TemporaryStudy { $0.confirmations = 2 }
        try work(study, workers: 2)
        let state = try study.state()
        let results = StudyResults(try study.folder.manifest(), state)
        let best = try #require(results.best(of: "nfg"))
        let again = state.entries.filter { $0.run.stage == .confirm && $0.run.variant == "nfg" }
        #expect(again.map(\.point) == [best.point, best.point])
        #expect(Set(again.map { $0.run.seed(of: 0) }).count == 2)
    }

    @Test func aStudyThatIsExtendedRunsWhatIsNewAlone() throws {
        let study = try TemporaryStudy { ($0.trials, $0.variants) = (2, ["vanilla"]) }
        try work(study, workers: 1)
        var manifest = try study.folder.manifest()
        (manifest.trials, manifest.variants) = (3, ["vanilla", "gru"])
        try study.folder.write(manifest)
        let seen = Mutex<[String]>([])
        try work(study, workers: 1, Valley { order in seen.withLock { $0.append(order.run.name) } })
        #expect(seen.withLock { $0 } == ["gru-0000", "gru-0001", "vanilla-0002", "gru-0002"])
    }

    // MARK: - Processes that are killed

    @Test func aTornLastLineIsReadOverAndRemovedWhereverItWasCut() throws {
        let study = try TemporaryStudy { $0.trials = 2 }
        try work(study, workers: 1)
        let system = FileSystem()
        let whole = try system.read(study.folder.journalPath)
        let expected = Set(
            try study.state().entries.map { "\($0.run.name) \(String(describing: $0.outcome?.validation))" })
        var cuts = whole.indices.filter { whole[$0] == 0x0A }.flatMap { [$0, $0 + 1, max(0, $0 - 1)] }
        cuts += stride(from: 0, to: whole.count, by: 97)
        for cut in Set(cuts).sorted() where cut <= whole.count {
            try system.write(Array(whole[..<cut]), to: study.folder.journalPath)
            let lines = whole[..<cut].count { $0 == 0x0A }
            let before = try study.state()
            #expect(before.entries.count == (lines + 1) / 2)
            try work(study, workers: 1)
            let after = try study.state()
            #expect(
                Set(after.entries.map { "\($0.run.name) \(String(describing: $0.outcome?.validation))" }) == expected)
            #expect(after.entries.count == 4)
        }
    }

    @Test func aTrialOfAProcessThatIsGoneIsTakenAgainAndOneThatRunsIsNot() throws {
        let study = try TemporaryStudy { ($0.trials, $0.variants) = (3, ["vanilla"]) }
        let run = StudyRun("vanilla", trial: 0)
        try FileSystem().makeFolder(study.folder.folder(of: run))
        // Another process has begun it and is at work.
        let line = """
            {"event":"begin","run":"vanilla-0000","variant":"vanilla","trial":0,"seed":0,"stage":"search","point":\
            \(try study.folder.manifest().space.point(seed: 0, stream: TextHash.fnv("vanilla"), trial: 0).json.text())}

            """
        try FileSystem().write(line, to: study.folder.journalPath)
        let seen = Mutex<[String]>([])
        let objective = Valley { order in seen.withLock { $0.append(order.run.name) } }
        var lock: FileLock? = try FileLock.take(study.folder.folder(of: run) + "/lock")
        #expect(lock != nil)
        // While it holds the lock the others do the rest; then it ends without a word.
        let holder = Mutex(lock)
        lock = nil
        Crew.run(2) { number in
            if number == 1 {
                while seen.withLock({ $0.count }) < 2 { usleep(1000) }
                usleep(300_000)
                #expect(seen.withLock { $0 } == ["vanilla-0001", "vanilla-0002"])
                holder.withLock { $0 = nil }
            } else {
                try? StudyWorker(study.folder).work(objective, interrupt: InterruptFlag())
            }
        }
        #expect(seen.withLock { $0 } == ["vanilla-0001", "vanilla-0002", "vanilla-0000"])
    }

    @Test func aTrialThatEndsEveryProcessIsGivenUp() throws {
        let study = try TemporaryStudy { ($0.trials, $0.variants) = (2, ["vanilla"]) }
        let point = try study.folder.manifest().space.point(seed: 0, stream: TextHash.fnv("vanilla"), trial: 0)
        let line =
            #"{"event":"begin","variant":"vanilla","trial":0,"seed":0,"stage":"search","run":"vanilla-0000","point":"#
        try FileSystem().write(
            String(repeating: line + point.json.text() + "}\n", count: 3), to: study.folder.journalPath)
        try work(study, workers: 1)
        let state = try study.state()
        #expect(state[StudyRun("vanilla", trial: 0)]?.outcome?.kind == .failed)
        #expect(state[StudyRun("vanilla", trial: 1)]?.outcome?.kind == .finished)
    }

    @Test func aStopIsNoFailureAndTheTimeBeforeItCounts() throws {
        let study = try TemporaryStudy { ($0.trials, $0.variants) = (1, ["vanilla"]) }
        for _ in 0..<5 {
            let error = try #require(throws: RecurrentError.self) {
                try StudyWorker(study.folder).work(
                    Valley { _ in
                        usleep(20_000)
                        throw RecurrentError(.interrupted, "stopped")
                    }, interrupt: InterruptFlag())
            }
            #expect(error.category == .interrupted)
        }
        try work(study, workers: 1)
        let outcome = try #require(try study.state().entries.first?.outcome)
        // The seconds before each stop, all stops before it among them, and at last those of the end.
        let told = try FileSystem().read(study.folder.journalPath, maximumBytes: 1 << 20).split(separator: 10)
            .map { try JSON(parsing: Array($0)) }.filter { $0["event"]?.stringValue == "pause" }
            .compactMap { $0["seconds"]?.doubleValue }
        #expect(told.count == 5 && zip(told, told.dropFirst()).allSatisfy(<=) && told[0] < told[4])
        #expect(outcome.kind == .finished && outcome.seconds >= told[4])
    }

    @Test func whatDivergesOrFailsIsKeptAsSuch() throws {
        let study = try TemporaryStudy { ($0.trials, $0.variants) = (3, ["vanilla"]) }
        try work(
            study, workers: 1,
            Valley { order in
                if order.run.trial == 0 { throw RecurrentError(.diverged, "the loss is NaN") }
                if order.run.trial == 1 { throw RecurrentError(.usage, "too large") }
            })
        let outcomes = try study.state().entries.map(\.outcome)
        #expect(outcomes.map { $0?.kind } == [.diverged, .failed, .finished])
        #expect(outcomes[0]?.why == "the loss is NaN")
    }

    @Test func aDiskThatIsFullEndsTheWorkAndLosesNothing() throws {
        let study = try TemporaryStudy { ($0.trials, $0.variants) = (2, ["vanilla"]) }
        #expect(throws: RecurrentError.self) {
            try StudyWorker(study.folder).work(
                Valley { _ in throw RecurrentError(.inputOutput, "the disk is full") }, interrupt: InterruptFlag())
        }
        #expect(try study.state().entries.map { $0.isOpen } == [true])
        try work(study, workers: 1)
        #expect(try study.state().entries.map { $0.outcome?.kind } == [.finished, .finished])
    }

    // MARK: - Other searches

    @Test(arguments: [1, 4])
    func halvingPutsMostAsideAndTakesTheBestToTheEnd(_ workers: Int) throws {
        let study = try TemporaryStudy {
            ($0.search, $0.trials, $0.epochs, $0.variants) = (.asha, 27, 27, ["vanilla"])
            $0.halving = try SuccessiveHalving(minimum: 1, maximum: 27, reduction: 3)
        }
        try work(study, workers: workers)
        let entries = try study.state().entries
        #expect(entries.count == 27)
        let finished = entries.filter { $0.outcome?.kind == .finished }
        // One of 27 at least; more where early promotions turned out to be wrong.
        #expect((1...4).contains(finished.count))
        #expect(finished.allSatisfy { $0.outcome?.epochs == 27 && $0.rungs.count == 4 })
        #expect(entries.count { $0.outcome?.kind == .stopped } == 27 - finished.count)
        let best = try #require(entries.min { ($0.rungs.first ?? 0) < ($1.rungs.first ?? 0) })
        #expect(best.outcome?.kind == .finished)
    }

    @Test func theParzenSearchAsksTheJournal() throws {
        let study = try TemporaryStudy { ($0.search, $0.trials, $0.variants) = (.tpe, 40, ["vanilla"]) }
        try work(study, workers: 2)
        let entries = try study.state().entries
        #expect(entries.count == 40)
        let values = entries.compactMap { $0.outcome?.validation }
        // What is asked for late is better than what was drawn at first.
        func median(_ part: ArraySlice<Double>) -> Double { part.sorted()[part.count / 2] }
        #expect(median(values[20...]) < median(values[..<10]))
    }

    // MARK: - What is refused

    @Test(arguments: [
        "x", "{}", "[]", #"{"event":"begin"}"#, #"{"event":"end","variant":"a","trial":0,"seed":0,"stage":"search"}"#,
        #"{"event":"begin","variant":"../x","trial":0,"seed":0,"stage":"search","point":{}}"#,
        #"{"event":"begin","variant":"a","trial":-1,"seed":0,"stage":"search","point":{}}"#,
        #"{"event":"begin","variant":"a","trial":0,"seed":0,"stage":"search","point":{"hidden":1e9}}"#, "",
        String(repeating: "[", count: 5000),
    ])
    func aLineThatIsNoneIsNamedByItsPlace(_ line: String) throws {
        let study = try TemporaryStudy { $0.trials = 1 }
        try FileSystem().write(line + "\n", to: study.folder.journalPath)
        let error = try #require(throws: RecurrentError.self) { try study.state() }
        #expect(error.category == .badData)
        #expect(error.place?.contains("journal.jsonl:1") ?? false, "\(error)")
    }

    @Test func aFolderOfOtherDataOrSettingsIsRefusedAndSaysWhatDiffers() throws {
        let study = try TemporaryStudy()
        let manifest = try study.folder.manifest()
        #expect(try manifest.extended(by: manifest, in: "study") == manifest)
        func refusal(_ change: (inout StudyManifest) throws -> Void) throws -> String {
            var other = manifest
            try change(&other)
            let error = #expect(throws: RecurrentError.self) { try manifest.extended(by: other, in: "study") }
            return error?.description ?? ""
        }
        let path = study.folder.path + "/other.csv"
        try FileSystem().write("1,3\n", to: path)
        #expect(try refusal { $0.data = try DataFingerprint(of: [path]) }.contains("a study of other data"))
        #expect(try refusal { $0.task = "language" }.contains("of another task"))
        #expect(try refusal { $0.epochs = 7 }.contains("--epochs: it has '150', now '7' was asked for"))
        #expect(try refusal { $0.search = .tpe }.contains("--search"))
        #expect(try refusal { $0.seed = 3 }.contains("--seed"))
        #expect(
            try refusal { $0.space = try SearchSpace([SearchAxis("x", .uniform(0, 1))]) }.contains("what is varied"))
        #expect(try refusal { $0.arguments += ["--label", "x"] }.contains("the options of train"))
        try FileSystem().removeFile(path)
    }

    @Test func dataMayMoveButNotChange() throws {
        let folder = StudyFolder(try TemporaryStudy().folder.path + "-data")
        try FileSystem().makeFolder(folder.path)
        defer { try? FileSystem().removeFlatFolder(folder.path) }
        try FileSystem().write("a", to: folder.path + "/1")
        try FileSystem().write("b", to: folder.path + "/2")
        let first = try DataFingerprint(of: [folder.path])
        #expect(try DataFingerprint(of: [folder.path + "/"]) == first)
        try FileSystem().rename(folder.path + "/2", to: folder.path + "/3")
        #expect(try DataFingerprint(of: [folder.path]) != first)
        try FileSystem().rename(folder.path + "/3", to: folder.path + "/2")
        try FileSystem().write("c", to: folder.path + "/2")
        #expect(try DataFingerprint(of: [folder.path]) != first)
        #expect(throws: RecurrentError.self) { try DataFingerprint(of: [folder.path + "/none"]) }
    }

    @Test func aStudyThatIsBegunAnewMustNotBeInUse() throws {
        let study = try TemporaryStudy()
        let worker = try study.folder.enter()
        let error = try #require(throws: RecurrentError.self) { try study.folder.enter(alone: true) }
        #expect(error.what == "this study is in use")
        #expect(study.folder.isInUse)
        withExtendedLifetime(worker) {}
    }

    @Test func theManifestGoesThroughItsFileAndADamagedOneIsRefused() throws {
        let study = try TemporaryStudy { ($0.fixed, $0.clip, $0.isRegularized) = (["momentum": 0.9], 1, true) }
        let manifest = try study.folder.manifest()
        #expect(manifest.fixed == ["momentum": 0.9] && manifest.isRegularized && manifest.clip == 1)
        let text = manifest.json.text()
        for (old, new) in [
            (#""version":1"#, #""version":2"#), (#""epochs":150"#, #""epochs":-1"#), (#""vanilla""#, #""../../x""#),
            (#""seed":"0""#, #""seed":"x""#), (#""random""#, #""asha""#), (#""trials":5"#, #""trials":1e30"#),
        ] {
            try #require(text.contains(old))
            var broken = text
            broken.replaceSubrange(try #require(broken.firstRange(of: old)), with: new)
            try FileSystem().write(broken, to: study.folder.manifestPath)
            #expect(throws: RecurrentError.self) { try study.folder.manifest() }
        }
    }
}

/// Threads of their own, which may wait for each other.
enum Crew {
    private final class Job: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Calls `body` with each number below `count`, each on its own thread, and waits for all.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        #if canImport(Darwin)
            var threads = [pthread_t?](repeating: nil, count: count)
        #else
            var threads = [pthread_t](repeating: 0, count: count)
        #endif
        for number in 0..<count {
            let job = Unmanaged.passRetained(Job { body(number) }).toOpaque()
            #if canImport(Darwin)
                pthread_create(&threads[number], nil, { Crew.start($0) }, job)
            #else
                pthread_create(&threads[number], nil, { $0.flatMap { Crew.start($0) } }, job)
            #endif
        }
        for thread in threads {
            #if canImport(Darwin)
                if let thread { pthread_join(thread, nil) }
            #else
                pthread_join(thread, nil)
            #endif
        }
    }

    private static func start(_ job: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<Job>.fromOpaque(job).takeRetainedValue().body()
        return nil
    }
}
