package import RecurrentFormats
package import RecurrentTensor

/// What a study is: its data, its variants, its space, how it searches. A folder holds one.
package struct StudyManifest: Sendable, Hashable {
    /// How points are chosen.
    package enum Search: String, Sendable, Hashable, CaseIterable {
        /// Each by itself at random: the trials are a sample that statistics may speak of.
        case random
        /// At random, but only the best go on: asynchronous successive halving.
        case asha
        /// Where good trials are dense: a tree-structured Parzen estimator.
        case tpe
    }

    /// The task, as in `train`.
    package var task: String
    /// What follows the task on the command line of `train`: data and options.
    package var arguments: [String]
    /// The data.
    package var data: DataFingerprint
    /// The variants, the reference first.
    package var variants: [String]
    /// What is varied.
    package var space: SearchSpace
    /// What is held: settings that are not varied, by name.
    package var fixed: [String: Double] = [:]
    /// How points are chosen.
    package var search: Search
    /// The seed of everything random.
    package var seed: UInt64
    /// The rule of updates.
    package var optimizer: String
    /// The epochs of a training at most, and those without improvement after which it ends.
    package var epochs: Int
    package var patience: Int
    /// The limit of the gradient's norm; 0: none.
    package var clip = 0.0
    /// Whether dropout and other helps of the task's recipe stay.
    package var isRegularized = false
    /// The trials of each variant.
    package var trials: Int
    /// The trainings of each trial.
    package var seeds: Int
    /// The trainings of each variant's best point at the end.
    package var confirmations: Int
    /// The epochs of the lowest rung, and one in how many goes on, of successive halving.
    package var halving: SuccessiveHalving?
    /// The names of the figures, as people read them.
    package var validationName: String
    package var testName: String?

    package init(
        task: String, arguments: [String], data: DataFingerprint, variants: [String], space: SearchSpace
    ) {
        (self.task, self.arguments, self.data) = (task, arguments, data)
        (self.variants, self.space) = (variants, space)
        (search, seed, optimizer) = (.random, 0, "sgd")
        (epochs, patience, trials, seeds, confirmations) = (150, 15, 20, 1, 0)
        validationName = "validation loss"
    }

    // MARK: - The file

    package static let fileName = "study.json"

    package var json: JSON {
        var object: JSONObject = [
            "format": "recurrent-study", "version": 1, "task": .string(task), "arguments": JSON(arguments),
            "data": data.json, "variants": JSON(variants), "space": space.json, "search": .string(search.rawValue),
            "seed": .string("\(seed)"), "optimizer": .string(optimizer), "epochs": JSON(epochs),
            "patience": JSON(patience), "trials": JSON(trials), "seeds": JSON(seeds),
            "confirmations": JSON(confirmations), "validation": .string(validationName),
        ]
        object["test"] = testName.map { .string($0) }
        object["clip"] = JSON(clip)
        object["regularized"] = JSON(isRegularized)
        object["fixed"] = .object(JSONObject(fixed.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }))
        if let halving {
            object["halving"] = ["minimum": JSON(halving.rungs[0]), "reduction": JSON(halving.reduction)]
        }
        return .object(object)
    }

    package init(_ json: JSONCursor) throws(RecurrentError) {
        guard try json["format"].string() == "recurrent-study", try json["version"].int() == 1 else {
            throw json["format"].error("this is no study of a known version")
        }
        task = try json["task"].string()
        arguments = try json["arguments"].strings()
        data = try DataFingerprint(json["data"])
        variants = try json["variants"].strings()
        guard !variants.isEmpty, Set(variants).count == variants.count, variants.allSatisfy(PathName.isPlain) else {
            throw json["variants"].error("these are no names of variants")
        }
        space = try SearchSpace(json["space"])
        search = try json["search"].choice(Search.self)
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("the seed is no number") }
        self.seed = seed
        optimizer = try json["optimizer"].string()
        epochs = try json["epochs"].int(in: 1...1_000_000)
        patience = try json["patience"].int(in: 0...1_000_000)
        trials = try json["trials"].int(in: 1...1_000_000)
        seeds = try json["seeds"].int(in: 1...1000)
        confirmations = try json["confirmations"].int(in: 0...1000)
        validationName = try json["validation"].string()
        testName = try json["test"].ifPresent?.string()
        clip = try json["clip"].ifPresent?.double(in: 0...1e9) ?? 0
        isRegularized = try json["regularized"].ifPresent?.bool() ?? false
        for key in try json["fixed"].ifPresent?.object().keys ?? [] { fixed[key] = try json["fixed"][key].double() }
        if search == .asha {
            do throws(RecurrentError) {
                halving = try SuccessiveHalving(
                    minimum: json["halving"]["minimum"].int(), maximum: epochs,
                    reduction: json["halving"]["reduction"].int())
            } catch {
                throw json["halving"].error(error.what)
            }
        }
    }

    // MARK: - Going on

    /// This study with what another asks for: more variants, trials or trainings, but nothing else.
    ///
    /// - Throws: `usage` that says what differs.
    package func extended(by other: StudyManifest, in folder: String) throws(RecurrentError) -> StudyManifest {
        func refuse(_ what: String, _ why: String) -> RecurrentError {
            RecurrentError(
                .usage, what, at: PathName.shown(folder), why: why,
                help: "choose another --out, or say --force to begin anew here: what was found is then lost")
        }
        if data != other.data {
            throw refuse(
                "this folder holds a study of other data",
                data.hash == other.data.hash
                    ? "the files differ"
                    : "its data were \(data.summary), these are \(other.data.summary), or others of the same size")
        }
        if task != other.task {
            throw refuse("this folder holds a study of another task", "it is of '\(task)', not of '\(other.task)'")
        }
        let known: [(name: String, old: String, new: String)] = [
            ("--search", search.rawValue, other.search.rawValue), ("--seed", "\(seed)", "\(other.seed)"),
            ("--optimizer", optimizer, other.optimizer), ("--epochs", "\(epochs)", "\(other.epochs)"),
            ("--patience", "\(patience)", "\(other.patience)"),
            ("--rung", "\(halving?.rungs[0] ?? 0)", "\(other.halving?.rungs[0] ?? 0)"),
            ("--clip", "\(clip)", "\(other.clip)"),
            ("--regularized", "\(isRegularized)", "\(other.isRegularized)"),
            ("what is held", Self.text(fixed), Self.text(other.fixed)),
            ("--reduction", "\(halving?.reduction ?? 0)", "\(other.halving?.reduction ?? 0)"),
            (
                "what is varied", space.axes.map { "\($0.name) \($0.description)" }.joined(separator: "; "),
                other.space.axes.map { "\($0.name) \($0.description)" }.joined(separator: "; ")
            ),
            ("the options of train", Self.options(arguments), Self.options(other.arguments)),
        ]
        if let differing = known.first(where: { $0.old != $0.new }) {
            throw refuse(
                "this folder holds a study with other settings",
                "\(differing.name): it has '\(differing.old)', now '\(differing.new)' was asked for")
        }
        var extended = self
        extended.variants += other.variants.filter { !variants.contains($0) }
        extended.trials = max(trials, other.trials)
        extended.seeds = max(seeds, other.seeds)
        extended.confirmations = max(confirmations, other.confirmations)
        return extended
    }

    private static func text(_ values: [String: Double]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    /// A setting of a training: varied or held.
    package func setting(_ name: String, at point: SearchPoint) -> Double? { point[name]?.number ?? fixed[name] }

    /// What follows the data: paths may change, their bytes are compared by themselves.
    private static func options(_ arguments: [String]) -> String {
        arguments.drop { !$0.hasPrefix("-") || $0 == "-" }.joined(separator: " ")
    }
}
