import RecurrentCharts
import Testing

@Suite struct PianoRollChartTests {
    private static let chord: [PianoRollChart.Note] = [
        .init(pitch: 60, start: 0, end: 2), .init(pitch: 64, start: 0, end: 1, voice: 1),
        .init(pitch: 67, start: 1, end: 2, voice: 2),
    ]

    @Test func eachNoteIsABarInTheColourOfItsVoice() {
        let chart = PianoRollChart(title: "a chord", notes: Self.chord, boundary: 1, voices: ["one", "two", "three"])
        let svg = chart.svg()
        #expect(XMLCheck.problem(svg) == nil)
        // A bar of the note and one of the legend.
        for voice in 0..<3 { #expect(svg.components(of: "class=\"s\(voice) bar\"") == 2) }
        #expect(svg.contains("<title>pitch 64, 0 to 1 beats</title>"))
        #expect(svg.contains("written from here on"))
        #expect(svg.contains(">C4</text>"))
    }

    @Test func aTerminalShowsHigherNotesHigher() {
        let chart = PianoRollChart(
            title: "", notes: [.init(pitch: 72, start: 0, end: 1), .init(pitch: 60, start: 1, end: 2)])
        let lines = chart.terminal(width: 45, height: 16).split(separator: "\n", omittingEmptySubsequences: false)
        func drawn(_ columns: Range<Int>) -> Int? {
            lines.firstIndex { line in
                line.dropFirst(5 + columns.lowerBound).prefix(columns.count).contains {
                    ("\u{2801}"..."\u{28FF}").contains($0)
                }
            }
        }
        let (first, second) = (drawn(0..<18), drawn(22..<40))
        #expect(first != nil && second != nil)
        if let first, let second { #expect(first < second) }
        #expect(chart.terminal(width: 45, style: .ascii).contains("#"))
        #expect(chart.terminal(width: 45, style: .ascii).allSatisfy { $0.isASCII })
        #expect(lines.allSatisfy { $0.count <= 45 })
    }

    @Test func noNumbersTrap() {
        let odd: [Double] = [.nan, .infinity, -.infinity, 0, 1e308, -1e308, .leastNonzeroMagnitude, 3, -2]
        for start in odd {
            for end in odd {
                for pitch in [Int.min, -1, 0, 60, 127, 128, .max] {
                    let chart = PianoRollChart(
                        title: "<", notes: [.init(pitch: pitch, start: start, end: end, voice: pitch)],
                        boundary: start, voices: ["&"], width: [Int.min, 300, Int.max][pitch & 1])
                    #expect(XMLCheck.problem(chart.svg()) == nil)
                    _ = chart.terminal(width: pitch, height: pitch)
                }
            }
        }
        #expect(PianoRollChart(title: "", notes: []).terminal() == "no notes")
    }
}
