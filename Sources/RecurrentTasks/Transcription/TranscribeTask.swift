public import RecurrentAutodiff
import RecurrentData
import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// A transcriber and how it learns: recordings and what is said in them, a recipe, a network.
public struct TranscribeTask: TrainingTask {
    /// The name of the task.
    public static let name = "transcribe"

    /// Every choice.
    public let recipe: TranscriberRecipe
    /// What it can write.
    public let alphabet: TranscriptionAlphabet
    /// The seed of everything random.
    public let seed: UInt64
    /// Remarks that a person should read.
    public let notes: [String]
    /// Whether texts are in small letters.
    let isLowercased: Bool
    /// The recordings of training, validation and test.
    let partCounts: [Int]
    /// The training's sound in seconds.
    let seconds: Double
    /// The texts of validation and test.
    let texts: [String]
    /// Samples and labels, first those of the training.
    let store: TokenStore
    let hearing: TranscriberHearing

    init(
        recipe: TranscriberRecipe, alphabet: TranscriptionAlphabet, seed: UInt64, notes: [String], isLowercased: Bool,
        partCounts: [Int], seconds: Double, texts: [String], store: TokenStore, prior: FeatureStatistics?
    ) {
        (self.recipe, self.alphabet, self.seed, self.notes) = (recipe, alphabet, seed, notes)
        (self.isLowercased, self.partCounts, self.seconds) = (isLowercased, partCounts, seconds)
        (self.texts, self.store) = (texts, store)
        hearing = TranscriberHearing(recipe, prior: prior)
    }

    /// Reads lists of recordings and makes every choice.
    ///
    /// - Parameter folder: the folder of the run, where the sound is written at the rate of the network.
    /// - Throws: `badData` with the file where it cannot be used, `usage` where a choice is not possible.
    public init(
        file: String, options: TranscriptionOptions = TranscriptionOptions(), folder: () throws -> String
    ) throws {
        func list(_ path: String) throws -> [ListedRecording] {
            var list = try TranscribedRecordings.read(path)
            if options.isLowercased { for index in list.indices { list[index].text = list[index].text?.lowercased() } }
            return list
        }
        var training = try list(file)
        var validation = try options.validFile.map { try list($0) } ?? []
        let test = try options.testFile.map { try list($0) } ?? []
        if options.validFile == nil, training.count >= 20 {
            let order = KeyedPermutation(count: training.count, key: RandomKey(seed: options.seed, stream: 0x5BEEC))
            let kept = Set((0..<max(1, training.count / 10)).map { order[$0] })
            validation = kept.sorted().map { training[$0] }
            training = training.indices.filter { !kept.contains($0) }.map { training[$0] }
        }
        let alphabet = try Self.alphabet(training, options)

        var notes: [String] = []
        var survey = RecordingSurvey()
        for recording in training { try survey.look(at: recording) }
        var recipe = TranscriberRecipe(seconds: survey.seconds, isStreaming: options.isStreaming)
        recipe.sampleRate = survey.commonRate
        if let epochs = options.epochs { recipe.epochs = epochs }
        options.adjustRecipe?(&recipe)
        guard recipe.parameterCount(classes: alphabet.classCount) <= 5e8 else {
            throw RecurrentError(
                .usage, "a network of so many weights is too large", help: "make it smaller with --hidden")
        }
        _ = try recipe.features.validated(at: "--mels")
        if survey.rates.count > 1 {
            notes.append("recordings of other rates than \(recipe.sampleRate) Hz are resampled")
        }

        let folder = try folder()
        try FileSystem().makeFolder(folder)
        var counts = [0, 0, 0]
        var texts: [String] = []
        var left: [String] = []
        var seconds = 0.0
        let store = try TokenStore.write(to: folder + "/data", columns: ["samples", "labels"], maximumToken: 65_535) {
            (writer) throws(RecurrentError) in
            for (part, recordings) in [training, validation, test].enumerated() {
                for recording in recordings {
                    let samples = try Self.samples(of: recording, recipe.sampleRate)
                    let text = recording.text ?? ""
                    // What is only judged may hold symbols that nobody learnt: they are errors then.
                    let labels = alphabet.labels(text) ?? []
                    if part == 0 {
                        let steps = (recipe.features.rowCount(samples.count) + recipe.stack - 1) / recipe.stack
                        let needed = TranscriptionAlphabet.leastFrames(labels)
                        guard steps >= max(1, needed) else {
                            left.append(
                                "\(recording.path): \(labels.count) labels, and time for \(steps) steps of "
                                    + "\(Int((recipe.secondsPerStep * 1000).rounded())) ms")
                            continue
                        }
                        seconds += Double(samples.count) / Double(recipe.sampleRate)
                    } else {
                        texts.append(text)
                    }
                    counts[part] += 1
                    try writer.append([StoredSound.numbers(samples), labels])
                }
            }
        }
        if !left.isEmpty {
            guard counts[0] > 0 else {
                throw RecurrentError(
                    .badData, "no recording is long enough for its text", at: file, why: left[0],
                    help: "check that texts and recordings belong together, or choose a smaller --stack")
            }
            notes.append(
                "\(left.count) of the recordings are too short for their texts and left out: "
                    + left.prefix(5).joined(separator: "; ") + (left.count > 5 ? "; …" : ""))
        }
        if validation.isEmpty {
            notes.append("there are too few recordings to hold some out: the last weights are kept, not the best")
        }
        let foreign = Set((validation + test).flatMap { alphabet.unknown(in: $0.text ?? "") }).sorted()
        if !foreign.isEmpty {
            notes.append(
                "not in the training texts, so never written: "
                    + foreign.prefix(20).joined(separator: " ") + (foreign.count > 20 ? " …" : ""))
        }
        var prior: FeatureStatistics?
        if !recipe.isBidirectional {
            prior = TranscriberHearing.statistics(
                recipe,
                try (0..<min(counts[0], 500)).map { StoredSound.samples(try store.tokens($0, column: 0)) })
        }
        self.init(
            recipe: recipe, alphabet: alphabet, seed: options.seed, notes: notes, isLowercased: options.isLowercased,
            partCounts: counts, seconds: seconds, texts: texts, store: store, prior: prior)
    }

