public import RecurrentTensor

/// The order in which the gates of a recurrent layer stand in its weights: the only place that permutes them.
///
/// Weights are stacks of G blocks of H rows, a block for each gate. A GRU's gates are named r (reset), z (update) and
/// n (candidate); an LSTM's i, f, g (candidate) and o.
public struct GateOrder: Sendable, Hashable {
    /// The gates, first to last.
    public let gates: [Character]

    private init(_ gates: String) { self.gates = Array(gates) }

    /// LSTM here, in PyTorch and in Keras: i, f, g, o.
    public static let lstm = GateOrder("ifgo")
    /// LSTM in ONNX: i, o, f, c.
    public static let lstmONNX = GateOrder("iofg")
    /// Peepholes of an LSTM here: i, f, o.
    public static let peepholes = GateOrder("ifo")
    /// Peepholes of an LSTM in ONNX: i, o, f.
    public static let peepholesONNX = GateOrder("iof")
    /// GRU here and in PyTorch: r, z, n.
    public static let gru = GateOrder("rzn")
    /// GRU in ONNX and in Keras: z, r, h.
    public static let gruONNX = GateOrder("zrn")

    /// The blocks of `tensor`, which stand in the order `self`, in another order.
    ///
    /// - Shapes: `tensor` [G·n, …] → [G·n, …].
    /// - Precondition: the first axis is a multiple of the number of gates, and both orders have the same gates.
    public func reordered(_ tensor: Tensor, to other: GateOrder) -> Tensor {
        precondition(Set(gates) == Set(other.gates), "GateOrder: \(gates) and \(other.gates) are other gates")
        precondition(
            tensor.rank > 0 && tensor.shape[0] % gates.count == 0,
            "GateOrder: a tensor of shape \(tensor.shape) has no \(gates.count) blocks")
        if self == other { return tensor }
        let rows = tensor.shape[0] / gates.count
        let bytes = rows * tensor.shape.dropFirst().reduce(tensor.elementType.byteCount, *)
        var result = tensor
        result.withUnsafeMutableBytes { target in
            tensor.withUnsafeBytes { source in
                for (place, gate) in other.gates.enumerated() {
                    let from = gates.firstIndex(of: gate) ?? 0
                    UnsafeMutableRawBufferPointer(rebasing: target[place * bytes..<(place + 1) * bytes])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from * bytes..<(from + 1) * bytes]))
                }
            }
        }
        return result
    }
}
