public import RecurrentFormats
public import RecurrentTensor

/// An ONNX model kept as a model folder: `config.json` with the task `onnx`, `model.onnx`, and a manifest with hashes.
public enum ONNXFolder {
    /// Writes a model as a folder, after checking that it can be run here.
    ///
    /// - Throws: `badModel` where the graph is not whole or an operator is not supported; `usage` where the folder exists and
    ///   may not be replaced. Nothing is then left behind.
    public static func save(
        _ model: ONNXModel, to folder: String, replacing: Bool = false, source: String = "onnx"
    ) throws(RecurrentError) {
        let runner = try ONNXRunner(model, source: source)
        let bytes = model.bytes()
        guard bytes.count <= ONNXModel.maximumBytes else {
            throw RecurrentError(
                .failure, "the model has \(bytes.count) bytes", at: source,
                why: "an ONNX file has at most \(ONNXModel.maximumBytes)")
        }
        let config: JSON = [
            "format": "recurrent-model", "version": 1, "task": "onnx", "inputs": JSON(runner.inputs.map(\.name)),
            "outputs": JSON(runner.outputNames),
        ]
        try VerifiedFolder.write(
            [("config.json", config.bytes(.pretty)), ("model.onnx", bytes)], to: folder, replacing: replacing)
    }

    /// Reads a model from its folder.
    ///
    /// - Throws: `badModel` that names what is missing, damaged or of another kind.
    public static func model(in folder: String) throws(RecurrentError) -> ONNXModel {
        let files = try VerifiedFolder(opening: folder)
        _ = try ModelFolder.config(of: files, task: "onnx")
        return try ONNXModel(parsing: files.read("model.onnx"), source: files.path(of: "model.onnx"))
    }
}
