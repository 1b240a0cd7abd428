import RecurrentData
import RecurrentFormats
import RecurrentTensor
import RecurrentTraining

/// A first look at all examples: how many there are, what belongs to them, which of them judge.
struct SignalSurvey {
    /// The names of the channels.
    private(set) var channels: [String] = []
    /// The classes, sorted; empty where there are numbers.
    private(set) var labels: [String] = []
    /// The class of each example; 0 where there are numbers.
    private(set) var classes: [Int] = []
    /// The number of each example; 0 where there are classes.
    private(set) var targets: [Double] = []
    /// The part of each example: to learn from, to judge the training, to judge the model.
    private(set) var parts: [Int] = []
    /// The fold of each example that is learned from.
    private(set) var folds: [Int] = []
    /// The number of folds.
    private(set) var foldCount = 0
    /// The steps of each example.
    private(set) var lengths: [Int] = []
    /// The channels in which numbers are missing.
    private(set) var missing: [Int] = []
    /// Whether the examples have times.
    private(set) var hasTimes = false
    /// Remarks that a person should read.
    private(set) var notes: [String] = []

    private let sources: [(file: SignalFile, part: Int)]
    private let isClassifier: Bool
    private let dropsDuplicates: Bool
    /// What each example belongs to: examples of one group are never on both sides of a judgement.
    private var groups: [Int] = []

    init(files: [String], options: SignalOptions, isClassifier: Bool) throws {
        guard !files.isEmpty else { throw RecurrentError(.usage, "there is no file of examples") }
        for file in files + [options.validFile, options.testFile].compactMap({ $0 }) where file == "-" {
            throw RecurrentError(
                .usage, "examples are read more than once and cannot come from standard input", at: file,
                help: "write them into a file first")
        }
        for (share, name) in [(options.validShare ?? 0, "--valid-share"), (options.testShare, "--test-share")] {
            guard share >= 0, share <= 0.9 else {
                throw RecurrentError(.usage, "a share of \(share) is not possible; 0 to 0.9 are", at: name)
            }
        }
        (self.isClassifier, dropsDuplicates) = (isClassifier, options.dropsDuplicates)
        let named =
            files.map { ($0, 0) } + (options.validFile.map { [($0, 1)] } ?? [])
            + (options.testFile.map { [($0, 2)] } ?? [])
        sources = named.map { (SignalFile($0.0, options: options.reading), $0.1) }
        try look(files[0])
        try split(options)
    }

    // MARK: - Reading

    private mutating func look(_ first: String) throws {
        var names: [String] = []
        var numbers: [String: Int] = [:]
        var groupNumbers: [String: Int] = [:]
        var isMissing: Set<Int> = []
        var (without, twice, empty) = (0, 0, 0)
        for (file, part) in sources {
            let before = classes.count
            try Self.forEach(file, dropsDuplicates: dropsDuplicates, skipped: &twice) { example, channels in
                try check(channels, example)
                guard let label = example.label else {
                    without += 1
                    return false
                }
                let width = channels.count
                if example.values.isEmpty { empty += 1 }
                lengths.append(example.values.count / width)
                for (index, value) in example.values.enumerated() where value.isNaN { isMissing.insert(index % width) }
                if example.times != nil { hasTimes = true }
                let group = example.group.map { "group " + $0 } ?? "numbers \(example.values.hashValue)"
                groups.append(groupNumbers[group] ?? groupNumbers.count)
                groupNumbers[group] = groups[groups.count - 1]
                parts.append(part)
                targets.append(isClassifier ? 0 : try SignalLabel.number(label, at: example.place))
                guard isClassifier else {
                    classes.append(0)
                    return true
                }
                if numbers[label] == nil {
                    guard part == 0 else {
                        throw RecurrentError(
                            .badData, "the class '\(label)' does not occur among the examples to learn from",
                            at: example.place, help: Spelling.help(for: label, in: names))
                    }
                    numbers[label] = names.count
                    names.append(label)
                }
                classes.append(numbers[label] ?? 0)
                return true
            }
            guard classes.count > before else {
                throw RecurrentError(
                    .badData,
                    without > 0 ? "no sequence has a \(isClassifier ? "class" : "number")" : "there is no example",
                    at: file.path)
            }
        }
        missing = isMissing.sorted()
        if without > 0 {
            notes.append("\(without) sequences without a \(isClassifier ? "class" : "number") are passed over")
        }
        if twice > 0 { notes.append("\(twice) sequences that occurred before are passed over") }
        if empty > 0 { notes.append("\(empty) sequences have no step at all") }
        if isClassifier { try sortClasses(names, first) }
    }

