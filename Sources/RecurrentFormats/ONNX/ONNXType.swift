/// The extent of an axis, as a model declares it.
public enum ONNXDimension: Sendable, Hashable {
    /// A number.
    case size(Int)
    /// A name that stands for the same extent wherever it occurs.
    case symbol(String)
    /// Not said.
    case unknown
}

/// The type of a value, as a model declares it.
public indirect enum ONNXType: Sendable, Hashable {
    /// A tensor; the shape is nil where even its rank is not said.
    case tensor(ONNXElementType, shape: [ONNXDimension]?)
    /// A sequence of values of a type.
    case sequence(ONNXType?)
    /// A value of a type, or none.
    case optional(ONNXType?)
    /// A sparse tensor, a map or an opaque value, which are not supported.
    case unsupported(String)
    /// Not said.
    case unknown
}

/// The name and the type of an input, an output or a value between nodes.
public struct ONNXValueInfo: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The type.
    public var type: ONNXType

    /// A value of a type.
    public init(_ name: String, _ type: ONNXType) { (self.name, self.type) = (name, type) }

    /// A tensor.
    public init(_ name: String, _ elementType: ONNXElementType, shape: [ONNXDimension]?) {
        self.init(name, .tensor(elementType, shape: shape))
    }
}
