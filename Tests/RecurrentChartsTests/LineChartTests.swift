import RecurrentCharts
import Testing

@Suite struct LineChartTests {
    static let chart = LineChart(
        title: "Load", subtitle: "two days", unit: "MW",
        series: [
            .init("history", .history, y: [1, 2, 3, 2, 1, .nan, 1, 2]),
            .init("forecast", .forecast, x: [7, 8, 9], y: [2, 3, 2.5]),
        ],
        bands: [.init("80 %", x: [7, 8, 9], lower: [2, 2, 1], upper: [2, 4, 4])],
        markers: [.init("now", x: 7)])

    @Test func aPictureIsWellFormedAndHoldsItsParts() {
        for theme in ChartTheme.allCases {
            let svg = Self.chart.svg(theme: theme)
            #expect(XMLCheck.problem(svg) == nil)
            #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" height=\"420\""))
            #expect(svg.contains("<title>Load</title>"))
            #expect(svg.contains("<desc>two days; history; forecast; 80 %</desc>"))
            for text in ["history", "forecast", "80 %", "MW", "now", "two days"] {
                #expect(svg.contains(">\(text)</text>"))
            }
            // The gap cuts the history into two lines; the forecast is a third.
            #expect(svg.components(of: "<path class=\"line history\"") == 2)
            #expect(svg.components(of: "<path class=\"line forecast\"") == 1)
            #expect(svg.components(of: "<path class=\"forecast band\"") == 1)
            #expect(svg.contains("prefers-color-scheme") == (theme == .automatic))
        }
    }

