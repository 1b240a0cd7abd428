import RecurrentTensor

extension CellTrace {
    /// The columns of ``csv(_:)``.
    public static let csvHeader = "step,row,layer,unit,quantity,value"

    /// Every number as the lines of a CSV table in long form, the header first, each without a line break.
    ///
    /// `row` is the sequence in the batch. Quantities are gates and states by their names, `dloss/dh` and `dloss/dc` for
    /// the gradients, and `|dloss/dh|` and `|dloss/dc|`, which have no unit, for their norms. Gradients of the state before
    /// the first step have no step. Numbers have the fewest digits that read back to the same Double; NaN is empty.
    ///
    ///     try trace.csv { line in print(line) }
    ///
    /// - Complexity: one line at a time in memory.
    public func csv<E: Error>(_ write: (String) throws(E) -> Void) throws(E) {
        try write(CellTrace.csvHeader)
        for layer in layers {
            let name = CellTrace.field(layer.name)
            func line(_ entry: Layer.Entry) -> String {
                let step = entry.step.map(String.init) ?? ""
                let unit = entry.unit.map(String.init) ?? ""
                return "\(step),\(entry.row),\(name),\(unit),\(CellTrace.field(entry.quantity)),"
                    + CellTrace.field(entry.value)
            }
            try layer.visitEntries { (entry) throws(E) in try write(line(entry)) }
            for gradient in layer.initialGradients {
                let quantity = "dloss/d" + gradient.name
                try Layer.visit(gradient.values, quantity, step: nil) { (entry) throws(E) in try write(line(entry)) }
            }
        }
    }

    /// A text, in quotes where it needs them.
    private static func field(_ text: String) -> String {
        let needsQuotes =
            text.first == " " || text.last == " "
            || text.unicodeScalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
        return needsQuotes
            ? "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
            : text
    }

    private static func field(_ value: Double) -> String {
        if value.isNaN { return "" }
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

extension CellTrace.Layer {
    /// One number of a trace.
    package struct Entry {
        /// Nil before the first step.
        package let step: Int?
        /// The sequence in the batch.
        package let row: Int
        /// Nil for a norm.
        package let unit: Int?
        package let quantity: String
        package let value: Double
    }

    /// Every number of every step: gates, states, gradients and their norms, one quantity after another.
    package func visitEntries<E: Error>(_ body: (Entry) throws(E) -> Void) throws(E) {
        var quantities = (activations + states).map { (name: $0.name, values: $0.values) }
        quantities += gradients.map { (name: "dloss/d" + $0.name, values: $0.values) }
        quantities += gradientNorms.map { (name: "|dloss/d" + $0.name + "|", values: $0.values) }
        for (name, values) in quantities {
            // Step by step: the numbers of a whole quantity as doubles would be many.
            for step in 0..<values.shape[0] { try Self.visit(values[step], name, step: step, body) }
        }
    }

    /// The numbers of one step, [B, …] or [B]; the units of a frame are counted row by row, channel by channel.
    fileprivate static func visit<E: Error>(
        _ values: Tensor, _ quantity: String, step: Int?, _ body: (Entry) throws(E) -> Void
    ) throws(E) {
        let numbers = values.doubles()
        let width = values.shape.dropFirst().reduce(1, *)
        for row in 0..<values.shape[0] {
            for unit in 0..<width {
                try body(
                    Entry(
                        step: step, row: row, unit: values.rank > 1 ? unit : nil, quantity: quantity,
                        value: numbers[row * width + unit]))
            }
        }
    }
}
