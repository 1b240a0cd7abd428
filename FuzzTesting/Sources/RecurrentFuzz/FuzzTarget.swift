@_spi(Testing) import RecurrentData
import RecurrentFormats
import RecurrentInterchange
import RecurrentTensor

/// A reader that is given bytes of any kind. It may refuse them; it may not trap, hang or take much memory.
enum FuzzTarget: String, CaseIterable {
    /// A safetensors file, and every tensor that it lists.
    case safetensors
    /// JSON, as headers and configurations are read, and written again where it is accepted.
    case json
    /// Protobuf fields of every kind, nested.
    case protobuf
    /// An ONNX model with its graphs and tensors, written again where it is accepted.
    case onnx
    /// An ONNX model, checked and run on arrays of the shapes that it declares.
    case graph
    /// An NPY array.
    case npy
    /// An NPZ archive, and every array in it.
    case npz
    /// A TFRecord file, as TensorBoard's event files are.
    case records
    /// A WAV file, written again where it is accepted.
    case wav
    /// A FLAC stream, with its checksums and without them.
    case flac
    /// A language model in the ARPA format.
    case arpa
    /// A `.ts` file of sequences.
    case ts
    /// A table of sequences with one in each row.
    case wide
    /// A table of sequences with a step in each row.
    case long
    /// A WFDB record: the head, a NUL byte, the samples; and all of it as annotations.
    case wfdb
    /// A MIDI file, its frames, and what is written of it.
    case midi

    /// Reads the bytes; where they are accepted, checks what must then hold.
    func read(_ bytes: [UInt8]) {
        do throws(RecurrentError) {
            switch self {
            case .safetensors: try readSafetensors(bytes)
            case .json: try readJSON(bytes)
            case .protobuf: try readProtobuf(ProtobufReader(bytes, source: "fuzz"))
            case .onnx: try readONNX(bytes)
            case .graph: try runGraph(bytes)
            case .npy:
                let tensor = try NPYFile.tensor(bytes)
                let again = try NPYFile.tensor(NPYFile.bytes(tensor))
                precondition(again.isIdentical(to: tensor), "an array changes when it is written and read")
            case .npz:
                let file = try NPZFile(bytes: bytes)
                for name in file.names { _ = try? file.tensor(name) }
            case .records:
                let file = try TFRecordFile(bytes: bytes)
                precondition(file.records.reduce(0) { $0 + $1.count + 16 } <= bytes.count, "records beyond the bytes")
            case .wav: try readWAV(bytes)
            case .arpa:
                let model = try NGramModel(bytes: bytes, name: "fuzz")
                let known = model.logProbability(of: model.words.suffix(6) + ["?"])
                precondition(!known.isNaN && known < .infinity, "a probability that is no number")
            case .flac:
                _ = try? readSound(try AudioReader(bytes: bytes, name: "fuzz"))
                try readSound(try AudioReader(unchecked: bytes, name: "fuzz"))
            case .ts, .wide, .long: try readSignals(bytes)
            case .wfdb: try readRecord(bytes)
            case .midi: try readMIDI(bytes)
            }
        } catch {
            // A message is made of the bytes, too.
            precondition(!error.description.isEmpty, "an error without a message")
        }
    }

    private func readSignals(_ bytes: [UInt8]) throws(RecurrentError) {
        let reader: any SignalReader =
            switch self {
            case .ts: TSReader(bytes: bytes, name: "fuzz")
            case .wide: try WideSignalReader(bytes: bytes, name: "fuzz")
            default: try LongSignalReader(bytes: bytes, name: "fuzz")
            }
        while let example = try reader.next() {
            let width = reader.channels.count
            precondition(width > 0 && example.values.count % width == 0, "no whole number of steps")
            precondition(!example.values.contains { $0.isInfinite }, "an infinite number")
            if let times = example.times {
                precondition(times.count == example.values.count / width, "times of another number than steps")
            }
        }
    }

    private func readRecord(_ bytes: [UInt8]) throws(RecurrentError) {
        _ = try? WFDBAnnotations(bytes, source: "fuzz")
        let end = bytes.firstIndex(of: 0) ?? bytes.count
        let record = try WFDBRecord(
            head: Array(bytes[..<end]), samples: Array(bytes.dropFirst(end + 1)), name: "fuzz")
        precondition(
            record.values.count == record.frameCount * record.channels.count, "no whole number of frames")
    }

