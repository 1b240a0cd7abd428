public import RecurrentCharts
import RecurrentTensor

/// A small world of several creatures that look for food: artificial life. Its edges are joined, left to right and top to bottom.
///
/// Each creature turns and runs (two numbers, −1 to 1) and sees in eight directions from where it looks: how near the next food is
/// and how near the next creature (1 touching, 0 out of sight); and its own speed and turn, unless they are hidden. Food gives the
/// creature that eats it 1 and grows again elsewhere; running costs 0.01 of the square of the effort a step.
public struct Foraging: Environment {
    /// A creature.
    public struct Creature: Sendable, Hashable {
        /// Where it is, in 0..<1.
        public var x = 0.0
        /// Where it is, in 0..<1.
        public var y = 0.0
        /// Where it looks, in radians.
        public var heading = 0.0
        /// How fast it runs, in widths of the world a step.
        public var speed = 0.0
        /// How fast it turns, in radians a step.
        public var turn = 0.0
        /// What it has eaten.
        public var food = 0
        var reward = 0.0
    }

    /// The creatures.
    public private(set) var creatures: [Creature]
    /// How much food there is at any time.
    public let foodCount: Int
    /// Whether creatures do not feel their own speeds.
    public let hidesVelocities: Bool
    private var food: [(x: Double, y: Double)]
    private var stream = RandomStream(seed: 0)
    private var steps: StepCount
    private static let sectors = 8
    private static let sight = 0.35
    private static let bite = 0.03

    /// A world.
    public init(creatures: Int = 4, food: Int = 12, hidesVelocities: Bool = false, timeLimit: Int? = 300) {
        precondition(
            (1...256).contains(creatures) && (1...1024).contains(food),
            "Foraging: \(creatures) creatures and \(food) pieces of food are not possible")
        self.creatures = [Creature](repeating: Creature(), count: creatures)
        self.food = [(x: Double, y: Double)](repeating: (0, 0), count: food)
        foodCount = food
        self.hidesVelocities = hidesVelocities
        steps = StepCount(limit: timeLimit)
    }

    /// After how many steps an episode is cut off.
    public var timeLimit: Int? { steps.limit }
    /// Eight directions twice, and two speeds.
    public var observationSpace: Space { .box(-1...1, count: 2 * Self.sectors + (hidesVelocities ? 0 : 2)) }
    /// To turn and to run.
    public var actionSpace: Space { Self.actions }
    private static let actions = Space.box(-1...1, count: 2)
    /// How many creatures act.
    public var creatureCount: Int { creatures.count }
    /// What a creature itself got.
    public func reward(of creature: Int, in transition: Transition) -> Double { creatures[creature].reward }

    /// Places creatures and food.
    public mutating func reset(seed: UInt64, into observation: inout [Double]) {
        stream = RandomStream(seed: seed)
        for index in creatures.indices {
            creatures[index] = Creature(
                x: stream.uniform(), y: stream.uniform(), heading: stream.uniform(-Double.pi, Double.pi))
        }
        for index in food.indices { food[index] = (stream.uniform(), stream.uniform()) }
        steps.begin()
        observe(&observation)
    }

    /// Moves the creatures in turn.
    public mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
        var total = 0.0
        for index in creatures.indices {
            var creature = creatures[index]
            let turning = Self.actions.clipped(action[2 * index], 0)
            let running = Self.actions.clipped(action[2 * index + 1], 1)
            creature.turn = 0.5 * creature.turn + 0.2 * turning
            creature.speed = max(0, 0.8 * creature.speed + 0.004 * (running + 0.5))
            creature.heading += creature.turn
            if abs(creature.heading) > Double.pi { creature.heading -= 2 * Double.pi * (creature.heading > 0 ? 1 : -1) }
            creature.x = Self.wrapped(creature.x + creature.speed * Double.cos(creature.heading))
            creature.y = Self.wrapped(creature.y + creature.speed * Double.sin(creature.heading))
            creature.reward = -0.01 * running * running
            for piece in food.indices {
                let dx = Self.shortest(food[piece].x - creature.x)
                let dy = Self.shortest(food[piece].y - creature.y)
                guard dx * dx + dy * dy < Self.bite * Self.bite else { continue }
                creature.food += 1
                creature.reward += 1
                food[piece] = (stream.uniform(), stream.uniform())
            }
            total += creature.reward
            creatures[index] = creature
        }
        let isLast = steps.advance()
        observe(&observation)
        return Transition(reward: total, isTruncated: isLast)
    }

    private static func wrapped(_ value: Double) -> Double { value - value.rounded(.down) }
    /// The shorter way round.
    private static func shortest(_ difference: Double) -> Double { difference - difference.rounded() }

    private func observe(_ observation: inout [Double]) {
        let width = observationSpace.count
        for (index, creature) in creatures.enumerated() {
            let first = index * width
            for offset in 0..<width { observation[first + offset] = 0 }
            for piece in food { see(creature, piece.x, piece.y, first, &observation) }
            for (other, seen) in creatures.enumerated() where other != index {
                see(creature, seen.x, seen.y, first + Self.sectors, &observation)
            }
            guard !hidesVelocities else { continue }
            observation[first + 2 * Self.sectors] = creature.speed / 0.03
            observation[first + 2 * Self.sectors + 1] = creature.turn / 0.4
        }
    }

    private func see(_ creature: Creature, _ x: Double, _ y: Double, _ first: Int, _ observation: inout [Double]) {
        let (dx, dy) = (Self.shortest(x - creature.x), Self.shortest(y - creature.y))
        let distance = (dx * dx + dy * dy).squareRoot()
        guard distance < Self.sight else { return }
        let (c, s) = (Double.cos(creature.heading), Double.sin(creature.heading))
        let (ahead, left) = (dx * c + dy * s, dy * c - dx * s)
        // The octant that a direction lies in, counted from straight ahead to the left.
        let sector: Int
        if left >= 0 {
            sector = ahead >= 0 ? (ahead >= left ? 0 : 1) : (-ahead < left ? 2 : 3)
        } else {
            sector = ahead < 0 ? (-ahead >= -left ? 4 : 5) : (ahead < -left ? 6 : 7)
        }
        observation[first + sector] = max(observation[first + sector], 1 - distance / Self.sight)
    }

    /// The world from above.
    public var scene: Scene? {
        var scene = Scene(left: -0.02, right: 1.02, bottom: -0.02, top: 1.02)
        for (x1, y1, x2, y2) in [(0.0, 0.0, 1.0, 0.0), (1, 0, 1, 1), (1, 1, 0, 1), (0, 1, 0, 0)] {
            scene.line(x1, y1, x2, y2, width: 1, .quiet)
        }
        for piece in food { scene.disc(piece.x, piece.y, radius: 0.01, .third) }
        for (index, creature) in creatures.enumerated() {
            let (c, s) = (Double.cos(creature.heading), Double.sin(creature.heading))
            let ink: Scene.Ink = [.first, .second, .fourth][index % 3]
            scene.disc(creature.x, creature.y, radius: 0.018, ink)
            scene.line(creature.x, creature.y, creature.x + 0.035 * c, creature.y + 0.035 * s, width: 3, ink)
        }
        scene.caption = "eaten: " + creatures.map { "\($0.food)" }.joined(separator: ", ")
        return scene
    }
}
