public import RecurrentAutodiff
public import RecurrentData
public import RecurrentFormats
import RecurrentNN
public import RecurrentTensor
public import RecurrentTraining

/// The training of a model of remaining life.
public struct RemainingLifeTask: TrainingTask {
    /// `remaining-life`.
    public static let name = "remaining-life"
    /// Every choice.
    public let recipe: RemainingLifeRecipe
    /// The seed of everything random.
    public let seed: UInt64
    /// Remarks that a person should read.
    public let notes: [String]
    let reading: UnitTableOptions
    let features: UnitFeatures
    /// The units to learn from, then those that judge the training.
    let units: [UnitHistory]
    let heldCount: Int
    let scale: Double
    private let numbers: [UnitWindows.Numbers]

    /// Reads a table and makes every choice.
    ///
    /// - Throws: `badData` with file and line where the table cannot be used, `usage` where a column is not there.
    public init(
        file: String, reading: UnitTableOptions = UnitTableOptions(),
        options: RemainingLifeOptions = RemainingLifeOptions()
    ) throws(RecurrentError) {
        let table = try UnitTable(path: file, options: reading)
        try self.init(table.units, channels: table.channels, reading: reading, options: options)
    }

    /// Makes every choice for histories.
    ///
    /// - Throws: `badData` where there is nothing to learn from.
    public init(
        _ given: [UnitHistory], channels: [String], reading: UnitTableOptions, options: RemainingLifeOptions
    ) throws(RecurrentError) {
        let all = given.filter { $0.stepCount > 0 }
        // Differences of times, and their squares, must be numbers.
        if let unit = all.first(where: { $0.times.contains { !(abs($0) <= 1e15) } || $0.lifeAtEnd ?? 0 > 1e15 }) {
            throw RecurrentError(.badData, "a time of unit '\(unit.name)' lies beyond 10¹⁵")
        }
        guard all.contains(where: { $0.lifeAtEnd != nil }) else {
            throw RecurrentError(
                .badData, "no unit failed, so that nothing tells how long a life is",
                help: "a column that is 1 where a unit failed is named with --failed")
        }
        // Only units that failed can judge.
        let order = KeyedPermutation(count: all.count, key: RandomKey(seed: options.seed, stream: 0x11FE))
        let shuffled = all.indices.map { all[order[$0]] }
        let failed = shuffled.filter { $0.lifeAtEnd != nil }
        let count = failed.count >= 8 ? Int((Double(failed.count) * options.validShare).rounded()) : 0
        let held = Array(failed.prefix(count))
        let names = Set(held.map(\.name))
        let training = all.filter { !names.contains($0.name) }
        var recipe = RemainingLifeRecipe(units: training.count, steps: training.reduce(0) { $0 + $1.stepCount })
        recipe.cap = options.cap
        if let epochs = options.epochs { recipe.epochs = epochs }
        if let members = options.members { recipe.members = members }
        options.adjustRecipe?(&recipe)
        let features = UnitFeatures(
            fitting: training, channels: channels, smoothing: recipe.smoothing, readsAge: recipe.readsAge)
        guard !features.places.isEmpty else {
            throw RecurrentError(.badData, "every sensor is constant: nothing shows how a unit wears")
        }
        guard Self.fits(recipe, features) else {
            throw RecurrentError(.usage, "the network is too large", help: "choose a smaller --hidden")
        }
        var notes: [String] = []
        let constant = channels.indices.filter { !features.places.contains($0) }.map { channels[$0] }
        if !constant.isEmpty {
            notes.append(
                "columns that do not vary are not read: " + constant.prefix(12).joined(separator: ", ")
                    + (constant.count > 12 ? ", …" : ""))
        }
        let censored = training.count { $0.lifeAtEnd == nil }
        if censored > 0 {
            notes.append("\(censored) units had not failed when last seen: their lives are lower bounds")
        }
        if held.isEmpty { notes.append("there are too few units that failed to hold some out") }
        let lives = training.flatMap { unit in unit.times.indices.map { unit.life(at: $0) } }
        let longest = min(recipe.cap ?? .infinity, lives.max() ?? 1)
        self.init(
            recipe: recipe, seed: options.seed, notes: notes, reading: reading, features: features,
            units: training + held, heldCount: held.count, scale: max(1e-9, longest))
    }

    private static func fits(_ recipe: RemainingLifeRecipe, _ features: UnitFeatures) -> Bool {
        recipe.parameterCount(inputSize: features.inputSize) * Double(recipe.members) <= 5e8
    }

    private init(
        recipe: RemainingLifeRecipe, seed: UInt64, notes: [String], reading: UnitTableOptions, features: UnitFeatures,
        units: [UnitHistory], heldCount: Int, scale: Double
    ) {
        (self.recipe, self.seed, self.notes, self.reading) = (recipe, seed, notes, reading)
        (self.features, self.units, self.heldCount, self.scale) = (features, units, heldCount, scale)
        let cap = recipe.cap ?? .infinity
        numbers = units.map { unit in
            UnitWindows.Numbers(
                rows: features.rows(unit),
                lives: unit.times.indices.map { Float(min(unit.life(at: $0), cap) / scale) },
                isKnown: unit.lifeAtEnd != nil)
        }
    }

    // MARK: - The folder of the run

    /// Every choice.
    public var json: JSON {
        [
            "recipe": recipe.json, "seed": .string("\(seed)"), "notes": JSON(notes), "reading": reading.json,
            "features": features.json, "held": JSON(heldCount), "scale": JSON(scale),
            "units": .array(
                units.map { unit in
                    [
                        "name": .string(unit.name), "times": JSON(unit.times),
                        "life_at_end": unit.lifeAtEnd.map { JSON($0) } ?? .null,
                    ]
                }),
        ]
    }

