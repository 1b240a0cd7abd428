import RecurrentData
public import RecurrentFormats
import RecurrentNN
import RecurrentTensor

extension Transcriber {
    /// Writes the model as a folder: `config.json`, `model.safetensors` and a manifest with their hashes.
    ///
    /// The folder is whole or absent, and moving it loses nothing.
    ///
    /// - Parameter replacing: whether a model that is there may be replaced.
    /// - Throws: `RecurrentError` where the folder exists and may not be replaced, or cannot be written.
    public func save(to folder: String, replacing: Bool = false) throws {
        try TaskFolder.write(
            task: TranscribeTask.name,
            config: [
                "recipe": recipe.json, "alphabet": alphabet.json, "lowercased": JSON(isLowercased),
                "prior": hearing.prior?.json ?? .null,
            ], networks: [network], weightFormat: weightFormat, to: folder, replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        var files = try TaskFolder(opening: folder, task: TranscribeTask.name)
        let recipe = try TranscriberRecipe(files.config["recipe"])
        let alphabet = try TranscriptionAlphabet(files.config["alphabet"])
        let networks = try files.networks(
            members: 1, parameterCount: recipe.parameterCount(classes: alphabet.classCount)
        ) {
            try TranscriberNetwork(recipe, classes: alphabet.classCount, key: RandomKey(seed: 0))
        }
        self.init(
            recipe: recipe, alphabet: alphabet, isLowercased: try files.config["lowercased"].bool(),
            prior: try .init(files.config["prior"], recipe), network: networks[0])
        weightFormat = files.weightFormat
    }

    /// How the training came out on data that were kept from it.
    public var results: [String] {
        reports.map { name, report in
            "\(name): \(report.words.sequences) recordings, word error rate \(percent(report.words.rate)), "
                + "character error rate \(percent(report.characters.rate))"
        }
    }

    /// The same as names and values.
    public var resultsJSON: JSONObject {
        var object: JSONObject = ["parameters": JSON(network.parameterCount), "symbols": JSON(alphabet.symbols.count)]
        for (name, report) in reports { object[name] = report.json }
        return object
    }

    private func percent(_ share: Double) -> String {
        guard share.isFinite, share < 1e6 else { return "–" }
        let text = String(Int((share * 10_000).rounded()))
        let padded = String(repeating: "0", count: max(0, 3 - text.count)) + text
        return padded.dropLast(2) + "." + padded.suffix(2) + " %"
    }
}
