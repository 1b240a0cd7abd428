package import RecurrentFormats
import RecurrentNN
public import RecurrentTensor

extension LayeredNetwork {
    /// Writes the network as a folder: `config.json`, `model.safetensors` and a manifest with their hashes.
    ///
    /// The folder is whole or absent, and moving it loses nothing. The weights have PyTorch's names:
    /// ```python
    /// weights = safetensors.torch.load_file("model/model.safetensors")
    /// ```
    ///
    /// - Parameter replacing: whether a model that is there may be replaced.
    /// - Throws: `RecurrentError` where the folder exists and may not be replaced, or cannot be written; what was there
    ///   before is then there still.
    public func save(to folder: String, replacing: Bool = false) throws(RecurrentError) {
        let weights = try ReducedWeights.encode(parameters, weightFormat)
        try VerifiedFolder.write(
            [
                ("config.json", config.bytes(.pretty)),
                ("model.safetensors", try Safetensors.bytes(weights, metadata: ["format": "pt"])),
            ], to: folder, replacing: replacing)
    }

    /// Reads a folder that holds a network.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public init(folder: String) throws {
        let files = try VerifiedFolder(opening: folder)
        let json = try ModelFolder.config(of: files, task: "network")
        var parts: [(name: String, part: NetworkPart)] = []
        for layer in try json["layers"].elements() { parts.append(try NetworkPart.read(layer)) }

        let source = files.path(of: "model.safetensors")
        let weights = try SafetensorsFile(bytes: files.read("model.safetensors"), source: source)
        try Self.check(parts, against: weights)
        do throws(RecurrentError) {
            try self.init(parts)
        } catch {
            throw RecurrentError(.badModel, error.what, at: json.source, why: error.why)
        }
        let (tensors, format) = try ReducedWeights.decode(try weights.tensors(), from: source)
        try load(tensors, from: source)
        weightFormat = format
    }

    /// Compares sizes before a network of the declared sizes takes memory.
    private static func check(
        _ parts: [(name: String, part: NetworkPart)], against weights: SafetensorsFile
    ) throws(RecurrentError) {
        for (name, part) in parts {
            // A stack of layers is not listed before its first weights are known to be there.
            if let sizes = part.recurrentSizes, sizes.layers * sizes.directions > weights.entries.count {
                throw RecurrentError(
                    .badModel,
                    "'\(name)' has \(sizes.layers) layers; the weights hold \(weights.entries.count) tensors",
                    at: weights.source)
            }
            for parameter in part.parameters {
                let whole = name.isEmpty ? parameter.name : name + "." + parameter.name
                guard let entry = weights.entry(whole) else {
                    throw RecurrentError(.badModel, "the weights lack '\(whole)'", at: weights.source)
                }
                guard entry.shape == parameter.shape else {
                    throw RecurrentError(
                        .badModel, "'\(whole)' has shape \(entry.shape); the model needs \(parameter.shape)",
                        at: weights.source)
                }
            }
        }
    }

    /// Architecture and task: data, never code.
    var config: JSON {
        [
            "format": "recurrent-model", "version": 1, "task": "network",
            "layers": .array(layers.map { $0.part.json(name: $0.name) }),
        ]
    }
}

/// What every model folder has in common.
package enum ModelFolder {
    /// The task that a folder is made for.
    ///
    /// - Throws: `badModel` where it is no model folder.
    package static func task(of folder: String) throws(RecurrentError) -> String {
        try config(of: VerifiedFolder(opening: folder))["task"].string()
    }

    private static func config(of files: VerifiedFolder) throws(RecurrentError) -> JSONCursor {
        let source = files.path(of: "config.json")
        let bytes = try files.read("config.json")
        return JSONCursor(try JSON(parsing: bytes, from: source, category: .badModel), source: source)
    }

    /// The configuration of a folder of a given task, of a version that is known.
    ///
    /// - Throws: `badModel` where it is of another.
    package static func config(of files: VerifiedFolder, task: String) throws(RecurrentError) -> JSONCursor {
        let json = try config(of: files)
        guard try json["task"].string() == task else {
            throw json["task"].error("this model is for the task '\(try json["task"].string())', not '\(task)'")
        }
        guard try json["version"].int() == 1 else {
            throw json["version"].error(
                "this is version \(try json["version"].int()) of the format; version 1 is known",
                help: "use the program that wrote the model, or a newer one")
        }
        return json
    }
}
