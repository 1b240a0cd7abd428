public import RecurrentFormats
import RecurrentInterchange
import RecurrentNN
public import RecurrentTensor

/// A champion of an evolution: a network that acts, with the environment that it was made for.
///
/// Its folder holds `config.json` with all choices, `model.safetensors` with the weights of a layer and a linear map, and, where
/// its wiring evolved too, `genome.json`; a genome that is no layer has no weights file.
public struct EvolvedPolicy: Sendable {
    /// The name of the task in config.json.
    public static let taskName = "evolve"

    /// What acts.
    public enum Body: Sendable {
        /// A network of layers.
        case network(EvolvedNetwork)
        /// A genome.
        case genome(NEATGenome)
    }

    /// Every choice of the evolution.
    public let recipe: EvolutionRecipe
    /// What acts.
    public let body: Body
    /// What the evolution came to, as it stands in config.json.
    public var report: JSONObject

    /// A champion.
    public init(_ recipe: EvolutionRecipe, _ body: Body, report: JSONObject = [:]) {
        (self.recipe, self.body, self.report) = (recipe, body, report)
    }

    /// A fresh controller, at the beginning of an episode.
    public func makeResponder() -> any Responder {
        switch body {
        case .network(let network): NetworkResponder(network)
        case .genome(let genome): NEATNetwork(genome)
        }
    }

    /// What acts for all creatures of an environment.
    ///
    /// - Throws: `usage` where the champion does not fit the environment.
    public func makeController(in environment: any Environment) throws(RecurrentError) -> any Controller {
        try checkFits(environment)
        return EvolvedAgent(self, in: environment)
    }

    // MARK: - The folder

    /// Writes the folder.
    ///
    /// - Throws: where it exists and may not be replaced, or cannot be written.
    public func save(to folder: String, replacing: Bool) throws(RecurrentError) {
        var object: JSONObject = [
            "format": "recurrent-model", "version": 1, "task": .string(Self.taskName), "recipe": recipe.json,
        ]
        var files: [(name: String, bytes: [UInt8])] = []
        var network: EvolvedNetwork?
        switch body {
        case .network(let own): network = own
        case .genome(let genome):
            files.append(("genome.json", genome.json.bytes(.pretty)))
            network = try? genome.network()
            if let network {
                object["layer"] = [
                    "cell": .string(network.shape.cell), "hidden_size": JSON(network.shape.hiddenSize),
                ]
            }
        }
        if let network {
            object["observation_size"] = JSON(network.inputSize)
            object["answer_size"] = JSON(network.outputSize)
            let weights = try Safetensors.bytes(
                network.parameters.map { (name: $0.name, tensor: $0.value) }, metadata: ["format": "pt"])
            files.append(("model.safetensors", weights))
        }
        object["report"] = .object(report)
        files.insert(("config.json", JSON.object(object).bytes(.pretty)), at: 0)
        try VerifiedFolder.write(files, to: folder, replacing: replacing)
    }

    /// Opens a folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another task.
    public init(folder: String) throws {
        let files = try VerifiedFolder(opening: folder)
        let config = try ModelFolder.config(of: files, task: Self.taskName)
        recipe = try EvolutionRecipe(config["recipe"])
        report = try config["report"].ifPresent?.object() ?? [:]
        if recipe.algorithm == .neat {
            let source = files.path(of: "genome.json")
            let json = try JSON(parsing: files.read("genome.json"), from: source, category: .badModel)
            body = .genome(try NEATGenome(JSONCursor(json, source: source)))
            return
        }
        var network = try EvolvedNetwork(
            recipe.network, inputSize: config["observation_size"].int(in: 1...4096),
            outputSize: config["answer_size"].int(in: 1...4096))
        let source = files.path(of: "model.safetensors")
        let weights = try SafetensorsFile(bytes: files.read("model.safetensors"), source: source)
        try network.load(
            Dictionary(weights.tensors().map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first }),
            from: source)
        guard network.parameters.allSatisfy({ $0.value.isFinite }) else {
            throw RecurrentError(.badModel, "the weights hold NaN or infinity", at: source)
        }
        body = .network(network)
    }

    /// The numbers of an observation and of an answer.
    public var sizes: (observation: Int, answer: Int) {
        switch body {
        case .network(let network): (network.inputSize, network.outputSize)
        case .genome(let genome): (genome.inputCount, genome.outputCount)
        }
    }

    /// Says where an environment is not one for this champion.
    ///
    /// - Throws: `usage` with the sizes of both.
    public func checkFits(_ environment: any Environment) throws(RecurrentError) {
        let (own, map) = (sizes, ActionMap(environment.actionSpace))
        guard environment.observationSpace.count == own.observation, map.answerSize == own.answer else {
            throw RecurrentError(
                .usage, "this champion does not fit the environment",
                why: "it sees \(own.observation) numbers and answers \(own.answer); the environment shows "
                    + "\(environment.observationSpace.count) and takes \(map.answerSize)",
                help: "it was made for \(recipe.environment.name)")
        }
    }
}
