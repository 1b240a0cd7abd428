import RecurrentFormats
import RecurrentTensor

/// The numbers of genes: the same change to a network gets the same number in every genome, in every generation.
struct Innovations: Sendable {
    struct Link: Hashable {
        var from: Int
        var to: Int
        var isRecurrent: Bool
    }

    /// A node that splits a link; a link can be split again, as often as `turn` says.
    struct Split: Hashable {
        var link: Int
        var kind: NEATGenome.Kind
        var turn: Int
    }

    private var links: [Link: Int] = [:]
    private var linkOrder: [Link] = []
    private var splits: [Split: Int] = [:]
    private var splitOrder: [Split] = []
    private let firstNode: Int

    /// - Parameter firstNode: the number of the first hidden node.
    init(firstNode: Int) { self.firstNode = firstNode }

    mutating func number(of link: Link) -> Int {
        if let known = links[link] { return known }
        links[link] = linkOrder.count
        linkOrder.append(link)
        return linkOrder.count - 1
    }

    /// The number of the node that splits a link of `genome`, which does not have it yet.
    mutating func node(splitting link: Int, _ kind: NEATGenome.Kind, in genome: NEATGenome) -> Int {
        var split = Split(link: link, kind: kind, turn: 0)
        while let known = splits[split] {
            if genome.node(known) == nil { return known }
            split.turn += 1
        }
        let number = firstNode + splitOrder.count
        splits[split] = number
        splitOrder.append(split)
        return number
    }

    var state: JSON {
        let linkList: [JSON] = linkOrder.map { JSON([$0.from, $0.to, $0.isRecurrent ? 1 : 0]) }
        let splitList: [JSON] = splitOrder.map { .array([JSON($0.link), .string($0.kind.rawValue), JSON($0.turn)]) }
        return ["links": .array(linkList), "splits": .array(splitList)]
    }

    mutating func restore(_ state: JSONCursor) throws(RecurrentError) {
        (links, linkOrder, splits, splitOrder) = ([:], [], [:], [])
        for element in try state["links"].elements() {
            _ = number(
                of: Link(
                    from: try element[0].int(), to: try element[1].int(), isRecurrent: try element[2].int() == 1))
        }
        for element in try state["splits"].elements() {
            let split = Split(
                link: try element[0].int(), kind: try element[1].choice(), turn: try element[2].int())
            splits[split] = firstNode + splitOrder.count
            splitOrder.append(split)
        }
    }
}
