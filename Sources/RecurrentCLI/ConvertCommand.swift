#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentCharts
    import RecurrentFormats
    import RecurrentTensor

    /// Carries tensors from one kind of file to another.
    struct ConvertCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "convert",
            abstract: "Write the tensors of a safetensors, NPY, NPZ or ONNX file as another kind.",
            discussion: """
                The kind of the first file is found from its contents, that of the second from its name: .safetensors, .npz, \
                or, for one array, .npy. Every number keeps its bits. An array without a name is called arr_0, as numpy does.

                  recurrent convert weights.npz weights.safetensors
                """)

        @Argument(help: "The file to read.")
        var input: String

        @Argument(help: "The file to write.")
        var output: String

        @Flag(help: "Replace the file that is there.")
        var force = false

        @OptionGroup(title: "Talk") var talk: TalkOptions

        mutating func run() throws {
            try talk.apply()
            let suffixes = [".safetensors", ".npz", ".npy"]
            guard let suffix = suffixes.first(where: output.hasSuffix) else {
                throw RecurrentError(
                    .usage, "the name does not say the kind of file to write", at: output,
                    help: "let it end in " + suffixes.joined(separator: ", "))
            }
            guard force || !FileSystem().exists(output) else {
                throw RecurrentError(
                    .usage, "there is a file of this name already", at: output, help: "replace it with --force")
            }
            let (tensors, metadata) = try read()
            switch suffix {
            case ".safetensors": try Safetensors.write(tensors, metadata: metadata, to: output)
            case ".npz": try NPZFile.write(tensors, to: output)
            default:
                guard tensors.count == 1 else {
                    throw RecurrentError(
                        .usage, "an NPY file holds one array, and there are \(tensors.count)", at: output,
                        help: "write an .npz file")
                }
                try NPYFile.write(tensors[0].tensor, to: output)
            }
            let plural = tensors.count == 1 ? "" : "s"
            talk.talk("wrote \(tensors.count) tensor\(plural) to " + SafeText.terminal(output))
        }

        private func read() throws -> (tensors: [(name: String, tensor: Tensor)], metadata: [String: String]) {
            switch try TensorFileKind(of: input) {
            case .safetensors:
                let file = try SafetensorsFile(input)
                return (try file.tensors(), file.metadata)
            case .npy: return ([("arr_0", try NPYFile.read(input))], [:])
            case .npz: return (try NPZFile(input).tensors(), [:])
            case .onnx:
                let model = try ONNXModel(reading: input)
                return (try model.graph.initializers.map { ($0.name, try $0.tensor(source: input)) }, [:])
            }
        }
    }

    /// What a file of tensors is, by its first bytes and, where these tell nothing, by its name.
    enum TensorFileKind {
        case safetensors, npy, npz, onnx

        init(of path: String) throws(RecurrentError) {
            let start = try FileSystem().start(of: path, count: 9)
            if start.starts(with: [0x93] + Array("NUMPY".utf8)) {
                self = .npy
            } else if start.starts(with: Array("PK".utf8)) {
                self = .npz
            } else if path.hasSuffix(".npy") {
                self = .npy
            } else if path.hasSuffix(".npz") {
                self = .npz
            } else if path.hasSuffix(".onnx"), start.count < 9 || start[8] != UInt8(ascii: "{") {
                self = .onnx
            } else {
                self = .safetensors
            }
        }
    }
#endif
