import RecurrentData
public import RecurrentFormats
import RecurrentTensor
import RecurrentTraining

extension TranscribeTask {
    // MARK: - The folder of the run

    /// Every choice.
    public var json: JSON {
        [
            "recipe": recipe.json, "seed": .string("\(seed)"), "alphabet": alphabet.json, "notes": JSON(notes),
            "lowercased": JSON(isLowercased), "recordings": JSON(partCounts), "seconds": JSON(seconds),
            "texts": JSON(texts), "prior": hearing.prior?.json ?? .null,
        ]
    }

    /// Nothing: the sound was written when it was read.
    public func write(into folder: String) throws {}

    /// Makes the task again from the folder of its run.
    public init(_ json: JSONCursor, folder: String) throws {
        let store = try TokenStore(opening: folder + "/data")
        let counts = try json["recordings"].ints()
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("is no number") }
        guard counts.count == 3, counts.allSatisfy({ $0 >= 0 && $0 <= store.count }), counts[0] > 0,
            counts.reduce(0, +) == store.count, store.columns == ["samples", "labels"]
        else { throw json["recordings"].error("do not fit the prepared data") }
        let (recipe, alphabet) = (try TranscriberRecipe(json["recipe"]), try TranscriptionAlphabet(json["alphabet"]))
        for example in 0..<store.count {
            let labels = try store.tokens(example, column: 1)
            guard labels.allSatisfy({ $0 >= 1 && Int($0) < alphabet.classCount }),
                try store.tokens(example, column: 0).allSatisfy({ $0 >= 0 && $0 < 65_536 })
            else { throw json["alphabet"].error("does not fit the prepared data") }
        }
        let texts = try json["texts"].strings()
        guard texts.count == counts[1] + counts[2] else { throw json["texts"].error("do not fit the prepared data") }
        self.init(
            recipe: recipe, alphabet: alphabet, seed: seed, notes: try json["notes"].strings(),
            isLowercased: try json["lowercased"].bool(), partCounts: counts,
            seconds: try json["seconds"].double(in: 0...1e12), texts: texts, store: store,
            prior: try FeatureStatistics(json["prior"], recipe))
    }

    // MARK: - What a person sees

    /// What was found in the data and chosen for them.
    public var summary: [String] {
        let shown = alphabet.symbols.prefix(40).joined(separator: alphabet.unit == .words ? " " : "")
        let minutes = seconds / 60
        let length = minutes >= 120 ? "\(Int((minutes / 60).rounded())) hours" : "\(Int(minutes.rounded())) minutes"
        var lines = [
            "\(partCounts[0]) recordings, \(length) at \(recipe.sampleRate) Hz; \(alphabet.symbols.count) "
                + "\(alphabet.unit.rawValue): \(shown)\(alphabet.symbols.count > 40 ? " …" : "")"
        ]
        if partCounts[1] > 0 {
            lines.append(
                "\(partCounts[1]) recordings for validation"
                    + (partCounts[2] > 0 ? ", \(partCounts[2]) for the test" : ""))
        }
        let projection = recipe.projectionSize > 0 ? " projected to \(recipe.projectionSize)" : ""
        lines.append(
            "\(Int(recipe.parameterCount(classes: alphabet.classCount))) weights: "
                + (recipe.isBidirectional ? "bidirectional" : "one-directional")
                + " LSTM of \(recipe.layers) × \(recipe.hiddenSize)\(projection) over \(recipe.stack) rows of "
                + "\(recipe.melCount) mels")
        return lines
    }

    /// The choices as names and values, for logs.
    public var hyperparameters: [(name: String, value: Hyperparameter)] {
        [
            ("hidden_size", .number(Double(recipe.hiddenSize))), ("layers", .number(Double(recipe.layers))),
            ("stack", .number(Double(recipe.stack))), ("dropout", .number(recipe.dropout)),
            ("learning_rate", .number(recipe.learningRate)), ("batch_size", .number(Double(recipe.batchSize))),
            ("epochs", .number(Double(recipe.epochs))), ("bidirectional", .truth(recipe.isBidirectional)),
        ]
    }

    /// The label error rate.
    public var metricName: String? { partCounts[1] == 0 ? nil : "label error rate" }
}

extension FeatureStatistics {
    var json: JSON { ["mean": JSON(mean), "deviation": JSON(deviation), "count": JSON(count)] }

    /// - Throws: `badModel` where there are none and the recipe needs them, or they do not fit it.
    init?(_ json: JSONCursor, _ recipe: TranscriberRecipe) throws(RecurrentError) {
        guard !recipe.isBidirectional else { return nil }
        let (mean, deviation) = (try json["mean"].doubles(), try json["deviation"].doubles())
        guard mean.count == recipe.features.featureCount, deviation.count == mean.count,
            (mean + deviation).allSatisfy(\.isFinite), deviation.allSatisfy({ $0 >= 0 })
        else { throw json["mean"].error("does not fit the features") }
        self.init(mean: mean, deviation: deviation, count: try json["count"].double(in: 0...1e15))
    }
}
