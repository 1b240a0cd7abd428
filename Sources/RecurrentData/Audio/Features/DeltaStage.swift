/// Changes over time beside each row: the slope of the line through the rows around it, and the slope of those slopes.
///
///     d[t] = Σₙ n·(x[t+n] − x[t−n]) / 2Σₙ n²,  n = 1 … reach
///
/// Before the first and behind the last row stands that row again, in each order by itself.
///
/// - Source: Young et al., The HTK Book, section 5.9.
struct DeltaStage {
    private let columns: Int
    private let reach: Int
    private let scale: Double
    /// The rows, the slopes, … which are not complete.
    private var orders: [Rows]

    private struct Rows {
        var values: [Float] = []
        /// The number of the first row that is kept.
        var first = 0
        /// The number behind the last row.
        var end = 0
    }
    private var emitted = 0

    init(columns: Int, order: Int, reach: Int) {
        self.columns = columns
        self.reach = reach
        scale = 1 / (2 * (1...reach).reduce(0) { $0 + Double($1 * $1) })
        orders = Array(repeating: Rows(), count: order + 1)
    }

    /// The rows that are complete with these, each followed by its changes.
    mutating func push(_ rows: [Float], isLast: Bool) -> [Float] {
        orders[0].values += rows
        orders[0].end += rows.count / columns
        for order in 1..<orders.count { extend(order, isLast: isLast) }
        let end = orders[orders.count - 1].end
        var result: [Float] = []
        result.reserveCapacity((end - emitted) * columns * orders.count)
        for row in emitted..<end {
            for order in orders {
                let start = (row - order.first) * columns
                result += order.values[start..<start + columns]
            }
        }
        emitted = end
        for order in orders.indices { forget(order) }
        return result
    }

    private mutating func extend(_ order: Int, isLast: Bool) {
        let below = orders[order - 1]
        let end = isLast ? below.end : below.end - reach
        var values: [Float] = []
        for row in orders[order].end..<max(orders[order].end, end) {
            for column in 0..<columns {
                var sum = 0.0
                for distance in 1...reach {
                    let after = min(row + distance, below.end - 1) - below.first
                    let before = max(row - distance, 0) - below.first
                    let change =
                        Double(below.values[after * columns + column])
                        - Double(below.values[before * columns + column])
                    sum += Double(distance) * change
                }
                values.append(Float(sum * scale))
            }
        }
        orders[order].values += values
        orders[order].end += values.count / columns
    }

    private mutating func forget(_ order: Int) {
        let needed = order + 1 < orders.count ? orders[order + 1].end - reach : emitted
        let keep = min(needed, emitted)
        let count = keep - orders[order].first
        if count > 64 {
            orders[order].values.removeFirst(count * columns)
            orders[order].first = keep
        }
    }
}
