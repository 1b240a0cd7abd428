package import RecurrentTensor

extension NEATGenome {
    /// A genome whose outputs see some of the inputs and the bias, with random weights.
    static func first(
        inputs: Int, outputs: Int, _ settings: NEATSettings, _ innovations: inout Innovations,
        _ stream: inout RandomStream
    ) -> NEATGenome {
        var nodes = (0..<inputs).map { Node(id: $0, role: .input, kind: .unit, parameters: []) }
        nodes.append(Node(id: inputs, role: .bias, kind: .unit, parameters: []))
        nodes += (0..<outputs).map { Node(id: inputs + 1 + $0, role: .output, kind: .unit, parameters: []) }
        var genome = NEATGenome(nodes: nodes, links: [])
        for from in 0...inputs {
            for output in 0..<outputs where settings.startingLinks >= 1 || stream.uniform() < settings.startingLinks {
                genome.add(
                    from: from, to: inputs + 1 + output, isRecurrent: false,
                    weight: settings.newWeightPower * stream.normal(), &innovations)
            }
        }
        return genome
    }

    private mutating func add(
        from: Int, to: Int, isRecurrent: Bool, weight: Double, _ innovations: inout Innovations
    ) {
        let number = innovations.number(of: .init(from: from, to: to, isRecurrent: isRecurrent))
        let link = Link(
            innovation: number, from: from, to: to, isRecurrent: isRecurrent, weight: weight, isEnabled: true)
        let place = links.firstIndex { $0.innovation > number } ?? links.count
        links.insert(link, at: place)
    }

    // MARK: - Mutation

    /// Changes weights and perhaps wiring.
    mutating func mutate(
        _ settings: NEATSettings, _ innovations: inout Innovations, _ stream: inout RandomStream
    ) {
        if stream.uniform() < settings.nodeRate { split(settings, &innovations, &stream) }
        if stream.uniform() < settings.linkRate { connect(settings, &innovations, &stream) }
        if stream.uniform() < settings.toggleRate, !links.isEmpty {
            links[stream.below(links.count)].isEnabled.toggle()
        }
        if stream.uniform() < settings.weightRate { changeWeights(settings, &stream) }
    }

    private mutating func changeWeights(_ settings: NEATSettings, _ stream: inout RandomStream) {
        func changed(_ value: Double) -> Double {
            let isNew = stream.uniform() < settings.replacementRate
            let draw = stream.normal()
            let next = isNew ? settings.newWeightPower * draw : value + settings.weightPower * draw
            return max(-settings.weightLimit, min(settings.weightLimit, next))
        }
        for index in links.indices { links[index].weight = changed(links[index].weight) }
        for index in nodes.indices {
            for k in nodes[index].parameters.indices {
                let draw = stream.normal()
                // The gates of a node are changed with care: a new one would be another node.
                let next = nodes[index].parameters[k] + 0.5 * settings.weightPower * draw
                nodes[index].parameters[k] = max(-settings.weightLimit, min(settings.weightLimit, next))
            }
        }
    }

    /// A node in the middle of a link, which is switched off.
    private mutating func split(
        _ settings: NEATSettings, _ innovations: inout Innovations, _ stream: inout RandomStream
    ) {
        let open = links.indices.filter { links[$0].isEnabled }
        guard !open.isEmpty else { return }
        let index = open[stream.below(open.count)]
        let kind = settings.kinds[stream.below(settings.kinds.count)]
        let link = links[index]
        links[index].isEnabled = false
        let id = innovations.node(splitting: link.innovation, kind, in: self)
        let place = nodes.firstIndex { $0.id > id } ?? nodes.count
        nodes.insert(Node(id: id, role: .hidden, kind: kind, parameters: kind.start), at: place)
        add(from: link.from, to: id, isRecurrent: link.isRecurrent, weight: 1, &innovations)
        add(from: id, to: link.to, isRecurrent: false, weight: link.weight, &innovations)
    }

    /// A link between two nodes that had none.
    private mutating func connect(
        _ settings: NEATSettings, _ innovations: inout Innovations, _ stream: inout RandomStream
    ) {
        let targets = nodes.filter { $0.role == .hidden || $0.role == .output }
        for _ in 0..<20 {
            let isRecurrent = settings.isRecurrent && stream.uniform() < settings.recurrentShare
            // What a node gave before is worth keeping for hidden and output nodes alone: inputs can be kept by those.
            let sources = isRecurrent ? targets : nodes.filter { $0.role != .output }
            guard !sources.isEmpty, !targets.isEmpty else { return }
            let (from, to) = (sources[stream.below(sources.count)].id, targets[stream.below(targets.count)].id)
            let isKnown = links.contains { $0.from == from && $0.to == to && $0.isRecurrent == isRecurrent }
            if isKnown || (!isRecurrent && closesCircle(from: from, to: to)) { continue }
            return add(
                from: from, to: to, isRecurrent: isRecurrent, weight: settings.newWeightPower * stream.normal(),
                &innovations)
        }
    }

    // MARK: - Crossing

    /// A child: matching genes from either parent, all others from the fitter one, which is this.
    package func crossed(with other: NEATGenome, _ stream: inout RandomStream) -> NEATGenome {
        var child = self
        var theirs: [Int: Link] = [:]
        for link in other.links { theirs[link.innovation] = link }
        let isMean = stream.uniform() < 0.4
        for index in child.links.indices {
            let takesOther = stream.uniform() < 0.5
            guard let match = theirs[child.links[index].innovation] else { continue }
            let own = child.links[index]
            child.links[index].weight =
                isMean ? (own.weight + match.weight) / 2 : takesOther ? match.weight : own.weight
            if !own.isEnabled || !match.isEnabled { child.links[index].isEnabled = stream.uniform() >= 0.75 }
        }
        for index in child.nodes.indices where !child.nodes[index].parameters.isEmpty {
            let takesOther = stream.uniform() < 0.5
            guard let match = other.node(child.nodes[index].id), match.kind == child.nodes[index].kind else { continue }
            if isMean {
                child.nodes[index].parameters = zip(child.nodes[index].parameters, match.parameters).map {
                    ($0 + $1) / 2
                }
            } else if takesOther {
                child.nodes[index].parameters = match.parameters
            }
        }
        return child
    }

    // MARK: - Distance

    /// How unlike two genomes are: the genes that one has alone, and the mean difference of those that both have.
    package func distance(to other: NEATGenome, _ settings: NEATSettings) -> Double {
        var (a, b, unmatched, matching) = (0, 0, 0, 0)
        var difference = 0.0
        while a < links.count, b < other.links.count {
            let (mine, theirs) = (links[a], other.links[b])
            if mine.innovation == theirs.innovation {
                difference += abs(mine.weight - theirs.weight)
                matching += 1
                a += 1
                b += 1
            } else {
                unmatched += 1
                if mine.innovation < theirs.innovation { a += 1 } else { b += 1 }
            }
        }
        unmatched += links.count - a + other.links.count - b
        for node in nodes where !node.parameters.isEmpty {
            guard let match = other.node(node.id), match.kind == node.kind else { continue }
            for (x, y) in zip(node.parameters, match.parameters) { difference += abs(x - y) }
            matching += node.parameters.count
        }
        let size = Double(max(1, max(links.count, other.links.count)))
        // In small genomes each gene counts whole.
        let scale = size < 20 ? 1 : size
        return settings.unmatchedWeight * Double(unmatched) / scale
            + settings.differenceWeight * (matching > 0 ? difference / Double(matching) : 0)
    }
}
