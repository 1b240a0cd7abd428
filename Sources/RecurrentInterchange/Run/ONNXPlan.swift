import RecurrentFormats
import RecurrentTensor
import Synchronization

/// A graph made ready to run: names are numbers of slots, constants are read, operators are found.
final class GraphPlan: Sendable {
    struct Constant: Sendable {
        let slot: Int
        let value: ONNXValue
    }

    /// A value of the graph around this one, and the slot that it has here.
    struct Capture: Sendable {
        let outer: Int
        let inner: Int
    }

    let inputs: [ONNXValueInfo]
    let inputSlots: [Int]
    /// Whether an input of the same place has a constant for a default.
    let hasDefault: [Bool]
    let outputNames: [String]
    /// What the model says about its outputs.
    let outputTypes: [ONNXType]
    let outputSlots: [Int]
    let constants: [Constant]
    let captures: [Capture]
    let nodes: [NodePlan]
    let slotCount: Int

    init(
        inputs: [ONNXValueInfo], inputSlots: [Int], hasDefault: [Bool], outputNames: [String], outputTypes: [ONNXType],
        outputSlots: [Int], constants: [Constant], captures: [Capture], nodes: [NodePlan], slotCount: Int
    ) {
        (self.inputs, self.inputSlots, self.hasDefault) = (inputs, inputSlots, hasDefault)
        (self.outputNames, self.outputTypes, self.outputSlots) = (outputNames, outputTypes, outputSlots)
        (self.constants, self.captures, self.nodes, self.slotCount) = (constants, captures, nodes, slotCount)
    }

    /// Runs the nodes one after another.
    ///
    /// - Parameters:
    ///   - arguments: as many as there are inputs; nil for one that is left out.
    ///   - outer: the values of the graph around this one.
    func run(_ arguments: [ONNXValue?], outer: [ONNXValue?], _ usage: ONNXUsage) throws -> [ONNXValue?] {
        var slots = [ONNXValue?](repeating: nil, count: slotCount)
        for constant in constants { slots[constant.slot] = constant.value }
        for capture in captures { slots[capture.inner] = outer[capture.outer] }
        for (slot, argument) in zip(inputSlots, arguments) { if let argument { slots[slot] = argument } }
        let before = usage.memory
        defer { usage.memory = before }
        for node in nodes {
            let inputs = node.inputSlots.map { $0 < 0 ? nil : slots[$0] }
            let call = ONNXCall(node: node, inputs: inputs, outer: node.bodies.isEmpty ? [] : slots, usage: usage)
            let outputs = try node.operation.run(call)
            guard outputs.count >= node.outputSlots.count else {
                throw call.failure("has \(node.outputSlots.count) outputs; it can have \(outputs.count)")
            }
            for (slot, value) in zip(node.outputSlots, outputs) where slot >= 0 {
                slots[slot] = value
                usage.memory += value?.byteCount ?? 0
            }
            for slot in node.released {
                usage.memory -= slots[slot]?.byteCount ?? 0
                slots[slot] = nil
            }
            guard usage.memory <= usage.limits.memory else {
                throw call.failure("needs more than \(usage.limits.memory) bytes with what is alive")
            }
        }
        return outputSlots.map { slots[$0] }
    }
}

/// A node made ready to run.
final class NodePlan: Sendable {
    let name: String
    let operatorType: String
    /// Where it stands, for messages.
    let place: String
    /// The version of its set of operators.
    let version: Int
    let attributes: [String: ONNXAttribute.Value]
    let inputSlots: [Int]
    let outputSlots: [Int]
    /// Which inputs are the same in every run.
    let isConstant: [Bool]
    /// Graphs within it, by attribute.
    let bodies: [String: GraphPlan]
    /// Slots that no later node needs.
    let released: [Int]
    let operation: ONNXOperator
    /// What an operator made of its constant inputs, to be used again.
    let prepared = Mutex<(any Sendable)?>(nil)

    init(
        name: String, operatorType: String, place: String, version: Int, attributes: [String: ONNXAttribute.Value],
        inputSlots: [Int], outputSlots: [Int], isConstant: [Bool], bodies: [String: GraphPlan], released: [Int],
        operation: ONNXOperator
    ) {
        (self.name, self.operatorType, self.place, self.version) = (name, operatorType, place, version)
        (self.attributes, self.inputSlots, self.outputSlots) = (attributes, inputSlots, outputSlots)
        (self.isConstant, self.bodies, self.released, self.operation) = (isConstant, bodies, released, operation)
    }
}
