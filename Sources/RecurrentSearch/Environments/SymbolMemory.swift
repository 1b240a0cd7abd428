public import RecurrentCharts
import RecurrentTensor

/// Symbols that are shown and have to be given back: a whole list after a pause, or the partner of one symbol among pairs.
///
/// Seen: a flag for each symbol, and one that asks for an answer. A choice of a symbol in each step; what is chosen while nothing is
/// asked for does not matter. Copy: each right symbol gives 1 over the length of the list. Recall: the right partner gives 1.
public struct SymbolMemory: Environment {
    /// What has to be remembered.
    public enum Task: String, Sendable, Hashable, CaseIterable {
        /// A list, to be said again in its order.
        case copy
        /// Pairs, of one of which the second symbol is to be said when the first is shown.
        case recall
    }

    /// What has to be remembered.
    public let task: Task
    /// The length of the list, or the number of pairs.
    public let length: Int
    /// The number of symbols.
    public let symbols: Int
    /// The steps between showing and asking.
    public let delay: Int
    private var shown: [Int]
    private var question = 0
    private var position = 0
    private var answered: [Bool] = []

    /// A task.
    ///
    /// - Precondition: pairs have different first symbols, so that there are at most as many as symbols.
    public init(_ task: Task, length: Int, symbols: Int, delay: Int) {
        precondition(
            length >= 1 && symbols >= 2 && delay >= 0 && (task == .copy || length <= symbols),
            "SymbolMemory: \(length) of \(symbols) symbols with a delay of \(delay) are not possible")
        (self.task, self.length, self.symbols, self.delay) = (task, length, symbols, delay)
        shown = [Int](repeating: 0, count: task == .copy ? length : 2 * length)
    }

    private var questions: Int { task == .copy ? length : 1 }
    /// The steps of an episode.
    public var timeLimit: Int? { shown.count + delay + questions }
    /// A flag for each symbol, and one that asks.
    public var observationSpace: Space { .box(0...1, count: symbols + 1) }
    /// A symbol.
    public var actionSpace: Space { .discrete(symbols) }
    /// Three tenths of a second.
    public var stepTime: Double { 0.3 }

    /// Draws the symbols.
    public mutating func reset(seed: UInt64, into observation: inout [Double]) {
        var stream = RandomStream(seed: seed)
        if task == .copy {
            for index in shown.indices { shown[index] = stream.below(symbols) }
        } else {
            var keys = Array(0..<symbols)
            keys.shuffle(using: &stream)
            for pair in 0..<length {
                shown[2 * pair] = keys[pair]
                shown[2 * pair + 1] = stream.below(symbols)
            }
            question = stream.below(length)
        }
        position = 0
        answered.removeAll(keepingCapacity: true)
        observe(&observation)
    }

    /// Takes a symbol.
    public mutating func step(_ action: [Double], into observation: inout [Double]) -> Transition {
        var reward = 0.0
        if let asked = askedSymbol {
            let isRight = actionSpace.choice(action[0]) == asked
            answered.append(isRight)
            if isRight { reward = 1 / Double(questions) }
        }
        position += 1
        observe(&observation)
        return Transition(reward: reward, isTerminated: position >= shown.count + delay + questions)
    }

    /// The right answer to what is seen now.
    private var askedSymbol: Int? {
        let number = position - shown.count - delay
        guard (0..<questions).contains(number) else { return nil }
        return task == .copy ? shown[number] : shown[2 * question + 1]
    }

    private func observe(_ observation: inout [Double]) {
        for index in 0...symbols { observation[index] = 0 }
        if position < shown.count {
            observation[shown[position]] = 1
        } else if askedSymbol != nil {
            observation[symbols] = 1
            if task == .recall { observation[shown[2 * question]] = 1 }
        }
    }

    /// What is shown and what was answered.
    public var scene: Scene? {
        let count = Double(max(shown.count, questions))
        var scene = Scene(left: -0.5, right: max(6, count + 0.5), bottom: -1.5, top: 2.5)
        for (index, symbol) in shown.enumerated() where index < position {
            scene.word("\(symbol)", Double(index) + 0.5, 1.5)
        }
        if position < shown.count { scene.box(Double(position) + 0.1, 1, 0.8, 1, .first) }
        for (index, isRight) in answered.enumerated() {
            scene.disc(Double(index) + 0.5, -0.3, radius: 0.3, isRight ? .third : .second)
        }
        return scene
    }
}
