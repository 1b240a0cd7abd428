public import RecurrentCharts

extension NEATGenome {
    /// The network as a picture: what is switched on, and the nodes that it reaches.
    public func graph(title: String, subtitle: String = "") -> NetworkGraph {
        let active = links.filter(\.isEnabled)
        let linked = Set(active.flatMap { [$0.from, $0.to] })
        let shown = nodes.filter { $0.role == .input || $0.role == .output || linked.contains($0.id) }
        var place: [Int: Int] = [:]
        var (inputs, outputs) = (0, 0)
        let drawn = shown.enumerated().map { index, node -> NetworkGraph.Node in
            place[node.id] = index
            switch node.role {
            case .input:
                inputs += 1
                return NetworkGraph.Node("x\(inputs)", kind: .input)
            case .bias: return NetworkGraph.Node("1", kind: .input)
            case .output:
                outputs += 1
                return NetworkGraph.Node("y\(outputs)", kind: .output)
            case .hidden:
                return NetworkGraph.Node(
                    node.kind == .unit ? "" : node.kind == .lstm ? "L" : "G",
                    name: node.kind == .unit ? "" : node.kind == .lstm ? "LSTM" : "GRU",
                    kind: node.kind == .unit ? .unit : .cell)
            }
        }
        let lines = active.compactMap { link -> NetworkGraph.Link? in
            guard let from = place[link.from], let to = place[link.to] else { return nil }
            return NetworkGraph.Link(from: from, to: to, weight: link.weight, isRecurrent: link.isRecurrent)
        }
        return NetworkGraph(title: title, subtitle: subtitle, nodes: drawn, links: lines)
    }
}
