import RecurrentCharts
import RecurrentFormats
import RecurrentNN
import RecurrentSearch
import RecurrentTensor
import Testing

/// A search that has grown for some generations, by a fitness that likes links and nodes.
private func grown(_ generations: Int, kinds: [NEATGenome.Kind] = [.unit], seed: UInt64 = 1) throws -> NEAT {
    var settings = NEATSettings()
    settings.populationSize = 40
    settings.kinds = kinds
    settings.nodeRate = 0.3
    settings.linkRate = 0.4
    settings.key = RandomKey(seed: seed)
    var search = try NEAT(inputs: 2, outputs: 1, settings: settings)
    for _ in 0..<generations {
        let genomes = search.ask()
        search.tell(genomes, fitness: genomes.map { Double(min(12, $0.enabledLinkCount)) })
    }
    return search
}

private func outputs(_ genome: NEATGenome, _ inputs: [[Double]]) -> [Double] {
    var network = NEATNetwork(genome)
    var answer = [0.0]
    return inputs.map { row in
        row.withUnsafeBufferPointer { network.respond(to: $0, into: &answer) }
        return answer[0]
    }
}

private func genome(_ text: String) throws -> NEATGenome {
    try NEATGenome(JSONCursor(JSON(parsing: Array(text.utf8), from: "genome", category: .badModel)))
}

private let inputs = (0..<12).map { [Double.sin(Double($0)), Double.cos(2 * Double($0))] }

@Suite struct NEATTests {
    @Test func equalChangesHaveEqualNumbersInAllGenomes() throws {
        for genomes in [try grown(1).ask(), try grown(15, kinds: [.unit, .lstm, .gru]).ask()] {
            var ends: [Int: [Int]] = [:]
            var kinds: [Int: NEATGenome.Kind] = [:]
            for genome in genomes {
                for link in genome.links {
                    let own = [link.from, link.to, link.isRecurrent ? 1 : 0]
                    #expect(ends[link.innovation, default: own] == own)
                    ends[link.innovation] = own
                }
                for node in genome.nodes {
                    #expect(kinds[node.id, default: node.kind] == node.kind)
                    kinds[node.id] = node.kind
                }
            }
            // And different ones have different numbers.
            #expect(Set(ends.values).count == ends.count)
        }
    }

    @Test func childrenHaveTheGenesOfTheFitterParent() throws {
        let genomes = try grown(12, kinds: [.unit, .lstm]).ask()
        var stream = RandomStream(seed: 4)
        for index in 0..<genomes.count - 1 {
            let (mother, father) = (genomes[index], genomes[index + 1])
            let child = mother.crossed(with: father, &stream)
            #expect(child.links.map(\.innovation) == mother.links.map(\.innovation))
            #expect(child.nodes.map(\.id) == mother.nodes.map(\.id))
            #expect(child.nodes.map(\.kind) == mother.nodes.map(\.kind))
            for (link, own) in zip(child.links, mother.links) {
                let other = father.links.first { $0.innovation == link.innovation }
                let possible = [own.weight] + (other.map { [$0.weight, ($0.weight + own.weight) / 2] } ?? [])
                #expect(possible.contains(link.weight))
                #expect((link.from, link.to) == (own.from, own.to))
            }
        }
    }

    @Test func genomesOfAllKindsStayWholeAndWithoutCircles() throws {
        for genome in try grown(40, kinds: [.unit, .lstm, .gru], seed: 7).ask() {
            // Reading checks order, ends and circles.
            let again = try NEATGenome(JSONCursor(genome.json))
            #expect(again == genome)
            #expect(outputs(genome, inputs).allSatisfy { $0.isFinite })
        }
    }

    @Test func distanceIsZeroToItselfAndTheSameBothWays() throws {
        let genomes = try grown(10).ask()
        let settings = NEATSettings()
        for (a, b) in zip(genomes, genomes.dropFirst()) {
            #expect(a.distance(to: a, settings) == 0)
            #expect(abs(a.distance(to: b, settings) - b.distance(to: a, settings)) < 1e-12)
        }
        #expect(zip(genomes, genomes.dropFirst()).contains { $0.distance(to: $1, settings) > 0 })
    }

    @Test func anAnswerIsTheSumOfTheLinks() throws {
        let plain = try genome(
            """
            {"format":"recurrent-genome","version":1,"nodes":[{"id":0,"role":"input","kind":"unit"},\
            {"id":1,"role":"output","kind":"unit"}],"links":[{"innovation":0,"from":0,"to":1,"recurrent":false,\
            "weight":1.5,"enabled":true}]}
            """)
        #expect(outputs(plain, [[0.1], [0.2]]) == [1.5 * 0.1, 1.5 * 0.2])
    }

