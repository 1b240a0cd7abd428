public import RecurrentAutodiff
public import RecurrentFormats
public import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// What a kind of model is for and how it learns: its data, its network, its loss. ``TaskSession`` does the rest.
///
/// A task is a value that holds every choice and knows its data. It is made once from what a person gave, writes itself into
/// the folder of its run, and is made again from there when the run goes on.
public protocol TrainingTask: Sendable {
    /// The network that learns.
    associatedtype Network: Module
    /// Where its batches come from.
    associatedtype Source: BatchSource
    /// What people use in the end.
    associatedtype Model: TaskModel

    /// The name of the task, as in `recurrent train NAME` and in config.json.
    static var name: String { get }
    /// The seed of everything random.
    var seed: UInt64 { get }
    /// How many networks are trained, whose answers are averaged.
    var memberCount: Int { get }
    /// What a person should know before the training: what was found, what was chosen.
    var summary: [String] { get }
    /// Remarks that a person should read.
    var notes: [String] { get }
    /// The choices as names and values, for logs.
    var hyperparameters: [(name: String, value: Hyperparameter)] { get }
    /// What the validation metric is, such as `perplexity`; nil where there is none.
    var metricName: String? { get }

    /// Every choice, so that `init(_:folder:)` can make the task again.
    var json: JSON { get }
    /// Writes the data of the training into the folder of the run.
    func write(into folder: String) throws
    /// Makes the task again.
    ///
    /// - Throws: `badModel` where the folder is damaged.
    init(_ json: JSONCursor, folder: String) throws

    /// A network at its beginning.
    func network(_ key: RandomKey) throws -> Network
    /// The rule of updates.
    func optimizer() -> any Optimizer
    /// How long and how carefully to train; the session sets the seed.
    func plan() -> TrainingPlan
    /// The batches, in an order of the key.
    func source(_ key: RandomKey) throws -> Source
    /// The loss of a batch.
    func loss(_ network: Network, _ batch: Source.Batch, _ state: inout [Variable]) throws -> Variable
    /// A metric of the network on data that it does not learn from, lower is better; nil where there are none.
    func validate(_ network: Network) throws -> Double?
    /// The same of one network of several, which may differ in what they learn from.
    func network(_ key: RandomKey, member: Int) throws -> Network
    /// The same of one network of several.
    func source(_ key: RandomKey, member: Int) throws -> Source
    /// The same of one network of several.
    func validate(_ network: Network, member: Int) throws -> Double?
    /// What the trained networks become.
    func model(_ networks: [Network]) throws -> Model
}

extension TrainingTask {
    /// One.
    public var memberCount: Int { 1 }
    /// None.
    public var notes: [String] { [] }
    /// None.
    public var metricName: String? { nil }
    /// As any other.
    public func network(_ key: RandomKey, member: Int) throws -> Network { try network(key) }
    /// As any other.
    public func source(_ key: RandomKey, member: Int) throws -> Source { try source(key) }
    /// As any other.
    public func validate(_ network: Network, member: Int) throws -> Double? { try validate(network) }
}

/// A model that people use: a folder on the disk, a value in a program.
public protocol TaskModel: Sendable {
    /// Writes the model as a folder, whole or not at all.
    func save(to folder: String, replacing: Bool) throws
    /// What the training came to, as lines of text.
    var results: [String] { get }
    /// The same as names and values.
    var resultsJSON: JSONObject { get }
}
