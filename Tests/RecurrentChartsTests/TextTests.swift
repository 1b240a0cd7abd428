import RecurrentCharts
import Synchronization
import Testing

@Suite struct TextTests {
    // MARK: - Numbers

    @Test(arguments: [
        (3.14159, 2, "3.14"), (-0.004, 2, "0.00"), (-1.5, 0, "-2"), (1234.5, 1, "1234.5"), (0.05, 1, "0.1"),
        (.nan, 2, "–"), (.infinity, 2, "∞"), (-.infinity, 0, "−∞"), (1e300, 2, "1e+300"),
        (0.1, 99, "0.100000000000000"),
        (7, -3, "7"),
    ])
    func numbersHaveTheDecimalsAskedFor(value: Double, decimals: Int, text: String) {
        #expect(NumberText.fixed(value, decimals) == text)
    }

    @Test(arguments: [
        (0.04213, "0.04213"), (3.14159, "3.142"), (1234.5678, "1,235"), (1_234_567, "1,234,567"), (0, "0"),
        (1.5e12, "1.5e+12"), (-2.5e-7, "-2.5e-07"), (1.5e-300, "1.5e-300"), (.greatestFiniteMagnitude, "1.8e+308"),
        (.nan, "–"),
        (9.99996, "10"),
    ])
    func compactNumbersAreShort(value: Double, text: String) {
        #expect(NumberText.compact(value) == text)
    }

    @Test(arguments: [
        (0.04, "0.0 s"), (9.94, "9.9 s"), (10, "10 s"), (59.4, "59 s"), (187, "3:07"), (7509, "2:05:09"),
        (273_600, "3 d 4 h"), (-1, "–"), (.nan, "–"), (1e300, "∞"),
    ])
    func durationsAreReadable(seconds: Double, text: String) {
        #expect(NumberText.duration(seconds) == text)
    }

    // MARK: - Widths

