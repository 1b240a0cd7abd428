public import RecurrentFormats
import RecurrentInterchange
public import RecurrentNN
public import RecurrentTensor

/// The folder of a trained model: `config.json`, `model.safetensors`, further files, and a manifest with their hashes.
public struct TaskFolder: Sendable {
    /// The content of `config.json`.
    public let config: JSONCursor
    /// How the weights are stored.
    public private(set) var weightFormat = WeightFormat.float32
    private let files: VerifiedFolder

    /// Opens the folder of a model.
    ///
    /// - Throws: `badModel` that names what is missing, damaged, or of another task or version.
    public init(opening folder: String, task: String) throws(RecurrentError) {
        let system = FileSystem()
        if !system.exists(folder + "/manifest.json"), system.exists(folder + "/training/" + TaskRun.fileName) {
            throw RecurrentError(
                .badModel, "there is no model yet: the run in this folder has not come to its end", at: folder,
                help: "recurrent resume goes on with it")
        }
        files = try VerifiedFolder(opening: folder)
        config = try ModelFolder.config(of: files, task: task)
    }

    /// The bytes of a file of the model.
    public func read(_ name: String) throws(RecurrentError) -> [UInt8] { try files.read(name) }

    /// Whether there is such a file.
    public func contains(_ name: String) -> Bool { files.contains(name) }

    /// Where a file stands, for messages.
    public func path(of name: String) -> String { files.path(of: name) }

    /// The networks of the model with their weights.
    ///
    /// - Parameters:
    ///   - members: how many there are.
    ///   - parameterCount: the numbers of one by its declared sizes, compared with the weights before memory is taken.
    ///   - make: an untrained network.
    /// - Throws: `badModel` where the weights do not fit.
    public mutating func networks<Network: Module>(
        members: Int, parameterCount: Double, _ make: () throws -> Network
    ) throws -> [Network] {
        let source = files.path(of: "model.safetensors")
        let weights = try SafetensorsFile(bytes: files.read("model.safetensors"), source: source)
        let stored = weights.entries.reduce(0.0) { $0 + (ReducedWeights.isScale($1.name) ? 0 : Double($1.count)) }
        guard stored == parameterCount * Double(members) else {
            throw RecurrentError(
                .badModel, "the weights do not fit config.json: there are \(Int(stored)) numbers", at: source,
                help: "take another copy of the folder, or train again")
        }
        let (tensors, format) = try ReducedWeights.decode(try weights.tensors(), from: source)
        var ensemble = Ensemble(members: try (0..<members).map { _ in try make() })
        try ensemble.load(tensors, from: source)
        guard ensemble.parameters.allSatisfy({ $0.value.isFinite }) else {
            throw RecurrentError(.badModel, "the weights hold NaN or infinity", at: source)
        }
        weightFormat = format
        return ensemble.members
    }

    /// Writes a model.
    ///
    /// - Parameters:
    ///   - config: what `config.json` holds beside format, version and task.
    ///   - networks: one or several; the parameters of several are named `0.…`, `1.…`.
    ///   - others: further files.
    /// - Throws: `RecurrentError` where the folder exists and may not be replaced, or cannot be written; what was there
    ///   before is then there still.
    public static func write(
        task: String, config: JSONObject, networks: [some Module], weightFormat: WeightFormat = .float32,
        others: [(name: String, bytes: [UInt8])] = [], to folder: String, replacing: Bool
    ) throws(RecurrentError) {
        var object: JSONObject = ["format": "recurrent-model", "version": 1, "task": .string(task)]
        for (key, value) in config { object[key] = value }
        let weights = try ReducedWeights.encode(Ensemble(members: networks).parameters, weightFormat)
        try VerifiedFolder.write(
            [
                ("config.json", JSON.object(object).bytes(.pretty)),
                ("model.safetensors", try Safetensors.bytes(weights, metadata: ["format": "pt"])),
            ] + others, to: folder, replacing: replacing)
    }
}

/// Networks whose answers are averaged; one keeps its own names.
struct Ensemble<Network: Module>: Module {
    var members: [Network]

    mutating func visitParameters(_ visit: inout some ParameterVisitor) {
        if members.count == 1 { return members[0].visitParameters(&visit) }
        for index in members.indices { visit("\(index)", &members[index]) }
    }
}
