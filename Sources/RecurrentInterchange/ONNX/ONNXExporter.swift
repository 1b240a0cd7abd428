public import RecurrentFormats
public import RecurrentNN
public import RecurrentTensor

/// Writes networks as ONNX models, which any runtime can run.
///
/// ```swift
/// let model = try ONNXExporter.model(of: lstm, options: .init(hasLengths: true))
/// try model.write(to: "lstm.onnx")
/// ```
/// What ONNX's own LSTM, GRU and RNN can say is written with them: both directions, peepholes, coupled gates, activations,
/// a clip. All other cells become a Scan whose body is one step. Batch and time are dynamic. What acts at random while
/// training acts in expectation or not at all, as when a model predicts. Numbers are `float32`.
///
/// - Shapes: input `x` [time, batch, I] (tokens: `tokens` [time, batch], `int64`), optional input `lengths` [batch],
///   `int32`; output `y` [time, batch, Y], zero in padding behind a recurrent layer. With carried state there are an input
///   `initial.NAME` and an output `final.NAME` [batch, S] for each part of it.
/// - Source: ONNX operator set 17, IR version 8.
public enum ONNXExporter {
    /// What a model has besides input and output.
    public struct Options: Sendable, Hashable {
        /// Whether there is an input for the lengths of the sequences.
        public var hasLengths: Bool
        /// Whether the state is an input and an output, for streaming; without, every sequence begins anew.
        public var carriesState: Bool
        /// The name of the graph.
        public var name: String

        /// Options.
        public init(hasLengths: Bool = false, carriesState: Bool = false, name: String = "recurrent") {
            self.hasLengths = hasLengths
            self.carriesState = carriesState
            self.name = name
        }
    }

    /// The version of the operators that are used.
    static let operatorSet: Int64 = 17

    /// A model of a recurrent layer: a cell's, a stack, both directions.
    ///
    /// - Throws: `failure` for a layer of a kind that this package does not know.
    public static func model(
        of layer: any RecurrentLayer, options: Options = Options()
    ) throws(RecurrentError) -> ONNXModel {
        let names = StateNames.of(layer)
        return try sequenceModel(
            layer.inputSize, layer.outputSize, zip(names, layer.stateSizes).map { ($0, $1) }, options
        ) { context, x, state throws(RecurrentError) in try context.run(layer, x, from: state) }
    }

    /// A model of an LSTM network.
    ///
    /// - Throws: nothing as things are; every description can be written.
    public static func model(of network: LSTM, options: Options = Options()) throws(RecurrentError) -> ONNXModel {
        try model(
            of: network.cells, network.isBidirectional ? 2 : 1, network.inputSize, network.outputSize, options)
    }

    /// A model of a network of GRUs, simple recurrent layers, or minimal ones.
    ///
    /// - Throws: `failure` for a cell of a kind that this package does not know.
    public static func model(
        of network: some HiddenStateNetwork, options: Options = Options()
    ) throws(RecurrentError) -> ONNXModel {
        let directions = network.isBidirectional ? 2 : 1
        return try model(
            of: network.cells, directions, network.inputSize, directions * network.hiddenSize, options)
    }

    private static func model(
        of cells: [any RecurrentCell], _ directions: Int, _ inputSize: Int, _ outputSize: Int, _ options: Options
    ) throws(RecurrentError) -> ONNXModel {
        var exported: [any ExportedCell] = []
        for cell in cells {
            guard let cell = cell as? any ExportedCell else {
                throw RecurrentError(.failure, "a layer of \(type(of: cell)) cannot be written as ONNX")
            }
            exported.append(cell)
        }
        let parts = StateNames.parts(of: cells, directions: directions)
        return try sequenceModel(
            inputSize, outputSize, parts.flatMap { $0 }, options
        ) { context, x, state throws(RecurrentError) in
            var rest = (state ?? [])[...]
            let own = state.map { _ in
                parts.map { parts in
                    defer { rest = rest.dropFirst(parts.count) }
                    return Array(rest.prefix(parts.count))
                }
            }
            let run = try context.run(exported, directions: directions, x, from: own)
            return (run.output, run.final.flatMap { $0 })
        }
    }

    // MARK: - The frame of a model

    typealias Body = (
        _ context: SequenceExport, _ x: GraphValue, _ state: [GraphValue]?
    ) throws(RecurrentError) -> SequenceExport.Run

