import RecurrentData
public import RecurrentFormats
import RecurrentTensor
import RecurrentTraining

extension RecordTagTask {
    private static let dataFile = "data.safetensors"

    // MARK: - The folder of the run

    /// Every choice, and what the stored numbers are.
    public var json: JSON {
        let records = parts.enumerated().flatMap { part, records in
            records.map { record -> JSON in
                var object: JSONObject = ["part": JSON(part), "name": .string(record.name)]
                object["rate"] = record.rate.map { JSON($0) } ?? .null
                switch record.labels {
                case .none: break
                case .events(let events): object["events"] = JSON(events.map(\.label))
                case .steps(_, let names): object["names"] = JSON(names)
                }
                return .object(object)
            }
        }
        return [
            "recipe": recipe.json, "seed": .string("\(seed)"), "classes": JSON(classes),
            "finds_events": JSON(findsEvents), "notes": JSON(notes), "framing": framing.json,
            "records": .array(records),
        ]
    }

    /// Writes the values and the labels of all records.
    public func write(into folder: String) throws {
        var tensors: [(name: String, tensor: Tensor)] = []
        for (index, record) in parts.joined().enumerated() {
            tensors.append(
                ("\(index).values", Tensor(record.values, shape: [record.stepCount, record.channels.count])))
            switch record.labels {
            case .none: break
            case .events(let events):
                tensors.append(("\(index).positions", Tensor(events.map { Int32(clamping: $0.position) })))
            case .steps(let numbers, _): tensors.append(("\(index).labels", Tensor(numbers)))
            }
        }
        try Safetensors.write(tensors, to: folder + "/" + Self.dataFile)
    }

    /// Makes the task again from the folder of its run.
    public init(_ json: JSONCursor, folder: String) throws {
        let recipe = try RecordTagRecipe(json["recipe"])
        let framing = try RecordFraming(json["framing"], stride: recipe.stride, context: recipe.context)
        guard let seed = UInt64(try json["seed"].string()) else { throw json["seed"].error("is no number") }
        let names = try json["classes"].strings()
        let weights = recipe.parameterCount(inputSize: framing.inputSize, classes: names.count)
        guard weights * Double(recipe.members) <= Self.mostWeights, !names.isEmpty else {
            throw json["recipe"].error("is of a network that cannot be")
        }
        let file = try SafetensorsFile(folder + "/" + Self.dataFile)
        let C = framing.channels.count
        var parts: [[LabelledRecord]] = [[], [], []]
        for (index, described) in try json["records"].elements().enumerated() {
            func damaged() -> RecurrentError { described.error("does not fit the prepared data") }
            let part = try described["part"].int(in: 0...2)
            let values = try file.tensor("\(index).values")
            guard values.elementType == .float32, values.shape.count == 2, values.shape[1] == C, values.shape[0] > 0
            else { throw damaged() }
            let steps = values.shape[0]
            var labels = LabelledRecord.Labels.none
            if let names = try described["events"].ifPresent?.strings() {
                let stored = try file.tensor("\(index).positions")
                guard stored.elementType == .int32, stored.count == names.count else { throw damaged() }
                let positions = stored.scalars(of: Int32.self).map(Int.init)
                guard positions.allSatisfy({ $0 >= 0 && $0 < steps }),
                    zip(positions, positions.dropFirst()).allSatisfy({ $0 <= $1 })
                else { throw damaged() }
                labels = .events(zip(positions, names).map { LabelledRecord.Event(position: $0, label: $1) })
            } else if let names = try described["names"].ifPresent?.strings() {
                let stored = try file.tensor("\(index).labels")
                guard stored.elementType == .int32, stored.count == steps else { throw damaged() }
                let numbers = stored.scalars(of: Int32.self)
                guard numbers.allSatisfy({ $0 >= -1 && Int($0) < names.count }) else { throw damaged() }
                labels = .steps(numbers, names: names)
            }
            parts[part].append(
                LabelledRecord(
                    name: try described["name"].string(), channels: framing.channels,
                    rate: try described["rate"].ifPresent?.double(), values: values.scalars(of: Float.self),
                    labels: labels))
        }
        guard !parts[0].isEmpty else { throw json["records"].error("hold nothing to learn from") }
        self.init(
            recipe: recipe, seed: seed, classes: names,
            findsEvents: try json["finds_events"].bool(), notes: try json["notes"].strings(), framing: framing,
            parts: parts)
    }

    // MARK: - What a person sees

    /// What was found in the data and chosen for them.
    public var summary: [String] {
        let facts = RecordFacts(parts[0])
        let kind = findsEvents ? "points" : "steps"
        let shown = zip(facts.classes, facts.counts).prefix(8).map { "\($0) (\($1))" }.joined(separator: ", ")
        var lines = [
            "\(parts[0].count) record\(parts[0].count == 1 ? "" : "s") of a signal, \(facts.steps) steps to learn from, "
                + "channels " + framing.channels.prefix(8).joined(separator: ", ")
                + (framing.channels.count > 8 ? ", …" : ""),
            "\(kind) of \(facts.classes.count) classes: " + shown + (facts.classes.count > 8 ? ", …" : ""),
        ]
        let held = parts[1].reduce(0) { $0 + $1.stepCount }
        if held > 0 { lines.append("\(held) steps judge the training") }
        let weights = Int(recipe.parameterCount(inputSize: framing.inputSize, classes: classes.count))
        lines.append(
            (recipe.members > 1 ? "\(recipe.members) networks of " : "") + "\(weights) weights: "
                + (recipe.isBidirectional ? "bidirectional" : "one-directional")
                + " LSTM of \(recipe.layers) × \(recipe.hiddenSize), a frame every \(recipe.stride) step"
                + (recipe.stride == 1 ? "" : "s") + ", windows of \(recipe.window) frames; \(recipe.epochs) passes")
        return lines
    }

    /// The choices as names and values, for logs.
    public var hyperparameters: [(name: String, value: Hyperparameter)] {
        guard case .object(let object) = recipe.json else { return [] }
        return object.map { key, value in
            if let number = value.doubleValue { return (key, .number(number)) }
            return (key, .truth(value.boolValue ?? false))
        }
    }

    /// 1 − F1 or 1 − accuracy.
    public var metricName: String? { parts[1].isEmpty ? nil : findsEvents ? "1 - F1" : "error" }
}
