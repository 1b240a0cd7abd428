import RecurrentCharts
import RecurrentData
public import RecurrentFormats
import RecurrentInterchange
import RecurrentTensor

extension SequenceClassifier: TaskModel {
    /// Writes the model as a folder: `config.json`, `model.safetensors`, `tokenizer.json`, a picture of the confusions where
    /// the model was judged, and a manifest with their hashes.
    ///
    /// The folder is whole or absent, and moving it loses nothing.
    public func save(to folder: String, replacing: Bool = false) throws {
        var reading: JSONObject = [:]
        reading["text"] = self.reading.text.map { .string($0) }
        reading["label"] = self.reading.label.map { .string($0) }
        var others: [(name: String, bytes: [UInt8])] = [("tokenizer.json", tokenizer.json.bytes())]
        if let evidence = ensemble.evidence { others.append(("runs.safetensors", try evidence.bytes())) }
        if let report = test ?? validation { others.append(("confusion.svg", Array(report.svg.utf8))) }
        try TaskFolder.write(
            task: ClassifyTask.name,
            config: [
                "recipe": recipe.json, "labels": JSON(labels), "sharpness": JSON(calibration.sharpness),
                "trust": JSON(calibration.trust),
                "reading": .object(reading), "validation": validation?.json ?? .null, "test": test?.json ?? .null,
            ], networks: ensemble.networks, weightFormat: weightFormat, others: others, to: folder,
            replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        var files = try TaskFolder(opening: folder, task: ClassifyTask.name)
        let config = files.config
        let recipe = try ClassifierRecipe(config["recipe"])
        let labels = try config["labels"].strings()
        guard labels.count == recipe.classes, Set(labels).count == labels.count else {
            throw config["labels"].error("are \(labels.count) names for \(recipe.classes) classes")
        }
        let source = files.path(of: "tokenizer.json")
        let tokenizer = try Tokenizer(
            JSONCursor(
                try JSON(parsing: files.read("tokenizer.json"), from: source, category: .badModel), source: source))
        guard tokenizer.count == recipe.vocabulary else {
            throw RecurrentError(
                .badModel, "there are \(tokenizer.count) tokens; the network knows \(recipe.vocabulary)", at: source,
                help: "take another copy of the folder, or train again")
        }
        let networks = try files.networks(members: recipe.members, parameterCount: recipe.parameterCount) {
            ClassifierNetwork(recipe, key: RandomKey(seed: 0))
        }
        let evidence =
            recipe.runLength > 0
            ? try RunEvidence(
                files.read("runs.safetensors"), recipe: recipe, source: files.path(of: "runs.safetensors")) : nil
        var reading = TextFileOptions()
        reading.text = try config["reading"]["text"].ifPresent?.string()
        reading.label = try config["reading"]["label"].ifPresent?.string()
        self.init(
            recipe: recipe, tokenizer: tokenizer, labels: labels, reading: reading,
            ensemble: ClassifierEnsemble(recipe: recipe, networks: networks, evidence: evidence))
        calibration = Calibration(
            sharpness: try config["sharpness"].double(in: Calibration.sharpnesses),
            trust: try config["trust"].double(in: Calibration.trusts))
        validation = try config["validation"].ifPresent.map { try ClassificationReport($0, labels: labels) }
        test = try config["test"].ifPresent.map { try ClassificationReport($0, labels: labels) }
        weightFormat = files.weightFormat
    }

    /// The scores on the examples that judge the model, or else the training.
    public var results: [String] {
        guard let report = test ?? validation else { return [] }
        return [test == nil ? "On the examples that judged the training:" : "On the examples that judge the model:"]
            + report.lines(.plain)
    }

    /// The same as names and values.
    public var resultsJSON: JSONObject {
        [
            "validation": validation?.json ?? .null, "test": test?.json ?? .null, "temperature": JSON(temperature),
            "classes": JSON(labels.count), "parameters": JSON(recipe.parameterCount * Double(recipe.members)),
            "vocabulary": JSON(tokenizer.count),
        ]
    }
}
