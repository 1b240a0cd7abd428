public import RecurrentCharts
import RecurrentTensor

/// A snake that grows with each apple and must not bite itself or the wall.
///
/// Three choices: to the left, straight on, to the right. An apple gives 1, death −1 and the end; who eats nothing for as many steps
/// as there are cells starves. Seen, from the snake's head and in its direction: whether the cells of a square around the head are
/// deadly, the distance to the wall ahead, and where the apple lies (ahead or behind, left or right: −1, 0, 1).
public struct Snake: Environment {
    /// The cells of a side.
    public let size: Int
    private static let reach = 2
    private var cells: [Int] = []
    private var occupied: [Bool]
    private var direction = 0
    private var apple = 0
    private var hunger = 0
    private var stream = RandomStream(seed: 0)
    private var steps: StepCount

    /// A field.
    public init(size: Int = 10, timeLimit: Int? = 1000) {
        precondition((4...100).contains(size), "Snake: a field of \(size) is not possible; 4 to 100 is")
        self.size = size
        occupied = [Bool](repeating: false, count: size * size)
        steps = StepCount(limit: timeLimit)
    }

    /// The number of cells of the snake.
    public var length: Int { cells.count }
    /// After how many steps an episode is cut off.
    public var timeLimit: Int? { steps.limit }
    /// 24 flags, a distance, two signs.
    public var observationSpace: Space { .box(-1...1, count: 27) }
    /// To the left, straight on, to the right.
    public var actionSpace: Space { .discrete(3) }
    /// A tenth of a second.
    public var stepTime: Double { 0.1 }

    /// Begins an episode with a snake of three cells in the middle.
    public mutating func reset(seed: UInt64, into observation: inout [Double]) {
        stream = RandomStream(seed: seed)
        for index in occupied.indices { occupied[index] = false }
        let middle = size / 2
        cells.removeAll(keepingCapacity: true)
        for back in 0..<3 { cells.append(middle * size + middle - back) }
        for cell in cells { occupied[cell] = true }
        direction = 1
        hunger = 0
        placeApple()
        steps.begin()
        observe(&observation)
    }

    /// Turns and moves by a cell.
    public mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
        direction = (direction + actionSpace.choice(action[0]) + 3) % 4
        let head = cells[0]
        let (dx, dy) = Self.directions[direction]
        let (x, y) = (head % size + dx, head / size + dy)
        let isLast = steps.advance()
        guard (0..<size).contains(x), (0..<size).contains(y) else { return died(&observation, isLast) }
        let next = y * size + x
        let eats = next == apple
        if !eats {
            // The tail moves on first: its cell is free.
            occupied[cells.removeLast()] = false
        }
        guard !occupied[next] else { return died(&observation, isLast) }
        occupied[next] = true
        cells.insert(next, at: 0)
        hunger = eats ? 0 : hunger + 1
        let isFull = cells.count == size * size
        if eats, !isFull { placeApple() }
        observe(&observation)
        let isStarved = hunger >= size * size
        return Transition(
            reward: eats ? 1 : isStarved ? -1 : 0, isTerminated: isFull || isStarved, isTruncated: isLast)
    }

    private func died(_ observation: inout [Double], _ isLast: Bool) -> Transition {
        if !cells.isEmpty { observe(&observation) }
        return Transition(reward: -1, isTerminated: true, isTruncated: isLast)
    }

    private mutating func placeApple() {
        let free = size * size - cells.count
        guard free > 0 else { return }
        var number = stream.below(free)
        for (index, isTaken) in occupied.enumerated() where !isTaken {
            if number == 0 { apple = index }
            number -= 1
        }
    }

    /// Up, right, down, left.
    private static let directions = [(0, -1), (1, 0), (0, 1), (-1, 0)]

    private func observe(_ observation: inout [Double]) {
        let head = cells[0]
        let (hx, hy) = (head % size, head / size)
        let ahead = Self.directions[direction]
        let right = Self.directions[(direction + 1) % 4]
        var index = 0
        for along in -Self.reach...Self.reach {
            for across in -Self.reach...Self.reach where along != 0 || across != 0 {
                let x = hx + ahead.0 * along + right.0 * across
                let y = hy + ahead.1 * along + right.1 * across
                let isInside = (0..<size).contains(x) && (0..<size).contains(y)
                observation[index] = isInside && !occupied[y * size + x] ? 0 : 1
                index += 1
            }
        }
        let distances = [hy, size - 1 - hx, size - 1 - hy, hx]
        observation[index] = Double(distances[direction]) / Double(size)
        let (ax, ay) = (apple % size - hx, apple / size - hy)
        observation[index + 1] = Double((ax * ahead.0 + ay * ahead.1).signum())
        observation[index + 2] = Double((ax * right.0 + ay * right.1).signum())
    }

    /// The field from above.
    public var scene: Scene? {
        let side = Double(size)
        var scene = Scene(left: -0.3, right: side + 0.3, bottom: -0.3, top: side + 0.3)
        scene.line(-0.1, -0.1, side + 0.1, -0.1, width: 3, .quiet)
        scene.line(-0.1, side + 0.1, side + 0.1, side + 0.1, width: 3, .quiet)
        scene.line(-0.1, -0.1, -0.1, side + 0.1, width: 3, .quiet)
        scene.line(side + 0.1, -0.1, side + 0.1, side + 0.1, width: 3, .quiet)
        func y(_ cell: Int) -> Double { side - 1 - Double(cell / size) }
        scene.disc(Double(apple % size) + 0.5, y(apple) + 0.5, radius: 0.35, .second)
        for (index, cell) in cells.enumerated() {
            scene.box(Double(cell % size) + 0.05, y(cell) + 0.05, 0.9, 0.9, index == 0 ? .fourth : .third)
        }
        return scene
    }
}
