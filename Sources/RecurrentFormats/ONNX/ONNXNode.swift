/// A named constant of a node.
public struct ONNXAttribute: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The value.
    public var value: Value

    /// What an attribute can be.
    public enum Value: Sendable, Hashable {
        /// A number.
        case float(Float)
        /// A whole number.
        case int(Int64)
        /// A text, by its bytes.
        case string(ArraySlice<UInt8>)
        /// A tensor.
        case tensor(ONNXTensor)
        /// A graph: the body of a loop or a branch.
        case graph(ONNXGraph)
        /// Numbers.
        case floats([Float])
        /// Whole numbers.
        case ints([Int64])
        /// Texts.
        case strings([ArraySlice<UInt8>])
        /// Tensors.
        case tensors([ONNXTensor])
        /// Graphs.
        case graphs([ONNXGraph])
        /// A type.
        case type(ONNXType)
        /// Within a function: the attribute of this name of the node that calls it.
        case reference(String, kind: Int)
        /// Sparse tensors and lists of types, which are not supported.
        case unsupported(String)
    }

    /// An attribute.
    public init(_ name: String, _ value: Value) { (self.name, self.value) = (name, value) }

    /// A text.
    public static func string(_ name: String, _ text: String) -> ONNXAttribute {
        ONNXAttribute(name, .string(Array(text.utf8)[...]))
    }

    /// Texts.
    public static func strings(_ name: String, _ texts: [String]) -> ONNXAttribute {
        ONNXAttribute(name, .strings(texts.map { Array($0.utf8)[...] }))
    }
}

/// An operator applied to values.
public struct ONNXNode: Sendable, Hashable {
    /// The name; may be empty.
    public var name: String
    /// The operator, such as `LSTM`.
    public var operatorType: String
    /// The set of operators that it is from; empty for ONNX's own.
    public var domain: String
    /// The names of the inputs; an empty one is left out.
    public var inputs: [String]
    /// The names of the outputs; an empty one is not wanted.
    public var outputs: [String]
    /// The attributes.
    public var attributes: [ONNXAttribute]

    /// A node.
    public init(
        _ operatorType: String, inputs: [String], outputs: [String], attributes: [ONNXAttribute] = [],
        name: String = "", domain: String = ""
    ) {
        self.name = name
        self.operatorType = operatorType
        self.domain = domain
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
    }
}

/// Nodes between inputs and outputs.
public struct ONNXGraph: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The nodes, each behind those whose outputs it uses.
    public var nodes: [ONNXNode]
    /// Constants, and defaults of inputs of the same name.
    public var initializers: [ONNXTensor]
    /// What is fed in, in order.
    public var inputs: [ONNXValueInfo]
    /// What comes out, in order.
    public var outputs: [ONNXValueInfo]
    /// Types of values between the nodes.
    public var valueInfo: [ONNXValueInfo]
    /// A description.
    public var documentation: String
    /// The number of sparse constants, which are not supported.
    package var sparseInitializerCount = 0

    /// A graph.
    public init(
        name: String, nodes: [ONNXNode] = [], initializers: [ONNXTensor] = [], inputs: [ONNXValueInfo] = [],
        outputs: [ONNXValueInfo] = [], valueInfo: [ONNXValueInfo] = [], documentation: String = ""
    ) {
        self.name = name
        self.nodes = nodes
        self.initializers = initializers
        self.inputs = inputs
        self.outputs = outputs
        self.valueInfo = valueInfo
        self.documentation = documentation
    }
}

/// A set of operators and its version.
public struct ONNXOperatorSet: Sendable, Hashable {
    /// The set; empty for ONNX's own.
    public var domain: String
    /// The version.
    public var version: Int64

    /// A version of a set.
    public init(domain: String = "", version: Int64) { (self.domain, self.version) = (domain, version) }
}

/// An operator that a model defines by nodes.
public struct ONNXFunction: Sendable, Hashable {
    /// The operator's name.
    public var name: String
    /// The set that it belongs to.
    public var domain: String
    /// Which of several functions of one name.
    public var overload: String
    /// The names of the inputs within the function.
    public var inputs: [String]
    /// The names of the outputs within the function.
    public var outputs: [String]
    /// The attributes that a call must give.
    public var attributeNames: [String]
    /// Attributes with defaults.
    public var attributeDefaults: [ONNXAttribute]
    /// The nodes.
    public var nodes: [ONNXNode]
    /// The sets that the nodes are from.
    public var operatorSets: [ONNXOperatorSet]
}
