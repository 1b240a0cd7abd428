/// How a picture is coloured.
public enum ChartTheme: String, Sendable, CaseIterable {
    /// Light or dark, as the viewer prefers.
    case automatic
    /// Dark ink on white.
    case light
    /// Light ink on near-black.
    case dark
}

/// Collects the elements of an SVG picture. Coordinates are rounded to a tenth of a pixel.
struct SVGCanvas {
    let width: Double
    let height: Double
    private var body = ""

    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    static let fontFamily = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"

    /// About how wide a text will be: the true width depends on the viewer's font.
    static func textWidth(_ text: String, size: Double) -> Double {
        var ems = 0.0
        for character in text {
            switch character {
            case "i", "l", "j", "t", "f", "r", "I", ".", ",", ":", ";", "'", "|", "!", " ", "(", ")": ems += 0.34
            case "m", "w", "M", "W", "%", "@": ems += 0.9
            case "A"..."Z": ems += 0.68
            case "0"..."9", "−": ems += 0.63
            default: ems += character.isASCII ? 0.58 : 0.6 * Double(max(1, DisplayWidth.of(character)))
            }
        }
        return ems * size
    }

    static func number(_ value: Double) -> String {
        let rounded = (value * 10).rounded() / 10
        guard rounded.isFinite, abs(rounded) < 1e7 else { return "0" }
        return NumberText.trimmed(NumberText.fixed(rounded, 1))
    }

