/// One entry of an event: a tag and what TensorBoard shows under it.
///
/// - Source: TensorFlow's `summary.proto`, `tensor.proto` and TensorBoard's `plugin_data.proto` of the HParams plugin.
enum EventSummary {
    case scalar(Double)
    case histogram(Histogram)
    case text(String)
    case hyperparameters(HyperparameterRecord)

    /// Writes the entry as a field of a `Summary`.
    func write(tag: String, to summary: inout ProtobufWriter) {
        summary.message(1) { value in
            switch self {
            case .scalar(let number):
                value.string(1, tag)
                value.float(2, Float(number))
            case .histogram(let histogram):
                value.string(1, tag)
                value.message(5) { Self.write(histogram, to: &$0) }
            case .text(let text):
                value.string(1, tag + "/text_summary")
                value.message(8) { tensor in
                    tensor.int64(1, 7)  // DT_STRING
                    tensor.message(2) { shape in shape.message(2) { $0.int64(1, 1) } }
                    tensor.string(8, text)
                }
                Self.writeMetadata(plugin: "text", content: [], to: &value)
            case .hyperparameters(let record):
                value.string(1, record.tag)
                // An entry without a tensor would be passed over; this one means nothing.
                value.message(8) { tensor in
                    tensor.int64(1, 1)  // DT_FLOAT
                    tensor.message(2) { shape in shape.message(2) { $0.int64(1, 1) } }
                    tensor.packedFloats(5, [0])
                }
                Self.writeMetadata(plugin: "hparams", content: record.bytes, to: &value)
            }
        }
    }

    private static func write(_ histogram: Histogram, to message: inout ProtobufWriter) {
        message.double(1, histogram.minimum)
        message.double(2, histogram.maximum)
        message.double(3, Double(histogram.count))
        message.double(4, histogram.sum)
        message.double(5, histogram.sumOfSquares)
        message.packedDoubles(6, histogram.limits)
        message.packedDoubles(7, histogram.bins.map(Double.init))
    }

    private static func writeMetadata(plugin: String, content: [UInt8], to value: inout ProtobufWriter) {
        value.message(9) { metadata in
            metadata.message(1) { data in
                data.string(1, plugin)
                if !content.isEmpty { data.data(2, content) }
            }
            if plugin == "text" { metadata.int64(4, 2) }  // DATA_CLASS_TENSOR
        }
    }
}

/// What the HParams plugin reads: the metrics of an experiment, the values of one run, and how it ended.
enum HyperparameterRecord {
    case experiment(hyperparameters: [(name: String, value: Hyperparameter)], metrics: [String])
    case start(hyperparameters: [(name: String, value: Hyperparameter)], seconds: Double)
    case end(succeeded: Bool, seconds: Double)

    var tag: String {
        switch self {
        case .experiment: "_hparams_/experiment"
        case .start: "_hparams_/session_start_info"
        case .end: "_hparams_/session_end_info"
        }
    }

    var bytes: [UInt8] {
        var writer = ProtobufWriter()
        switch self {
        case .experiment(let hyperparameters, let metrics):
            writer.message(2) { experiment in
                for (name, value) in hyperparameters {
                    experiment.message(4) { info in
                        info.string(1, name)
                        info.int64(4, value.typeCode)
                    }
                }
                for metric in metrics {
                    experiment.message(5) { info in info.message(1) { $0.string(2, metric) } }
                }
            }
        case .start(let hyperparameters, let seconds):
            writer.message(3) { start in
                for (name, value) in hyperparameters {
                    start.message(1) { entry in
                        entry.string(1, name)
                        entry.message(2) { value.write(to: &$0) }
                    }
                }
                start.double(5, seconds)
            }
        case .end(let succeeded, let seconds):
            writer.message(4) { end in
                end.int64(1, succeeded ? 1 : 2)
                end.double(2, seconds)
            }
        }
        return writer.bytes
    }
}

/// The value of a hyper-parameter.
public enum Hyperparameter: Sendable, Hashable {
    /// A number.
    case number(Double)
    /// A text.
    case text(String)
    /// A truth value.
    case truth(Bool)

    var typeCode: Int64 {
        switch self {
        case .text: 1
        case .truth: 2
        case .number: 3
        }
    }

    func write(to message: inout ProtobufWriter) {
        switch self {
        case .number(let number): message.double(2, number)
        case .text(let text): message.string(3, text)
        case .truth(let truth): message.int64(4, truth ? 1 : 0)
        }
    }
}