    @Test(arguments: [
        ("abc", 3), ("", 0), ("漢字", 4), ("e\u{301}", 1), ("👩‍👩‍👧", 2), ("🇨🇭", 2), ("❤️", 2), ("\u{200B}", 0), ("ﾊ", 1),
        ("ＡＢ", 4),
        ("한글", 4), ("naïve", 5), ("⣿░┤", 3),
    ])
    func textTakesItsColumns(text: String, width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test(arguments: [
        ("abcdef", 4, "abc…"), ("abcd", 4, "abcd"), ("漢字漢字", 5, "漢字…"), ("漢字漢字", 4, "漢…"), ("abc", 0, ""),
        ("abc", 1, "…"),
    ])
    func textIsCutToColumns(text: String, width: Int, cut: String) {
        #expect(DisplayWidth.truncated(text, to: width) == cut)
    }

    @Test func whatCommandsATerminalIsTakenOut() {
        #expect(SafeText.terminal("a\u{1B}[31mb\u{7}\u{9B}c\nd\te\u{202E}f\u{7F}é漢") == "a[31mbc d ef" + "é漢")
    }

    // MARK: - Tables

    @Test func numbersStandAtTheRightAndTheBestIsMarked() {
        var table = TextTable(columns: [.left("method"), .right("MASE"), .right("n")])
        table.add(["forecast", .best("0.81"), "12"])
        table.add(["漢字", "11.21"])
        #expect(
            table.text() == """
                method     MASE    n
                ────────  ──────  ──
                forecast   0.81*  12
                漢字      11.21
                """)
        #expect(
            table.text(.ascii) == """
                method     MASE    n
                --------  ------  --
                forecast   0.81*  12
                漢字      11.21
                """)
        #expect(table.text(.full).contains("\u{1B}[1;32m 0.81\u{1B}[0m"))
        #expect(table.text(maximumWidth: 18).hasPrefix("method   MASE    n"))
    }

    @Test func aTableWithoutColumnsOrWithOddRowsIsFine() {
        var empty = TextTable(columns: [])
        empty.add(["a"])
        #expect(empty.text().allSatisfy { $0 == "\n" })
        var table = TextTable(columns: [.left("a\u{1B}")])
        table.add(["x", "y", "z"])
        table.add([])
        #expect(table.text() == "a\n─\nx\n")
        _ = table.text(maximumWidth: Int.min)
    }

    // MARK: - Progress

    let state = ProgressState(
        label: "epoch 3/20", done: 37, total: 100, loss: 0.12345, rate: 12_345, rateUnit: "windows", elapsed: 75.3,
        figures: [.init("val", 0.2)])

    @Test func theLineHasAllThatFits() {
        #expect(
            ProgressBar.line(state, width: 90)
                == "epoch 3/20  ━━━━────────  37 %  loss 0.1235  val 0.2000  12,345 windows/s  1:15  2:08 left")
        #expect(ProgressBar.line(state, width: 50) == "epoch 3/20  ━━╸─────  37 %  loss 0.1235  2:08 left")
        #expect(ProgressBar.line(state, width: 60, style: .ascii).utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        #expect(ProgressBar.plainLine(state).hasPrefix("epoch 3/20   37 %  loss 0.1235  val 0.2000"))
    }

    @Test func theLineNeverExceedsItsWidth() {
        var generator = SplitMix(state: 2)
        let odd: [Double?] = [nil, .nan, .infinity, -1, 0, 1e300, .leastNonzeroMagnitude, 0.5]
        for _ in 0..<20_000 {
            func any() -> Double? { odd.randomElement(using: &generator)! }
            let state = ProgressState(
                label: ["", "epoch", "漢字 \u{1B}[2J"].randomElement(using: &generator)!,
                done: [0, 5, -5, Int.max, Int.min].randomElement(using: &generator)!,
                total: [0, 5, 10, -1, Int.max].randomElement(using: &generator)!, loss: any(), rate: any(),
                elapsed: any() ?? 1, remaining: any(), figures: [.init("v\n", any() ?? 0)])
            let width = Int.random(in: 0...120, using: &generator)
            for style in [TerminalStyle.plain, .full, .ascii] {
                let line = LineChartTests.stripped(ProgressBar.line(state, width: width, style: style))
                #expect(DisplayWidth.of(line) <= width)
            }
            #expect(!ProgressBar.plainLine(state).unicodeScalars.contains { $0.value < 0x20 })
        }
    }

    @Test func aHundredPercentIsSaidOnlyAtTheEnd() {
        var state = state
        (state.done, state.total) = (99_999, 100_000)
        #expect(ProgressBar.line(state, width: 90).contains(" 99 %"))
        state.done = 100_000
        #expect(ProgressBar.line(state, width: 90).contains("100 %"))
        #expect(!ProgressBar.line(state, width: 90).contains("left"))
    }

    // MARK: - The reporter

    /// A clock that is set, and what was written at which time.
    final class Recorder: Sendable {
        let time = Mutex(0.0)
        let lines = Mutex<[String]>([])

        func reporter(_ output: ProgressReporter.Output) -> ProgressReporter {
            ProgressReporter(
                output: output, now: { self.time.withLock { $0 } },
                write: { text in self.lines.withLock { $0.append(text) } })
        }

        func set(_ seconds: Double) { time.withLock { $0 = seconds } }
        var written: [String] { lines.withLock { $0 } }
    }

    @Test func aTerminalIsDrawnAtMostTenTimesASecond() {
        let recorder = Recorder()
        let reporter = recorder.reporter(.terminal)
        for step in 0..<10_000 {
            recorder.set(Double(step) / 1000)
            if step % 100 == 50 { reporter.finishEpoch(state) } else { reporter.update(state) }
        }
        #expect((99...101).contains(recorder.written.count))
        #expect(recorder.written.allSatisfy { $0.hasPrefix("\r") && $0.hasSuffix("\u{1B}[K") })
        reporter.message("saved")
        #expect(recorder.written.last?.hasPrefix("\r\u{1B}[Ksaved\nepoch 3/20") == true)
        reporter.finish(state)
        #expect(recorder.written.last?.hasSuffix("left\n") == true)
    }

    @Test func elsewhereThereIsALineForEachEpochAndOneInTenSeconds() {
        let recorder = Recorder()
        let reporter = recorder.reporter(.plain)
        for second in 0..<100 {
            recorder.set(Double(second))
            reporter.update(state)
        }
        #expect(recorder.written.count == 10)
        for _ in 0..<3 { reporter.finishEpoch(state) }
        #expect(recorder.written.count == 13)
        #expect(recorder.written.allSatisfy { $0.hasSuffix("\n") && !$0.contains("\u{1B}") && !$0.contains("\r") })
    }

    @Test func quietIsQuiet() {
        let recorder = Recorder()
        let reporter = recorder.reporter(.quiet)
        reporter.update(state)
        reporter.finishEpoch(state)
        reporter.message("x")
        reporter.finish(state)
        reporter.clear()
        #expect(recorder.written.isEmpty)
    }
}
