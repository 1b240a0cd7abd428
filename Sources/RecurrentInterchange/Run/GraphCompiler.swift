import RecurrentFormats
import RecurrentTensor

/// Makes a model ready to run and finds what is wrong with it before anything runs.
final class GraphCompiler {
    private let model: ONNXModel
    private let source: String
    private var functions: [String: ONNXFunction] = [:]
    private var nodeCount = 0

    /// More nodes than any model has that a person made: functions in functions could make 2ⁿ.
    private static let maximumNodes = 1 << 20
    private static let maximumCallDepth = 8
    /// The newest version of ONNX's own set that is known here.
    static let newestVersion = 28

    init(_ model: ONNXModel, source: String) throws(RecurrentError) {
        (self.model, self.source) = (model, source)
        for function in model.functions {
            let key = GraphCompiler.key(function.domain, function.name, function.overload)
            guard functions.updateValue(function, forKey: key) == nil else {
                throw RecurrentError(
                    .badModel, "the function \(ONNXTensor.shown(function.name)) is defined twice", at: source)
            }
        }
    }

    func plan() throws(RecurrentError) -> GraphPlan {
        try compile(model.graph, in: nil, Context(versions: model.operatorSets, path: source))
    }

    private static func key(_ domain: String, _ name: String, _ overload: String) -> String {
        "\(domain == "ai.onnx" ? "" : domain)\u{0}\(name)\u{0}\(overload)"
    }

    /// What the nodes of a graph share.
    private struct Context {
        var versions: [ONNXOperatorSet]
        /// Where the graph is, for messages.
        var path: String
        /// How many functions call one another on the way here.
        var callDepth = 0
        /// Within a function: what the call gives for the function's attributes.
        var arguments: [String: ONNXAttribute.Value]?

        func version(of domain: String) -> Int64? {
            versions.last { ($0.domain == "ai.onnx" ? "" : $0.domain) == domain }?.version
        }
    }

    /// The names that a graph has, each with its slot.
    private final class Scope {
        let parent: Scope?
        var slots: [String: Int] = [:]
        var count = 0
        var captures: [GraphPlan.Capture] = []
        var constants: Set<Int> = []

        init(_ parent: Scope?) { self.parent = parent }

        func define(_ name: String) -> Int? {
            guard slots[name] == nil else { return nil }
            slots[name] = count
            count += 1
            return count - 1
        }

        /// The slot of a name here, or of a copy of a value of the graphs around.
        func find(_ name: String) -> Int? {
            if let slot = slots[name] { return slot }
            guard let parent, let outer = parent.find(name), let slot = define(name) else { return nil }
            captures.append(GraphPlan.Capture(outer: outer, inner: slot))
            if parent.constants.contains(outer) { constants.insert(slot) }
            return slot
        }
    }

    private func compile(
        _ graph: ONNXGraph, in parent: Scope?, _ context: Context
    ) throws(RecurrentError) -> GraphPlan {
        func failure(_ what: String, why: String? = nil) -> RecurrentError {
            RecurrentError(.badModel, what, at: context.path, why: why)
        }
        guard graph.sparseInitializerCount == 0 else { throw failure("a sparse initializer is not supported") }
        let scope = Scope(parent)
        var inputSlots: [Int] = []
        for input in graph.inputs {
            guard !input.name.isEmpty, let slot = scope.define(input.name) else {
                throw failure("the input \(ONNXTensor.shown(input.name)) is there twice or has no name")
            }
            inputSlots.append(slot)
        }
        var constants: [GraphPlan.Constant] = []
        var defaults: Set<Int> = []
        for tensor in graph.initializers {
            let value = ONNXValue.array(try ONNXArray(tensor, source: context.path))
            if let slot = inputSlots.first(where: { scope.slots[tensor.name] == $0 }) {
                guard defaults.insert(slot).inserted else {
                    throw failure("the initializer \(ONNXTensor.shown(tensor.name)) is there twice")
                }
                constants.append(GraphPlan.Constant(slot: slot, value: value))
            } else {
                guard let slot = scope.define(tensor.name) else {
                    throw failure("the initializer \(ONNXTensor.shown(tensor.name)) is there twice")
                }
                scope.constants.insert(slot)
                constants.append(GraphPlan.Constant(slot: slot, value: value))
            }
        }
        let (nodes, outputSlots) = try compile(
            graph.nodes, outputs: graph.outputs.map(\.name), scope, &constants, context)
        return GraphPlan(
            inputs: graph.inputs, inputSlots: inputSlots, hasDefault: inputSlots.map { defaults.contains($0) },
            outputNames: graph.outputs.map(\.name), outputTypes: graph.outputs.map(\.type), outputSlots: outputSlots,
            constants: constants,
            captures: scope.captures, nodes: nodes, slotCount: scope.count)
    }

