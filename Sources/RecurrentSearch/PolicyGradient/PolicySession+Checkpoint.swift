public import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
import RecurrentTraining
import Synchronization

extension PolicySession {
    /// The file that says what a run is, in the folder of the run.
    public static let fileName = "session.json"

    // MARK: - The folder of the run

    /// Writes the choices of the task into a folder, once.
    public func begin(in folder: String) throws(RecurrentError) {
        let system = FileSystem()
        try system.makeFolder(folder)
        let json: JSON = [
            "format": "recurrent-session", "version": 1, "task": .string(PolicyTask.name), "choices": task.json,
        ]
        try system.write(json.bytes(.pretty), to: folder + "/" + Self.fileName)
    }

    /// A session of the task that a folder of a run names, at its beginning.
    ///
    /// - Parameter program: the program of the environments, where the run has one: what a file says is never run.
    /// - Throws: `badModel` where there is no run of a policy.
    public init(resuming folder: String, program: EnvironmentSource? = nil) throws(RecurrentError) {
        let path = folder + "/" + Self.fileName
        let bytes = try FileSystem().read(path, maximumBytes: 1 << 20)
        let json = JSONCursor(try JSON(parsing: bytes, from: path, category: .badModel), source: path)
        guard try json["format"].string() == "recurrent-session", try json["version"].int() == 1 else {
            throw json["format"].error("this is no run of a known version")
        }
        guard try json["task"].string() == PolicyTask.name else {
            throw json["task"].error("this run is of the task '\(try json["task"].string())', not '\(PolicyTask.name)'")
        }
        try self.init(PolicyTask(json["choices"], program: program))
    }

    // MARK: - Checkpoints

    /// Writes all that decides how the run goes on.
    public func save(to store: CheckpointStore) throws(RecurrentError) {
        var files: [(name: String, bytes: [UInt8])] = [
            ("model.safetensors", try Safetensors.bytes(learner.network.parameters.map { ($0.name, $0.value) })),
            ("optimizer.safetensors", try Safetensors.bytes(learner.optimizer.state.map { ($0.key, $0.value) })),
            ("progress.json", progressJSON.bytes(.pretty)),
        ]
        if let best {
            files.append(
                ("best.safetensors", try Safetensors.bytes(best.network.parameters.map { ($0.name, $0.value) })))
        }
        let logs = groups.flatMap(\.logs)
        var rows = logs.enumerated().map { ("actions.\($0.offset)", Tensor($0.element.actions)) }
        if groups.allSatisfy({ $0.state != nil }) {
            for part in learner.network.stateSizes.indices {
                rows.append(("state.\(part)", .concatenated(groups.compactMap { $0.state?[part] }, axis: 0)))
            }
        }
        files.append(("episodes.safetensors", try Safetensors.bytes(rows)))
        try store.save(step: progress.updates, files: files)
    }

    private var progressJSON: JSON {
        func exact(_ values: [Double]) -> JSON { .array(values.map { .string(String($0.bitPattern, radix: 16)) }) }
        let counts: JSONObject = [
            "updates": JSON(progress.updates), "steps": JSON(progress.steps), "time": JSON(progress.time),
            "episodes": JSON(progress.episodes), "judgements": JSON(progress.judgements),
            "finished": JSON(progress.isFinished), "recent_lengths": JSON(progress.recentLengths),
            "exact": exact([progress.bestReturn]), "recent": exact(progress.recent), "sums": exact(learner.sums),
        ]
        var object = counts
        object["observations"] = learner.observations.json
        object["returns"] = learner.returns.json
        object["best_observations"] = best?.observations.json ?? .null
        object["environments"] = .array(groups.flatMap(\.logs).map(\.json))
        return .object(object)
    }

    /// Takes the last checkpoint of a store, if there is one.
    ///
    /// - Returns: what a person should know: damage that was found and passed over.
    /// - Throws: `badModel` where it does not fit the task.
    public mutating func restore(from store: CheckpointStore) throws(RecurrentError) -> [String] {
        guard let checkpoint = try store.loadLast() else { return [] }
        let files = Dictionary(checkpoint.files.map { ($0.name, $0.bytes) }) { first, _ in first }
        func required(_ name: String) throws(RecurrentError) -> [UInt8] {
            guard let bytes = files[name] else { throw RecurrentError(.badModel, "the checkpoint lacks \(name)") }
            return bytes
        }
        func tensors(_ name: String) throws(RecurrentError) -> [String: Tensor] {
            let file = try SafetensorsFile(bytes: required(name), source: name)
            return Dictionary(try file.tensors().map { ($0.name, $0.tensor) }) { first, _ in first }
        }
        var copy = self
        try copy.load(
            weights: tensors("model.safetensors"),
            best: files["best.safetensors"] == nil ? nil : tensors("best.safetensors"),
            optimizer: tensors("optimizer.safetensors"))
        let json = JSONCursor(
            try JSON(parsing: required("progress.json"), from: "progress.json", category: .badModel),
            source: "progress.json")
        try copy.take(json)
        try copy.takeEpisodes(json["environments"], tensors("episodes.safetensors"))
        self = copy
        return checkpoint.notes
    }

