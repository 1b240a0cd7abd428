public import RecurrentTensor

/// An ONNX file in memory: a graph of operators and what was said about it.
///
/// Reading checks the encoding and the limits below, not whether the operators make sense; running does that.
///
/// - Source: onnx.proto of ONNX 1.23, IR version 14.
public struct ONNXModel: Sendable, Hashable {
    /// The version of the file format.
    public var irVersion: Int64
    /// The sets of operators that the nodes are from.
    public var operatorSets: [ONNXOperatorSet]
    /// The program that wrote the file.
    public var producerName: String
    /// The version of that program.
    public var producerVersion: String
    /// A name space for the model.
    public var domain: String
    /// The version of the model.
    public var modelVersion: Int64
    /// A description.
    public var documentation: String
    /// The graph.
    public var graph: ONNXGraph
    /// Free texts by key, in the order of the file.
    public var metadata: [(key: String, value: String)] {
        get { storedMetadata.map { ($0.key, $0.value) } }
        set { storedMetadata = newValue.map { Entry(key: $0.key, value: $0.value) } }
    }
    /// Operators that the model defines.
    public var functions: [ONNXFunction] = []

    struct Entry: Sendable, Hashable { var key, value: String }
    var storedMetadata: [Entry] = []

    /// Graphs nest at most this deep: the graph of the model, a body in it, a body in that.
    public static let maximumGraphDepth = 8

    /// A model.
    public init(
        graph: ONNXGraph, operatorSets: [ONNXOperatorSet], irVersion: Int64 = 8, producerName: String = "",
        producerVersion: String = "", domain: String = "", modelVersion: Int64 = 0, documentation: String = "",
        metadata: [(key: String, value: String)] = []
    ) {
        self.irVersion = irVersion
        self.operatorSets = operatorSets
        self.producerName = producerName
        self.producerVersion = producerVersion
        self.domain = domain
        self.modelVersion = modelVersion
        self.documentation = documentation
        self.graph = graph
        self.metadata = metadata
    }

    /// The version of a set of operators, 0 where the model does not import it.
    public func version(of domain: String) -> Int64 {
        func plain(_ name: String) -> String { name == "ai.onnx" ? "" : name }
        return operatorSets.last { plain($0.domain) == plain(domain) }?.version ?? 0
    }

    /// Reads a file.
    ///
    /// - Parameter externalData: whether tensors may keep their data in files beside the model. These must lie in its folder
    ///   or below, and no link may lead to them.
    /// - Throws: `inputOutput` where a file cannot be read, `badModel` where it is no ONNX model.
    public init(
        reading path: String, externalData: Bool = false, fileSystem: FileSystem = FileSystem()
    ) throws(RecurrentError) {
        let bytes = try fileSystem.read(path, maximumBytes: ONNXModel.maximumBytes)
        try self.init(parsing: bytes, source: PathName.shown(path))
        if externalData {
            var loader = ONNXExternalData(folder: PathName.parent(of: path), source: PathName.shown(path))
            try loader.load(into: &graph)
            for index in functions.indices {
                for node in functions[index].nodes.indices { try loader.load(into: &functions[index].nodes[node]) }
            }
        }
    }

    /// The longest file that is read or written: protobuf allows no more.
    public static let maximumBytes = Int(Int32.max)

    /// Writes the model; afterwards the file is there whole, with the old bytes or the new ones.
    ///
    /// - Throws: `failure` where the model is longer than a file may be, `inputOutput` where it cannot be written.
    public func write(to path: String, fileSystem: FileSystem = FileSystem()) throws(RecurrentError) {
        let bytes = bytes()
        guard bytes.count <= ONNXModel.maximumBytes else {
            throw RecurrentError(
                .failure, "the model has \(bytes.count) bytes", at: PathName.shown(path),
                why: "an ONNX file has at most \(ONNXModel.maximumBytes)")
        }
        try fileSystem.write(bytes, to: path)
    }
}
