import RecurrentData
public import RecurrentFormats
import RecurrentNN
import RecurrentTensor

extension Forecaster {
    /// Writes the model as a folder: `config.json`, `model.safetensors`, `context.csv` and a manifest with their hashes.
    ///
    /// The folder is whole or absent, and moving it loses nothing.
    ///
    /// - Parameter replacing: whether a model that is there may be replaced.
    /// - Throws: `RecurrentError` where the folder exists and may not be replaced, or cannot be written; what was there
    ///   before is then there still.
    public func save(to folder: String, replacing: Bool = false) throws {
        let weights = try ReducedWeights.encode(ensemble.parameters, weightFormat)
        try VerifiedFolder.write(
            [
                ("config.json", config.bytes(.pretty)),
                ("model.safetensors", try Safetensors.bytes(weights, metadata: ["format": "pt"])),
                ("context.csv", try SeriesTable.bytes(of: context)),
            ], to: folder, replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Throws: `RecurrentError` of category `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        let files = try VerifiedFolder(opening: folder)
        let source = files.path(of: "config.json")
        let bytes = try files.read("config.json")
        let json = JSONCursor(try JSON(parsing: bytes, from: source, category: .badModel), source: source)
        guard try json["task"].string() == "forecast" else {
            throw json["task"].error("this model is for the task '\(try json["task"].string())', not for forecasting")
        }
        guard try json["version"].int() == 1 else {
            throw json["version"].error(
                "this is version \(try json["version"].int()) of the format; version 1 is known",
                help: "use the program that wrote the model, or a newer one")
        }
        let recipe = try ForecastRecipe(json["recipe"])
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("the seed is no number") }

        let weights = try SafetensorsFile(
            bytes: files.read("model.safetensors"), source: files.path(of: "model.safetensors"))
        // The weights are counted before a network of the declared size takes memory.
        let stored = weights.entries.reduce(0.0) { $0 + (ReducedWeights.isScale($1.name) ? 0 : Double($1.count)) }
        guard stored == recipe.parameterCount * Double(recipe.members) else {
            throw RecurrentError(
                .badModel, "the weights do not fit config.json: there are \(Int(stored)) numbers",
                at: files.path(of: "model.safetensors"), help: "take another copy of the folder, or train again")
        }
        var ensemble = ForecastEnsemble(
            members: (0..<recipe.members).map { _ in ForecastNetwork(recipe, key: RandomKey(seed: 0)) })
        let (tensors, format) = try ReducedWeights.decode(
            try weights.tensors(), from: files.path(of: "model.safetensors"))
        try ensemble.load(tensors, from: files.path(of: "model.safetensors"))
        guard ensemble.parameters.allSatisfy({ $0.value.isFinite }) else {
            throw RecurrentError(.badModel, "the weights hold NaN or infinity", at: files.path(of: "model.safetensors"))
        }

        let scaleValues = try json["scales"].elements()
        guard scaleValues.count == recipe.seriesIds.count else {
            throw json["scales"].error("there are \(scaleValues.count) scales for \(recipe.seriesIds.count) series")
        }
        let positive = 0...Double.greatestFiniteMagnitude
        let scales = try scaleValues.map { cursor in
            SeriesScale(
                deviation: try cursor["deviation"].double(in: positive),
                naiveError: try cursor["naive_error"].double(in: 1e-300...Double.greatestFiniteMagnitude),
                isNonNegative: try cursor["non_negative"].bool())
        }
        func covariates(_ key: String, _ count: Int) throws -> [CovariateScale] {
            let elements = try json[key].elements()
            guard elements.count == count else { throw json[key].error("\(count) scales are needed") }
            return try elements.map {
                CovariateScale(
                    mean: try $0["mean"].double(),
                    deviation: try $0["deviation"].double(in: 1e-300...Double.greatestFiniteMagnitude))
            }
        }
        self.init(
            recipe: recipe, backtest: try json["backtest"].ifPresent.map { try BacktestReport($0) },
            notes: try json["notes"].strings(), seed: seed,
            context: try SeriesTable.read(files.path(of: "context.csv"), json["context"], recipe: recipe),
            ensemble: ensemble, reading: try ReadingChoice(json["reading"]),
            scales: Dictionary(zip(recipe.seriesIds, scales)) { first, _ in first },
            covariateScales: (
                try covariates("past_scales", recipe.pastCovariates.count),
                try covariates("known_scales", recipe.knownCovariates.count)
            ), weightFormat: format)
    }

    /// Architecture, task and preprocessing: data, never code.
    private var config: JSON {
        func json(_ scale: CovariateScale) -> JSON { ["mean": JSON(scale.mean), "deviation": JSON(scale.deviation)] }
        return [
            "format": "recurrent-model", "version": 1, "task": "forecast", "recipe": recipe.json,
            "context": SeriesTable.description(of: context),
            "seed": .string("\(seed)"), "quantiles": JSON(ForecastRecipe.quantiles),
            "scales": .array(
                recipe.seriesIds.map { id in
                    let scale = scales[id] ?? SeriesScale(deviation: 1, naiveError: 1, isNonNegative: false)
                    return [
                        "deviation": JSON(scale.deviation), "naive_error": JSON(scale.naiveError),
                        "non_negative": JSON(scale.isNonNegative),
                    ]
                }),
            "past_scales": .array(covariateScales.past.map(json)),
            "known_scales": .array(covariateScales.known.map(json)),
            "backtest": backtest?.json ?? .null, "notes": JSON(notes),
            "reading": reading.json,
        ]
    }
}

extension BacktestReport {
    /// The scores by method and name; a score that cannot be computed is null.
    public var json: JSON {
        var object = JSONObject()
        for (name, scores) in methods { object[name] = scores.json }
        object["windows"] = JSON(windowCount)
        object["series"] = JSON(seriesCount)
        object["season"] = JSON(season)
        return .object(object)
    }

    init(_ json: JSONCursor) throws {
        func scores(_ key: String) throws -> Scores {
            func value(_ name: String) throws -> Double { try json[key][name].ifPresent?.double() ?? .nan }
            return Scores(
                mae: try value("mae"), rmse: try value("rmse"), mase: try value("mase"), smape: try value("smape"),
                rmsse: try value("rmsse"), wql: try json[key]["wql"].ifPresent?.double(),
                coverage80: try json[key]["coverage_80"].ifPresent?.double())
        }
        self.init(
            model: try scores("model"), naive: try scores("naive"), seasonalNaive: try scores("seasonal_naive"),
            drift: try scores("drift"), windowCount: try json["windows"].int(), season: try json["season"].int(),
            seriesCount: try json["series"].int())
    }
}

extension BacktestReport.Scores {
    /// The scores by name; what cannot be computed is null, what a method does not have is left out.
    public var json: JSON {
        func number(_ value: Double) -> JSON { value.isFinite ? JSON(value) : .null }
        var object: JSONObject = [
            "mae": number(mae), "rmse": number(rmse), "mase": number(mase), "smape": number(smape),
            "rmsse": number(rmsse),
        ]
        if let wql { object["wql"] = number(wql) }
        if let coverage80 { object["coverage_80"] = number(coverage80) }
        return .object(object)
    }
}

extension Forecast {
    /// Id, times, mean and quantiles by level.
    public var json: JSON {
        var levels = JSONObject()
        for (level, values) in zip(self.levels, quantiles) { levels["\(level)"] = JSON(values) }
        return [
            "id": .string(id), "timestamps": JSON(stampTexts), "mean": JSON(mean), "quantiles": .object(levels),
        ]
    }
}
