import RecurrentAutodiff
public import RecurrentFormats
import RecurrentNN
import RecurrentTensor

extension Trainer {
    /// All that decides how the run goes on, as files: weights, best weights, optimizer, carried state, progress.
    ///
    /// - Parameter prefix: what the names begin with, where several trainers share a checkpoint.
    public func checkpointFiles(prefix: String = "") throws -> [(name: String, bytes: [UInt8])] {
        var files = [
            (prefix + "model.safetensors", try Safetensors.bytes(model.parameters.map { ($0.name, $0.value) })),
            (prefix + "optimizer.safetensors", try Safetensors.bytes(optimizer.state.map { ($0.key, $0.value) })),
            (prefix + "progress.json", progressJSON.bytes(.pretty)),
        ]
        if let best {
            files.append(
                (prefix + "best.safetensors", try Safetensors.bytes(best.parameters.map { ($0.name, $0.value) })))
        }
        if let mean = averaged.model {
            files.append(
                (prefix + "average.safetensors", try Safetensors.bytes(mean.parameters.map { ($0.name, $0.value) })))
        }
        if !carried.isEmpty {
            let named = carried.enumerated().map { ("\($0.offset)", $0.element.value) }
            files.append((prefix + "carried.safetensors", try Safetensors.bytes(named)))
        }
        return files
    }

    /// Restores what ``checkpointFiles(prefix:)`` gave; the run then goes on to the same bits as if undisturbed.
    ///
    /// - Throws: `RecurrentError` of category `badModel` that names the file that does not fit.
    public mutating func restore(_ files: [String: [UInt8]], prefix: String = "") throws {
        func tensors(_ name: String) throws -> [String: Tensor]? {
            guard let bytes = files[prefix + name] else { return nil }
            let file = try SafetensorsFile(bytes: bytes, source: prefix + name)
            return Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.tensor) })
        }
        func required<T>(_ value: T?, _ name: String) throws -> T {
            guard let value else { throw RecurrentError(.badModel, "the checkpoint lacks \(prefix + name)") }
            return value
        }
        var copy = self
        try copy.model.load(
            try required(try tensors("model.safetensors"), "model.safetensors"), from: "model.safetensors")
        try copy.optimizer.restore(try required(try tensors("optimizer.safetensors"), "optimizer.safetensors"))
        let shapes = Dictionary(uniqueKeysWithValues: copy.model.parameters.map { ($0.name, $0.value) })
        for (name, moment) in copy.optimizer.state where name != "step" {
            let parameter = shapes[String(name.drop { $0 != "." }.dropFirst())]
            guard parameter?.shape == moment.shape, parameter?.elementType == moment.elementType else {
                throw RecurrentError(
                    .badModel, "'\(name)' in \(prefix)optimizer.safetensors does not fit the model's parameters")
            }
        }
        if let weights = try tensors("best.safetensors") {
            var model = copy.model
            try model.load(weights, from: "best.safetensors")
            copy.best = model
        }
        if let weights = try tensors("average.safetensors") {
            var model = copy.model
            try model.load(weights, from: "average.safetensors")
            copy.averaged.model = model
        }
        let state = try tensors("carried.safetensors") ?? [:]
        copy.carried =
            state.count == 0
            ? []
            : try (0..<state.count).map {
                Variable(try required(state["\($0)"], "part \($0) of carried.safetensors"))
            }
        let bytes = try required(files[prefix + "progress.json"], "progress.json")
        try copy.restoreProgress(
            JSONCursor(
                try JSON(parsing: bytes, from: prefix + "progress.json", category: .badModel),
                source: prefix + "progress.json"))
        self = copy
    }

    /// Writes a checkpoint, which is also the store's best where an epoch with the best metric has just ended.
    public func save(to store: CheckpointStore) throws {
        let isBest = progress.batch == 0 && progress.epoch > 0 && progress.bestEpoch == progress.epoch - 1
        try store.save(step: progress.step, files: try checkpointFiles(), best: isBest)
    }

    /// Goes on from the last checkpoint of a store, if there is one.
    ///
    /// - Returns: what a person should know: nil if there was no checkpoint, else notes, empty where all was well.
    public mutating func resume(from store: CheckpointStore) throws -> [String]? {
        guard let checkpoint = try store.loadLast() else { return nil }
        try restore(Dictionary(uniqueKeysWithValues: checkpoint.files.map { ($0.name, $0.bytes) }))
        return checkpoint.notes
    }

    private var progressJSON: JSON {
        // Infinity and NaN are no JSON numbers: the bits of a double are kept exactly as text.
        func exact(_ values: [Double]) -> JSON { .array(values.map { .string(String($0.bitPattern, radix: 16)) }) }
        return .object([
            "epoch": JSON(progress.epoch), "batch": JSON(progress.batch), "step": JSON(progress.step),
            "best_epoch": JSON(progress.bestEpoch), "epochs_since_best": JSON(progress.epochsSinceBest),
            "loss_count": JSON(progress.lossCount), "finished": JSON(progress.isFinished),
            "exact": exact([progress.bestMetric, progress.lossSum]), "plateau": exact(plateau?.state ?? []),
            "watch": exact(watch.state), "averaged": JSON(averaged.count), "metrics": exact(averaged.metrics),
        ])
    }

    private mutating func restoreProgress(_ json: JSONCursor) throws {
        func exact(_ key: String) throws -> [Double] {
            try json[key].strings().map { text in
                guard let bits = UInt64(text, radix: 16) else { throw json[key].error("'\(text)' is no number") }
                return Double(bitPattern: bits)
            }
        }
        let count = 0...Int(Int32.max)
        progress.epoch = try json["epoch"].int(in: count)
        progress.batch = try json["batch"].int(in: count)
        progress.step = try json["step"].int(in: count)
        progress.bestEpoch = try json["best_epoch"].int(in: -1...Int(Int32.max))
        progress.epochsSinceBest = try json["epochs_since_best"].int(in: count)
        progress.lossCount = try json["loss_count"].int(in: count)
        progress.isFinished = try json["finished"].bool()
        let numbers = try exact("exact")
        guard numbers.count == 2 else { throw json["exact"].error("two numbers are needed") }
        (progress.bestMetric, progress.lossSum) = (numbers[0], numbers[1])
        plateau?.state = try exact("plateau")
        watch.state = try exact("watch")
        // Runs that began before there were means have neither.
        averaged.count = try json["averaged"].ifPresent?.int(in: count) ?? 0
        averaged.metrics = json["metrics"].exists ? try exact("metrics") : []
    }
}
