public import RecurrentCharts
import RecurrentTensor

/// A room with a key and a wall of doors. The key's colour tells which door it opens; once taken it is seen no more, so that its
/// colour must be remembered on the way.
///
/// The creature sees the 3 × 3 cells around it: for each a flag for a wall, one for a key and one for a door of each colour. Four
/// choices: up, right, down, left. The right door gives 1 and a wrong one −1, which ends the episode; a door without the key is a
/// wall; taking the key gives 0.1, a step −0.005.
public struct KeyGrid: Environment {
    private struct Cell: Sendable, Hashable {
        var column: Int
        var row: Int
    }

    /// The cells of a side.
    public let size: Int
    /// The number of colours, keys and doors alike.
    public let colors: Int
    /// The colour of this episode's key.
    public private(set) var keyColor = 0
    private var creature = Cell(column: 0, row: 0)
    private var key: Cell?
    /// The row of the door of each colour, all of them in the wall to the right.
    private var doors: [Int]
    private var steps: StepCount

    /// A room.
    ///
    /// - Precondition: there is a row for each door.
    public init(size: Int = 7, colors: Int = 3, timeLimit: Int? = 200) {
        precondition(
            size >= 3 && (2...size).contains(colors), "KeyGrid: \(colors) doors do not fit a room of \(size)")
        self.size = size
        self.colors = colors
        doors = Array(0..<colors)
        steps = StepCount(limit: timeLimit)
    }

    /// After how many steps an episode is cut off.
    public var timeLimit: Int? { steps.limit }
    /// Flags of the 9 cells around.
    public var observationSpace: Space { .box(0...1, count: 9 * (1 + 2 * colors)) }
    /// Up, right, down, left.
    public var actionSpace: Space { .discrete(4) }
    /// A tenth of a second.
    public var stepTime: Double { 0.1 }

    /// Begins an episode: a key in the left half, the creature beside it somewhere, the doors anywhere on the right.
    public mutating func reset(seed: UInt64, into observation: inout [Double]) {
        var stream = RandomStream(seed: seed)
        keyColor = stream.below(colors)
        var rows = Array(0..<size)
        rows.shuffle(using: &stream)
        for color in 0..<colors { doors[color] = rows[color] }
        let half = max(2, size / 2)
        let place = Cell(column: stream.below(half), row: stream.below(size))
        key = place
        repeat { creature = Cell(column: stream.below(half), row: stream.below(size)) } while creature == place
        steps.begin()
        observe(&observation)
    }

    /// Walks a step.
    public mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
        let moves = [(0, -1), (1, 0), (0, 1), (-1, 0)]
        let move = moves[actionSpace.choice(action[0])]
        let next = Cell(column: creature.column + move.0, row: creature.row + move.1)
        var transition = Transition(reward: -0.005)
        if let door = door(at: next), key == nil {
            creature = next
            transition = Transition(reward: door == keyColor ? 1 : -1, isTerminated: true)
        } else if (0..<size).contains(next.column), (0..<size).contains(next.row) {
            creature = next
            if key == next {
                key = nil
                transition.reward += 0.1
            }
        }
        transition.isTruncated = steps.advance()
        observe(&observation)
        return transition
    }

    private func door(at cell: Cell) -> Int? {
        cell.column == size ? doors.firstIndex(of: cell.row) : nil
    }

    private func observe(_ observation: inout [Double]) {
        let flags = 1 + 2 * colors
        for index in 0..<9 * flags { observation[index] = 0 }
        for index in 0..<9 {
            let cell = Cell(column: creature.column + index % 3 - 1, row: creature.row + index / 3 - 1)
            if let door = door(at: cell) {
                observation[index * flags + 1 + colors + door] = 1
            } else if !(0..<size).contains(cell.column) || !(0..<size).contains(cell.row) {
                observation[index * flags] = 1
            } else if key == cell {
                observation[index * flags + 1 + keyColor] = 1
            }
        }
    }

    /// The room from above.
    public var scene: Scene? {
        let side = Double(size)
        let inks: [Scene.Ink] = [.first, .second, .third, .fourth]
        var scene = Scene(left: -1, right: side + 1.2, bottom: -1, top: side + 1)
        func y(_ row: Int) -> Double { side - 1 - Double(row) }
        scene.line(-0.1, -0.1, side + 0.1, -0.1, width: 3, .quiet)
        scene.line(-0.1, side + 0.1, side + 0.1, side + 0.1, width: 3, .quiet)
        scene.line(-0.1, -0.1, -0.1, side + 0.1, width: 3, .quiet)
        scene.line(side + 0.1, -0.1, side + 0.1, side + 0.1, width: 3, .quiet)
        for (color, row) in doors.enumerated() {
            scene.box(side, y(row), 0.9, 0.95, inks[color % inks.count])
            if color >= inks.count { scene.word("\(color)", side + 0.5, y(row) + 0.5) }
        }
        if let key { scene.box(Double(key.column) + 0.3, y(key.row) + 0.3, 0.4, 0.4, inks[keyColor % inks.count]) }
        scene.disc(Double(creature.column) + 0.5, y(creature.row) + 0.5, radius: 0.35, .strong)
        return scene
    }
}
