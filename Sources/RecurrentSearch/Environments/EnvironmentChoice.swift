public import RecurrentTensor

/// An environment by name with its options, as a person writes it: `t-maze:corridor=70,hide-velocities`.
///
/// An option without a value is on. The order of the options does not matter: they are kept sorted, so that one choice has one
/// spelling.
public struct EnvironmentChoice: Sendable, Hashable, CustomStringConvertible {
    /// The name in the catalogue, or `gym` for a world of Gymnasium.
    public var name: String
    /// The options by name; a switch that is on has the value "on".
    public var options: [String: String]

    /// A choice of its parts.
    public init(_ name: String, options: [String: String] = [:]) {
        self.name = name
        self.options = options
    }

    /// Reads a choice.
    ///
    /// - Throws: `usage` for an option without a name or given twice.
    public init(parsing text: String) throws(RecurrentError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        name = String(parts.first ?? "")
        options = [:]
        guard parts.count > 1 else { return }
        for part in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let key = sides.first, !key.isEmpty else {
                throw RecurrentError(
                    .usage, "an option of the environment has no name: '\(text)'",
                    help: "write NAME:OPTION=VALUE,OPTION=VALUE")
            }
            guard options[key] == nil else {
                throw RecurrentError(.usage, "the environment's option '\(key)' is given twice: '\(text)'")
            }
            options[key] = sides.count > 1 ? sides[1] : "on"
        }
    }

    /// The choice as it is written; parsing it gives the choice again.
    public var description: String {
        guard !options.isEmpty else { return name }
        let written = options.sorted { $0.key < $1.key }.map { $1 == "on" ? $0 : "\($0)=\($1)" }
        return name + ":" + written.joined(separator: ",")
    }
}

/// The options of an environment while it is made: each is asked for by name.
public struct EnvironmentOptions: Sendable {
    private let choice: EnvironmentChoice

    init(_ choice: EnvironmentChoice) { self.choice = choice }

    private func place(_ name: String) -> String { "\(choice.name):\(name)" }

    /// Whether a switch is on.
    ///
    /// - Throws: `usage` where its value is neither on nor off.
    public func isOn(_ name: String, default standard: Bool = false) throws(RecurrentError) -> Bool {
        guard let text = choice.options[name] else { return standard }
        switch text.lowercased() {
        case "on", "true", "yes", "1": return true
        case "off", "false", "no", "0": return false
        default: throw RecurrentError(.usage, "'\(text)' is neither on nor off", at: place(name))
        }
    }

    /// A whole number.
    ///
    /// - Throws: `usage` where it is none, or out of range.
    public func int(_ name: String, default standard: Int, in range: ClosedRange<Int>) throws(RecurrentError) -> Int {
        guard let text = choice.options[name] else { return standard }
        guard let value = Int(text), range.contains(value) else {
            throw RecurrentError(
                .usage, "'\(text)' is no whole number from \(range.lowerBound) to \(range.upperBound)",
                at: place(name))
        }
        return value
    }

    /// A number.
    ///
    /// - Throws: `usage` where it is none, or out of range.
    public func double(
        _ name: String, default standard: Double, in range: ClosedRange<Double>
    ) throws(RecurrentError) -> Double {
        guard let text = choice.options[name] else { return standard }
        guard let value = Double(text), range.contains(value) else {
            throw RecurrentError(
                .usage, "'\(text)' is no number from \(range.lowerBound) to \(range.upperBound)", at: place(name))
        }
        return value
    }

    /// One of several words.
    ///
    /// - Throws: `usage` with the nearest word.
    public func word<Word: RawRepresentable & CaseIterable>(
        _ name: String, default standard: Word
    ) throws(RecurrentError) -> Word where Word.RawValue == String {
        guard let text = choice.options[name] else { return standard }
        guard let value = Word(rawValue: text) else {
            throw RecurrentError(
                .usage, "there is no '\(text)'", at: place(name),
                help: Spelling.help(for: text, in: Word.allCases.map(\.rawValue)))
        }
        return value
    }

    /// After how many steps an episode is cut off; 0 is never.
    public func timeLimit(default standard: Int?) throws(RecurrentError) -> Int? {
        let limit = try int("time-limit", default: standard ?? 0, in: 0...1_000_000_000)
        return limit == 0 ? nil : limit
    }

    /// Whether observations lack velocities.
    public func hidesVelocities() throws(RecurrentError) -> Bool { try isOn("hide-velocities") }
}
