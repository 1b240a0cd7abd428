package import RecurrentFormats
package import RecurrentTensor

/// A value of a graph that is being built.
package struct GraphValue: Sendable, Hashable {
    package let name: String
}

/// Builds a graph of operators node by node, naming values so that a person can read them.
///
/// Bodies of loops share the names and the constants of the graph around them.
package final class ONNXGraphBuilder {
    private(set) var nodes: [ONNXNode] = []
    private(set) var inputs: [ONNXValueInfo] = []
    private(set) var outputs: [ONNXValueInfo] = []
    /// What stands before the names of new values, such as `encoder.lstm`.
    package var scope = ""

    private let outer: Outer

    /// What a graph and the bodies within it have in common.
    private final class Outer {
        var names: Set<String> = []
        var initializers: [ONNXTensor] = []
        var ints: [[Int]: GraphValue] = [:]
        var scalars: [UInt32: GraphValue] = [:]
    }

    /// An empty graph.
    package init() { outer = Outer() }

    private init(within builder: ONNXGraphBuilder) {
        outer = builder.outer
        scope = builder.scope
    }

    /// The body of a loop in this graph.
    func body() -> ONNXGraphBuilder { ONNXGraphBuilder(within: self) }

    // MARK: - Values

    /// A new value of the graph.
    private func fresh(_ base: String) -> GraphValue {
        let whole = scope.isEmpty ? base : scope + "/" + base
        var name = whole
        var count = 1
        while !outer.names.insert(name).inserted {
            name = "\(whole)_\(count)"
            count += 1
        }
        return GraphValue(name: name)
    }

    /// An input of the graph; its name must be new.
    package func input(_ name: String, _ type: ONNXElementType, _ shape: [ONNXDimension]) -> GraphValue {
        let outerScope = scope
        scope = ""
        let value = fresh(name)
        scope = outerScope
        inputs.append(ONNXValueInfo(value.name, type, shape: shape))
        return value
    }

    /// An input of a body.
    func bodyInput(_ base: String, _ type: ONNXElementType, _ shape: [ONNXDimension]) -> GraphValue {
        let value = fresh(base)
        inputs.append(ONNXValueInfo(value.name, type, shape: shape))
        return value
    }

    /// Makes a value an output under a name of its own.
    package func output(_ value: GraphValue, as name: String, _ type: ONNXElementType, _ shape: [ONNXDimension]) {
        outer.names.insert(name)
        nodes.append(ONNXNode("Identity", inputs: [value.name], outputs: [name], name: name + "/Identity"))
        outputs.append(ONNXValueInfo(name, type, shape: shape))
    }

    /// Makes a value an output of a body.
    func bodyOutput(_ value: GraphValue, _ base: String, _ type: ONNXElementType, _ shape: [ONNXDimension]) {
        let copy = fresh(base)
        nodes.append(ONNXNode("Identity", inputs: [value.name], outputs: [copy.name], name: copy.name + "/Identity"))
        outputs.append(ONNXValueInfo(copy.name, type, shape: shape))
    }

    /// A constant; floating-point numbers become `float32`.
    package func constant(_ tensor: Tensor, _ base: String) -> GraphValue {
        let value = fresh(base)
        let stored = tensor.elementType == .float64 ? tensor.converted(to: .float32) : tensor
        outer.initializers.append(ONNXTensor(stored, name: value.name))
        return value
    }

    /// A constant vector of whole numbers.
    package func ints(_ values: [Int]) -> GraphValue {
        if let known = outer.ints[values] { return known }
        let value = unscoped("ints." + values.map { "\($0)" }.joined(separator: "."))
        outer.initializers.append(ONNXTensor(Tensor(values.map { Int64($0) }), name: value.name))
        outer.ints[values] = value
        return value
    }

    /// A constant number.
    package func scalar(_ number: Double) -> GraphValue {
        let stored = Float(number)
        if let known = outer.scalars[stored.bitPattern] { return known }
        let value = unscoped("number.\(stored)")
        outer.initializers.append(ONNXTensor(Tensor(scalar: stored), name: value.name))
        outer.scalars[stored.bitPattern] = value
        return value
    }

    private func unscoped(_ base: String) -> GraphValue {
        let own = scope
        scope = ""
        defer { scope = own }
        return fresh(base)
    }

    // MARK: - Nodes

    /// A node with several outputs; nil stands for an input that is left out.
    package func nodes(
        _ type: String, _ inputs: [GraphValue?], outputs: [String], _ attributes: [ONNXAttribute] = []
    ) -> [GraphValue] {
        let node = fresh(type)
        let values = outputs.map { fresh($0) }
        var names = inputs.map { $0?.name ?? "" }
        while names.last == "" { names.removeLast() }
        nodes.append(
            ONNXNode(type, inputs: names, outputs: values.map(\.name), attributes: attributes, name: node.name))
        return values
    }

    /// A node with one output.
    package func node(_ type: String, _ inputs: GraphValue..., attributes: [ONNXAttribute] = []) -> GraphValue {
        nodes(type, inputs, outputs: [type.lowercased()], attributes)[0]
    }

    /// The graph, without nodes and constants that nothing uses.
    package func graph(name: String, documentation: String = "", isBody: Bool = false) -> ONNXGraph {
        var needed = Set(outputs.map(\.name))
        var kept: [ONNXNode] = []
        for node in nodes.reversed() where node.outputs.contains(where: needed.contains) {
            kept.append(node)
            Self.names(in: node).forEach { needed.insert($0) }
        }
        return ONNXGraph(
            name: name, nodes: kept.reversed(),
            initializers: isBody ? [] : outer.initializers.filter { needed.contains($0.name) }, inputs: inputs,
            outputs: outputs, documentation: documentation)
    }

    /// All names that a node uses, in bodies too.
    private static func names(in node: ONNXNode) -> [String] {
        var names = node.inputs
        for attribute in node.attributes {
            guard case .graph(let body) = attribute.value else { continue }
            for inner in body.nodes { names += Self.names(in: inner) }
        }
        return names
    }
}
