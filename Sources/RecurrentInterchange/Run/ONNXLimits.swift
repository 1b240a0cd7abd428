/// What a run of a graph may take, so that no file can take more.
public struct ONNXLimits: Sendable, Hashable {
    /// Bytes of all values that are alive at once, the constants of the model not counted.
    public var memory = 4 << 30
    /// Steps of all loops and scans together.
    public var loopSteps = 1 << 22
    /// Multiply-adds of all products and convolutions together, and elements of all outputs.
    public var work = Double.infinity

    /// Values in a sequence.
    static let sequenceCount = 1 << 16

    /// The limits that suit a file of one's own.
    public init() {}
}

/// What a run has taken so far.
final class ONNXUsage {
    let limits: ONNXLimits
    var memory = 0
    var loopSteps = 0
    var work = 0.0

    init(_ limits: ONNXLimits) { self.limits = limits }
}
