import RecurrentCharts
public import RecurrentFormats
import RecurrentNN
import RecurrentTensor

extension RecordTagger {
    /// Writes the model as a folder: `config.json`, `model.safetensors` and a manifest with their hashes.
    ///
    /// The folder is whole or absent, and moving it loses nothing.
    ///
    /// - Parameter replacing: whether a model that is there may be replaced.
    /// - Throws: `RecurrentError` where the folder exists and may not be replaced, or cannot be written.
    public func save(to folder: String, replacing: Bool = false) throws {
        try TaskFolder.write(
            task: RecordTagTask.name,
            config: [
                "recipe": recipe.json, "classes": JSON(classes), "finds_events": JSON(findsEvents),
                "threshold": JSON(threshold), "framing": framing.json,
            ], networks: networks, weightFormat: weightFormat, to: folder, replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        var files = try TaskFolder(opening: folder, task: RecordTagTask.name)
        let recipe = try RecordTagRecipe(files.config["recipe"])
        let framing = try RecordFraming(files.config["framing"], stride: recipe.stride, context: recipe.context)
        let classes = try files.config["classes"].strings()
        let findsEvents = try files.config["finds_events"].bool()
        guard classes.count > (findsEvents ? 1 : 0), classes.count <= 1 << 20, Set(classes).count == classes.count
        else { throw files.config["classes"].error("are no classes of a model") }
        let networks = try files.networks(
            members: recipe.members,
            parameterCount: recipe.parameterCount(inputSize: framing.inputSize, classes: classes.count)
        ) {
            RecordTagNetwork(recipe, inputSize: framing.inputSize, classes: classes.count, key: RandomKey(seed: 0))
        }
        self.init(
            recipe: recipe, classes: classes, findsEvents: findsEvents, framing: framing, networks: networks)
        threshold = try files.config["threshold"].double(in: 0...1)
        weightFormat = files.weightFormat
    }

    /// How the training came out on data that were kept from it.
    public var results: [String] {
        reports.flatMap { name, report in
            ["\(name): \(report.steps) steps of \(report.records) record\(report.records == 1 ? "" : "s")"]
                + report.lines(.plain)
        }
    }

    /// The same as names and values.
    public var resultsJSON: JSONObject {
        var object: JSONObject = [
            "parameters": JSON(networks.reduce(0) { $0 + $1.parameterCount }), "classes": JSON(classes),
            "threshold": JSON(threshold),
        ]
        for (name, report) in reports { object[name] = report.json }
        return object
    }
}
