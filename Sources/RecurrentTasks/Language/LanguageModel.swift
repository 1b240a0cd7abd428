import RecurrentAutodiff
import RecurrentCharts
public import RecurrentData
public import RecurrentFormats
import RecurrentInterchange
import RecurrentNN
public import RecurrentTensor
import RecurrentTraining

/// A model of a language: how probable texts are, and what comes next.
///
/// ```swift
/// let model = try LanguageModel.fit("shakespeare.txt", in: "run")
/// print(model.generate(400, after: "ROMEO:"))
/// print(try model.evaluate(file: "held-out.txt").bitsPerCharacter)
/// ```
/// A value, safe to share between threads; what runs along a text is a ``LanguageStream``.
public struct LanguageModel: TaskModel {
    /// Every choice of its network.
    public let recipe: LanguageRecipe
    /// Text to tokens and back.
    public let tokenizer: Tokenizer
    package internal(set) var network: LanguageNetwork
    /// The mean loss on the text that was held out from the training, in nats a token; nil where there was none.
    public internal(set) var heldOutLoss: Double?
    /// How the weights are stored.
    public internal(set) var weightFormat = WeightFormat.float32

    package init(recipe: LanguageRecipe, tokenizer: Tokenizer, network: LanguageNetwork) {
        (self.recipe, self.tokenizer, self.network) = (recipe, tokenizer, network)
    }

    /// Trains a model on text files.
    ///
    /// - Parameters:
    ///   - files: texts, read one after another.
    ///   - folder: where the prepared text stands while the training goes on.
    /// - Throws: `badData` where there is nothing to learn from, `usage` where a choice is not possible, `diverged`.
    public static func fit(
        _ files: String..., options: LanguageOptions = LanguageOptions(), in folder: String
    ) throws -> LanguageModel {
        var session = try TaskSession(LanguageTask(files: files, options: options, in: folder))
        try session.run()
        return try session.model()
    }

    // MARK: - The folder

    /// Writes the model as a folder: `config.json`, `model.safetensors`, `tokenizer.json` and a manifest with their hashes.
    ///
    /// The folder is whole or absent, and moving it loses nothing.
    public func save(to folder: String, replacing: Bool = false) throws {
        try TaskFolder.write(
            task: LanguageTask.name,
            config: ["recipe": recipe.json, "held_out_loss": heldOutLoss.map { JSON($0) } ?? .null],
            networks: [network], weightFormat: weightFormat,
            others: [("tokenizer.json", tokenizer.json.bytes())], to: folder, replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        var files = try TaskFolder(opening: folder, task: LanguageTask.name)
        let recipe = try LanguageRecipe(files.config["recipe"])
        let source = files.path(of: "tokenizer.json")
        let tokenizer = try Tokenizer(
            JSONCursor(
                try JSON(parsing: files.read("tokenizer.json"), from: source, category: .badModel), source: source))
        guard tokenizer.count == recipe.vocabulary else {
            throw RecurrentError(
                .badModel, "there are \(tokenizer.count) tokens; the network knows \(recipe.vocabulary)", at: source,
                help: "take another copy of the folder, or train again")
        }
        let networks = try files.networks(members: 1, parameterCount: recipe.parameterCount) {
            try LanguageNetwork(recipe, key: RandomKey(seed: 0))
        }
        self.init(recipe: recipe, tokenizer: tokenizer, network: networks[0])
        heldOutLoss = try files.config["held_out_loss"].ifPresent?.double()
        weightFormat = files.weightFormat
    }

    // MARK: - What the training came to

    /// The loss on the held-out text.
    public var results: [String] {
        guard let heldOutLoss else { return [] }
        let bits = heldOutLoss / Double.log(2)
        let unit = tokenizer.kind == .characters ? "character" : tokenizer.kind == .bytes ? "byte" : "token"
        func text(_ value: Double, _ digits: Int) -> String { NumberText.compact(value, digits: digits) }
        return [
            "Held-out text: \(text(heldOutLoss, 5)) nats a \(unit), \(text(bits, 5)) bits, "
                + "perplexity \(text(Double.exp(heldOutLoss), 5))"
        ]
    }

    /// The loss on the held-out text.
    public var resultsJSON: JSONObject {
        [
            "held_out_loss": heldOutLoss.map { JSON($0) } ?? .null,
            "parameters": JSON(network.parameterCount), "vocabulary": JSON(tokenizer.count),
        ]
    }
}
