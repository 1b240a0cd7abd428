import RecurrentCharts
import Testing

@Suite struct StripChartTests {
    private func chart(_ values: [[Double]], _ line: [Double], logarithmic: Bool = true) -> StripChart {
        func column(_ title: String, _ strips: [StripChart.Strip]) -> StripChart.Column {
            StripChart.Column(title: title, stepNames: line.indices.map { "step \($0)" }, strips: strips)
        }
        let heat = StripChart.Strip("gate", .heat(values, .fixed(0, 1)))
        let norm = StripChart.Strip(
            "norm", .lines([LineChart.Series("c", .other(0), y: line)], isLogarithmic: logarithmic))
        return StripChart(
            title: "cells", stepAxis: "time", columns: [column("one", [heat, norm]), column("two", [norm])])
    }

    @Test func stripsOfOneTitleStandInOneRowAndAMissingOneIsSaid() {
        let chart = chart([[0, 0.5, 1], [1, 1, 1]], [1, 0.1, 0.01])
        #expect(chart.rows == ["gate", "norm"])
        let svg = chart.svg()
        #expect(XMLCheck.problem(svg) == nil)
        #expect(svg.components(of: ">none</text>") == 1)
        #expect(svg.components(of: ">gate</text>") == 2)
        #expect(svg.contains(">step 0</text>"))
        // Equal cells beside each other are one run.
        #expect(svg.contains("M0 1h3v1h-3z"))
        #expect(svg.contains(">10⁻²</text>") && svg.contains(">1</text>"))
    }

    @Test func decadesOfALogarithmicScaleAreEquallyFarApart() {
        let svg = chart([[1]], [1, 1e-1, 1e-2, 1e-3], logarithmic: true).svg()
        // The line falls by the same distance from step to step.
        guard let start = svg.firstRange(of: "class=\"line s0\" d=\"M")?.upperBound,
            let end = svg[start...].firstIndex(of: "\"")
        else {
            Issue.record("there is no line")
            return
        }
        let points = svg[start..<end].split(separator: "L").map { $0.split(separator: " ").compactMap { Double($0) } }
        #expect(points.count == 4)
        let falls = zip(points.dropFirst(), points).map { $0[1] - $1[1] }
        // Coordinates are rounded to a tenth of a pixel.
        #expect(falls.allSatisfy { abs($0 - falls[0]) < 0.21 && $0 > 20 })
    }

    @Test func aNumberThatIsNotAboveZeroIsAGapOnALogarithmicScale() {
        let svg = chart([[1]], [1, 0, 0.1, -1, .nan, 0.2, 0.3]).svg()
        #expect(XMLCheck.problem(svg) == nil)
        #expect(svg.components(of: "class=\"line s0\" d=") == 2)
        #expect(svg.components(of: "class=\"s0 dot\"") == 4)
    }

    @Test func noStripsTrap() {
        var generator = SplitMix(state: 5)
        let odd: [Double] = [.nan, .infinity, -.infinity, 0, 1e308, -1e308, .leastNonzeroMagnitude, 3, -2]
        for _ in 0..<300 {
            func numbers() -> [Double] {
                (0..<Int.random(in: 0...5, using: &generator)).map { _ in odd.randomElement(using: &generator)! }
            }
            let rows = (0..<Int.random(in: 0...4, using: &generator)).map { _ in numbers() }
            var chart = chart(rows, numbers(), logarithmic: Bool.random(using: &generator))
            chart.width = [Int.min, 300, Int.max].randomElement(using: &generator)!
            #expect(XMLCheck.problem(chart.svg()) == nil)
        }
        #expect(XMLCheck.problem(StripChart(title: "", columns: []).svg()) == nil)
    }

    @Test func aLargeGridIsDrawnInBlocks() {
        let many = (0..<500).map { row in (0..<5000).map { Double(($0 + row) % 7) / 7 } }
        let svg = chart(many, [1]).svg()
        // At most one run of some twenty characters for each of 128 · 600 blocks.
        #expect(svg.utf8.count < 128 * 600 * 24)
    }

    @Test func aSparklineShowsItsNumbersAsHeights() {
        #expect(Sparkline.text([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█")
        #expect(Sparkline.text([0, .nan, 7], style: .ascii) == "_ #")
        #expect(Sparkline.text([0, 0, 7, 7], width: 2) == "▁█")
        #expect(Sparkline.text([0.5], range: 0...1) == "▅")
        #expect(Sparkline.text([]) == "")
        #expect(Sparkline.text([1e308, -1e308, .infinity]).count == 3)
    }
}
