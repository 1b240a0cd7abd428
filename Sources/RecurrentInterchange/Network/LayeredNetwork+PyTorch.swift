import RecurrentFormats
import RecurrentNN
public import RecurrentTensor

extension LayeredNetwork {
    /// Writes the weights as a PyTorch state dict in a safetensors file: names and bits are those of the parameters.
    ///
    /// ```python
    /// model.load_state_dict(safetensors.torch.load_file("state.safetensors"))
    /// ```
    ///
    /// - Throws: `usage` for a layer that PyTorch does not have; `inputOutput` where the file cannot be written.
    public func writeStateDict(to path: String) throws(RecurrentError) {
        for layer in layers {
            switch layer.part {
            case .gru(_, form: .resetBefore):
                throw RecurrentError(
                    .usage, "the GRU '\(layer.name)' cannot be given to PyTorch",
                    why: "its reset gate acts before the product (Keras's reset_after=False), PyTorch's after it",
                    help: "--to onnx writes it exactly")
            case .rnn(_, let activation) where activation != .tanh && activation != .relu:
                throw RecurrentError(
                    .usage, "the RNN '\(layer.name)' cannot be given to PyTorch",
                    why: "its activation is \(activation.name); PyTorch's is tanh or relu", help: "--to onnx writes it")
            default: break
            }
        }
        try Safetensors.write(
            parameters.map { (name: $0.name, tensor: $0.value) }, metadata: ["format": "pt"], to: path)
    }
}
