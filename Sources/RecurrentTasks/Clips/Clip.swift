public import RecurrentData

/// A short film: frames of one size, and what is seen in it.
public struct Clip: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// What is seen; nil where that is not known.
    public var label: String?
    /// The frames.
    public var frames: [Picture]

    /// A film.
    public init(name: String, label: String? = nil, frames: [Picture]) {
        (self.name, self.label, self.frames) = (name, label, frames)
    }
}
