import RecurrentAutodiff

/// The place of a cell in stacked layers of one or two directions.
struct StackPlace: CustomStringConvertible {
    /// Its number: layer 0 forward, layer 0 reverse, layer 1 forward, ….
    let index: Int
    let layer: Int
    let isReversed: Bool

    var description: String { "layer \(layer)" + (isReversed ? " reverse" : "") }

    /// The way of a sequence through the layers: `body` gives the output at each place, and the outputs of both directions
    /// stand behind one another.
    static func walk(
        _ x: Variable, layers: Int, directions: Int, dropout: Double,
        _ body: (_ place: StackPlace, _ input: Variable) -> Variable
    ) -> Variable {
        var input = x
        for layer in 0..<layers {
            if layer > 0 { input = input.dropout(dropout) }
            let outputs = (0..<directions).map { direction in
                body(
                    StackPlace(index: layer * directions + direction, layer: layer, isReversed: direction == 1), input)
            }
            input = directions == 1 ? outputs[0] : .concatenated(outputs, axis: 2)
        }
        return input
    }
}
