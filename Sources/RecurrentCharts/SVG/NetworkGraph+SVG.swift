extension NetworkGraph {
    /// More nodes than this cannot be told apart any more.
    private static let maximumNodes = 400
    private static let maximumLinks = 4000

    /// The picture as SVG.
    public func svg(theme: ChartTheme = .automatic) -> String {
        let shown = NetworkGraph(
            title: title, subtitle: subtitle, nodes: Array(nodes.prefix(Self.maximumNodes)),
            links: Array(links.prefix(Self.maximumLinks)))
        let layers = shown.layers()
        let columns = (layers.max() ?? 0) + 1
        let tallest = (0..<columns).map { column in layers.count { $0 == column } }.max() ?? 1
        var canvas = SVGCanvas(
            width: max(480, 200 + Double(columns - 1) * 150), height: max(200, 130 + Double(tallest) * 64))
        canvas.text(title, x: 24, y: 34, class: "title")
        canvas.text(subtitle, x: 24, y: 56, class: "subtitle")
        let places = shown.places(layers, columns, canvas.width, canvas.height)
        let widest = max(shown.links.map { abs($0.weight) }.filter(\.isFinite).max() ?? 1, 1e-12)
        for link in shown.links where shown.isDrawn(link) {
            Self.paint(link, places[link.from], places[link.to], widest, &canvas)
        }
        for (node, place) in zip(shown.nodes, places) { Self.paint(node, place, canvas.width, &canvas) }
        shown.legend(&canvas)
        return canvas.document(title: title, description: subtitle, theme: theme)
    }

    private func places(
        _ layers: [Int], _ columns: Int, _ width: Double, _ height: Double
    ) -> [(x: Double, y: Double)] {
        let (left, right, top, bottom) = (90.0, width - 90, 80.0, height - 44)
        var seen = [Int](repeating: 0, count: columns)
        let counts = (0..<columns).map { column in layers.count { $0 == column } }
        return layers.map { layer in
            let share = (Double(seen[layer]) + 0.5) / Double(counts[layer])
            seen[layer] += 1
            // Hidden layers are shifted a little by turns, so that long links pass beside nodes rather than through them.
            let shift = layer > 0 && layer < columns - 1 ? (layer % 2 == 0 ? 14.0 : -14) : 0
            let x = columns > 1 ? left + (right - left) * Double(layer) / Double(columns - 1) : (left + right) / 2
            return (x, top + (bottom - top) * share + shift)
        }
    }

    private static let radius = 15.0

    private static func paint(
        _ link: Link, _ from: (x: Double, y: Double), _ to: (x: Double, y: Double), _ widest: Double,
        _ canvas: inout SVGCanvas
    ) {
        let share = link.weight.isFinite ? abs(link.weight) / widest : 0
        let name = (link.weight < 0 ? "s1" : "s0") + (link.isRecurrent ? " dashed" : "")
        let title = NumberText.compact(link.weight, digits: 3) + (link.isRecurrent ? ", from the step before" : "")
        let width = 0.6 + 3.4 * share
        let (dx, dy) = (to.x - from.x, to.y - from.y)
        if abs(dx) < 1, abs(dy) < 1 {
            // A link of a node to itself goes around above it.
            canvas.curve(
                from: (from.x - 10, from.y - 11), by: (from.x, from.y - 52), to: (from.x + 10, from.y - 11),
                width: width, class: name, title: title)
            return
        }
        let length = (dx * dx + dy * dy).squareRoot()
        // Recurrent links bend away, so that both directions between two nodes are seen.
        let bend = link.isRecurrent ? 0.28 * length : 0
        let middle = (x: (from.x + to.x) / 2 - dy / length * bend, y: (from.y + to.y) / 2 + dx / length * bend)
        func edge(_ place: (x: Double, y: Double)) -> (x: Double, y: Double) {
            let (x, y) = (middle.x - place.x, middle.y - place.y)
            let away = max((x * x + y * y).squareRoot(), 1e-9)
            return (place.x + x / away * radius, place.y + y / away * radius)
        }
        canvas.curve(from: edge(from), by: middle, to: edge(to), width: width, class: name, title: title)
    }

    private static func paint(
        _ node: Node, _ place: (x: Double, y: Double), _ width: Double, _ canvas: inout SVGCanvas
    ) {
        let name =
            switch node.kind {
            case .input: "history"
            case .output: "s2"
            case .unit: "s3"
            case .cell: "s4"
            }
        canvas.circle(place.x, place.y, radius: radius, class: name + " dot")
        canvas.text(node.mark, x: place.x, y: place.y + 4, anchor: .middle, class: "onDark")
        switch node.kind {
        case .input: canvas.text(node.name, x: place.x - 22, y: place.y + 4, anchor: .end, class: "label")
        case .output: canvas.text(node.name, x: place.x + 22, y: place.y + 4, class: "label")
        case .unit, .cell:
            canvas.text(node.name, x: place.x, y: place.y + radius + 14, anchor: .middle, class: "label")
        }
    }

    private func legend(_ canvas: inout SVGCanvas) {
        let y = canvas.height - 16
        var x = 24.0
        for (name, text) in [("s0", "positive"), ("s1", "negative"), ("history dashed", "from the step before")] {
            canvas.line(x, y - 4, x + 26, y - 4, class: "line " + name)
            canvas.text(text, x: x + 32, y: y, class: "legend")
            x += 50 + SVGCanvas.textWidth(text, size: 12)
        }
    }
}
