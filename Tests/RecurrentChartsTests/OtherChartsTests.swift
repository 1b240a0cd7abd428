import RecurrentCharts
import Testing

@Suite struct OtherChartsTests {
    @Test func barsBeginAtZeroAndSayTheirNumbers() {
        let svg = BarChart(
            title: "MASE", bars: [.init("ours", 0.8, isHighlighted: true), .init("naive", 1.6), .init("none", .nan)]
        ).svg()
        #expect(XMLCheck.problem(svg) == nil)
        #expect(svg.contains(">0.8</text>") && svg.contains(">1.6</text>") && svg.contains(">–</text>"))
        #expect(svg.components(of: "class=\"forecast bar\"") == 1)
    }

    @Test func aHeatMapHasACellForEachNumber() {
        let svg = HeatMap(
            title: "gates", values: [[0, 0.5, 1], [1, .nan, 0]], rowLabels: ["a", "b"], columnLabels: ["x", "y", "z"],
            scale: .fixed(0, 1), showsValues: true
        ).svg()
        #expect(XMLCheck.problem(svg) == nil)
        #expect(svg.contains("<title>a, y: 0.5</title>"))
        #expect(svg.components(of: "<title>") == 1 + 5)
    }

    @Test func noNumbersTrap() {
        var generator = SplitMix(state: 5)
        let odd: [Double] = [.nan, .infinity, -.infinity, 0, 1e308, -1e308, .leastNonzeroMagnitude, 3, -2]
        for _ in 0..<400 {
            let rows = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                (0..<Int.random(in: 0...5, using: &generator)).map { _ in odd.randomElement(using: &generator)! }
            }
            let scale: [HeatMap.Scale] = [
                .sequential, .diverging, .fixed(.nan, 1), .fixed(1e308, -1e308), .fixed(0, 0),
            ]
            let map = HeatMap(
                title: "<", values: rows, rowLabels: ["\u{1B}"], scale: scale.randomElement(using: &generator)!,
                showsValues: true, width: [Int.min, 300, Int.max].randomElement(using: &generator)!)
            #expect(XMLCheck.problem(map.svg()) == nil)
            let bars = BarChart(title: "", bars: rows.joined().map { .init("&", $0) }, width: map.width)
            #expect(XMLCheck.problem(bars.svg()) == nil)
            let boxes = rows.map { row in
                let five = (0..<5).map { row.indices.contains($0) ? row[$0] : 1 }
                return BoxPlot.Box(
                    "\u{1B}<", lowerWhisker: five[0], lowerQuartile: five[1], median: five[2], upperQuartile: five[3],
                    upperWhisker: five[4], points: row)
            }
            let plot = BoxPlot(title: "&", unit: "<", boxes: boxes, width: map.width)
            #expect(XMLCheck.problem(plot.svg()) == nil)
        }
    }

    @Test func aBoxReachesFromQuartileToQuartileAndShowsItsPoints() {
        let box = BoxPlot.Box(
            "nig", lowerWhisker: 0, lowerQuartile: 25, median: 50, upperQuartile: 75, upperWhisker: 100,
            points: [0, 50, 100], isHighlighted: true)
        let empty = BoxPlot.Box(
            "none", lowerWhisker: .nan, lowerQuartile: .nan, median: .nan, upperQuartile: .nan, upperWhisker: .nan)
        let svg = BoxPlot(title: "loss", unit: "nats", boxes: [box, empty]).svg()
        #expect(XMLCheck.problem(svg) == nil)
        #expect(svg.components(of: "forecast band") == 1)
        #expect(svg.components(of: "<circle") == 3)
        #expect(svg.contains("<title>nig: median 50, quartiles 25 and 75</title>"))
        #expect(svg.contains(">nats</text>") && svg.contains(">none</text>"))
        // The axis goes from 0 to 100: the box is half as wide as the plot, which the whiskers fill.
        let widths = svg.split(separator: "<").filter { $0.hasPrefix("rect class=\"forecast band\"") }
        #expect(widths.count == 1)
        #expect(BoxPlot(title: "", boxes: []).svg().contains("no data"))
    }

    @Test func aSampleFarFromTheOthersIsToldAndDoesNotSqueezeThem() {
        func box(_ name: String, _ middle: Double) -> BoxPlot.Box {
            BoxPlot.Box(
                name, lowerWhisker: middle - 0.2, lowerQuartile: middle - 0.1, median: middle,
                upperQuartile: middle + 0.1,
                upperWhisker: middle + 0.2, points: [middle - 0.2, middle, middle + 0.2])
        }
        let near = ["a", "b", "c", "d"].enumerated().map { box($1, 8 + 0.1 * Double($0)) }
        func extent(_ boxes: [BoxPlot.Box]) -> Double {
            let svg = BoxPlot(title: "loss", boxes: boxes).svg()
            #expect(XMLCheck.problem(svg) == nil)
            let places = svg.split(separator: "<").filter { $0.hasPrefix("circle") }.compactMap { circle in
                circle.split(separator: "\"").dropFirst().first { Double($0) != nil }.flatMap { Double($0) }
            }
            return (places.max() ?? 0) - (places.min() ?? 0)
        }
        #expect(extent(near) > 300)
        #expect(extent(near + [box("noaf", 155)]) > 300)
        let svg = BoxPlot(title: "loss", boxes: near + [box("noaf", 155), box("low", -70)]).svg()
        #expect(svg.contains(">155 →</text>") && svg.contains(">← -70</text>"))
        #expect(svg.components(of: "<circle") == 12)
        // What lies apart by no more than samples do is drawn as it is.
        #expect(!BoxPlot(title: "loss", boxes: near + [box("e", 9.5)]).svg().contains("→"))
    }

    @Test func aLargeMapIsDrawnInBlocks() {
        let map = HeatMap(title: "", values: Array(repeating: Array(repeating: 1, count: 3000), count: 50))
        #expect(map.svg().components(of: "<rect") <= 50 * 400 + 60)
    }
}
