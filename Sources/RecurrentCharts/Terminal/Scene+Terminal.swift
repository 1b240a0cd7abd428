extension Scene {
    /// The scene as lines of text, at most so wide and high, the caption below.
    public func terminal(width: Int = 80, height: Int = 20, style: TerminalStyle = .plain) -> String {
        let columns = max(8, min(width, 400))
        let rows = max(3, min(height - 1, 200))
        // A cell is about twice as high as wide, and so are its 4 rows of dots to its 2 columns: dots are square.
        // Both edges have a dot of their own.
        let scale = min(Double(columns * 2 - 1) / self.width, Double(rows * 4 - 1) / self.height)
        let usedColumns = max(1, min(columns, Int(((self.width * scale + 1) / 2).rounded(.up))))
        let usedRows = max(1, min(rows, Int(((self.height * scale + 1) / 4).rounded(.up))))
        var grid = TerminalGrid(columns: usedColumns, rows: usedRows)
        let place = Place(scene: self, scale: scale)
        for shape in shapes { draw(shape, place, &grid, style) }
        let lines = (0..<usedRows).map { grid.text(row: $0, style) }
        return (lines + [style.paint(caption, .dim)]).joined(separator: "\n")
    }

    private struct Place {
        let scene: Scene
        let scale: Double

        func x(_ value: Double) -> Int { bounded((value - scene.left) * scale) }
        func y(_ value: Double) -> Int { bounded((scene.top - value) * scale) }
        func length(_ value: Double) -> Double { value.isFinite ? min(1e4, max(0, value * scale)) : 0 }

        /// What lies far outside is drawn at a bounded distance: a line to it keeps its end inside.
        private func bounded(_ value: Double) -> Int { value.isFinite ? Int(max(-1e4, min(1e4, value.rounded()))) : 0 }
    }

    private func draw(_ shape: Shape, _ place: Place, _ grid: inout TerminalGrid, _ style: TerminalStyle) {
        switch shape {
        case .line(let x1, let y1, let x2, let y2, _, let ink):
            let (a, b) = ((place.x(x1), place.y(y1)), (place.x(x2), place.y(y2)))
            mark(&grid, style, ink) { grid, put in
                let steps = max(1, max(abs(b.0 - a.0), abs(b.1 - a.1)))
                for step in 0...steps {
                    let part = Double(step) / Double(steps)
                    put(
                        &grid, a.0 + Int((Double(b.0 - a.0) * part).rounded()),
                        a.1 + Int((Double(b.1 - a.1) * part).rounded()))
                }
            }
        case .disc(let x, let y, let radius, let ink):
            let (cx, cy) = (place.x(x), place.y(y))
            let r = max(1, place.length(radius))
            let reach = Int(r.rounded(.up))
            mark(&grid, style, ink) { grid, put in
                for y in max(0, cy - reach)..<max(0, cy - reach, min(grid.dotRows, cy + reach + 1)) {
                    for x in max(0, cx - reach)..<max(0, cx - reach, min(grid.dotColumns, cx + reach + 1)) {
                        let (dx, dy) = (x - cx, y - cy)
                        if Double(dx * dx + dy * dy) <= r * r { put(&grid, x, y) }
                    }
                }
            }
        case .box(let x, let y, let width, let height, let ink):
            let (x1, x2) = (place.x(x), max(place.x(x), place.x(x + width) - 1))
            let (y1, y2) = (place.y(y + height), max(place.y(y + height), place.y(y) - 1))
            mark(&grid, style, ink) { grid, put in
                for y in max(0, y1)..<max(0, y1, min(grid.dotRows, y2 + 1)) {
                    for x in max(0, x1)..<max(0, x1, min(grid.dotColumns, x2 + 1)) { put(&grid, x, y) }
                }
            }
        case .word(let text, let x, let y):
            let first = place.x(x) / 2 - text.count / 2
            for (index, character) in text.enumerated() {
                grid.put(character, column: first + index, row: place.y(y) / 4, .bold)
            }
        }
    }

    /// Dots, or a letter for each cell where there are no dots to write.
    private func mark(
        _ grid: inout TerminalGrid, _ style: TerminalStyle, _ ink: Ink,
        _ body: (inout TerminalGrid, (inout TerminalGrid, Int, Int) -> Void) -> Void
    ) {
        body(&grid) { grid, x, y in
            guard x >= 0, y >= 0, x < grid.dotColumns, y < grid.dotRows else { return }
            if style.unicode {
                grid.dot(x, y, ink.terminal)
            } else {
                grid.put(ink == .quiet ? "-" : ink == .strong ? "#" : "o", column: x / 2, row: y / 4, ink.terminal)
            }
        }
    }
}

extension Scene.Ink {
    fileprivate var terminal: TerminalStyle.Ink {
        switch self {
        case .strong: .plain
        case .quiet: .dim
        case .first: .of(.other(0))
        case .second: .of(.other(1))
        case .third: .of(.other(2))
        case .fourth: .of(.other(3))
        }
    }
}
