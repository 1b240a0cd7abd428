/// An error caused by something outside the program: a file, a flag, a configuration, a checkpoint, a diverging run.
///
/// It says what happened, where, why and what to do. A bug in calling code (a wrong shape, an index out of range) is not
/// a `RecurrentError`; it stops the program with a message.
public struct RecurrentError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of a failure, from which a program derives its exit code.
    public enum Category: String, Sendable, Hashable, CaseIterable {
        /// Anything that has no category of its own.
        case failure
        /// A wrong option, argument or configuration key.
        case usage
        /// Input data that cannot be used.
        case badData
        /// A model folder or weight file that cannot be used.
        case badModel
        /// Training produced NaN or an exploding loss.
        case diverged
        /// Reading or writing failed, or the disk is full.
        case inputOutput
        /// The user interrupted the run; its state was saved.
        case interrupted

        /// The exit code of a program that ends with this failure.
        public var exitCode: Int32 {
            switch self {
            case .failure: 1
            case .usage: 2
            case .badData: 3
            case .badModel: 4
            case .diverged: 5
            case .inputOutput: 6
            case .interrupted: 130
            }
        }
    }

    /// The kind of the failure.
    public var category: Category
    /// What happened, in one sentence without a full stop.
    public var what: String
    /// Where: `file`, `file:line`, or `file:line:column`; nil where there is no place.
    public var place: String?
    /// Why it is a failure, where `what` does not say it.
    public var why: String?
    /// What to do about it.
    public var help: String?

    /// Creates an error.
    public init(
        _ category: Category, _ what: String, at place: String? = nil, why: String? = nil, help: String? = nil
    ) {
        self.category = category
        self.what = what
        self.place = place
        self.why = why
        self.help = help
    }

    /// The lines that a person reads: place and what, then why, then help.
    public var description: String {
        var lines = [(place.map { $0 + ": " } ?? "") + what]
        if let why { lines.append("  why:  " + why) }
        if let help { lines.append("  help: " + help) }
        return lines.joined(separator: "\n")
    }
}
