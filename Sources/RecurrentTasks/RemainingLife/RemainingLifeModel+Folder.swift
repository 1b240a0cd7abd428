import RecurrentCharts
import RecurrentData
public import RecurrentFormats
import RecurrentNN
import RecurrentTensor

extension RemainingLifeModel {
    /// Writes the model as a folder: `config.json`, `model.safetensors` and a manifest with their hashes.
    ///
    /// The folder is whole or absent, and moving it loses nothing.
    ///
    /// - Parameter replacing: whether a model that is there may be replaced.
    /// - Throws: `RecurrentError` where the folder exists and may not be replaced, or cannot be written.
    public func save(to folder: String, replacing: Bool = false) throws {
        try TaskFolder.write(
            task: RemainingLifeTask.name,
            config: [
                "recipe": recipe.json, "reading": reading.json, "scale": JSON(scale), "features": features.json,
            ], networks: networks, weightFormat: weightFormat, to: folder, replacing: replacing)
    }

    /// Reads a model folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        var files = try TaskFolder(opening: folder, task: RemainingLifeTask.name)
        let recipe = try RemainingLifeRecipe(files.config["recipe"])
        let features = try UnitFeatures(
            files.config["features"], smoothing: recipe.smoothing, readsAge: recipe.readsAge)
        let networks = try files.networks(
            members: recipe.members, parameterCount: recipe.parameterCount(inputSize: features.inputSize)
        ) { RemainingLifeNetwork(recipe, inputSize: features.inputSize, key: RandomKey(seed: 0)) }
        self.init(
            recipe: recipe, reading: try UnitTableOptions(files.config["reading"]),
            scale: try files.config["scale"].double(in: 1e-12...1e15), features: features, networks: networks)
        weightFormat = files.weightFormat
    }

    /// How the training came out on units that were kept from it.
    public var results: [String] {
        guard let validationError else { return [] }
        return [
            "validation: RMSE \(NumberText.fixed(validationError, 2)) on \(validationUnits) units that were not learnt from, "
                + "cut anywhere"
        ]
    }

    /// The same as names and values.
    public var resultsJSON: JSONObject {
        [
            "parameters": JSON(networks.reduce(0) { $0 + $1.parameterCount }),
            "validation_rmse": validationError.map { JSON($0) } ?? .null, "validation_units": JSON(validationUnits),
        ]
    }
}

extension UnitTableOptions {
    var json: JSON {
        [
            "unit": unit.map { .string($0) } ?? .null, "time": time.map { .string($0) } ?? .null,
            "channels": channels.map { JSON($0) } ?? .null,
        ]
    }

    /// - Throws: `badModel` where it is damaged.
    init(_ json: JSONCursor) throws(RecurrentError) {
        self.init()
        unit = try json["unit"].ifPresent?.string()
        time = try json["time"].ifPresent?.string()
        channels = try json["channels"].ifPresent?.strings()
    }
}
