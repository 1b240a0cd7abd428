import RecurrentData
import RecurrentTensor
import RecurrentTraining

/// A first look at all examples: which classes there are, and which examples judge.
struct TextSurvey {
    /// The classes, sorted.
    let labels: [String]
    /// Some texts from the beginning.
    let sample: [String]
    let notes: [String]
    private let sources: [(examples: TextExamples, part: Int)]
    /// The class and the part of each example.
    private let classes: [Int32]
    private let parts: [UInt8]

    init(files: [String], options: ClassifierOptions) throws {
        guard !files.isEmpty else { throw RecurrentError(.usage, "there is no file of examples") }
        for file in files + [options.validFile, options.testFile].compactMap({ $0 }) where file == "-" {
            throw RecurrentError(
                .usage, "examples are read more than once and cannot come from standard input", at: file,
                help: "write them into a file first")
        }
        for (share, name) in [(options.validShare, "--valid-share"), (options.testShare, "--test-share")] {
            guard share >= 0, share <= 0.9 else {
                throw RecurrentError(.usage, "a share of \(share) is not possible; 0 to 0.9 are", at: name)
            }
        }
        let sources =
            files.map { (examples: TextExamples($0, options: options.reading), part: 0) }
            + (options.validFile.map { [(examples: TextExamples($0, options: options.reading), part: 1)] } ?? [])
            + (options.testFile.map { [(examples: TextExamples($0, options: options.reading), part: 2)] } ?? [])
        var numbers: [String: Int32] = [:]
        var names: [String] = []
        var sample: [String] = []
        var classes: [Int32] = []
        var parts: [UInt8] = []
        for (examples, part) in sources {
            var count = 0
            try examples.forEach { example in
                guard let label = example.label else { return }
                let number = numbers[label] ?? Int32(names.count)
                if numbers[label] == nil {
                    guard part == 0 else {
                        throw RecurrentError(
                            .badData, "the class '\(label)' does not occur among the examples to learn from",
                            at: example.place, help: Spelling.help(for: label, in: names))
                    }
                    numbers[label] = number
                    names.append(label)
                }
                if sample.count < 1000 { sample.append(String(example.text.prefix(2_000))) }
                classes.append(number)
                parts.append(UInt8(part))
                count += 1
            }
            guard count > 0 else {
                throw RecurrentError(.badData, "there is no example", at: examples.path)
            }
        }
        let order = names.indices.sorted {
            names[$0].unicodeScalars.lexicographicallyPrecedes(names[$1].unicodeScalars)
        }
        var places = [Int32](repeating: 0, count: names.count)
        for (place, index) in order.enumerated() { places[index] = Int32(place) }
        let labels = order.map { names[$0] }
        classes = classes.map { places[Int($0)] }
        guard labels.count > 1 else {
            throw RecurrentError(
                .badData, "all \(classes.count) examples are of the class '\(labels.first ?? "")'", at: files[0],
                why: "a classifier needs at least two classes to tell apart")
        }
        guard labels.count <= 1_000 || labels.count * 2 <= classes.count else {
            throw RecurrentError(
                .badData, "there are \(labels.count) different classes among \(classes.count) examples", at: files[0],
                why: "the column of classes is probably another one", help: "name it with --label")
        }
        notes = Self.split(&parts, classes, labels.count, options)
        (self.labels, self.sample, self.sources) = (labels, sample, sources)
        (self.classes, self.parts) = (classes, parts)
    }

    /// Takes shares of each class for judging.
    private static func split(
        _ parts: inout [UInt8], _ classes: [Int32], _ count: Int, _ options: ClassifierOptions
    ) -> [String] {
        let shares = [
            (UInt8(2), options.testFile == nil ? options.testShare : 0),
            (UInt8(1), options.validFile == nil ? options.validShare : 0),
        ]
        var byClass = [[Int]](repeating: [], count: count)
        for index in parts.indices where parts[index] == 0 { byClass[Int(classes[index])].append(index) }
        var single = 0
        for (label, members) in byClass.enumerated() {
            guard members.count > 1 else {
                single += members.count
                continue
            }
            // The order is the seed's, so that members of a class that stand together are not taken together.
            let order = KeyedPermutation(
                count: members.count, key: RandomKey(seed: options.seed, stream: 0x5917).substream(UInt64(label)))
            var next = 0
            for (part, share) in shares where share > 0 {
                let wanted = Int((share * Double(members.count)).rounded())
                for _ in 0..<min(wanted, members.count - 1 - next) {
                    parts[members[order[next]]] = part
                    next += 1
                }
            }
        }
        return single > 0 ? ["\(single) classes have a single example, which is learned from"] : []
    }

    /// How many examples of a part each class has.
    func counts(part: Int) -> [Int] {
        var counts = [Int](repeating: 0, count: labels.count)
        for (label, own) in zip(classes, parts) where Int(own) == part { counts[Int(label)] += 1 }
        return counts
    }

    /// Gives every example with its class and part.
    func forEach(_ body: (_ example: TextExample, _ label: Int, _ part: Int) throws -> Void) throws {
        var index = 0
        for (examples, _) in sources {
            try examples.forEach { example in
                guard example.label != nil else { return }
                guard index < classes.count else { throw Self.changed(examples) }
                try body(example, Int(classes[index]), Int(parts[index]))
                index += 1
            }
        }
        guard index == classes.count else { throw Self.changed(sources[0].examples) }
    }

    private static func changed(_ examples: TextExamples) -> RecurrentError {
        RecurrentError(.badData, "the file has changed while it was read", at: examples.path, help: "try again")
    }
}
