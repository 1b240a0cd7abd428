import RecurrentFormats
package import RecurrentTensor
import Synchronization

/// Environments of another program. It holds the episodes that are under way, so that a program that died can be started again.
package struct ProgramBatch: EnvironmentBatch {
    package let count: Int
    package let observationSpace: Space
    package let actionSpace: Space
    /// After how many steps an episode is cut off, as far as the program says.
    package let timeLimit: Int?
    private let program: EnvironmentProgram
    private var child: ChildProcess?
    /// The seed and the actions of each environment's episode; nil before the first.
    private var episodes: [(seed: UInt64, actions: [[Double]])?]
    /// How often a program that fails is started again for one request.
    private static let restarts = 2

    package init(_ program: EnvironmentProgram, count: Int) throws(RecurrentError) {
        self.program = program
        self.count = count
        episodes = [(seed: UInt64, actions: [[Double]])?](repeating: nil, count: count)
        let (child, answer) = try Self.started(program, count)
        self.child = child
        observationSpace = try Space(answer["observation_space"])
        actionSpace = try Space(answer["action_space"])
        timeLimit = try answer["time_limit"].ifPresent?.int(in: 1...Int.max)
    }

    package var creatureCount: Int { 1 }

    private static func started(
        _ program: EnvironmentProgram, _ count: Int
    ) throws(RecurrentError) -> (ChildProcess, JSONCursor) {
        guard !program.isNamedOnly else {
            throw RecurrentError(
                .usage, "the environment is another program, which is not started from a file", at: program.name,
                help: EnvironmentProgram.askAgain)
        }
        let (child, line): (ChildProcess, [UInt8])
        do throws(ChildProcess.Failure) {
            child = try ChildProcess(program.arguments)
            line = try child.answer(to: JSON.object(["make": JSON(count)]).bytes(), within: program.timeout)
        } catch let failure {
            throw error(failure, program, attempts: 1)
        }
        return (child, try understood(line, program))
    }

    // MARK: - Requests

    /// The answer to a request. A program that died or hangs is started again and its episodes are done again.
    private mutating func answer(to request: JSON) throws(RecurrentError) -> JSONCursor {
        var attempt = 0
        let line: [UInt8]
        while true {
            do throws(ChildProcess.Failure) {
                if child == nil { try revive() }
                guard let child else { throw .died("it was not started") }
                line = try child.answer(to: request.bytes(), within: program.timeout)
                break
            } catch let failure {
                child = nil
                attempt += 1
                if attempt > Self.restarts { throw Self.error(failure, program, attempts: attempt) }
            }
        }
        return try Self.understood(line, program)
    }

    /// Starts the program again and comes to the places where its episodes were.
    private mutating func revive() throws(ChildProcess.Failure) {
        let child = try ChildProcess(program.arguments)
        func ask(_ request: JSONObject) throws(ChildProcess.Failure) {
            _ = try child.answer(to: JSON.object(request).bytes(), within: program.timeout)
        }
        try ask(["make": JSON(count)])
        let begun = episodes.indices.filter { episodes[$0] != nil }
        if !begun.isEmpty {
            try ask(["reset": .array(begun.map { [JSON($0), JSON(Int(episodes[$0]?.seed ?? 0))] })])
        }
        for step in 0..<(begun.map { episodes[$0]?.actions.count ?? 0 }.max() ?? 0) {
            let actions: [JSON] = episodes.map { episode in
                guard let episode, step < episode.actions.count else { return .null }
                return JSON(episode.actions[step])
            }
            try ask(["step": .array(actions)])
        }
        self.child = child
    }

    package mutating func reset(
        _ starts: [(environment: Int, seed: UInt64)], into observations: inout [Double]
    ) throws(RecurrentError) {
        guard !starts.isEmpty else { return }
        let request: JSON = ["reset": .array(starts.map { [JSON($0.environment), JSON(Int($0.seed & 0x7FFF_FFFF))] })]
        let rows = try answer(to: request)["observations"].elements()
        guard rows.count == starts.count else {
            throw unfit("\(rows.count) observations for \(starts.count) environments that begin")
        }
        for (row, start) in zip(rows, starts) {
            try read(row, environment: start.environment, into: &observations)
            episodes[start.environment] = (start.seed & 0x7FFF_FFFF, [])
        }
    }

    package mutating func step(
        _ actions: [Double], active: [Bool], into outcome: inout BatchOutcome
    ) throws(RecurrentError) {
        let size = actionSpace.count
        var taken: [[Double]?] = []
        for index in 0..<count {
            taken.append(active[index] ? Array(actions[index * size..<(index + 1) * size]) : nil)
        }
        let answer = try answer(to: ["step": .array(taken.map { $0.map { JSON($0) } ?? .null })])
        let rows = try answer["observations"].elements()
        let rewards = try answer["rewards"].elements()
        let terminated = try answer["terminated"].elements()
        let truncated = try answer["truncated"].elements()
        guard [rows.count, rewards.count, terminated.count, truncated.count].allSatisfy({ $0 == count }) else {
            throw unfit(
                "lists of \(rows.count), \(rewards.count), \(terminated.count) and \(truncated.count) for \(count)")
        }
        for index in 0..<count where active[index] {
            try read(rows[index], environment: index, into: &outcome.observations)
            outcome.rewards[index] = try rewards[index].ifPresent?.double() ?? .nan
            outcome.isTerminated[index] = try terminated[index].bool()
            outcome.isTruncated[index] = try truncated[index].bool()
            if let action = taken[index] { episodes[index]?.actions.append(action) }
        }
    }

    private func read(
        _ row: JSONCursor, environment: Int, into observations: inout [Double]
    ) throws(RecurrentError) {
        let values = try row.elements()
        let size = observationSpace.count
        guard values.count == size else {
            throw unfit("an observation of \(values.count) numbers, where \(size) were promised")
        }
        for (offset, value) in values.enumerated() {
            observations[environment * size + offset] = try value.ifPresent?.double() ?? .nan
        }
    }

    // MARK: - Failures

    private func unfit(_ what: String) -> RecurrentError {
        RecurrentError(.badData, "the environment's program answers \(what)", at: program.name)
    }

    private static func understood(
        _ line: [UInt8], _ program: EnvironmentProgram
    ) throws(RecurrentError) -> JSONCursor {
        let json: JSON
        do throws(RecurrentError) {
            json = try JSON(parsing: line, from: program.name, category: .badData)
        } catch {
            let shown = String(decoding: line.prefix(80), as: UTF8.self)
            throw RecurrentError(
                .badData, "the environment's program answers with something that is no JSON: '\(shown)'",
                at: program.name, why: error.what,
                help: "its standard output must hold answers alone; what else it says belongs on standard error")
        }
        let answer = JSONCursor(json, source: program.name, category: .badData)
        guard answer["error"].exists else { return answer }
        let text = try answer["error"].string()
        let lacksGymnasium = text.contains("No module named")
        throw RecurrentError(
            .badData, "the environment's program says: \(text)", at: program.name,
            help: lacksGymnasium
                ? "pip install gymnasium, and set PYTHON to the Python that has it where it is not python3" : nil)
    }

    private static func error(
        _ failure: ChildProcess.Failure, _ program: EnvironmentProgram, attempts: Int
    ) -> RecurrentError {
        switch failure {
        case .notStarted(let reason):
            RecurrentError(
                .inputOutput, "the environment's program cannot be started: \(reason)", at: program.arguments[0],
                help: program.gymnasium == nil ? nil : "set PYTHON to the Python that has Gymnasium")
        case .died(let how):
            RecurrentError(
                .badData,
                attempts == 1
                    ? "the environment's program does not come to serve: \(how)"
                    : "the environment's program died \(attempts) times over the same request: \(how)",
                at: program.name, help: "what it said on standard error stands above; what was saved is intact")
        case .hung:
            RecurrentError(
                .badData, "the environment's program did not answer within \(program.timeout) seconds",
                at: program.name,
                why: attempts == 1 ? nil : "it was started again \(attempts - 1) times, in vain",
                help: "allow it more: --timeout SECONDS")
        case .endless:
            RecurrentError(
                .badData, "the environment's program answers without an end of line", at: program.name)
        }
    }
}
