import RecurrentFormats
import RecurrentTensor

/// One training of a study: which variant, which trial, which seed.
package struct StudyRun: Sendable, Hashable {
    /// What a training is for.
    package enum Stage: String, Sendable, Hashable, CaseIterable {
        /// To look through the space.
        case search
        /// To train the best point of a variant once more, with another seed.
        case confirm
    }

    /// The variant, such as the name of a cell.
    package let variant: String
    /// The number of the trial, from 0.
    package let trial: Int
    /// The number of the seed, from 0.
    package let seed: Int
    /// What it is for.
    package let stage: Stage

    package init(_ variant: String, trial: Int, seed: Int = 0, stage: Stage = .search) {
        (self.variant, self.trial, self.seed, self.stage) = (variant, trial, seed, stage)
    }

    /// The name, which is also that of its folder: `nig-0007`, `nig-0007-s2`, `nig-0007-again-s2`.
    package var name: String {
        let number = String(repeating: "0", count: max(0, 4 - String(trial).count)) + String(trial)
        return switch stage {
        case .search: variant + "-" + number + (seed > 0 ? "-s\(seed)" : "")
        case .confirm: variant + "-" + number + "-again-s\(seed)"
        }
    }

    var json: JSONObject {
        [
            "run": .string(name), "variant": .string(variant), "trial": JSON(trial), "seed": JSON(seed),
            "stage": .string(stage.rawValue),
        ]
    }

    init(_ json: JSONCursor) throws(RecurrentError) {
        variant = try json["variant"].string()
        // It becomes the name of a folder.
        guard PathName.isPlain(variant) else { throw json["variant"].error("this is no name of a variant") }
        trial = try json["trial"].int(in: 0...1_000_000_000)
        seed = try json["seed"].int(in: 0...1_000_000_000)
        stage = try json["stage"].choice(Stage.self)
    }

    /// A seed for everything random in it.
    package func seed(of study: UInt64) -> UInt64 {
        RandomKey(seed: study, stream: TextHash.fnv(variant)).substream(stage == .search ? 1 : 2)
            .substream(UInt64(trial)).substream(UInt64(seed)).stream
    }
}

/// What a training came to.
package struct TrialOutcome: Sendable, Hashable {
    /// How it ended.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// It came to its end: all epochs, or no improvement for as many as patience allows.
        case finished
        /// It was put aside on a rung of successive halving.
        case stopped
        /// Its loss became infinite, or grew without end.
        case diverged
        /// It could not be run.
        case failed
    }

    /// How it ended.
    package var kind: Kind
    /// The best figure on the data that judge the training, lower is better.
    package var validation: Double?
    /// The figure of the best network on the data that judge the model.
    package var test: Double?
    /// The epochs, and the one with the best network, from 1.
    package var epochs = 0
    package var bestEpoch = 0
    /// The seconds that it took, over all its parts.
    package var seconds = 0.0
    /// The numbers that were trained.
    package var parameters = 0
    /// Why it did not finish.
    package var why: String?

    package init(_ kind: Kind) { self.kind = kind }

    var json: JSONObject {
        var object: JSONObject = ["outcome": .string(kind.rawValue)]
        object["validation"] = validation.map { JSON($0) }
        object["test"] = test.map { JSON($0) }
        object["epochs"] = JSON(epochs)
        object["best_epoch"] = JSON(bestEpoch)
        object["seconds"] = JSON((seconds * 1000).rounded() / 1000)
        object["parameters"] = JSON(parameters)
        object["why"] = why.map { .string($0) }
        return object
    }

    init(_ json: JSONCursor) throws(RecurrentError) {
        kind = try json["outcome"].choice(Kind.self)
        validation = try json["validation"].ifPresent?.double()
        test = try json["test"].ifPresent?.double()
        let count = 0...(1 << 50)
        epochs = try json["epochs"].ifPresent?.int(in: count) ?? 0
        bestEpoch = try json["best_epoch"].ifPresent?.int(in: count) ?? 0
        seconds = try json["seconds"].ifPresent?.double(in: 0...1e12) ?? 0
        parameters = try json["parameters"].ifPresent?.int(in: count) ?? 0
        why = try json["why"].ifPresent?.string()
    }
}
