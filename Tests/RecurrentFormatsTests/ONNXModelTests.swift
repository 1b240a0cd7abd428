import RecurrentFormats
import RecurrentTensor
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite struct ONNXModelTests {
    static let reference = String(#filePath.dropLast("ONNXModelTests.swift".count)) + "Fixtures/reference.onnx"

    @Test func everythingThatTheONNXPackageWroteIsRead() throws {
        let model = try ONNXModel(reading: Self.reference)
        #expect(model.irVersion == 10 && model.producerName == "tests" && model.producerVersion == "1.2")
        #expect(model.version(of: "") == 21 && model.version(of: "test") == 3 && model.version(of: "other") == 0)
        #expect(model.metadata.map(\.key) == ["key", "other"] && model.metadata.map(\.value) == ["value", ""])
        #expect(model.graph.documentation == "of a graph" && model.documentation == "of a model")
        #expect(model.graph.inputs[0].type == .tensor(.float32, shape: [.symbol("batch"), .size(3), .unknown]))
        #expect(model.graph.inputs[1].type == .sequence(.tensor(.int64, shape: [.size(2)])))
        #expect(model.graph.outputs[0].type == .tensor(.float64, shape: nil))
        let node = model.graph.nodes[0]
        #expect(node.operatorType == "Everything" && node.domain == "test" && node.name == "one")
        #expect(node.inputs == ["x", "", "w"] && node.outputs == ["y", ""])
        var values: [String: ONNXAttribute.Value] = [:]
        for attribute in node.attributes { values[attribute.name] = attribute.value }
        #expect(values["number"] == .float(1.5) && values["whole"] == .int(-7))
        #expect(values["text"] == .string(Array("späť".utf8)[...]))
        #expect(values["numbers"] == .floats([0.5, -0.25]) && values["wholes"] == .ints([1, -1, 1 << 40]))
        #expect(values["texts"] == .strings([[0x61], [0x62]]))
        guard case .graphs(let graphs)? = values["graphs"], case .graph(let graph)? = values["graph"] else {
            Issue.record("the graphs are missing")
            return
        }
        #expect(graphs == [graph, graph] && graph.nodes[0].operatorType == "Identity")
    }

    @Test func tensorsInEveryFieldBecomeTensorsOfOurs() throws {
        var tensors: [String: ONNXTensor] = [:]
        for tensor in try ONNXModel(reading: Self.reference).graph.initializers { tensors[tensor.name] = tensor }
        func scalars<S: TensorScalar>(_ name: String, _: S.Type) throws -> [S]? {
            try tensors[name]?.tensor().scalars(of: S.self)
        }
        #expect(try scalars("raw", Float.self) == [0, 1, 2, 3, 4, 5])
        #expect(tensors["raw"]?.dimensions == [2, 3])
        #expect(try scalars("floats", Float.self) == [1.5, -2.5])
        #expect(try scalars("doubles", Double.self) == [1e-300, -2.5])
        #expect(try scalars("int64s", Int64.self) == [1, -1, -(1 << 62)])
        #expect(try scalars("int32s", Int32.self) == [-5, 1 << 30])
        #expect(try scalars("int8s", Int8.self) == [-128, 127])
        #expect(try tensors["flags"]?.rawBytes() == [1, 0])
        #expect(try tensors["halves"]?.rawBytes() == [0x00, 0x3C, 0x00, 0xB8])
        #expect(try tensors["uint64s"]?.rawBytes() == Array(repeating: 0xFF, count: 8)[...])
        #expect(try tensors["empty"]?.tensor().shape == [0, 4])
        #expect(throws: RecurrentError.self) { try tensors["uint64s"]?.tensor() }
        #expect(throws: RecurrentError.self) { try tensors["texts"]?.tensor() }
    }

    @Test func whatIsWrittenIsReadAgainTheSame() throws {
        let model = try ONNXModel(reading: Self.reference)
        #expect(try ONNXModel(parsing: model.bytes()) == model)
        let folder = TemporaryFolder()
        try model.write(to: folder("model.onnx"))
        #expect(try ONNXModel(reading: folder("model.onnx")) == model)
        for type in ElementType.allCases {
            let tensor = Tensor(zeros: [2, 3], of: type)
            #expect(try ONNXTensor(parsing: ONNXTensor(tensor, name: "t").bytes()).tensor().isIdentical(to: tensor))
        }
    }

    // MARK: - Bad files

    @Test func aFileCutAnywhereIsRefusedOrReadAsFarAsItIsWhole() throws {
        let bytes = try FileSystem().read(Self.reference)
        var refused = 0
        for length in 0..<bytes.count {
            do throws(RecurrentError) {
                _ = try ONNXModel(parsing: Array(bytes[..<length]))
            } catch {
                #expect(error.category == .badModel)
                refused += 1
            }
        }
        // Only between the fields behind the graph, which are five, can a cut go unseen.
        #expect(refused >= bytes.count - 6)
    }

    @Test func flippedBitsNeverEndTheProgram() throws {
        let bytes = try FileSystem().read(Self.reference)
        var random = RandomStream(seed: 5)
        var refused = 0
        for _ in 0..<20_000 {
            var broken = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                broken[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            do throws(RecurrentError) {
                let model = try ONNXModel(parsing: broken)
                for tensor in model.graph.initializers { _ = try tensor.tensor() }
            } catch {
                #expect(error.category == .badModel)
                refused += 1
            }
        }
        #expect(refused > 10_000)
    }

    @Test(
        arguments: [
            ([], "no graph"), ([0x3A], "cut off"), ([0x3A, 0x05, 0x00], "only 1 follow"), ([0x00], "number 0"),
            ([0x3F], "wire type 7"),
            ([0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], "more than 64 bits"),
            ([0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], "claims 18446744073709551615"),
            ([0x12, 0x01, 0xFF], "no UTF-8"),
            ([0x38, 0x01], "stored as varint"), ([0xF4, 0x01], "group ends"),
            ([0xF3, 0x01, 0xFC, 0x01], "wrong group"), ([0xF3, 0x01], "does not end"),
            ([0x3A, 0x00, 0x3A, 0x00], "two graphs"),
        ] as [([UInt8], String)])
    func bytesThatBreakTheEncodingAreRefusedInWords(_ bytes: [UInt8], _ word: String) {
        let error = #expect(throws: RecurrentError.self) { try ONNXModel(parsing: bytes, source: "m.onnx") }
        #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
        #expect(error?.place?.hasPrefix("m.onnx") == true)
    }

    @Test func graphsInGraphsEndAtTheirLimit() throws {
        func nested(_ depth: Int) -> ONNXModel {
            var graph = ONNXGraph(name: "leaf")
            for _ in 1..<depth {
                let node = ONNXNode("If", inputs: [], outputs: [], attributes: [ONNXAttribute("then", .graph(graph))])
                graph = ONNXGraph(name: "around", nodes: [node])
            }
            return ONNXModel(graph: graph, operatorSets: [ONNXOperatorSet(version: 21)])
        }
        #expect(try ONNXModel(parsing: nested(8).bytes()) == nested(8))
        let error = #expect(throws: RecurrentError.self) { try ONNXModel(parsing: nested(9).bytes()) }
        #expect(error?.what.contains("more than 8 deep") == true)
        // A type within a type, a thousand times.
        var bytes: [UInt8] = []
        for _ in 0..<1000 {
            var writer = ProtobufWriter()
            writer.data(1, bytes)
            var outer = ProtobufWriter()
            outer.data(4, writer.bytes)
            bytes = outer.bytes
        }
        var value = ProtobufWriter()
        value.data(2, bytes)
        var graph = ProtobufWriter()
        graph.data(11, value.bytes)
        var model = ProtobufWriter()
        model.data(7, graph.bytes)
        let deep = #expect(throws: RecurrentError.self) { try ONNXModel(parsing: model.bytes) }
        #expect(deep?.what.contains("64 deep") == true)
    }

    @Test(arguments: [
        ONNXTensor(elementType: .float32, dimensions: [3], data: .raw([0, 0, 0, 0])),
        ONNXTensor(elementType: .float32, dimensions: [1 << 62, 8], data: .raw([])),
        ONNXTensor(elementType: .float32, dimensions: [0, 1 << 62, 8], data: .raw([])),
        ONNXTensor(elementType: .float32, dimensions: [1], data: .int64s([1])),
        ONNXTensor(elementType: .int8, dimensions: [2], data: .int32s([1])),
        ONNXTensor(elementType: .string, dimensions: [1], data: .strings([[1]])),
        ONNXTensor(elementType: .complex64, dimensions: [1], data: .floats([1, 2])),
        ONNXTensor(elementType: .undefined, dimensions: [1], data: .raw([1])),
        ONNXTensor(elementType: .float32, dimensions: [1], data: .external(.init(location: "w.bin"))),
    ])
    func aTensorWhoseDataDoNotFitIsRefused(_ tensor: ONNXTensor) {
        let error = #expect(throws: RecurrentError.self) { try tensor.tensor() }
        #expect(error?.category == .badModel)
    }

    // MARK: - External data

    private static func model(_ external: ONNXTensor.External, _ shape: [Int] = [2]) -> ONNXModel {
        let tensor = ONNXTensor(name: "w", elementType: .float32, dimensions: shape, data: .external(external))
        return ONNXModel(
            graph: ONNXGraph(name: "g", initializers: [tensor]), operatorSets: [ONNXOperatorSet(version: 21)])
    }

    @Test func externalDataAreReadOnlyWhenAskedFor() throws {
        let folder = TemporaryFolder()
        try FileSystem().makeFolder(folder("weights"))
        try FileSystem().write([9, 9, 9, 9, 0, 0, 128, 63, 0, 0, 0, 192], to: folder("weights/w.bin"))
        let model = Self.model(.init(location: "weights/w.bin", offset: 4, length: 8))
        try model.write(to: folder("m.onnx"))
        let closed = try ONNXModel(reading: folder("m.onnx"))
        let error = #expect(throws: RecurrentError.self) { try closed.graph.initializers[0].tensor() }
        #expect(error?.help == "allow external data")
        let opened = try ONNXModel(reading: folder("m.onnx"), externalData: true)
        #expect(try opened.graph.initializers[0].tensor().scalars(of: Float.self) == [1, -2])
    }

    @Test(arguments: [
        "../w.bin", "weights/../../w.bin", "/etc/passwd", "", ".", "..", "weights", "weights//w.bin", "link",
        "loop/w.bin",
        "missing.bin", "a\\b", "w.bin/", "w\u{0}.bin",
    ])
    func externalDataOutsideOfTheFolderAreRefused(_ location: String) throws {
        let outside = TemporaryFolder()
        try FileSystem().write([UInt8](repeating: 0, count: 8), to: outside("w.bin"))
        let folder = outside("inside")
        try FileSystem().makeFolder(folder + "/weights")
        #expect(symlink(outside("w.bin"), folder + "/link") == 0)
        #expect(symlink(outside.path, folder + "/loop") == 0)
        try Self.model(.init(location: location)).write(to: folder + "/m.onnx")
        let error = #expect(throws: RecurrentError.self) {
            try ONNXModel(reading: folder + "/m.onnx", externalData: true)
        }
        #expect(error?.category == .badModel, "\(error?.description ?? "")")
    }

    @Test(
        arguments: [
            (ONNXTensor.External(location: "w.bin", offset: 4), [2]), (.init(location: "w.bin", offset: Int.max), [2]),
            (.init(location: "w.bin", length: 4), [2]), (.init(location: "w.bin"), [3]),
            (.init(location: "w.bin"), [1 << 61, 8]), (.init(location: "w.bin"), [1 << 40]),
        ] as [(ONNXTensor.External, [Int])])
    func externalDataThatDoNotFillTheTensorAreRefused(_ external: ONNXTensor.External, _ shape: [Int]) throws {
        let folder = TemporaryFolder()
        try FileSystem().write([UInt8](repeating: 0, count: 8), to: folder("w.bin"))
        try Self.model(external, shape).write(to: folder("m.onnx"))
        let error = #expect(throws: RecurrentError.self) {
            try ONNXModel(reading: folder("m.onnx"), externalData: true)
        }
        #expect(error?.category == .badModel, "\(error?.description ?? "")")
    }
}
