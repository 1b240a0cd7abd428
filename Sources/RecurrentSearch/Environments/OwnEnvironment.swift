import RecurrentTensor

/// An environment that the calling program has itself, with a name to tell it by.
///
/// A run or a model that is stored knows its name alone; whoever goes on with it gives the environment again.
public struct OwnEnvironment: Sendable, Hashable {
    /// What it is called.
    public let name: String
    /// It at rest, of which every episode takes a copy; nil where a file alone names it.
    private let world: (any Environment)?

    /// An environment with a name.
    public init(_ environment: any Environment, name: String) { (self.name, world) = (name, environment) }

    init(named name: String) { (self.name, world) = (name, nil) }

    /// The environment.
    ///
    /// - Throws: `usage` where a file alone names it.
    func environment() throws(RecurrentError) -> any Environment {
        guard let world else {
            throw RecurrentError(
                .usage, "the environment is one of the program that learned in it, which a file cannot hold", at: name,
                help: "give it again: EnvironmentSource(environment, name: …)")
        }
        return world
    }

    /// Whether both have one name.
    public static func == (one: OwnEnvironment, other: OwnEnvironment) -> Bool { one.name == other.name }

    /// Hashes the name.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
