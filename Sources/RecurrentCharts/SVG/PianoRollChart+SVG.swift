extension PianoRollChart {
    /// The picture as SVG: white and black keys at the left, notes as bars in the colours of their voices.
    public func svg(theme: ChartTheme = .automatic) -> String {
        let margin = 24.0
        let canvasWidth = Double(max(320, min(width, 10_000)))
        let drawn = shown
        let pitches = Self.pitches(of: drawn)
        let row = max(5.0, min(12, 420 / Double(pitches.count)))
        let top = margin + (title.isEmpty ? 0 : 24) + (subtitle.isEmpty ? 0 : 22) + (voices.isEmpty ? 0 : 22) + 8
        let (left, right) = (margin + 46, canvasWidth - margin)
        let bottom = top + row * Double(pitches.count)
        var canvas = SVGCanvas(width: canvasWidth, height: bottom + 46)
        canvas.text(title, x: margin, y: margin + 13, class: "title")
        canvas.text(subtitle, x: margin, y: margin + (title.isEmpty ? 10 : 34), class: "subtitle")
        legend(&canvas, x: margin, y: top - 18)
        func y(_ pitch: Int) -> Double { top + Double(pitches.upperBound - pitch) * row }
        let end = drawn.map(\.end).max() ?? 0
        let range = ValueRange(0, end > 0 ? end : 1)
        func x(_ time: Double) -> Double { left + (right - left) * max(0, min(1, range.fraction(time))) }

        for pitch in pitches {
            if Self.isBlack(pitch) {
                canvas.rectangle(x: left, y: y(pitch), width: right - left, height: row, class: "history band")
                canvas.rectangle(x: left - 24, y: y(pitch) + 0.5, width: 14, height: row - 1, class: "history bar")
            }
            if pitch % 12 == 0 {
                canvas.line(left - 24, y(pitch) + row, right, y(pitch) + row, class: "grid")
                canvas.text(Self.name(pitch), x: left - 28, y: y(pitch) + row / 2 + 4, anchor: .end, class: "label")
            }
        }
        guard !drawn.isEmpty else {
            canvas.text("no notes", x: left, y: top + 18, class: "note")
            return canvas.document(title: title, description: subtitle, theme: theme)
        }
        for tick in NiceTicks.ticks(in: range, count: 10) where tick.position >= 0 && tick.position <= end {
            canvas.line(x(tick.position), top, x(tick.position), bottom, class: "grid")
            canvas.text(tick.label, x: x(tick.position), y: bottom + 16, anchor: .middle, class: "label")
        }
        canvas.line(left, bottom, right, bottom, class: "axis")
        canvas.text(unit, x: right, y: bottom + 34, anchor: .end, class: "note")
        for note in drawn {
            let (from, until) = (x(note.start), x(note.end))
            // A hair between notes of one pitch, as long as they are long enough to lose it.
            let gap = until - from > 4 ? 1.0 : 0
            canvas.rectangle(
                x: from, y: y(note.pitch) + 0.5, width: max(1, until - from - gap), height: row - 1, radius: 1.5,
                class: Palette.className(.other(note.voice)) + " bar",
                title: drawn.count <= 2_000
                    ? "pitch \(note.pitch), \(NumberText.compact(note.start)) to \(NumberText.compact(note.end)) \(unit)"
                    : nil)
        }
        if let boundary, boundary.isFinite, boundary > 0, boundary < end {
            canvas.line(x(boundary), top - 4, x(boundary), bottom, class: "marker")
            canvas.text("written from here on", x: x(boundary) + 4, y: top - 6, class: "label")
        }
        return canvas.document(
            title: title, description: "\(drawn.count) notes over \(NumberText.compact(end)) \(unit)", theme: theme)
    }

    private func legend(_ canvas: inout SVGCanvas, x: Double, y: Double) {
        var x = x
        for (index, name) in voices.prefix(16).enumerated() {
            canvas.rectangle(
                x: x, y: y - 4, width: 14, height: 8, radius: 2, class: Palette.className(.other(index)) + " bar")
            canvas.text(name, x: x + 20, y: y + 4, class: "legend")
            x += 36 + SVGCanvas.textWidth(name, size: 12)
        }
    }
}
