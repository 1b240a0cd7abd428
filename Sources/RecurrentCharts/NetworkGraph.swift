/// A network as a picture: nodes in layers from left to right, links between them, wide where their weights are large.
public struct NetworkGraph: Sendable {
    /// What a node is, which decides its colour.
    public enum Kind: Sendable, Hashable {
        /// A number that comes in.
        case input
        /// A number that goes out.
        case output
        /// A node without memory of its own.
        case unit
        /// A node with a cell.
        case cell
    }

    /// A node.
    public struct Node: Sendable {
        /// What stands in it, short.
        public var mark: String
        /// What stands beside it; may be empty.
        public var name: String
        /// What it is.
        public var kind: Kind

        /// A node.
        public init(_ mark: String, name: String = "", kind: Kind) {
            (self.mark, self.name, self.kind) = (mark, name, kind)
        }
    }

    /// A link between the nodes of two positions.
    public struct Link: Sendable {
        /// The position of the node that it comes from.
        public var from: Int
        /// The position of the node that it goes to.
        public var to: Int
        /// Its weight.
        public var weight: Double
        /// Whether it carries what was given a step before.
        public var isRecurrent: Bool

        /// A link.
        public init(from: Int, to: Int, weight: Double, isRecurrent: Bool = false) {
            (self.from, self.to, self.weight, self.isRecurrent) = (from, to, weight, isRecurrent)
        }
    }

    /// The title.
    public var title: String
    /// A line under the title.
    public var subtitle: String
    /// The nodes.
    public var nodes: [Node]
    /// The links; those of positions that are not there are left out.
    public var links: [Link]

    /// A network.
    public init(title: String, subtitle: String = "", nodes: [Node], links: [Link]) {
        (self.title, self.subtitle, self.nodes, self.links) = (title, subtitle, nodes, links)
    }

    /// The layer of each node: inputs first, others behind all that they see without delay, outputs last.
    func layers() -> [Int] {
        var layer = nodes.map { $0.kind == .input ? 0 : 1 }
        // Paths without circles are shorter than the number of nodes; circles, which should not be there, end the search.
        for _ in nodes.indices {
            var hasChanged = false
            for link in links where isDrawn(link) && !link.isRecurrent && nodes[link.to].kind != .input {
                if layer[link.to] <= layer[link.from], layer[link.from] + 1 < nodes.count {
                    layer[link.to] = layer[link.from] + 1
                    hasChanged = true
                }
            }
            if !hasChanged { break }
        }
        let hidden = nodes.indices.filter { nodes[$0].kind == .unit || nodes[$0].kind == .cell }
        let last = max(1, (hidden.map { layer[$0] }.max() ?? 0) + 1)
        for index in nodes.indices where nodes[index].kind == .output { layer[index] = last }
        return layer
    }

    func isDrawn(_ link: Link) -> Bool { nodes.indices.contains(link.from) && nodes.indices.contains(link.to) }
}