    @Test func aRecurrentLinkCarriesTheLastStep() throws {
        let loop = try genome(
            """
            {"format":"recurrent-genome","version":1,"nodes":[{"id":0,"role":"input","kind":"unit"},\
            {"id":1,"role":"bias","kind":"unit"},{"id":2,"role":"output","kind":"unit"},\
            {"id":3,"role":"hidden","kind":"unit"}],"links":[\
            {"innovation":0,"from":0,"to":3,"recurrent":false,"weight":0.5,"enabled":true},\
            {"innovation":1,"from":3,"to":3,"recurrent":true,"weight":-0.7,"enabled":true},\
            {"innovation":2,"from":3,"to":2,"recurrent":false,"weight":2,"enabled":true},\
            {"innovation":3,"from":1,"to":2,"recurrent":false,"weight":0.25,"enabled":true},\
            {"innovation":4,"from":0,"to":2,"recurrent":false,"weight":9,"enabled":false}]}
            """)
        var (h, expected) = (0.0, [Double]())
        for x in [1.0, -2, 0.5] {
            h = Double.tanh(0.5 * x - 0.7 * h)
            expected.append(2 * h + 0.25)
        }
        // One sum in another order.
        for (a, b) in zip(outputs(loop, [[1], [-2], [0.5]]), expected) { #expect(abs(a - b) < 1e-15) }
    }

    @Test(arguments: [NEATGenome.Kind.unit, .lstm])
    func aGenomeThatIsALayerBecomesOne(_ kind: NEATGenome.Kind) throws {
        func parameters(_ seed: UInt64) -> String {
            var stream = RandomStream(seed: seed)
            let values = (0..<kind.parameterCount).map { _ in stream.normal() }
            return kind == .unit ? "" : ",\"parameters\":\(JSON(values).text())"
        }
        let own = try genome(
            """
            {"format":"recurrent-genome","version":1,"nodes":[{"id":0,"role":"input","kind":"unit"},\
            {"id":1,"role":"input","kind":"unit"},{"id":2,"role":"bias","kind":"unit"},\
            {"id":3,"role":"output","kind":"unit"},{"id":4,"role":"hidden","kind":"\(kind.rawValue)"\(parameters(1))},\
            {"id":5,"role":"hidden","kind":"\(kind.rawValue)"\(parameters(2))}],"links":[\
            {"innovation":0,"from":0,"to":4,"recurrent":false,"weight":0.5,"enabled":true},\
            {"innovation":1,"from":1,"to":5,"recurrent":false,"weight":-1.1,"enabled":true},\
            {"innovation":2,"from":4,"to":5,"recurrent":true,"weight":0.8,"enabled":true},\
            {"innovation":3,"from":5,"to":5,"recurrent":true,"weight":-0.4,"enabled":true},\
            {"innovation":4,"from":4,"to":3,"recurrent":false,"weight":2,"enabled":true},\
            {"innovation":5,"from":5,"to":3,"recurrent":false,"weight":-1,"enabled":true},\
            {"innovation":6,"from":2,"to":3,"recurrent":false,"weight":0.3,"enabled":true},\
            {"innovation":7,"from":2,"to":4,"recurrent":false,"weight":0.6,"enabled":true}]}
            """)
        let network = try own.network()
        let responder = NetworkResponder(network)
        var answer = [0.0]
        for (x, y) in zip(inputs, outputs(own, inputs)) {
            x.withUnsafeBufferPointer { responder.respond(to: $0, into: &answer) }
            // One computes in double, the other in single precision, over twelve steps.
            #expect(abs(answer[0] - y) < 1e-5)
        }
    }

    @Test func aGenomeThatIsNoLayerSaysWhy() throws {
        let skip = try genome(
            """
            {"format":"recurrent-genome","version":1,"nodes":[{"id":0,"role":"input","kind":"unit"},\
            {"id":1,"role":"output","kind":"unit"},{"id":2,"role":"hidden","kind":"unit"}],"links":[\
            {"innovation":0,"from":0,"to":1,"recurrent":false,"weight":1,"enabled":true},\
            {"innovation":1,"from":0,"to":2,"recurrent":false,"weight":1,"enabled":true}]}
            """)
        let error = #expect(throws: RecurrentError.self) { try skip.network() }
        #expect(error?.why == "a layer has nothing like the link from node 0 to node 1")
    }

    @Test(arguments: [
        #""innovation":0,"from":7,"to":1,"recurrent":false"#, #""innovation":0,"from":0,"to":0,"recurrent":false"#,
        #""innovation":0,"from":1,"to":1,"recurrent":false"#, #""innovation":-1,"from":0,"to":1,"recurrent":false"#,
    ])
    func brokenGenomesAreRefused(_ link: String) throws {
        let text = """
            {"format":"recurrent-genome","version":1,"nodes":[{"id":0,"role":"input","kind":"unit"},\
            {"id":1,"role":"output","kind":"unit"}],"links":[{\(link),"weight":1,"enabled":true}]}
            """
        let error = #expect(throws: RecurrentError.self) { try genome(text) }
        #expect(error?.category == .badModel)
    }

    @Test func nodesOutOfTheirOrderAreRefused() throws {
        let text = """
            {"format":"recurrent-genome","version":1,"nodes":[{"id":0,"role":"output","kind":"unit"},\
            {"id":1,"role":"input","kind":"unit"}],"links":[]}
            """
        let error = #expect(throws: RecurrentError.self) { try genome(text) }
        #expect(error?.what.hasSuffix("stands behind a node with the role output") == true, "\(error?.what ?? "")")
    }

    /// Half a second on a quiet machine; to look for circles link by link would take days.
    @Test(.timeLimit(.minutes(10))) func aGenomeOfManyNodesIsReadAndRunInAMoment() throws {
        let count = 30_000
        var nodes = [#"{"id":0,"role":"input","kind":"unit"}"#, #"{"id":1,"role":"output","kind":"unit"}"#]
        nodes += (2..<count).map { #"{"id":\#($0),"role":"hidden","kind":"unit"}"# }
        func link(_ number: Int, _ from: Int, _ to: Int) -> String {
            #"{"innovation":\#(number),"from":\#(from),"to":\#(to),"recurrent":false,"weight":1,"enabled":true}"#
        }
        var links = (2..<count - 1).map { link($0, $0, $0 + 1) } + [link(count, count - 1, 1)]
        links.insert(link(1, 0, 2), at: 0)
        func text(_ links: [String]) -> String {
            let (nodes, links) = (nodes.joined(separator: ","), links.joined(separator: ","))
            return #"{"format":"recurrent-genome","version":1,"nodes":[\#(nodes)],"links":[\#(links)]}"#
        }
        let long = try genome(text(links))
        #expect(outputs(long, [[0]]) == [0])
        #expect(throws: RecurrentError.self) { try long.network() }
        #expect(throws: RecurrentError.self) { try genome(text(links + [link(count + 1, count - 1, 2)])) }
    }

    /// Whatever a file holds, it is refused or it runs.
    @Test func damagedGenomesNeverTrap() throws {
        let good = try grown(25, kinds: [.unit, .lstm, .gru], seed: 5).ask().prefix(8).map { $0.json.bytes() }
        var random = RandomStream(seed: 11)
        var accepted = 0
        for round in 0..<6000 {
            var bytes = good[round % good.count]
            for _ in 0...Int(random.next() % 3) {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 4 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes[place] = UInt8(ascii: "0") + UInt8(random.next() % 10)
                case 2: bytes.remove(at: place)
                default: bytes.insert(bytes[Int(random.next() % UInt64(bytes.count))], at: place)
                }
            }
            guard let json = try? JSON(parsing: bytes, from: "genome", category: .badModel),
                let genome = try? NEATGenome(JSONCursor(json))
            else { continue }
            accepted += 1
            var (network, answer) = (NEATNetwork(genome), [Double](repeating: 0, count: genome.outputCount))
            for _ in 0..<3 {
                [Double](repeating: 0.5, count: genome.inputCount).withUnsafeBufferPointer {
                    network.respond(to: $0, into: &answer)
                }
            }
            _ = try? genome.network()
            #expect(try NEATGenome(JSONCursor(genome.json)).json == genome.json)
        }
        #expect(accepted > 300, "\(accepted)")
    }

    @Test func aRestoredSearchGoesOnToTheSameBits() throws {
        var whole = try grown(12, kinds: [.unit, .gru], seed: 3)
        var other = try grown(0, kinds: [.unit, .gru], seed: 3)
        try other.restore(
            JSONCursor(JSON(parsing: whole.state.bytes(), from: "state", category: .badModel)))
        for _ in 0..<10 {
            let genomes = whole.ask()
            #expect(other.ask() == genomes)
            let fitness = genomes.map { Double($0.enabledLinkCount) - abs(outputs($0, inputs)[3]) }
            whole.tell(genomes, fitness: fitness)
            other.tell(genomes, fitness: fitness)
        }
        #expect(whole.state == other.state)
    }

    @Test func theExclusiveOrIsLearnedByGrowing() throws {
        let cases = [([0.0, 0.0], -1.0), ([0, 1], 1), ([1, 0], 1), ([1, 1], -1)]
        var settings = NEATSettings()
        settings.isRecurrent = false
        settings.key = RandomKey(seed: 5)
        var search = try NEAT(inputs: 2, outputs: 1, settings: settings)
        for _ in 0..<150 {
            let genomes = search.ask()
            search.tell(
                genomes,
                fitness: genomes.map { genome in
                    cases.reduce(0) { sum, one in
                        let error = Double.tanh(outputs(genome, [one.0])[0]) - one.1
                        return sum - error * error
                    }
                })
            if (search.best?.fitness ?? -9) > -0.1 { break }
        }
        #expect((search.best?.fitness ?? -9) > -0.1)
        #expect((search.best?.candidate.hiddenCount ?? 0) > 0)
        #expect(search.species.count > 1)
    }

    @Test func thePictureShowsNodesAndLinks() throws {
        let genome = try grown(12, kinds: [.lstm]).ask()[0]
        let svg = genome.graph(title: "A <champion>").svg()
        #expect(svg.contains("A &lt;champion&gt;"))
        #expect(svg.components(of: "<path class=\"s") == genome.enabledLinkCount)
        #expect(svg.contains(">LSTM<"))
    }
}

extension String {
    /// How often a text stands in this one.
    fileprivate func components(of part: String) -> Int {
        var (rest, count) = (self[...], 0)
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
