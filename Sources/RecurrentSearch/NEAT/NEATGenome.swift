public import RecurrentFormats
public import RecurrentTensor

/// A network as genes: nodes, and links between them with weights. Wiring and weights both evolve.
///
/// Every gene has a number that it shares with the genes of the same origin in other genomes, so that two genomes can be
/// laid side by side and crossed.
///
/// - Source: Stanley & Miikkulainen 2002; nodes with gates: Rawal & Miikkulainen 2016.
public struct NEATGenome: Sendable, Hashable {
    /// What a node is for.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// Shows a number of the observation.
        case input
        /// Is always 1.
        case bias
        /// Is a number of the answer.
        case output
        /// Neither.
        case hidden

        /// Nodes stand in the order of the cases.
        var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// What a node does with the weighted sum u of its links.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// h = tanh(u).
        case unit
        /// A cell of long short-term memory whose gates see u and h: i, f, o = σ(wu + rh + b), g = tanh(wu + rh + b),
        /// c ← fc + ig, h = o tanh(c).
        case lstm
        /// A gated recurrent unit: r, z = σ(wu + vh + b), n = tanh(wu + b + r vh), h ← (1 − z)n + zh.
        case gru

        /// The numbers of a node's own: w, r and b of each gate.
        public var parameterCount: Int {
            switch self {
            case .unit: 0
            case .lstm: 12
            case .gru: 9
            }
        }

        /// The numbers of a new node: it passes on what comes in, nearly as a unit does.
        var start: [Double] {
            switch self {
            case .unit: []
            // Gates i, f, g, o: open, half forgetting, the sum, open.
            case .lstm: [0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 2]
            // Gates r, z, n.
            case .gru: [0, 0, 0, 0, 0, -1, 1, 0, 0]
            }
        }
    }

    /// A node.
    public struct Node: Sendable, Hashable {
        /// Its number.
        public var id: Int
        /// What it is for.
        public var role: Role
        /// What it does.
        public var kind: Kind
        /// The numbers of its own, gate by gate w, r, b.
        public var parameters: [Double]
    }

    /// A link.
    public struct Link: Sendable, Hashable {
        /// The number of its origin.
        public var innovation: Int
        /// The node that it comes from.
        public var from: Int
        /// The node that it goes to.
        public var to: Int
        /// Whether it carries what the node gave a step before.
        public var isRecurrent: Bool
        /// Its weight.
        public var weight: Double
        /// Whether it carries anything.
        public var isEnabled: Bool
    }

    /// The nodes: inputs, the bias, outputs, then hidden ones, numbers ascending.
    public internal(set) var nodes: [Node]
    /// The links, innovations ascending.
    public internal(set) var links: [Link]

    init(nodes: [Node], links: [Link]) { (self.nodes, self.links) = (nodes, links) }

    /// The numbers of an observation.
    public var inputCount: Int { nodes.count { $0.role == .input } }
    /// The numbers of an answer.
    public var outputCount: Int { nodes.count { $0.role == .output } }
    /// The hidden nodes.
    public var hiddenCount: Int { nodes.count { $0.role == .hidden } }
    /// The links that carry something.
    public var enabledLinkCount: Int { links.count { $0.isEnabled } }
    /// How many numbers are searched: weights of enabled links and nodes' own.
    public var parameterCount: Int { enabledLinkCount + nodes.reduce(0) { $0 + $1.parameters.count } }

    func node(_ id: Int) -> Node? { position(of: id).map { nodes[$0] } }
    func position(of id: Int) -> Int? {
        // Numbers ascend: halve until it is found.
        var (low, high) = (0, nodes.count)
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < nodes.count && nodes[low].id == id ? low : nil
    }

    /// Whether a link without delay from one node to another would close a circle of such links.
    func closesCircle(from: Int, to: Int) -> Bool {
        if from == to { return true }
        var (open, seen) = ([to], Set([to]))
        while let node = open.popLast() {
            for link in links where !link.isRecurrent && link.from == node && seen.insert(link.to).inserted {
                if link.to == from { return true }
                open.append(link.to)
            }
        }
        return false
    }
}

