import RecurrentCharts
import RecurrentData
public import RecurrentFormats
import RecurrentInterchange
import RecurrentNN
import RecurrentTensor
public import RecurrentTraining

extension Translator: TaskModel {
    /// Learns from the pairs of files.
    ///
    /// - Parameters:
    ///   - adjust: changes the recipe that suits the number of pairs.
    ///   - observers: what watches the training.
    /// - Throws: `inputOutput` or `badData` with file and line where the data cannot be used.
    public static func fit(
        _ data: TranslationData, sourceTokens: TranslationRecipe.Tokens = .bytePairs,
        targetTokens: TranslationRecipe.Tokens = .bytePairs, seed: UInt64 = 0,
        observers: [any TrainingObserver] = [], adjust: (inout TranslationRecipe) throws -> Void = { _ in }
    ) throws -> Translator {
        let task = try TranslationTask(
            data, sourceTokens: sourceTokens, targetTokens: targetTokens, seed: seed, adjust: adjust)
        var session = try TaskSession(task)
        try session.run(observers: observers)
        return try session.model()
    }

    /// Writes the model as a folder: `config.json`, `model.safetensors`, the tokenizers and a manifest with their hashes.
    ///
    /// - Throws: `RecurrentError` where the folder exists and may not be replaced, or cannot be written; what was there
    ///   before is then there still.
    public func save(to folder: String, replacing: Bool = false) throws {
        try TaskFolder.write(
            task: TranslationTask.name,
            config: ["recipe": recipe.json, "seed": .string("\(seed)"), "report": report.json], networks: [network],
            weightFormat: weightFormat, others: vocabulary.files, to: folder, replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        var files = try TaskFolder(opening: folder, task: TranslationTask.name)
        let recipe = try TranslationRecipe(files.config["recipe"])
        guard let seed = UInt64(try files.config["seed"].string()) else {
            throw files.config["seed"].error("the seed is no number")
        }
        let opened = files
        let vocabulary = try TranslationVocabulary(sharing: recipe.sharesVocabulary) { name throws(RecurrentError) in
            try opened.read(name)
        }
        let configuration = recipe.configuration(
            sourceCount: vocabulary.source.count, targetCount: vocabulary.target.count)
        let networks = try files.networks(members: 1, parameterCount: configuration.parameterCount) {
            EncoderDecoder(configuration, key: RandomKey(seed: 0))
        }
        self.init(
            recipe: recipe, network: networks[0], vocabulary: vocabulary, seed: seed,
            report: try TranslationReport(files.config["report"]))
        weightFormat = files.weightFormat
    }

    /// What the training came to.
    public var results: [String] {
        var lines = ["pairs     \(report.trainingPairs) learned from, \(report.heldOutPairs) held out"]
        if let perplexity = report.perplexity {
            lines.append("held out  perplexity \(NumberText.compact(perplexity, digits: 5)) a token")
        }
        return lines
    }

    /// The same as names and values.
    public var resultsJSON: JSONObject { ["scores": report.json] }
}
