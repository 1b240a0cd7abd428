/// The values with each missing one on the line between its neighbours, and a mask that tells which were there.
///
/// Missing values before the first and behind the last observation take the nearest one; where nothing was observed all
/// values are 0.
///
/// - Shapes: `values` [T]; both results [T].
public func interpolate(_ values: [Double]) -> (values: [Double], isObserved: [Bool]) {
    var filled = values
    let isObserved = values.map { !$0.isNaN }
    var last: Int?
    for index in values.indices where isObserved[index] {
        if let last, index - last > 1 {
            let step = (values[index] - values[last]) / Double(index - last)
            for gap in last + 1..<index { filled[gap] = values[last] + step * Double(gap - last) }
        } else if last == nil {
            for gap in 0..<index { filled[gap] = values[index] }
        }
        last = index
    }
    if let last {
        for gap in last + 1..<max(values.count, last + 1) { filled[gap] = values[last] }
    } else {
        for gap in values.indices { filled[gap] = 0 }
    }
    return (filled, isObserved)
}
