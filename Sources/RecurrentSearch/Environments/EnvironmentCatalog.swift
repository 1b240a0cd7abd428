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
    public static let entries: [Entry] = classics + poles + memories + lives

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

    private static func option(_ name: String, _ summary: String) -> Option { Option(name: name, summary: summary) }

    private static let classics: [Entry] = [
        Entry(
            name: "cart-pole", summary: "a pole on a cart pushed left or right (CartPole-v1)",
            options: [hideVelocities, timeLimit(500)]
        ) { (given) throws(RecurrentError) in
            CartPole(hidesVelocities: try given.hidesVelocities(), timeLimit: try given.timeLimit(default: 500))
        },
        Entry(
            name: "pendulum", summary: "a pendulum to swing up with a weak torque (Pendulum-v1)",
            options: [hideVelocities, timeLimit(200)]
        ) { (given) throws(RecurrentError) in
            Pendulum(hidesVelocities: try given.hidesVelocities(), timeLimit: try given.timeLimit(default: 200))
        },
        Entry(
            name: "acrobot", summary: "two links to swing above their bar (Acrobot-v1)",
            options: [hideVelocities, timeLimit(500)]
        ) { (given) throws(RecurrentError) in
            Acrobot(hidesVelocities: try given.hidesVelocities(), timeLimit: try given.timeLimit(default: 500))
        },
        car("mountain-car", "a weak car in a valley, three choices (MountainCar-v0)", continuous: false, limit: 200),
        car(
            "mountain-car-continuous", "a weak car in a valley, a force (MountainCarContinuous-v0)", continuous: true,
            limit: 999),
    ]

    private static func car(_ name: String, _ summary: String, continuous: Bool, limit: Int) -> Entry {
        Entry(name: name, summary: summary, options: [hideVelocities, timeLimit(limit)]) {
            (given) throws(RecurrentError) in
            MountainCar(
                continuous: continuous, hidesVelocities: try given.hidesVelocities(),
                timeLimit: .some(try given.timeLimit(default: limit)))
        }
    }

    private static let memories: [Entry] = [
        Entry(
            name: "t-maze", summary: "a corridor whose beginning tells where to turn at its end",
            options: [
                option("corridor", "steps to the junction (10)"),
                option("time-limit", "steps until an episode is cut off, 0 for none (10 × corridor + 50)"),
            ]
        ) { (given) throws(RecurrentError) in
            let corridor = try given.int("corridor", default: 10, in: 1...1_000_000)
            return TMaze(corridor: corridor, timeLimit: try given.timeLimit(default: 10 * corridor + 50))
        },
        Entry(
            name: "key-grid", summary: "a key whose colour opens one of several doors",
            options: [
                option("size", "cells of a side (7)"), option("colors", "keys and doors (3)"), timeLimit(200),
            ]
        ) { (given) throws(RecurrentError) in
            let size = try given.int("size", default: 7, in: 3...1000)
            return KeyGrid(
                size: size, colors: try given.int("colors", default: min(3, size), in: 2...size),
                timeLimit: try given.timeLimit(default: 200))
        },
        Entry(
            name: "copy", summary: "a list of symbols to be said again after a pause",
            options: [
                option("length", "symbols of the list (5)"), option("symbols", "different symbols (4)"),
                option("delay", "steps between showing and asking (5)"),
            ]
        ) { (given) throws(RecurrentError) in
            SymbolMemory(
                .copy, length: try given.int("length", default: 5, in: 1...100_000),
                symbols: try given.int("symbols", default: 4, in: 2...1000),
                delay: try given.int("delay", default: 5, in: 0...100_000))
        },
        Entry(
            name: "recall", summary: "pairs of symbols, of one of which the partner is asked for",
            options: [
                option("pairs", "pairs shown (3)"), option("symbols", "different symbols (4)"),
                option("delay", "steps between showing and asking (2)"),
            ]
        ) { (given) throws(RecurrentError) in
            let symbols = try given.int("symbols", default: 4, in: 2...1000)
            return SymbolMemory(
                .recall, length: try given.int("pairs", default: min(3, symbols), in: 1...symbols), symbols: symbols,
                delay: try given.int("delay", default: 2, in: 0...100_000))
        },
    ]

    private static let lives: [Entry] = [
        Entry(
            name: "snake", summary: "a snake that grows with each apple",
            options: [option("size", "cells of a side (10)"), timeLimit(1000)]
        ) { (given) throws(RecurrentError) in
            Snake(
                size: try given.int("size", default: 10, in: 4...100), timeLimit: try given.timeLimit(default: 1000))
        },
        Entry(
            name: "foraging", summary: "several creatures that look for food: artificial life",
            options: [
                option("creatures", "how many (4)"), option("food", "pieces of food (12)"), hideVelocities,
                timeLimit(300),
            ]
        ) { (given) throws(RecurrentError) in
            Foraging(
                creatures: try given.int("creatures", default: 4, in: 1...256),
                food: try given.int("food", default: 12, in: 1...1024), hidesVelocities: try given.hidesVelocities(),
                timeLimit: try given.timeLimit(default: 300))
        },
    ]

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
        return Entry(name: name, summary: summary, options: options) { (given) throws(RecurrentError) in
            PoleBalancing(
                secondPole: second, hidesVelocities: try given.hidesVelocities(),
                start: try given.word("start", default: .fixed), timeLimit: try given.timeLimit(default: 1000),
                secondLength: try given.double("second-length", default: 0.1, in: 0.01...1),
                trackFriction: try given.double("track-friction", default: 0.0005, in: 0...1))
        }
    }
}