    private mutating func check(_ channels: [String], _ example: SignalExample) throws(RecurrentError) {
        if self.channels.isEmpty { self.channels = channels }
        guard channels.count == self.channels.count else {
            throw RecurrentError(
                .badData, "there are \(channels.count) channels here, \(self.channels.count) in the file before",
                at: example.place)
        }
    }

    private mutating func sortClasses(_ names: [String], _ file: String) throws(RecurrentError) {
        let isNumeric = names.allSatisfy { Double($0) != nil }
        let order = names.indices.sorted {
            if isNumeric, let a = Double(names[$0]), let b = Double(names[$1]), a != b { return a < b }
            return names[$0].unicodeScalars.lexicographicallyPrecedes(names[$1].unicodeScalars)
        }
        var places = [Int](repeating: 0, count: names.count)
        for (place, index) in order.enumerated() { places[index] = place }
        labels = order.map { names[$0] }
        classes = classes.map { places[$0] }
        guard labels.count > 1 else {
            throw RecurrentError(
                .badData, "all \(classes.count) examples are of the class '\(labels.first ?? "")'", at: file,
                why: "a classifier needs at least two classes to tell apart")
        }
        guard labels.count <= 1_000 || labels.count * 2 <= classes.count else {
            throw RecurrentError(
                .badData, "there are \(labels.count) different classes among \(classes.count) examples", at: file,
                why: "what is taken for classes are probably numbers",
                help: "name the column of the classes with --label, or use: recurrent train regress")
        }
    }

    /// Gives the examples of a file, those of later files that are the same left out where that is asked for.
    private static func forEach(
        _ file: SignalFile, dropsDuplicates: Bool, skipped: inout Int,
        _ body: (_ example: SignalExample, _ channels: [String]) throws -> Bool
    ) throws {
        let reader = try file.reader()
        var seen: Set<[Float]> = []
        while let example = try reader.next() {
            if dropsDuplicates {
                let name = example.values + (example.label ?? "").unicodeScalars.map { Float($0.value) }
                guard seen.insert(name.map { $0.isNaN ? .infinity : $0 }).inserted else {
                    skipped += 1
                    continue
                }
            }
            _ = try body(example, reader.channels)
        }
    }

    /// Gives every example that is used, with its number.
    func forEach(_ body: (_ example: SignalExample, _ index: Int) throws -> Void) throws {
        var (index, skipped) = (0, 0)
        for (file, _) in sources {
            try Self.forEach(file, dropsDuplicates: dropsDuplicates, skipped: &skipped) { example, _ in
                guard example.label != nil else { return false }
                guard index < parts.count, lengths[index] == example.values.count / max(1, channels.count) else {
                    throw Self.changed(file)
                }
                try body(example, index)
                index += 1
                return true
            }
        }
        guard index == parts.count else { throw Self.changed(sources[0].file) }
    }

    private static func changed(_ file: SignalFile) -> RecurrentError {
        RecurrentError(.badData, "the file has changed while it was read", at: file.path, help: "try again")
    }

    // MARK: - Judging

