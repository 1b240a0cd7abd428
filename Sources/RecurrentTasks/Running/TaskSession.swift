public import RecurrentFormats
import RecurrentNN
import RecurrentTensor
public import RecurrentTraining

/// The training of a task, which can stop anywhere and go on to the same bits.
public struct TaskSession<Task: TrainingTask>: Sendable {
    /// What is trained.
    public let task: Task
    /// One run for each network of the task, one after another.
    private var trainers: [Trainer<Task.Network>]

    /// A session at its beginning.
    public init(_ task: Task) throws {
        self.task = task
        var plan = task.plan()
        // Whether a checkpoint is due is a question of time here, asked after every step.
        plan.saveEverySteps = 1
        trainers = try (0..<max(1, task.memberCount)).map { index in
            let key = Self.key(task, index)
            plan.seed = key.substream(0).stream
            return Trainer(
                model: try task.network(key.substream(1), member: index), optimizer: task.optimizer(), plan: plan)
        }
    }

    private static func key(_ task: Task, _ member: Int) -> RandomKey {
        RandomKey(seed: task.seed, stream: UInt64(member))
    }

    /// The number of updates so far, of all networks together.
    public var step: Int { trainers.reduce(0) { $0 + $1.progress.step } }

    // MARK: - The folder of the run

    /// Writes the data and the choices of the task into a folder, once, so that checkpoints there can be resumed without the
    /// original files.
    public func begin(in folder: String) throws {
        let system = FileSystem()
        try system.makeFolder(folder)
        try task.write(into: folder)
        let json: JSON = [
            "format": "recurrent-session", "version": 1, "task": .string(Task.name), "choices": task.json,
        ]
        try system.write(json.bytes(.pretty), to: folder + "/" + TaskRun.fileName)
    }

    /// A session that goes on from the last checkpoint in a folder, or from its beginning where there is none yet.
    ///
    /// - Throws: `badModel` where the folder holds no session of the task, or a damaged one.
    public init(resuming folder: String) throws {
        let json = try TaskRun.checked(TaskRun.description(in: folder))
        guard try json["task"].string() == Task.name else {
            throw json["task"].error("this run is of the task '\(try json["task"].string())', not '\(Task.name)'")
        }
        try self.init(Task(json["choices"], folder: folder))
    }

    /// Takes the last checkpoint of a store, if there is one.
    ///
    /// - Returns: what a person should know: damage that was found and passed over.
    public mutating func restore(from store: CheckpointStore) throws -> [String] {
        guard let checkpoint = try store.loadLast() else { return [] }
        let files = Dictionary(checkpoint.files.map { ($0.name, $0.bytes) }) { first, _ in first }
        var copy = self
        for index in trainers.indices where files["\(index).progress.json"] != nil {
            try copy.trainers[index].restore(files, prefix: "\(index).")
        }
        self = copy
        return checkpoint.notes
    }

    /// A checkpoint holds the networks that have begun.
    private func save(to store: CheckpointStore) throws {
        let begun = trainers.enumerated().filter { $0.offset == 0 || $0.element.progress.step > 0 }
        try store.save(
            step: step, files: try begun.flatMap { try $0.element.checkpointFiles(prefix: "\($0.offset).") })
    }

    // MARK: - The run

    /// Trains to the end.
    ///
    /// - Parameters:
    ///   - observers: what watches the run. A network's steps are counted on from those before it.
    ///   - interrupt: asks the run to stop after the current step.
    ///   - store: where checkpoints go; nil: none.
    ///   - saveInterval: the seconds between checkpoints.
    /// - Throws: `RecurrentError` of category `diverged`, `interrupted` or `inputOutput`.
    public mutating func run(
        observers: [any TrainingObserver] = [], interrupt: InterruptFlag? = nil, store: CheckpointStore? = nil,
        saveInterval: Double = 10
    ) throws {
        let clock = ContinuousClock()
        var lastSave = clock.now
        for index in trainers.indices {
            let source = try task.source(Self.key(task, index).substream(2), member: index)
            let task = self.task
            let before = trainers[..<index].reduce(0) { $0 + $1.progress.step }
            let shown = observers.map { MemberObserver(observer: $0, after: before) }
            // The session cannot be changed and saved at once: the run saves a copy of itself.
            var trainer = trainers[index]
            let others = self
            defer { trainers[index] = trainer }
            try trainer.run(
                on: source, observers: shown, interrupt: interrupt,
                save: { trainer in
                    let isStopped = interrupt?.isRaised ?? false
                    guard let store,
                        isStopped || trainer.progress.isFinished || clock.now - lastSave > .seconds(saveInterval)
                    else { return }
                    var session = others
                    session.trainers[index] = trainer
                    try session.save(to: store)
                    lastSave = clock.now
                },
                validate: task.metricName == nil ? nil : { try task.validate($0, member: index) ?? .infinity },
                loss: { try task.loss($0, $1, &$2) })
        }
        for observer in observers { observer.didEnd() }
    }