    private mutating func load(
        weights: [String: Tensor], best: [String: Tensor]?, optimizer: [String: Tensor]
    ) throws(RecurrentError) {
        do {
            try learner.network.load(weights, from: "model.safetensors")
            if let best {
                var network = learner.network
                try network.load(best, from: "best.safetensors")
                self.best = (network, learner.observations)
            }
            try learner.optimizer.restore(optimizer)
        } catch let error as RecurrentError {
            throw error
        } catch {
            throw RecurrentError(.badModel, "\(error)")
        }
        let shapes = Dictionary(learner.network.parameters.map { ($0.name, $0.value.shape) }) { first, _ in first }
        for (name, moment) in learner.optimizer.state where name != "step" {
            guard shapes[String(name.drop { $0 != "." }.dropFirst())] == moment.shape, moment.elementType == .float32
            else {
                throw RecurrentError(.badModel, "'\(name)' in optimizer.safetensors does not fit the policy")
            }
        }
    }

    private mutating func take(_ json: JSONCursor) throws(RecurrentError) {
        func exact(_ key: String) throws(RecurrentError) -> [Double] {
            var values: [Double] = []
            for text in try json[key].strings() {
                guard let bits = UInt64(text, radix: 16) else { throw json[key].error("'\(text)' is no number") }
                values.append(Double(bitPattern: bits))
            }
            return values
        }
        let count = 0...Int(Int32.max)
        progress.updates = try json["updates"].int(in: count)
        progress.steps = try json["steps"].int(in: 0...1 << 60)
        progress.time = try json["time"].int(in: 0...1 << 60)
        progress.episodes = try json["episodes"].int(in: 0...1 << 60)
        progress.judgements = try json["judgements"].int(in: count)
        progress.isFinished = try json["finished"].bool()
        progress.recent = try exact("recent")
        progress.recentLengths = try json["recent_lengths"].ints()
        guard progress.recent.count == progress.recentLengths.count else {
            throw json["recent"].error(
                "there are \(progress.recent.count) sums for \(progress.recentLengths.count) episodes")
        }
        let numbers = try exact("exact")
        guard numbers.count == 1 else { throw json["exact"].error("one number is needed") }
        progress.bestReturn = numbers[0]
        let size = learner.observationSize
        learner.observations = try RunningNormalizer(json["observations"], size: size)
        learner.returns = try RunningNormalizer(json["returns"], size: 1)
        learner.sums = try exact("sums")
        if best != nil { best?.observations = try RunningNormalizer(json["best_observations"], size: size) }
    }

    private mutating func takeEpisodes(
        _ json: JSONCursor, _ tensors: [String: Tensor]
    ) throws(RecurrentError) {
        let entries = try json.elements()
        let count = task.recipe.environments
        let creatures = groups[0].batch.creatureCount
        guard entries.count == count else { throw json.error("\(count) environments are needed") }
        let actionSize = groups[0].batch.actionSpace.count * creatures
        var logs: [EpisodeLog] = []
        for (index, entry) in entries.enumerated() {
            guard let actions = tensors["actions.\(index)"], actions.elementType == .float64 else {
                throw RecurrentError(.badModel, "the checkpoint lacks the actions of environment \(index)")
            }
            logs.append(try EpisodeLog(entry, actions: actions.scalars(), actionSize: actionSize))
        }
        var state: [Tensor]?
        if tensors["state.0"] != nil {
            var parts: [Tensor] = []
            for (part, size) in learner.network.stateSizes.enumerated() {
                guard let tensor = tensors["state.\(part)"], tensor.elementType == .float32,
                    tensor.shape == [count * creatures, size]
                else { throw RecurrentError(.badModel, "the states of the checkpoint do not fit the policy") }
                parts.append(tensor)
            }
            state = parts
        }
        let isUnderWay = task.recipe.algorithm != .reinforce
        for index in groups.indices {
            let range = groups[index].first..<groups[index].first + groups[index].batch.count
            let rows = range.lowerBound * creatures..<range.upperBound * creatures
            let own = state.map { $0.map { $0.sliced(rows, axis: 0) } }
            // As the steps were made: within a region of the pool, where the least numbers are rounded otherwise.
            let group = Mutex(groups[index])
            let failure = Mutex<RecurrentError?>(nil)
            ThreadPool.shared.run(parts: 1) { _ in
                do throws(RecurrentError) {
                    try group.withLock { (group) throws(RecurrentError) in
                        try group.restore(Array(logs[range]), state: own, isUnderWay: isUnderWay)
                    }
                } catch {
                    failure.withLock { $0 = error }
                }
            }
            if let error = failure.withLock({ $0 }) { throw error }
            groups[index] = group.withLock { $0 }
        }
    }
}