    /// Takes groups of each class for judging, and deals the others into folds.
    private mutating func split(_ options: SignalOptions) throws {
        let key = RandomKey(seed: options.seed, stream: 0x5917)
        let learned = parts.indices.filter { parts[$0] == 0 }
        try take(part: 2, share: options.testFile == nil ? options.testShare : 0, key.substream(2), learned)
        let count = parts.count { $0 == 0 }
        let wantsFolds = options.validFile == nil && options.validShare == nil && options.folds == nil
        foldCount = options.folds ?? (wantsFolds && count < 1_000 ? 5 : 0)
        folds = [Int](repeating: 0, count: parts.count)
        if foldCount > 0 {
            guard options.validFile == nil, options.validShare ?? 0 == 0 else {
                throw RecurrentError(
                    .usage, "folds judge the training already", at: "--folds",
                    help: "leave out --folds, or --valid and --valid-share")
            }
            let own = parts.indices.filter { parts[$0] == 0 }
            let most = Set(own.map { groups[$0] }).count
            if foldCount > most {
                guard options.folds == nil, most > 1 else {
                    throw RecurrentError(
                        .usage, "there are \(most) different examples for \(foldCount) folds", at: "--folds")
                }
                foldCount = most
            }
            for (index, fold) in deal(own, into: [Double](repeating: 1, count: foldCount), key.substream(3)) {
                folds[index] = fold
            }
            return
        }
        let share = options.validFile == nil ? options.validShare ?? 0.1 : 0
        try take(part: 1, share: share, key.substream(1), parts.indices.filter { parts[$0] == 0 })
    }

    private mutating func take(part: Int, share: Double, _ key: RandomKey, _ own: [Int]) throws {
        guard share > 0 else { return }
        for (index, pile) in deal(own, into: [1 - share, share], key) where pile == 1 { parts[index] = part }
        guard parts.contains(0) else {
            throw RecurrentError(
                .badData, "nothing is left to learn from", why: "all examples belong to one group",
                help: "take smaller shares, or fewer groups")
        }
    }

    /// Deals examples onto piles of given shares, so that each has its share of every class as nearly as may be; a group
    /// stays together. Numbers are dealt like classes, those of like size together.
    private func deal(_ own: [Int], into shares: [Double], _ key: RandomKey) -> [(index: Int, pile: Int)] {
        let kindCount = isClassifier ? labels.count : 10
        let kind = kinds(of: own, kindCount)
        var members: [Int: [Int]] = [:]
        for index in own { members[groups[index], default: []].append(index) }
        let sorted = members.values.sorted { $0[0] < $1[0] }
        let shuffle = KeyedPermutation(count: max(1, sorted.count), key: key)
        // Large groups first: what is small evens out at the end. Within a size the order is the seed's.
        let order = sorted.indices.map { sorted[shuffle[$0]] }.enumerated().sorted {
            ($1.element.count, $0.offset) < ($0.element.count, $1.offset)
        }
        var filled = [[Double]](repeating: [Double](repeating: 0, count: kindCount), count: shares.count)
        var totals = [Double](repeating: 0, count: shares.count)
        var result: [(Int, Int)] = []
        for (_, group) in order {
            var counts: [Int: Double] = [:]
            for index in group { counts[kind[index] ?? 0, default: 0] += 1 }
            let main = counts.max { ($0.value, -$0.key) < ($1.value, -$1.key) }?.key ?? 0
            let pile =
                shares.indices.min {
                    let a = (filled[$0][main] + 1e-9) / shares[$0]
                    let b = (filled[$1][main] + 1e-9) / shares[$1]
                    return (a, totals[$0] / shares[$0], $0) < (b, totals[$1] / shares[$1], $1)
                } ?? 0
            for (kind, count) in counts { filled[pile][kind] += count }
            totals[pile] += Double(group.count)
            result += group.map { ($0, pile) }
        }
        return result
    }

    private func kinds(of own: [Int], _ count: Int) -> [Int: Int] {
        if isClassifier { return Dictionary(uniqueKeysWithValues: own.map { ($0, classes[$0]) }) }
        let sorted = own.sorted { (targets[$0], $0) < (targets[$1], $1) }
        return Dictionary(
            uniqueKeysWithValues: sorted.enumerated().map { ($1, $0 * count / max(1, sorted.count)) })
    }
}