    /// What the networks have become.
    public func model() throws -> Task.Model { try task.model(trainers.map(\.evaluatedAtEnd)) }

    /// The number of updates that the whole run will make at most, and of one pass.
    public func length() throws -> (steps: Int, epoch: Int) {
        let plan = task.plan()
        let epoch = try task.source(Self.key(task, 0).substream(2)).batchesPerEpoch
        let updates = (epoch + plan.accumulation - 1) / plan.accumulation
        let (all, isTooMany) = updates.multipliedReportingOverflow(by: plan.epochs)
        let steps = min(isTooMany ? .max : all, plan.maximumSteps ?? .max)
        return (steps.multipliedReportingOverflow(by: trainers.count).partialValue, updates)
    }
}

extension Trainer {
    /// After the run the model is the best or the mean already.
    fileprivate var evaluatedAtEnd: Model { progress.isFinished ? model : evaluated }
}

/// The reports of one network of several, counted on from those before it.
private struct MemberObserver: TrainingObserver {
    let observer: any TrainingObserver
    let first: Int

    init(observer: any TrainingObserver, after first: Int) { (self.observer, self.first) = (observer, first) }

    func didStep(_ report: StepReport) { observer.didStep(report.counted(after: first)) }
    func didEndEpoch(_ report: EpochReport) { observer.didEndEpoch(report.counted(after: first)) }
    // The end of one network is not the end of the run.
    func didEnd() {}
    func didNote(_ note: String) { observer.didNote(note) }
    func wantsGradients(of step: Int) -> Bool { observer.wantsGradients(of: first + step) }
    func didTakeGradients(_ gradients: Gradients, step: Int) {
        observer.didTakeGradients(gradients, step: first + step)
    }
}

/// The file that says what a run is.
public enum TaskRun {
    /// Its name in the folder of the run.
    public static let fileName = "session.json"

    /// What a run is, whatever its form.
    ///
    /// - Throws: `badModel` where the folder holds none.
    static func description(in folder: String) throws -> JSONCursor {
        let path = folder + "/" + fileName
        let system = FileSystem()
        guard system.exists(path) else {
            throw RecurrentError(
                .badModel, "there is no training to go on with", at: folder,
                help: "resume takes a folder that `train` or `forecast` began to write")
        }
        let bytes = try system.read(path, maximumBytes: 1 << 30)
        return JSONCursor(try JSON(parsing: bytes, from: path, category: .badModel), source: path)
    }

    /// The task of the run in a folder: `forecast` for one of a forecaster, whose description has a form of its own.
    ///
    /// - Throws: `badModel` where the folder holds no run of a known version.
    public static func task(in folder: String) throws -> String {
        let json = try description(in: folder)
        return try isForecast(json) ? "forecast" : checked(json)["task"].string()
    }

    /// Whether a run is one of a forecaster.
    static func isForecast(_ json: JSONCursor) throws -> Bool {
        try json["format"].string() == "recurrent-forecast-session"
    }

    /// The description of a run of a task, of a version that is known.
    static func checked(_ json: JSONCursor) throws -> JSONCursor {
        guard try json["format"].string() == "recurrent-session", try json["version"].int() == 1 else {
            throw json["format"].error("this is no run of a known version")
        }
        return json
    }
}