    private func compile(
        _ nodes: [ONNXNode], outputs: [String], _ scope: Scope, _ constants: inout [GraphPlan.Constant],
        _ context: Context
    ) throws(RecurrentError) -> ([NodePlan], [Int]) {
        nodeCount += nodes.count
        guard nodeCount <= GraphCompiler.maximumNodes else {
            throw RecurrentError(
                .badModel, "the model has more than \(GraphCompiler.maximumNodes) nodes", at: context.path)
        }
        var drafts: [Draft] = []
        let madeBy = GraphCompiler.makers(of: nodes)
        for (index, node) in nodes.enumerated() {
            let place = "\(context.path):node \(index)\(node.name.isEmpty ? "" : " \(ONNXTensor.shown(node.name))")"
            if let draft = try draft(node, index, place, scope, &constants, context, madeBy) { drafts.append(draft) }
        }
        var outputSlots: [Int] = []
        for name in outputs {
            guard let slot = scope.find(name) else {
                throw RecurrentError(
                    .badModel, "nothing computes the output \(ONNXTensor.shown(name))", at: context.path)
            }
            outputSlots.append(slot)
        }
        // A slot is free after the last node that reads it, or the one that writes it where none does.
        var last: [Int: Int] = [:]
        for (index, draft) in drafts.enumerated() {
            for slot in draft.inputs + draft.outputs where slot >= 0 { last[slot] = index }
            for body in draft.bodies.values { for capture in body.captures { last[capture.outer] = index } }
        }
        let kept = Set(outputSlots)
        var released: [Int: [Int]] = [:]
        for draft in drafts {
            for slot in draft.outputs where slot >= 0 && !kept.contains(slot) {
                if let index = last[slot] { released[index, default: []].append(slot) }
            }
        }
        let plans = drafts.enumerated().map { index, draft in
            NodePlan(
                name: draft.name, operatorType: draft.operatorType, place: draft.place, version: draft.version,
                attributes: draft.attributes, inputSlots: draft.inputs, outputSlots: draft.outputs,
                isConstant: draft.inputs.map { scope.constants.contains($0) }, bodies: draft.bodies,
                released: released[index] ?? [], operation: draft.operation)
        }
        return (plans, outputSlots)
    }

    private struct Draft {
        var name, operatorType, place: String
        var version: Int
        var attributes: [String: ONNXAttribute.Value]
        var inputs: [Int]
        var outputs: [Int]
        var bodies: [String: GraphPlan]
        var operation: ONNXOperator
    }

    private static func makers(of nodes: [ONNXNode]) -> [String: Int] {
        var makers: [String: Int] = [:]
        for (index, node) in nodes.enumerated() { for output in node.outputs { makers[output] = index } }
        return makers
    }

    // MARK: - One node