// MARK: - JSON

extension NEATGenome {
    /// The genome as JSON.
    public var json: JSON {
        let nodeList: [JSON] = nodes.map { node in
            var object: JSONObject = [
                "id": JSON(node.id), "role": .string(node.role.rawValue), "kind": .string(node.kind.rawValue),
            ]
            if !node.parameters.isEmpty { object["parameters"] = JSON(node.parameters) }
            return .object(object)
        }
        let linkList: [JSON] = links.map { link in
            [
                "innovation": JSON(link.innovation), "from": JSON(link.from), "to": JSON(link.to),
                "recurrent": .bool(link.isRecurrent), "weight": .number(link.weight), "enabled": .bool(link.isEnabled),
            ]
        }
        return ["format": "recurrent-genome", "version": 1, "nodes": .array(nodeList), "links": .array(linkList)]
    }

    /// Reads a genome.
    ///
    /// - Throws: `badModel` that names what is wrong: numbers twice, links of nodes that are not there, circles.
    public init(_ json: JSONCursor) throws(RecurrentError) {
        guard try json["format"].string() == "recurrent-genome" else { throw json["format"].error("is no genome") }
        guard try json["version"].int() == 1 else {
            throw json["version"].error("is \(try json["version"].int())", help: "use a newer version of this program")
        }
        (nodes, links) = ([], [])
        for cursor in try json["nodes"].elements() {
            let kind: Kind = try cursor["kind"].choice()
            let node = Node(
                id: try cursor["id"].int(in: 0...Int(Int32.max)), role: try cursor["role"].choice(), kind: kind,
                parameters: kind == .unit ? [] : try cursor["parameters"].doubles(count: kind.parameterCount))
            if let last = nodes.last, last.id >= node.id { throw cursor["id"].error("does not ascend") }
            if let last = nodes.last, last.role.rank > node.role.rank {
                throw cursor["role"].error("stands behind a node with the role \(last.role.rawValue)")
            }
            if node.role != .hidden, kind != .unit { throw cursor["kind"].error("is for hidden nodes alone") }
            nodes.append(node)
        }
        guard inputCount > 0, outputCount > 0 else { throw json["nodes"].error("have no input or no output") }
        for cursor in try json["links"].elements() {
            let link = Link(
                innovation: try cursor["innovation"].int(in: 0...Int(Int32.max)), from: try cursor["from"].int(),
                to: try cursor["to"].int(), isRecurrent: try cursor["recurrent"].bool(),
                weight: try cursor["weight"].double(), isEnabled: try cursor["enabled"].bool())
            if let last = links.last, last.innovation >= link.innovation {
                throw cursor["innovation"].error("does not ascend")
            }
            guard node(link.from) != nil else { throw cursor["from"].error("is no node") }
            guard let target = node(link.to), target.role == .hidden || target.role == .output else {
                throw cursor["to"].error("is no hidden or output node")
            }
            links.append(link)
        }
        guard order(along: links) != nil else { throw json["links"].error("without delay close a circle") }
    }

    /// The nodes, each behind those that it sees without delay along `links`; nil where such links close a circle.
    func order(along links: [Link]) -> [Int]? {
        let place = Dictionary(nodes.enumerated().map { ($1.id, $0) }) { first, _ in first }
        var waiting = [Int](repeating: 0, count: nodes.count)
        var after = [[Int]](repeating: [], count: nodes.count)
        for link in links where !link.isRecurrent {
            guard let from = place[link.from], let to = place[link.to] else { return nil }
            waiting[to] += 1
            after[from].append(to)
        }
        var (order, done) = (nodes.indices.filter { waiting[$0] == 0 }, 0)
        while done < order.count {
            for next in after[order[done]] {
                waiting[next] -= 1
                if waiting[next] == 0 { order.append(next) }
            }
            done += 1
        }
        return order.count == nodes.count ? order : nil
    }
}
