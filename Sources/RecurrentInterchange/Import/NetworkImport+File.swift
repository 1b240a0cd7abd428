import RecurrentFormats
public import RecurrentTensor

extension NetworkImport {
    /// Finds the network in a file, whose first bytes say what it is.
    ///
    /// - Throws: `badModel` for a file of another kind, with the way to make one that can be read.
    public init(file path: String, isKeras: Bool = false, options: Options = Options()) throws(RecurrentError) {
        var head = try FileSystem().start(of: path, count: 16)
        // A safetensors file begins with a length, which may look like anything, and its ninth byte is this.
        if head.count > 8, head[8] == UInt8(ascii: "{") { head = [] }
        func refuse(_ what: String, _ help: String) -> RecurrentError {
            RecurrentError(.badModel, what, at: path, help: help)
        }
        if head.starts(with: [0x89] + Array("HDF".utf8)) {
            throw refuse(
                "this is an HDF5 file, which cannot be read",
                "save the weights in Python: numpy.savez(\"weights.npz\", **{w.path: w.numpy() for w in model.weights})"
            )
        }
        let isPickle = head.starts(with: [0x80]) && head.count > 1 && head[1] <= 5
        if isPickle
            || (head.starts(with: Array("PK".utf8))
                && [".pt", ".pth", ".bin", ".ckpt"].contains(where: path.hasSuffix))
        {
            throw refuse(
                "this is a pickle, which can run code and is not read",
                "save it in Python: safetensors.torch.save_file(model.state_dict(), \"state.safetensors\")")
        }
        if head.starts(with: Array("PK".utf8)) || (isKeras && head.first != UInt8(ascii: "{")) {
            try self.init(keras: NPZFile(path), options: options)
            return
        }
        let file = try SafetensorsFile(path)
        if isKeras {
            throw refuse("Keras's weights are read from an .npz file, not from safetensors", "leave --keras out")
        }
        try self.init(stateDict: file, options: options)
    }
}