    /// A model from features to features.
    private static func sequenceModel(
        _ inputSize: Int, _ outputSize: Int, _ parts: [(name: String, size: Int)], _ options: Options, _ body: Body
    ) throws(RecurrentError) -> ONNXModel {
        try model(
            Frame(
                input: ("x", .float32, [.symbol("time"), .symbol("batch"), .size(inputSize)]),
                output: [.symbol("time"), .symbol("batch"), .size(outputSize)],
                state: parts.map { ($0.name, [.size($0.size)]) }), options, body)
    }

    /// What goes in and out of a model.
    struct Frame {
        let input: (name: String, type: ONNXElementType, shape: [ONNXDimension])
        let output: [ONNXDimension]
        /// The parts of the state, their shapes without the batch.
        let state: [(name: String, shape: [ONNXDimension])]
    }

    static func model(_ frame: Frame, _ options: Options, _ body: Body) throws(RecurrentError) -> ONNXModel {
        let graph = ONNXGraphBuilder()
        let x = graph.input(frame.input.name, frame.input.type, frame.input.shape)
        let batch = ONNXDimension.symbol("batch")
        let lengths = options.hasLengths ? graph.input("lengths", .int32, [batch]) : nil
        let state =
            options.carriesState
            ? frame.state.map { graph.input("initial.\($0.name)", .float32, [batch] + $0.shape) } : nil
        let context = SequenceExport(graph, sequence: x, lengths: lengths)
        let run = try body(context, x, state.flatMap { $0.isEmpty ? nil : $0 })
        graph.scope = ""
        graph.output(run.output, as: "y", .float32, frame.output)
        if options.carriesState {
            for (part, value) in zip(frame.state, run.final) {
                graph.output(value, as: "final.\(part.name)", .float32, [batch] + part.shape)
            }
        }
        var notes = [(key: "input \(frame.input.name)", value: text(frame.input.shape, frame.input.type))]
        if options.hasLengths {
            notes.append(("input lengths", "[batch] int32: the steps of each sequence, 0 to time; the rest is padding"))
        }
        notes.append(("output y", text(frame.output, .float32)))
        if options.carriesState {
            notes.append(
                (
                    "state",
                    "initial.* are the state before the first step, zeros to begin; final.* the state after the last"
                ))
        }
        return model(graph, name: options.name, notes: notes)
    }

    /// The model of a whole graph.
    package static func model(
        _ graph: ONNXGraphBuilder, name: String, notes: [(key: String, value: String)]
    ) -> ONNXModel {
        ONNXModel(
            graph: graph.graph(name: name), operatorSets: [ONNXOperatorSet(version: operatorSet)], irVersion: 8,
            producerName: "swift-recurrent", producerVersion: "0.1.0", metadata: notes)
    }

    private static func text(_ shape: [ONNXDimension], _ type: ONNXElementType) -> String {
        let extents = shape.map { dimension in
            switch dimension {
            case .size(let size): "\(size)"
            case .symbol(let name): name
            case .unknown: "?"
            }
        }
        return "[\(extents.joined(separator: ", "))] \(type.name)"
    }
}

/// What the parts of states are called in models.
enum StateNames {
    static func of(_ layer: any RecurrentLayer) -> [String] {
        switch layer {
        case let layer as any CellLayer: return layer.cell.stateNames.map { $0.replacing(" ", with: "") }
        case let stack as RecurrentStack:
            return stack.layers.enumerated().flatMap { index, layer in of(layer).map { "layer\(index).\($0)" } }
        case let pair as Bidirectional:
            return of(pair.forward).map { "forward.\($0)" } + of(pair.backward).map { "backward.\($0)" }
        default: return layer.stateSizes.indices.map { "state\($0)" }
        }
    }

    /// The parts of each layer and direction: `h_l0`, `c_l0`, `h_l0_reverse`, ….
    static func parts(of cells: [any RecurrentCell], directions: Int) -> [[(name: String, size: Int)]] {
        cells.enumerated().map { index, cell in
            let suffix = "_l\(index / directions)" + (index % directions == 1 ? "_reverse" : "")
            return zip(cell.stateNames, cell.stateSizes).map { ($0.replacing(" ", with: "") + suffix, $1) }
        }
    }
}