    @Test func aSmallPictureIsExactlyThis() {
        let chart = LineChart(
            title: "", series: [.init("", .other(0), y: [0, 10])], width: 300, height: 160)
        let svg = chart.svg(theme: .light)
        let body = svg.components(after: "<rect class=\"paper\"")
        #expect(
            body == """
                <rect class="paper" width="300" height="160"/>
                <line class="grid" x1="49.1" y1="124" x2="276" y2="124"/>
                <text class="label" x="41.1" y="128" text-anchor="end">0</text>
                <line class="grid" x1="49.1" y1="81" x2="276" y2="81"/>
                <text class="label" x="41.1" y="85" text-anchor="end">5</text>
                <line class="grid" x1="49.1" y1="38" x2="276" y2="38"/>
                <text class="label" x="41.1" y="42" text-anchor="end">10</text>
                <line class="axis" x1="49.1" y1="124" x2="276" y2="124"/>
                <line class="axis" x1="49.1" y1="124" x2="49.1" y2="129"/>
                <text class="label" x="49.1" y="143" text-anchor="middle">0</text>
                <line class="axis" x1="162.6" y1="124" x2="162.6" y2="129"/>
                <text class="label" x="162.6" y="143" text-anchor="middle">0.5</text>
                <line class="axis" x1="276" y1="124" x2="276" y2="129"/>
                <text class="label" x="276" y="143" text-anchor="middle">1.0</text>
                <path class="line s0" d="M49.1 124L276 38"/>
                </svg>

                """)
    }

    @Test func textFromOutsideIsEscapedInAPicture() {
        let chart = LineChart(
            title: "<script>alert('x')</script> & \"y\"\u{1B}[31m\u{0}",
            series: [.init("</text>", .history, y: [1, 2])])
        let svg = chart.svg()
        #expect(XMLCheck.problem(svg) == nil)
        #expect(!svg.contains("<script"))
        #expect(svg.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;[31m"))
    }

    @Test func aHundredThousandPointsMakeASmallPicture() {
        let y = (0..<100_000).map { Double($0 % 977) }
        let svg = LineChart(title: "", series: [.init("", .history, y: y)]).svg()
        #expect(svg.utf8.count < 80_000)
        #expect(XMLCheck.problem(svg) == nil)
    }

    @Test func manySeriesAreSmallMultiplesAndTooManyAreCounted() {
        let panels = (0..<70).map { LineChart.Panel("s\($0)", series: [.init("y", .history, y: [1, 2])]) }
        let svg = LineChart(title: "many", panels: panels).svg()
        #expect(svg.components(of: "class=\"panel\"") == 60)
        #expect(svg.contains(">and 10 more</text>"))
    }

    // MARK: - In a terminal

    @Test func aTerminalChartIsExactlyThis() {
        #expect(
            Self.chart.terminal(width: 44, height: 8) == """
                Load
                two days
                ⠤⠤ history   ⠤⠤ forecast   ░░ 80 %
                MW
                4 ┤                              ┊ now░░░░░
                  │                              ┊   ░░░░░░
                  │        ⢀⢄                    ┊  ░⢀⢄⡀░░░
                  │       ⡔⠁ ⠣⡀                  ┊ ░⡔⠁░⠈⠑⠢⢄
                  │     ⡠⠊    ⠈⢆                 ┊⡠⠊░░░░░░░
                2 ┤   ⡠⠊        ⠑⢄              ⢠⠊     ░░░░
                  │ ⢀⠜            ⠱⡀          ⢀⠔⠁┊      ░░░
                  │⠔⠁              ⠈⠢        ⠠⠊  ┊        ░
                  └┬─────────────────────┬─────────────────
                   0                     5
                """)
    }

    @Test func asciiStaysAscii() {
        let text = Self.chart.terminal(width: 60, height: 10, style: .ascii)
        #expect(text.utf8.allSatisfy { $0 == 0x0A || (0x20..<0x7F).contains($0) })
    }

    @Test func colorsAreOnlyThereWhenAskedFor() {
        #expect(!Self.chart.terminal(style: .plain).contains("\u{1B}"))
        #expect(Self.chart.terminal(style: .full).contains("\u{1B}[94m"))
        #expect(Self.stripped(Self.chart.terminal(style: .full)).contains("80 %"))
    }

    @Test(arguments: [24, 30, 44, 60, 80, 132, 200])
    func noLineIsWiderThanTheTerminal(width: Int) {
        for style in [TerminalStyle.plain, .full, .ascii] {
            let lines = Self.stripped(Self.chart.terminal(width: width, style: style)).split(separator: "\n")
            #expect(lines.allSatisfy { DisplayWidth.of(String($0)) <= width })
        }
    }

    static func stripped(_ text: String) -> String {
        var plain = ""
        var escaped = false
        for character in text {
            if character == "\u{1B}" { escaped = true }
            if !escaped { plain.append(character) }
            if character == "m" { escaped = false }
        }
        return plain
    }

    // MARK: - Nothing traps

    static func randomChart(_ generator: inout SplitMix) -> LineChart {
        let odd: [Double] = [
            .nan, .infinity, -.infinity, 0, -0.0, 1e308, -1e308, .leastNormalMagnitude, .leastNonzeroMagnitude, 1, -1,
            1e6, 1e15,
            .greatestFiniteMagnitude,
        ]
        func value(_ generator: inout SplitMix) -> Double {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: odd.randomElement(using: &generator)!
            case 1: Double(bitPattern: generator.next())
            default: Double.random(in: -100...100, using: &generator)
            }
        }
        func values(_ generator: inout SplitMix) -> [Double] {
            let constant = Bool.random(using: &generator) ? value(&generator) : nil
            return (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                if let constant, Int.random(in: 0..<8, using: &generator) > 0 { return constant }
                return value(&generator)
            }
        }
        func name(_ generator: inout SplitMix) -> String {
            [
                "", "a", "<b>&\"'", "\u{1B}[2J\u{9B}", "漢字👩‍👩‍👧", "\u{301}\u{202E}", "x\ny\u{0}",
                String(repeating: "long ", count: 40),
            ]
            .randomElement(using: &generator)!
        }
        let roles: [LineChart.Role] = [.history, .forecast, .actual, .other(3), .other(-7), .other(.max), .other(.min)]
        let labels: [AxisLabels] = [
            .numbers, .time, .names([]), .names(["a", "b\u{1B}", "漢字"]), .text { "\($0)" },
            .fixed([Tick(.nan, "n"), Tick(1, "one"), Tick(1, "two"), Tick(.infinity, "")]),
        ]
        var panels: [LineChart.Panel] = []
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            var panel = LineChart.Panel(name(&generator), series: [])
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let x = Bool.random(using: &generator) ? (0..<12).map(Double.init) : values(&generator)
                panel.series.append(
                    .init(
                        name(&generator), roles.randomElement(using: &generator)!, x: x, y: values(&generator),
                        isDashed: Bool.random(using: &generator), isPoints: Bool.random(using: &generator)))
            }
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                panel.bands.append(
                    .init(name(&generator), x: values(&generator), lower: values(&generator), upper: values(&generator))
                )
            }
            panel.markers = [.init(name(&generator), x: value(&generator))]
            panels.append(panel)
        }
        let sizes = [Int.min, -1, 0, 1, 100, 960, 3000, Int.max]
        return LineChart(
            title: name(&generator), subtitle: name(&generator), unit: name(&generator),
            xLabels: labels.randomElement(using: &generator)!, panels: panels,
            width: sizes.randomElement(using: &generator)!,
            height: Bool.random(using: &generator) ? sizes.randomElement(using: &generator) : nil)
    }

    @Test func noNumbersAndNoTextsTrap() {
        var generator = SplitMix(state: 11)
        for round in 0..<3000 {
            let chart = Self.randomChart(&generator)
            let problem = XMLCheck.problem(chart.svg())
            #expect(problem == nil, "round \(round)")
            for style in [TerminalStyle.plain, .full, .ascii] {
                let width = [Int.min, 0, 24, 80, 333].randomElement(using: &generator)!
                let height = [Int.min, 0, 3, 14].randomElement(using: &generator)!
                let text = Self.stripped(chart.terminal(width: width, height: height, style: style))
                for line in text.split(separator: "\n") {
                    #expect(DisplayWidth.of(String(line)) <= max(24, width), "round \(round): \(line)")
                    #expect(!line.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) })
                }
            }
        }
    }
}

extension String {
    func components(of part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.firstRange(of: part) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }

    func components(after part: String) -> String {
        firstRange(of: part).map { String(self[$0.lowerBound...]) } ?? ""
    }
}
