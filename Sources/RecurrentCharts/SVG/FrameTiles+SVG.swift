extension FrameTiles {
    /// The picture as SVG.
    public func svg(theme: ChartTheme = .automatic) -> String {
        let (tile, gap, left) = (56.0, 4.0, 150.0)
        let shown = rows.prefix(Self.maximumRows)
        let columns = min(Self.maximumFrames, shown.map(\.frames.count).max() ?? 0)
        var canvas = SVGCanvas(
            width: left + Double(columns) * (tile + gap) + 16, height: 64 + Double(shown.count) * (tile + gap) + 8)
        canvas.text(title, x: 16, y: 28, class: "title")
        canvas.text(subtitle, x: 16, y: 48, class: "subtitle")
        for (index, row) in shown.enumerated() {
            let y = 60 + Double(index) * (tile + gap)
            canvas.text(row.title, x: 16, y: y + tile / 2 - (row.subtitle.isEmpty ? -4 : 4), class: "strong")
            canvas.text(row.subtitle, x: 16, y: y + tile / 2 + 14, class: "label")
            if row.isMarked {
                canvas.rectangle(x: 6, y: y, width: 4, height: tile, radius: 2, class: "actual bar")
            }
            // Of a long film frames at equal distances.
            let count = min(columns, row.frames.count)
            for column in 0..<count {
                let place = count == row.frames.count ? column : column * row.frames.count / count
                Self.paint(row.frames[place], &canvas, x: left + Double(column) * (tile + gap), y: y, size: tile)
            }
        }
        return canvas.document(title: title, description: subtitle, theme: theme)
    }

    private static func paint(_ frame: Frame, _ canvas: inout SVGCanvas, x: Double, y: Double, size: Double) {
        guard frame.width > 0, frame.height > 0, frame.values.count == frame.width * frame.height else { return }
        let columns = min(maximumPixels, frame.width)
        let rows = min(maximumPixels, frame.height)
        canvas.rectangle(x: x, y: y, width: size, height: size, fill: "#000000")
        var runs: [Int: [(row: Int, column: Int, length: Int)]] = [:]
        for row in 0..<rows {
            var last = -1
            for column in 0..<columns {
                let level = level(frame, row, column, rows, columns)
                if level == last, var run = runs[level]?.last {
                    run.length += 1
                    runs[level, default: []].removeLast()
                    runs[level, default: []].append(run)
                } else if level > 0 {
                    runs[level, default: []].append((row, column, 1))
                }
                last = level
            }
        }
        // Sixteen greys in one element each keep the file small.
        for (level, list) in runs.sorted(by: { $0.key < $1.key }) {
            let part = String(min(255, level * 17), radix: 16)
            let hex = part.count == 1 ? "0" + part : part
            canvas.cells(
                list, x: x, y: y, width: size / Double(columns), height: size / Double(rows),
                fill: "#" + hex + hex + hex)
        }
    }

    /// The grey of a block of pixels, 0…15.
    private static func level(_ frame: Frame, _ row: Int, _ column: Int, _ rows: Int, _ columns: Int) -> Int {
        let (top, bottom) = (
            row * frame.height / rows, max(row * frame.height / rows + 1, (row + 1) * frame.height / rows)
        )
        let (left, right) = (
            column * frame.width / columns,
            max(column * frame.width / columns + 1, (column + 1) * frame.width / columns)
        )
        var (sum, count): (Float, Float) = (0, 0)
        for y in top..<min(bottom, frame.height) {
            for x in left..<min(right, frame.width) {
                sum += frame.values[y * frame.width + x]
                count += 1
            }
        }
        let mean = count > 0 ? sum / count : 0
        return mean.isFinite ? Int(max(0, min(15, (mean * 15).rounded()))) : 0
    }
}