    private func draft(
        _ node: ONNXNode, _ index: Int, _ place: String, _ scope: Scope, _ constants: inout [GraphPlan.Constant],
        _ context: Context, _ makers: [String: Int]
    ) throws(RecurrentError) -> Draft? {
        let place = "\(place) (\(node.operatorType.prefix(100)))"
        func failure(_ what: String, why: String? = nil) -> RecurrentError {
            RecurrentError(.badModel, what, at: place, why: why)
        }
        let attributes = try attributes(of: node, place, context)
        var inputs: [Int] = []
        for name in node.inputs {
            if name.isEmpty {
                inputs.append(-1)
            } else if let slot = scope.find(name) {
                inputs.append(slot)
            } else if let maker = makers[name] {
                throw failure(
                    "the input \(ONNXTensor.shown(name)) is computed by node \(maker), which is not before this one",
                    why: "nodes must be in order, and without cycles")
            } else {
                throw failure("nothing computes the input \(ONNXTensor.shown(name))")
            }
        }
        let domain = node.domain == "ai.onnx" ? "" : node.domain
        let version = context.version(of: domain) ?? (domain.isEmpty && context.versions.isEmpty ? 1 : nil)
        var bodies: [String: GraphPlan] = [:]
        let operation: ONNXOperator
        if let function = functions[GraphCompiler.key(domain, node.operatorType, "")] {
            operation = Control.call
            bodies["function"] = try plan(function, attributes, place, context)
        } else {
            guard let version else {
                throw failure("the model imports no version of the operator set \(ONNXTensor.shown(domain))")
            }
            guard domain.isEmpty, let found = ONNXOperator.all[node.operatorType] else {
                let full = domain.isEmpty ? node.operatorType : "\(domain).\(node.operatorType)"
                throw failure("the operator \(ONNXTensor.shown(full)) of opset \(version) is not supported")
            }
            guard version >= 1, version <= Int64(GraphCompiler.newestVersion) else {
                throw failure(
                    "opset \(version) is not supported", why: "versions 1 to \(GraphCompiler.newestVersion) are known")
            }
            guard version >= found.since else {
                throw failure(
                    "the operator \(node.operatorType) of opset \(version) is not supported",
                    why: "it is known here from opset \(found.since) on")
            }
            operation = found
            for (name, value) in attributes {
                guard case .graph(let graph) = value else { continue }
                var inner = context
                inner.path = "\(place).\(name)"
                bodies[name] = try compile(graph, in: scope, inner)
            }
        }
        var outputs: [Int] = []
        for name in node.outputs {
            if name.isEmpty {
                outputs.append(-1)
            } else if let slot = scope.define(name) {
                outputs.append(slot)
            } else {
                throw failure("the output \(ONNXTensor.shown(name)) is there twice")
            }
        }
        if node.operatorType == "Constant", domain.isEmpty, bodies["function"] == nil,
            case .tensor(let tensor)? = attributes["value"],
            outputs.count == 1, outputs[0] >= 0
        {
            constants.append(
                GraphPlan.Constant(slot: outputs[0], value: .array(try ONNXArray(tensor, source: place))))
            scope.constants.insert(outputs[0])
            return nil
        }
        return Draft(
            name: node.name, operatorType: node.operatorType, place: place, version: Int(version ?? 0),
            attributes: attributes, inputs: inputs, outputs: outputs, bodies: bodies, operation: operation)
    }

    private func attributes(
        of node: ONNXNode, _ place: String, _ context: Context
    ) throws(RecurrentError) -> [String: ONNXAttribute.Value] {
        var attributes: [String: ONNXAttribute.Value] = [:]
        for attribute in node.attributes {
            var value = attribute.value
            if case .reference(let name, _) = value {
                guard let arguments = context.arguments else {
                    throw RecurrentError(
                        .badModel, "the attribute \(ONNXTensor.shown(attribute.name)) refers to a function's",
                        at: place, why: "this node is in no function")
                }
                // What the call leaves out is left out here.
                guard let argument = arguments[name] else { continue }
                value = argument
            }
            guard attributes.updateValue(value, forKey: attribute.name) == nil else {
                throw RecurrentError(
                    .badModel, "the attribute \(ONNXTensor.shown(attribute.name)) is there twice", at: place)
            }
        }
        return attributes
    }

    private func plan(
        _ function: ONNXFunction, _ given: [String: ONNXAttribute.Value], _ place: String, _ context: Context
    ) throws(RecurrentError) -> GraphPlan {
        var inner = Context(
            versions: function.operatorSets, path: place, callDepth: context.callDepth + 1, arguments: given)
        guard inner.callDepth <= GraphCompiler.maximumCallDepth else {
            throw RecurrentError(
                .badModel, "functions call one another more than \(GraphCompiler.maximumCallDepth) deep", at: place)
        }
        for attribute in function.attributeDefaults where given[attribute.name] == nil {
            inner.arguments?[attribute.name] = attribute.value
        }
        let scope = Scope(nil)
        var inputSlots: [Int] = []
        for name in function.inputs {
            guard let slot = scope.define(name) else {
                throw RecurrentError(.badModel, "the input \(ONNXTensor.shown(name)) is there twice", at: place)
            }
            inputSlots.append(slot)
        }
        var constants: [GraphPlan.Constant] = []
        let (nodes, outputs) = try compile(function.nodes, outputs: function.outputs, scope, &constants, inner)
        return GraphPlan(
            inputs: function.inputs.map { ONNXValueInfo($0, .unknown) }, inputSlots: inputSlots,
            hasDefault: inputSlots.map { _ in true }, outputNames: function.outputs,
            outputTypes: function.outputs.map { _ in .unknown }, outputSlots: outputs,
            constants: constants, captures: [], nodes: nodes, slotCount: scope.count)
    }
}
