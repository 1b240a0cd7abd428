import Recurrent

/// The share of right answers against sequences seen: a panel a task, a line a run, LSTMs solid and RNNs dashed.
func draw(_ file: String, into folder: String) throws {
    let bytes = try FileSystem().read(file)
    var panels: [(task: String, panel: LineChart.Panel)] = []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
        let run = JSONCursor(try JSON(parsing: String(line), from: file), source: file)
        let (task, cell) = (try run["task"].string(), try run["cell"].string())
        let points = try run["curve"].elements().map { try $0.elements() }
        let series = LineChart.Series(
            "\(cell), seed \(try run["seed"].int())", .other(cell == "rnn" ? 1 : cell == "lstm" ? 0 : 2),
            x: try points.map { try $0[0].double() }, y: try points.map { try $0[2].double() * 100 },
            isDashed: cell == "rnn")
        if let index = panels.firstIndex(where: { $0.task == task }) {
            panels[index].panel.series.append(series)
        } else {
            panels.append((task, LineChart.Panel("\(try run["name"].string()): % right", series: [series])))
        }
    }
    for (task, panel) in panels {
        let chart = LineChart(title: "Share of right answers by sequences seen", panels: [panel])
        try FileSystem().write(Array(chart.svg().utf8), to: folder + "/long-lag-\(task).svg")
    }
}
