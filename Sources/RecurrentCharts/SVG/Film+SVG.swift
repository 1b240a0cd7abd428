extension Film {
    /// The film as an animated SVG picture, which repeats. What cannot show movement shows the first scene.
    ///
    /// - Parameter frameLimit: of a longer film scenes at equal distances are taken.
    public func svg(theme: ChartTheme = .automatic, frameLimit: Int = 400) -> String {
        let (shown, time) = shown(atMost: max(2, frameLimit))
        guard let first = shown.first else { return page(Stage(Scene(left: 0, right: 1, bottom: 0, top: 1))) { _ in } }
        // What stands at the same place in all scenes is drawn once.
        let fixed = first.shapes.indices.prefix { index in
            shown.allSatisfy { index < $0.shapes.count && $0.shapes[index] == first.shapes[index] }
        }.count
        let length = Double(shown.count) * max(0.001, time)
        let stage = Stage(first)
        return page(stage, theme: theme) { canvas in
            stage.draw(first.shapes[..<fixed], &canvas)
            for (index, scene) in shown.enumerated() {
                let begin = Double(index) / Double(shown.count)
                let end = Double(index + 1) / Double(shown.count)
                canvas.group(visible: index == 0, from: begin, to: end, seconds: length) { canvas in
                    stage.draw(scene.shapes[fixed...], &canvas)
                    canvas.text(
                        scene.caption, x: stage.width / 2, y: stage.height - 12, anchor: .middle, class: "label")
                }
            }
        }
    }

    /// One scene as a picture that stands still.
    public func svg(frame: Int, theme: ChartTheme = .automatic) -> String {
        precondition(frames.indices.contains(frame), "Film.svg: there is no scene \(frame) of \(frames.count)")
        var copy = self
        copy.frames = [frames[frame]]
        return copy.svg(theme: theme)
    }

    private func page(
        _ stage: Stage, theme: ChartTheme = .automatic, _ draw: (inout SVGCanvas) -> Void
    ) -> String {
        var canvas = SVGCanvas(width: stage.width, height: stage.height)
        canvas.text(title, x: 16, y: 28, class: "title")
        canvas.text(subtitle, x: 16, y: 48, class: "subtitle")
        draw(&canvas)
        return canvas.document(title: title, description: subtitle, theme: theme)
    }
}

/// Where a world's units lie on the picture.
private struct Stage {
    let width: Double
    let height: Double
    private let left: Double
    private let top: Double
    private let scale: Double
    private let originX: Double

    init(_ scene: Scene) {
        scale = min(608 / scene.width, 400 / scene.height)
        width = max(360, scene.width * scale + 32)
        height = scene.height * scale + 60 + 36
        originX = (width - scene.width * scale) / 2
        left = scene.left
        top = scene.top
    }

    func draw(_ shapes: ArraySlice<Scene.Shape>, _ canvas: inout SVGCanvas) {
        for shape in shapes {
            switch shape {
            case .line(let x1, let y1, let x2, let y2, let width, let ink):
                canvas.stroke(x(x1), y(y1), x(x2), y(y2), width: width, class: ink.line)
            case .disc(let cx, let cy, let radius, let ink):
                canvas.circle(x(cx), y(cy), radius: max(1, radius * scale), class: ink.fill)
            case .box(let bx, let by, let w, let h, let ink):
                canvas.rectangle(
                    x: x(bx), y: y(by + h), width: w * scale, height: h * scale, radius: 2, class: ink.fill)
            case .word(let text, let wx, let wy):
                canvas.text(text, x: x(wx), y: y(wy) + 4, anchor: .middle, class: "strong")
            }
        }
    }

    private func x(_ value: Double) -> Double { originX + (value - left) * scale }
    private func y(_ value: Double) -> Double { 60 + (top - value) * scale }
}

extension Scene.Ink {
    /// The class of a line.
    fileprivate var line: String {
        switch self {
        case .strong: "history"
        case .quiet: "axis"
        case .first: "s0"
        case .second: "s1"
        case .third: "s2"
        case .fourth: "s3"
        }
    }

    /// The class of a surface.
    fileprivate var fill: String {
        switch self {
        case .strong: "history dot"
        case .quiet: "history band"
        default: line + " dot"
        }
    }
}