    private func readSafetensors(_ bytes: [UInt8]) throws(RecurrentError) {
        let file = try SafetensorsFile(bytes: bytes)
        var total = 0
        for entry in file.entries {
            total += entry.byteRange.count
            _ = try TensorStatistics(entry, in: file)
            guard entry.elementType != nil else { continue }
            let tensor = try file.tensor(entry.name)
            precondition(tensor.shape == entry.shape, "a tensor has another shape than its entry")
        }
        precondition(total <= bytes.count, "tensors beyond the bytes")
    }

    private func readJSON(_ bytes: [UInt8]) throws(RecurrentError) {
        let json = try JSON(parsing: bytes)
        let written = json.bytes()
        guard let again = try? JSON(parsing: written), again.bytes() == written else {
            preconditionFailure("what was written is not read as it was")
        }
    }

    /// Every field in every way that its wire type allows.
    private func readProtobuf(_ message: ProtobufReader) throws(RecurrentError) {
        var reader = message
        while let field = try reader.next() {
            var numbers: [Int64] = []
            var floats: [Float] = []
            var doubles: [Double] = []
            var attempt = reader
            switch field.wireType {
            case .varint: _ = try? attempt.appendInt64s(field, to: &numbers)
            case .fixed32: _ = try? attempt.appendFloats(field, to: &floats)
            case .fixed64: _ = try? attempt.appendDoubles(field, to: &doubles)
            case .lengthDelimited:
                _ = try? attempt.appendInt64s(field, to: &numbers)
                attempt = reader
                _ = try? attempt.appendFloats(field, to: &floats)
                attempt = reader
                _ = try? attempt.appendDoubles(field, to: &doubles)
                attempt = reader
                _ = try? attempt.string(field)
                attempt = reader
                if let inner = try? attempt.message(field) { _ = try? readMessages(inner) }
            default: break
            }
            precondition(
                max(numbers.count, floats.count, doubles.count) <= message.remaining, "more numbers than bytes")
            try reader.skip(field)
        }
    }

    /// Every field that can be a message, as one.
    private func readMessages(_ message: ProtobufReader) throws(RecurrentError) {
        var reader = message
        while let field = try reader.next() {
            var attempt = reader
            if field.wireType == .lengthDelimited, let inner = try? attempt.message(field) {
                _ = try? readMessages(inner)
            }
            try reader.skip(field)
        }
    }

    private func readONNX(_ bytes: [UInt8]) throws(RecurrentError) {
        let model = try ONNXModel(parsing: bytes)
        for tensor in model.graph.initializers { _ = try? tensor.tensor() }
    }
    private func runGraph(_ bytes: [UInt8]) throws(RecurrentError) {
        let model = try ONNXModel(parsing: bytes)
        var limits = ONNXLimits()
        (limits.memory, limits.loopSteps, limits.work) = (1 << 24, 100, 1e6)
        let runner = try ONNXRunner(model, source: "fuzz", limits: limits)
        let known = Set(model.graph.initializers.map(\.name))
        var inputs: [String: Tensor] = [:]
        for input in model.graph.inputs where !known.contains(input.name) {
            guard case .tensor(let type, let shape) = input.type else { continue }
            var extents = (shape ?? [.unknown]).prefix(6).map { dimension -> Int in
                if case .size(let extent) = dimension { min(max(0, extent), 8) } else { 2 }
            }
            if shape == nil { extents = [2, 3] }
            // Small whole numbers serve as values, indices and lengths alike.
            let count = extents.reduce(1, *)
            let numbers: [Int32] = (0..<Int32(count)).map { k in k % 3 - k % 5 / 4 }
            switch type.elementType {
            case .float32?: inputs[input.name] = Tensor(numbers.map { Float($0) }, shape: extents)
            case .float64?: inputs[input.name] = Tensor(numbers.map { Double($0) }, shape: extents)
            case .int32?: inputs[input.name] = Tensor(numbers, shape: extents)
            case .int64?: inputs[input.name] = Tensor(numbers.map { Int64($0) }, shape: extents)
            case let other?: inputs[input.name] = Tensor(zeros: extents, of: other)
            case nil: continue
            }
        }
        _ = try runner.run(inputs)
    }
}
