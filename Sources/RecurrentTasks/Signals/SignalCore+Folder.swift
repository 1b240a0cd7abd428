import RecurrentCharts
import RecurrentFormats
import RecurrentInterchange
import RecurrentNN
import RecurrentTensor

extension SignalCore {
    /// Writes a model of signals as a folder: `config.json`, `model.safetensors`, pictures, and a manifest with hashes.
    func save(
        task: String, _ more: JSONObject, pictures: [(name: String, bytes: [UInt8])], to folder: String, replacing: Bool
    ) throws(RecurrentError) {
        var config: JSONObject = [
            "recipe": recipe.json, "channels": JSON(channels), "labels": JSON(labels), "reading": reading.json,
        ]
        for (key, value) in more { config[key] = value }
        try TaskFolder.write(
            task: task, config: config, networks: ensemble.networks, weightFormat: weightFormat, others: pictures,
            to: folder, replacing: replacing)
    }

    /// Reads what all models of signals have.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    static func open(
        _ folder: String, task: String, isClassifier: Bool
    ) throws -> (core: SignalCore, config: JSONCursor) {
        var files = try TaskFolder(opening: folder, task: task)
        let config = files.config
        let recipe = try SignalRecipe(config["recipe"])
        let (channels, labels) = (try config["channels"].strings(), try config["labels"].strings())
        guard channels.count == recipe.channels else {
            throw config["channels"].error("are \(channels.count) names of \(recipe.channels) channels")
        }
        guard isClassifier ? labels.count == recipe.outputs && Set(labels).count == labels.count : labels.isEmpty else {
            throw config["labels"].error("are \(labels.count) names for \(recipe.outputs) outputs")
        }
        guard isClassifier || recipe.outputs == 1 else {
            throw config["recipe"].error("has \(recipe.outputs) outputs; a regressor has one")
        }
        let networks = try files.networks(members: recipe.networkCount, parameterCount: recipe.parameterCount) {
            try SignalNetwork(recipe, key: RandomKey(seed: 0))
        }
        guard networks.allSatisfy({ $0.scale.deviation.allSatisfy { $0 > 0 } && $0.targetScale.deviation > 0 }) else {
            throw RecurrentError(
                .badModel, "a deviation is not above 0", at: files.path(of: "model.safetensors"),
                help: "take another copy of the folder, or train again")
        }
        var core = SignalCore(
            recipe: recipe, channels: channels, labels: labels, reading: try SignalFileOptions(config["reading"]),
            ensemble: SignalEnsemble(recipe: recipe, networks: networks))
        core.weightFormat = files.weightFormat
        return (core, config)
    }

    /// What scores are of, for a person.
    func judgedOn(isTest: Bool) -> String {
        if isTest { return "On the examples that judge the model:" }
        guard recipe.folds > 0 else { return "On the examples that judged the training:" }
        return "On all examples, each by the networks of \(recipe.folds) folds that had not learned from it:"
    }
}