    /// Writes the values of all units.
    public func write(into folder: String) throws {
        let C = features.channels.count
        try Safetensors.write(
            units.enumerated().map { index, unit in
                ("\(index)", Tensor(unit.values, shape: [unit.stepCount, C]))
            }, to: folder + "/data.safetensors")
    }

    /// Makes the task again from the folder of its run.
    public init(_ json: JSONCursor, folder: String) throws {
        let recipe = try RemainingLifeRecipe(json["recipe"])
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("is no number") }
        let features = try UnitFeatures(
            json["features"], smoothing: recipe.smoothing, readsAge: recipe.readsAge)
        guard Self.fits(recipe, features) else { throw json["recipe"].error("is of a network that is too large") }
        let file = try SafetensorsFile(folder + "/data.safetensors")
        var units: [UnitHistory] = []
        for (index, described) in try json["units"].elements().enumerated() {
            let times = try described["times"].doubles()
            let values = try file.tensor("\(index)")
            guard values.elementType == .float32, values.shape == [times.count, features.channels.count],
                !times.isEmpty
            else { throw described.error("does not fit the prepared data") }
            units.append(
                UnitHistory(
                    name: try described["name"].string(), times: times, values: values.scalars(of: Float.self),
                    lifeAtEnd: try described["life_at_end"].ifPresent?.double()))
        }
        let held = try json["held"].int(in: 0...max(0, units.count - 1))
        guard !units.isEmpty else { throw json["units"].error("there is none") }
        self.init(
            recipe: recipe, seed: seed, notes: try json["notes"].strings(),
            reading: try UnitTableOptions(json["reading"]),
            features: features, units: units, heldCount: held, scale: try json["scale"].double(in: 1e-12...1e15))
    }

    // MARK: - What a person sees

    /// Units, sensors and the size of the network.
    public var summary: [String] {
        let learnt = units.count - heldCount
        let steps = units.prefix(learnt).reduce(0) { $0 + $1.stepCount }
        return [
            "\(learnt) units to learn from, \(steps) steps; \(heldCount) judge the training",
            "\(features.places.count) of \(features.channels.count) columns vary and are read"
                + (recipe.cap.map { "; lives above \($0) count as that" } ?? ""),
            (recipe.members > 1 ? "\(recipe.members) networks of " : "")
                + "\(Int(recipe.parameterCount(inputSize: features.inputSize))) weights: LSTM of "
                + "\(recipe.layers) × \(recipe.hiddenSize); \(recipe.epochs) passes",
        ]
    }

    /// The choices as names and values, for logs.
    public var hyperparameters: [(name: String, value: Hyperparameter)] {
        guard case .object(let object) = recipe.json else { return [] }
        return object.compactMap { key, value in
            if let number = value.doubleValue { return (key, .number(number)) }
            return value.boolValue.map { (key, .truth($0)) }
        }
    }

    /// The root of the mean square of the errors.
    public var metricName: String? { heldCount == 0 ? nil : "held-out RMSE" }

    // MARK: - Training

    /// The number of networks.
    public var memberCount: Int { recipe.members }

    /// A network at its beginning.
    public func network(_ key: RandomKey) -> RemainingLifeNetwork {
        RemainingLifeNetwork(recipe, inputSize: features.inputSize, key: key)
    }

    /// Adam with decoupled weight decay.
    public func optimizer() -> any Optimizer {
        Adam.decoupled(learningRate: recipe.learningRate, weightDecay: .weightsOnly(recipe.weightDecay))
    }

    /// How long and how carefully to train.
    public func plan() -> TrainingPlan {
        .annealed(
            epochs: recipe.epochs, batchesPerEpoch: source(RandomKey(seed: 0)).batchesPerEpoch,
            averageDecay: recipe.averageDecay)
    }

    /// Histories in random order.
    public func source(_ key: RandomKey) -> UnitWindows {
        UnitWindows(
            Array(numbers.prefix(units.count - heldCount)), inputSize: features.inputSize, recipe: recipe, key: key)
    }

    /// The mean square of the errors.
    public func loss(
        _ network: RemainingLifeNetwork, _ batch: UnitWindows.Batch, _ state: inout [Variable]
    ) -> Variable {
        network.loss(batch)
    }

    /// The root of the mean square of the errors of held-out units, cut at any step.
    public func validate(_ network: RemainingLifeNetwork) throws -> Double? { validationError(model([network], false)) }

    /// The model.
    public func model(_ networks: [RemainingLifeNetwork]) throws -> RemainingLifeModel { model(networks, true) }

    private func model(_ networks: [RemainingLifeNetwork], _ reporting: Bool) -> RemainingLifeModel {
        var own = recipe
        own.members = networks.count
        var model = RemainingLifeModel(
            recipe: own, reading: reading, scale: scale, features: features, networks: networks)
        if reporting {
            model.validationError = validationError(model)
            model.validationUnits = heldCount
        }
        return model
    }

    /// Each unit counts the same, cut at every step after its first tenth of a usual life: what is known of a unit that is new
    /// is its age alone.
    private func validationError(_ model: RemainingLifeModel) -> Double? {
        guard heldCount > 0 else { return nil }
        let held = Array(numbers.suffix(heldCount))
        let first = max(1, numbers.map(\.count).sorted()[numbers.count / 2] / 7)
        var total = 0.0
        var count = 0
        for (numbers, lives) in zip(held, model.lives(held.map(\.rows))) where numbers.count > first {
            let errors = (first..<numbers.count).map { lives[$0] - Double(numbers.lives[$0]) * scale }
            total += errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)
            count += 1
        }
        return count == 0 ? nil : (total / Double(count)).squareRoot()
    }
}
