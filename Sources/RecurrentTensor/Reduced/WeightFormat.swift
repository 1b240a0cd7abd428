/// How the weights of recurrent layers are stored, and read at every step of inference.
///
/// Fewer bits make a model smaller, and a stream of single rows faster: there the time of a step is that of reading its
/// weights. States, gates, biases and sums stay numbers of 32 bits.
public enum WeightFormat: String, Sendable, Hashable, CaseIterable {
    /// IEEE 754 binary32: nothing is reduced.
    case float32
    /// IEEE 754 binary16: 11 significant bits, up to 65504.
    case float16
    /// The upper half of a binary32: 8 significant bits, the whole range.
    case bfloat16
    /// Whole numbers from -127 to 127 with one scale for each output channel.
    case int8

    /// The element type of the stored tensors.
    public var elementType: ElementType {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .int8: .int8
        }
    }
}