    private static func alphabet(
        _ training: [ListedRecording], _ options: TranscriptionOptions
    ) throws(RecurrentError) -> TranscriptionAlphabet {
        guard let given = options.alphabet else {
            let alphabet = TranscriptionAlphabet(training.map { $0.text ?? "" }, unit: options.unit)
            guard !alphabet.symbols.isEmpty else { throw RecurrentError(.badData, "all texts are empty") }
            return alphabet
        }
        let alphabet = TranscriptionAlphabet(.characters, symbols: Set(given).map(String.init).sorted())
        for recording in training {
            let unknown = alphabet.unknown(in: recording.text ?? "")
            guard unknown.isEmpty else {
                throw RecurrentError(
                    .badData, "the text has characters outside of the alphabet: \(unknown.joined(separator: " "))",
                    at: recording.place, why: "the alphabet is \(alphabet.symbols.joined())",
                    help: "add them to --alphabet, change the text, or leave --alphabet out")
            }
        }
        return alphabet
    }

    /// The samples of a recording, one channel at a rate.
    static func samples(of recording: ListedRecording, _ rate: Int) throws(RecurrentError) -> [Float] {
        try recording.naming { () throws(RecurrentError) in
            try AudioSignal(path: recording.path).mono().resampled(to: rate).samples
        }
    }

    // MARK: - Training

    /// A network at its beginning.
    public func network(_ key: RandomKey) throws -> TranscriberNetwork {
        try TranscriberNetwork(recipe, classes: alphabet.classCount, key: key)
    }

    /// Adam.
    public func optimizer() -> any Optimizer { Adam(learningRate: recipe.learningRate) }

    /// How long and how carefully to train.
    public func plan() -> TrainingPlan {
        var plan = TrainingPlan()
        plan.epochs = recipe.epochs
        plan.clipNorm = recipe.clipNorm
        let updates = partCounts[0] / recipe.batchSize + 1
        plan.schedule = .cosine(
            total: TrainingPlan.updates(recipe.epochs, updates), warmup: min(200, updates), floor: 0.01)
        if recipe.averageDecay > 0 { plan.averaging = .exponential(decay: recipe.averageDecay) }
        return plan
    }

    /// The batches of recordings of like length.
    public func source(_ key: RandomKey) -> TranscriberBatches {
        TranscriberBatches(store: store, count: partCounts[0], hearing: hearing, key: key)
    }

    /// −ln of the probability of the labels, a label.
    public func loss(_ network: TranscriberNetwork, _ batch: TranscriberBatch, _ state: inout [Variable]) -> Variable {
        network.loss(batch)
    }

    /// The label error rate of the validation recordings. Of equally good networks the surer one is the better.
    public func validate(_ network: TranscriberNetwork) throws -> Double? {
        guard partCounts[1] > 0 else { return nil }
        let model = self.bareModel(network)
        var (edits, total, loss) = (0, 0, 0.0)
        for begin in stride(from: 0, to: partCounts[1], by: 32) {
            let examples = (begin..<min(partCounts[1], begin + 32)).map { partCounts[0] + $0 }
            let batch = TranscriberBatch(
                try examples.map { hearing.input(of: StoredSound.samples(try store.tokens($0, column: 0))) },
                targets: try examples.map { try store.tokens($0, column: 1) })
            loss += network.loss(batch).value.item * Double(examples.count)
            for (row, scores) in model.logProbabilities(batch).enumerated() {
                let found = CTCBestPath.labels(of: scores).map(\.label)
                let reference = batch.targets[row]
                edits += EditDistance(found, reference: reference).count
                total += reference.count
            }
        }
        let mean = loss / Double(partCounts[1])
        return Double(edits) / Double(max(1, total)) + 1e-6 * (mean.isFinite ? min(1e3, mean) : 1e3)
    }

    private func bareModel(_ network: TranscriberNetwork) -> Transcriber {
        Transcriber(
            recipe: recipe, alphabet: alphabet, isLowercased: isLowercased, prior: hearing.prior, network: network)
    }

    /// The transcriber.
    public func model(_ networks: [TranscriberNetwork]) throws -> Transcriber {
        var model = bareModel(networks[0])
        for (part, name) in [(1, "validation"), (2, "test")] where partCounts[part] > 0 {
            let first = partCounts[..<part].reduce(0, +)
            var report = TranscriptionReport()
            for example in first..<first + partCounts[part] {
                let samples = StoredSound.samples(try store.tokens(example, column: 0))
                let said = texts[example - partCounts[0]]
                report.add(model.transcribe(samples: samples).text, reference: said)
            }
            model.reports.append((name, report))
        }
        return model
    }
}

/// A first look at recordings: rates and lengths.
private struct RecordingSurvey {
    var seconds = 0.0
    var rates: [Int: Int] = [:]

    mutating func look(at recording: ListedRecording) throws {
        let reader = try recording.naming { () throws(RecurrentError) in try AudioReader(path: recording.path) }
        rates[reader.format.sampleRate, default: 0] += 1
        seconds += Double(reader.promisedFrames ?? 0) / Double(reader.format.sampleRate)
    }

    /// The most frequent rate, at most 16 kHz: speech has little above.
    var commonRate: Int {
        let most = rates.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? 16_000
        return max(1000, min(16_000, most))
    }
}
