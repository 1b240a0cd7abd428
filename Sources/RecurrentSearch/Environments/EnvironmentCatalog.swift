public import RecurrentTensor

/// The environments of the package by name.
public enum EnvironmentCatalog {
    /// An option of an environment.
    public struct Option: Sendable {
        /// The name that a person types.
        public let name: String
        /// What it does, with its standard value.
        public let summary: String
    }

    /// An environment by name.
    public struct Entry: Sendable {
        /// The name that a person types.
        public let name: String
        /// What the task is, in one line.
        public let summary: String
        /// The options, `time-limit` among them.
        public let options: [Option]
        /// Creates the environment.
        let make: @Sendable (EnvironmentOptions) throws(RecurrentError) -> any Environment
    }

    /// The entries.
    public static let entries: [Entry] = poles

    /// The entry of a name.
    ///
    /// - Throws: `usage` where there is none, with the nearest name.
    public static func entry(named name: String) throws(RecurrentError) -> Entry {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw RecurrentError(
                .usage, "there is no environment '\(name)'",
                help: Spelling.help(for: name, in: entries.map(\.name), limit: entries.count))
        }
        return entry
    }

    /// The environment of a choice.
    ///
    /// - Throws: `usage` where there is none of the name or the option, with the nearest one, or where a value does not fit.
    public static func environment(_ choice: EnvironmentChoice) throws(RecurrentError) -> any Environment {
        let entry = try entry(named: choice.name)
        for name in choice.options.keys.sorted() where !entry.options.contains(where: { $0.name == name }) {
            throw RecurrentError(
                .usage, "the environment '\(choice.name)' has no option '\(name)'",
                help: Spelling.help(for: name, in: entry.options.map(\.name)))
        }
        return try entry.make(EnvironmentOptions(choice))
    }

    /// The environment of a choice as it is written: `t-maze:corridor=70`.
    public static func environment(_ text: String) throws(RecurrentError) -> any Environment {
        try environment(EnvironmentChoice(parsing: text))
    }
}

// MARK: - The entries

extension EnvironmentCatalog {
    static func timeLimit(_ standard: Int) -> Option {
        Option(name: "time-limit", summary: "steps until an episode is cut off, 0 for none (\(standard))")
    }

    static let hideVelocities = Option(name: "hide-velocities", summary: "observations without velocities (off)")

    private static let poles: [Entry] = [
        pole("single-pole", second: false, "one pole on a cart, by Wieland's equations"),
        pole("double-pole", second: true, "two poles of unequal length on a cart, by Wieland's equations"),
    ]

    private static func pole(_ name: String, second: Bool, _ summary: String) -> Entry {
        var options = [
            hideVelocities, timeLimit(1000),
            Option(name: "start", summary: "fixed: the long pole at 4°, or random (fixed)"),
            Option(name: "track-friction", summary: "the friction of the cart on its track (0.0005)"),
        ]
        if second {
            options.append(Option(name: "second-length", summary: "length of the second pole in metres (0.1)"))
        }
        return Entry(name: name, summary: summary, options: options) { given throws(RecurrentError) in
            PoleBalancing(
                secondPole: second, hidesVelocities: try given.hidesVelocities(),
                start: try given.word("start", default: .fixed), timeLimit: try given.timeLimit(default: 1000),
                secondLength: try given.double("second-length", default: 0.1, in: 0.01...1),
                trackFriction: try given.double("track-friction", default: 0.0005, in: 0...1))
        }
    }
}
