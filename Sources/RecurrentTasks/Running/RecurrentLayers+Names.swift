package import RecurrentNN

extension ParameterVisitor {
    /// Visits layers as one recurrent network of PyTorch names its parameters: `rnn.weight_ih_l0`, ….
    package mutating func visitNetwork(_ layers: inout [any RecurrentLayer]) {
        let outer = prefix
        prefix += "rnn."
        for index in layers.indices {
            var suffixing = Suffixing(visitor: self, suffix: "_l\(index)")
            layers[index].visitParameters(&suffixing)
            self = suffixing.visitor
        }
        prefix = outer
    }
}
