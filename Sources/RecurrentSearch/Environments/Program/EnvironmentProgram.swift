import RecurrentFormats
public import RecurrentTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A program that serves environments: it answers a line of JSON with a line of JSON.
///
///     {"make": 2}                 → {"observation_space": {…}, "action_space": {…}, "time_limit": 500}
///     {"reset": [[0, 7], [1, 8]]} → {"observations": [[…], […]]}        environment and seed
///     {"step": [[1], null]}       → {"observations": [[…], null], "rewards": […], "terminated": […], "truncated": […]}
///     anything                    → {"error": "…"}
///
/// Spaces are as in ``Space/json``, actions as rows of numbers; an environment without an action waits. The program ends at the
/// end of its input. One that dies or hangs is started again, and its episodes are done again from their seeds and actions.
public struct EnvironmentProgram: Sendable, Hashable {
    /// The seconds that an answer may take, unless said otherwise.
    public static let standardTimeout = 60.0
    /// The help of the error where a program that only a file names would have to be started.
    package static let askAgain = "give it again: --command 'PROGRAM ARGUMENTS'"

    /// What the environment is called.
    public let name: String
    /// The program and its arguments; none where it may not be started, since a file alone names it.
    let arguments: [String]
    /// The world of Gymnasium; nil where a person gave a command.
    let gymnasium: String?
    /// The seconds that an answer may take.
    let timeout: Double

    /// A program by the command that a shell takes.
    ///
    /// - Throws: `usage` where the command is empty or the time is none.
    public init(command: String, timeout: Double = standardTimeout) throws(RecurrentError) {
        guard command.contains(where: { !$0.isWhitespace }) else {
            throw RecurrentError(.usage, "the command is empty", at: "--command")
        }
        name = command
        arguments = ["/bin/sh", "-c", "exec " + command]
        gymnasium = nil
        self.timeout = try Self.checked(timeout)
    }

    /// A world of Gymnasium, served by the Python that `PYTHON` names, or `python3`.
    ///
    /// - Throws: `usage` where the name is none: letters, digits, `-`, `_`, `.` and `/`.
    public init(gymnasium name: String, timeout: Double = standardTimeout) throws(RecurrentError) {
        // A colon would have Gymnasium load a module of that name.
        let isPlain = name.unicodeScalars.allSatisfy {
            $0.isASCII
                && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                    || "-_./".unicodeScalars.contains($0))
        }
        guard !name.isEmpty, isPlain, !name.hasPrefix("-") else {
            throw RecurrentError(
                .usage, "'\(name)' is no name of a world of Gymnasium", help: "such as gym:CartPole-v1")
        }
        self.name = "gym:" + name
        let python = getenv("PYTHON").map { String(cString: $0) } ?? "python3"
        arguments = [python, "-c", Self.bridge, name]
        gymnasium = name
        self.timeout = try Self.checked(timeout)
    }

    private static func checked(_ timeout: Double) throws(RecurrentError) -> Double {
        guard timeout >= 0.01, timeout <= 1e6 else {
            throw RecurrentError(
                .usage, "\(timeout) seconds for an answer; 0.01 to 1000000 are possible", at: "--timeout")
        }
        return timeout
    }

    // MARK: - Stored

    /// Whether it is a world of Gymnasium, which its name alone is enough for.
    package var isOfGymnasium: Bool { gymnasium != nil }

    /// Whether a file alone names it. It is then never started.
    var isNamedOnly: Bool { arguments.isEmpty }

    /// The program as it stands in config.json. A command is named but never run from there.
    var json: JSON {
        gymnasium == nil
            ? ["command": .string(name)] : ["gymnasium": .string(gymnasium ?? ""), "timeout": JSON(timeout)]
    }

    private init(named name: String) {
        (self.name, arguments, gymnasium, timeout) = (name, [], nil, Self.standardTimeout)
    }

    init(_ json: JSONCursor) throws(RecurrentError) {
        guard json["gymnasium"].exists else {
            self.init(named: try json["command"].string())
            return
        }
        try self.init(
            gymnasium: try json["gymnasium"].string(),
            timeout: try json["timeout"].ifPresent?.double() ?? Self.standardTimeout)
    }
}