    // MARK: - Elements

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class name: String) {
        let n = Self.number
        body += "<line class=\"\(name)\" x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\"/>\n"
    }

    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, radius: Double = 0, class name: String = "",
        fill: String? = nil, title: String? = nil
    ) {
        let n = Self.number
        body += "<rect"
        if !name.isEmpty { body += " class=\"\(name)\"" }
        if let fill { body += " fill=\"\(fill)\"" }
        body += " x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(max(0, width)))\" height=\"\(n(max(0, height)))\""
        if radius > 0 { body += " rx=\"\(n(radius))\"" }
        body += title.map { "><title>\(SafeText.xml($0))</title></rect>\n" } ?? "/>\n"
    }

    mutating func circle(_ x: Double, _ y: Double, radius: Double, class name: String) {
        let n = Self.number
        body += "<circle class=\"\(name)\" cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(radius))\"/>\n"
    }

    /// A path through points, closed or open.
    mutating func path(_ points: [(x: Double, y: Double)], closed: Bool = false, class name: String) {
        guard points.count > 1 else { return }
        var data = ""
        for (index, point) in points.enumerated() {
            data += (index == 0 ? "M" : "L") + Self.number(point.x) + " " + Self.number(point.y)
        }
        body += "<path class=\"\(name)\" d=\"\(data)\(closed ? "Z" : "")\"/>\n"
    }

    /// Runs of equal cells of a grid, in one element a colour.
    mutating func cells(
        _ runs: [(row: Int, column: Int, length: Int)], x: Double, y: Double, width: Double, height: Double,
        fill: String
    ) {
        guard !runs.isEmpty else { return }
        let data = runs.map { "M\($0.column) \($0.row)h\($0.length)v1h-\($0.length)z" }.joined()
        let scale = "\(NumberText.fixed(width, 4)),\(NumberText.fixed(height, 4))"
        body +=
            "<path style=\"fill:\(fill)\" shape-rendering=\"crispEdges\" transform=\"translate(\(Self.number(x)),"
            + "\(Self.number(y))) scale(\(scale))\" d=\"\(data)\"/>\n"
    }

    /// A curve of its own width from one point to another, bent by a control point.
    mutating func curve(
        from start: (x: Double, y: Double), by control: (x: Double, y: Double), to end: (x: Double, y: Double),
        width: Double, class name: String, title: String? = nil
    ) {
        let n = Self.number
        body += "<path class=\"\(name)\" style=\"stroke-width:\(NumberText.fixed(width, 2))\" "
        body += "d=\"M\(n(start.x)) \(n(start.y))Q\(n(control.x)) \(n(control.y)) \(n(end.x)) \(n(end.y))\""
        body += title.map { "><title>\(SafeText.xml($0))</title></path>\n" } ?? "/>\n"
    }

    enum Anchor: String { case start, middle, end }

    mutating func text(
        _ text: String, x: Double, y: Double, anchor: Anchor = .start, class name: String
    ) {
        guard !text.isEmpty else { return }
        let place = "x=\"\(Self.number(x))\" y=\"\(Self.number(y))\""
        let align = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
        body += "<text class=\"\(name)\" \(place)\(align)>\(SafeText.xml(text))</text>\n"
    }

    /// A line of a width of its own.
    mutating func stroke(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, width: Double, class name: String) {
        let n = Self.number
        body += "<line class=\"\(name)\" style=\"stroke-width:\(n(width))\" x1=\"\(n(x1))\" y1=\"\(n(y1))\""
        body += " x2=\"\(n(x2))\" y2=\"\(n(y2))\"/>\n"
    }

    /// Elements that are seen in a part of a film that repeats: between two shares of its length.
    mutating func group(
        visible: Bool, from begin: Double, to end: Double, seconds: Double, _ draw: (inout SVGCanvas) -> Void
    ) {
        func share(_ value: Double) -> String { NumberText.trimmed(NumberText.fixed(value, 5)) }
        let isLast = end >= 1
        let values = (begin > 0 ? "hidden;" : "") + "visible" + (isLast ? "" : ";hidden")
        let times = (begin > 0 ? "0;" : "") + share(begin) + (isLast ? "" : ";" + share(end))
        body += "<g visibility=\"\(visible ? "visible" : "hidden")\">"
        if begin > 0 || !isLast {
            body += "<animate attributeName=\"visibility\" calcMode=\"discrete\" repeatCount=\"indefinite\" "
            body += "dur=\"\(share(seconds))s\" values=\"\(values)\" keyTimes=\"\(times)\"/>\n"
        }
        draw(&self)
        body += "</g>\n"
    }

    // MARK: - The picture

    /// The whole picture, with a title and a description for those who cannot see it.
    func document(title: String, description: String, theme: ChartTheme) -> String {
        let (w, h) = (Self.number(width), Self.number(height))
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(w)" height="\(h)" viewBox="0 0 \(w) \(h)" role="img">
            <title>\(SafeText.xml(title))</title>
            <desc>\(SafeText.xml(description))</desc>
            <style>\(Self.style(theme))</style>
            <rect class="paper" width="\(w)" height="\(h)"/>
            \(body)</svg>

            """
    }

    private static func style(_ theme: ChartTheme) -> String {
        let shared = """
            text{font-family:\(fontFamily);font-size:12px}
            .title{font-size:17px;font-weight:600}.subtitle{font-size:13px}.panel{font-size:13px;font-weight:600}
            path,line{fill:none;stroke-linejoin:round;stroke-linecap:round}
            .grid{stroke-width:1}.axis{stroke-width:1}.marker{stroke-width:1;stroke-dasharray:3 4}
            .line{stroke-width:1.8}.history{stroke-width:1.5}.forecast{stroke-width:2.4}.dashed{stroke-dasharray:6 4}
            .band{stroke:none}.soft{fill-opacity:0.55}.onDark{fill:#ffffff}.onLight{fill:#1b2430}

            """
        switch theme {
        case .light: return "\n" + shared + Palette.light.rules
        case .dark: return "\n" + shared + Palette.dark.rules
        case .automatic:
            return "\n" + shared + Palette.light.rules + "@media (prefers-color-scheme:dark){\n" + Palette.dark.rules
                + "}\n"
        }
    }
}

/// The colours of a theme. The inks differ in lightness as well as in hue, so that those who see few hues tell them apart.
struct Palette {
    let paper: String
    let ink: String
    let muted: String
    let grid: String
    let axis: String
    let history: String
    let forecast: String
    let actual: String
    let others: [String]
    let bandOpacity: String

    static let light = Palette(
        paper: "#ffffff", ink: "#1b2430", muted: "#5d6b7c", grid: "#e6eaef", axis: "#aab4c0", history: "#46566b",
        forecast: "#1668dc", actual: "#d9480f",
        others: ["#1668dc", "#d9480f", "#0f9d77", "#8a4fd3", "#c2900c", "#c2347e", "#3a8fa8", "#6b7280"],
        bandOpacity: "0.16")
    static let dark = Palette(
        paper: "#12161c", ink: "#e8edf3", muted: "#9aa7b6", grid: "#262d37", axis: "#4a5563", history: "#b4c0ce",
        forecast: "#5aa2ff", actual: "#ff8a4c",
        others: ["#5aa2ff", "#ff8a4c", "#3ecfa3", "#b990f5", "#e8bd4a", "#f07fb8", "#6fc3da", "#a5adb8"],
        bandOpacity: "0.2")

    var rules: String {
        var rules = """
            .paper{fill:\(paper)}.title,.panel{fill:\(ink)}.subtitle,.label,.legend,.note{fill:\(muted)}
            .grid{stroke:\(grid)}.axis,.marker{stroke:\(axis)}.strong{fill:\(ink)}

            """
        let inks = [("history", history), ("forecast", forecast), ("actual", actual)]
        for (name, color) in inks + others.enumerated().map({ ("s\($0)", $1) }) {
            rules += "path.\(name),line.\(name){stroke:\(color)}.\(name).dot,.\(name).bar{fill:\(color)}"
            rules += "path.\(name).band{fill:\(color);fill-opacity:\(bandOpacity);stroke:none}"
            rules += "rect.\(name).band{fill:\(color);fill-opacity:\(bandOpacity)}\n"
        }
        return rules
    }

    static func className(_ role: LineChart.Role) -> String {
        switch role {
        case .history: "history"
        case .forecast: "forecast"
        case .actual: "actual"
        case .other(let number): "s\(((number % light.others.count) + light.others.count) % light.others.count)"
        }
    }
}
