public import RecurrentFormats
public import RecurrentTensor

/// Where environments come from, as many as are asked for: the catalogue of the package, another program, or the caller.
public enum EnvironmentSource: Sendable, Hashable {
    /// An environment of the catalogue.
    case catalog(EnvironmentChoice)
    /// Environments of a program that answers requests in JSON lines.
    case program(EnvironmentProgram)
    /// An environment that the caller has.
    case own(OwnEnvironment)

    /// An environment that the caller has, with a name to tell it by.
    public init(_ environment: any Environment, name: String) { self = .own(OwnEnvironment(environment, name: name)) }

    /// What a person typed: a choice of the catalogue, `gym:NAME` for a world of Gymnasium, or with `command` another program.
    ///
    /// - Throws: `usage` where there is no such environment or option.
    public init(
        _ text: String?, command: String? = nil, timeout: Double = EnvironmentProgram.standardTimeout
    ) throws(RecurrentError) {
        if let command {
            guard text == nil else {
                throw RecurrentError(
                    .usage, "an environment and a command of one are given both", at: "--command",
                    help: "leave one of them out")
            }
            self = .program(try EnvironmentProgram(command: command, timeout: timeout))
            return
        }
        guard let text, !text.isEmpty else {
            throw RecurrentError(
                .usage, "there is no environment",
                help: Spelling.help(
                    for: "", in: EnvironmentCatalog.entries.map(\.name), limit: EnvironmentCatalog.entries.count))
        }
        if text.hasPrefix("gym:") {
            self = .program(try EnvironmentProgram(gymnasium: String(text.dropFirst(4)), timeout: timeout))
            return
        }
        let choice = try EnvironmentChoice(parsing: text)
        // Says early what is wrong with it.
        _ = try EnvironmentCatalog.environment(choice)
        self = .catalog(choice)
    }

    /// What the environment is called.
    public var name: String {
        switch self {
        case .catalog(let choice): choice.description
        case .program(let program): program.name
        case .own(let own): own.name
        }
    }

    /// So many environments, stepped together.
    package func batch(_ count: Int) throws(RecurrentError) -> any EnvironmentBatch {
        switch self {
        case .program(let program): return try ProgramBatch(program, count: count)
        case .catalog, .own: return LocalBatch([any Environment](repeating: try environment(), count: count))
        }
    }

    /// One environment; of another program one that only observations, rewards and ends are known of.
    package func environment() throws(RecurrentError) -> any Environment {
        switch self {
        case .catalog(let choice): return try EnvironmentCatalog.environment(choice)
        case .program(let program): return try ProgramEnvironment(program)
        case .own(let own): return try own.environment()
        }
    }

    // MARK: - Stored

    /// The source as it stands in config.json.
    public var json: JSON {
        switch self {
        case .catalog(let choice): return ["name": .string(choice.description)]
        case .program(let program): return program.json
        case .own(let own): return ["own": .string(own.name)]
        }
    }

    /// Reads a source. A program that a person's command started, and an environment that a caller had, are then known by their
    /// names alone: the first is never started, the second is not there.
    public init(_ json: JSONCursor) throws(RecurrentError) {
        if json["name"].exists {
            try self.init(try json["name"].string())
        } else if json["own"].exists {
            self = .own(OwnEnvironment(named: try json["own"].string()))
        } else {
            self = .program(try EnvironmentProgram(json))
        }
    }
}
