import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// The prepared examples of a training, in files that may be larger than memory.
struct SignalData: Sendable {
    /// The numbers of each example and the times between its steps.
    let numbers: TokenStore
    /// Class, part, fold and number of each example.
    private let facts: TokenStore

    private static let columns = ["values", "intervals"]
    private static let factColumns = ["label", "part", "fold", "target"]

    /// Writes the examples of a survey into a folder.
    init(_ survey: SignalSurvey, in folder: String) throws {
        numbers = try Self.write(folder + "/data", Self.columns) { writer in
            try survey.forEach { example, _ in
                var intervals: [Float] = []
                if let times = example.times {
                    intervals = times.indices.map { $0 == 0 ? 0 : Float(times[$0] - times[$0 - 1]) }
                }
                try writer.append([TokenStore.bits(of: example.values), TokenStore.bits(of: intervals)])
            }
        }
        facts = try Self.write(folder + "/facts", Self.factColumns) { writer in
            for index in survey.parts.indices {
                try writer.append([
                    [Int32(survey.classes[index])], [Int32(survey.parts[index])], [Int32(survey.folds[index])],
                    TokenStore.bits(of: [Float(survey.targets[index])]),
                ])
            }
        }
    }

    private static func write(
        _ path: String, _ columns: [String], _ body: (inout TokenStore.Writer) throws -> Void
    ) throws -> TokenStore {
        try TokenStore.write(to: path, columns: columns, maximumToken: .max) { (writer) throws(RecurrentError) in
            do {
                try body(&writer)
            } catch let error as RecurrentError {
                throw error
            } catch {
                throw RecurrentError(.failure, "\(error)")
            }
        }
    }

    /// Opens what was written.
    ///
    /// - Throws: `badModel` where it is damaged.
    init(opening folder: String) throws(RecurrentError) {
        numbers = try TokenStore(opening: folder + "/data")
        facts = try TokenStore(opening: folder + "/facts")
        guard numbers.columns == Self.columns, facts.columns == Self.factColumns, numbers.count == facts.count else {
            throw RecurrentError(
                .badModel, "the prepared examples do not fit the run", at: folder, help: "begin the training anew")
        }
    }

    /// How many there are.
    var count: Int { numbers.count }

    /// An example.
    func sequence(_ index: Int) throws(RecurrentError) -> SignalSequence {
        let intervals = try numbers.floats(index, column: 1)
        var times: [Double]?
        if !intervals.isEmpty {
            var time = 0.0
            times = intervals.map {
                time += Double($0)
                return time
            }
        }
        return SignalSequence(try numbers.floats(index, column: 0), times: times)
    }

    /// What is known about an example.
    func fact(_ index: Int) throws(RecurrentError) -> (label: Int, part: Int, fold: Int, target: Float) {
        func first(_ column: Int) throws(RecurrentError) -> Int32 {
            guard let number = try facts.tokens(index, column: column).first else {
                throw RecurrentError(.badModel, "the prepared examples are damaged", help: "begin the training anew")
            }
            return number
        }
        return (
            Int(try first(0)), Int(try first(1)), Int(try first(2)),
            Float(bitPattern: UInt32(bitPattern: try first(3)))
        )
    }
}
