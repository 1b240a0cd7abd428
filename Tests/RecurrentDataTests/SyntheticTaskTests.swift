import RecurrentData
import RecurrentTensor
import Testing

struct SyntheticTaskTests {
    static let tasks: [any SyntheticTask] = [
        EmbeddedReberTask(), AddingTask(timeSteps: 20), AddingTask(timeSteps: 2), TemporalOrderTask(),
        CountingTask(counts: 1...5), SpikeTimingTask(),
    ]

    @Test func aBatchHasTheShapesItSaysAndFollowsItsKey() {
        for task in Self.tasks {
            let batch = task.batch(7, key: RandomKey(seed: 1))
            let T = batch.input.shape[0]
            #expect(batch.input.shape == [T, 7, task.inputSize])
            #expect(batch.target.shape == [T, 7, task.outputSize])
            #expect(batch.weight.shape == [T, 7])
            #expect(batch.lengths.count == 7 && batch.lengths.max() == T)
            #expect(batch.input.isIdentical(to: task.batch(7, key: RandomKey(seed: 1)).input))
            #expect(
                !task.batch(40, key: RandomKey(seed: 1)).input.isIdentical(
                    to: task.batch(40, key: RandomKey(seed: 2)).input))
            let weight = batch.weight.scalars(of: Float.self)
            for t in 0..<T { for b in 0..<7 where t >= batch.lengths[b] { #expect(weight[t * 7 + b] == 0) } }
        }
    }

    private func symbols(_ batch: SyntheticBatch, _ row: Int, _ alphabet: [Character]) -> String {
        let (B, I) = (batch.input.shape[1], batch.input.shape[2])
        let x = batch.input.scalars(of: Float.self)
        return String(
            (0..<batch.lengths[row]).map { t in
                alphabet[(0..<I).firstIndex { x[(t * B + row) * I + $0] == 1 }!]
            })
    }

    @Test func stringsOfTheEmbeddedReberGrammarAreInItsLanguage() {
        let batch = EmbeddedReberTask().batch(300, key: RandomKey(seed: 3))
        // The last symbol, E, is asked for and not given.
        var frames: Set<Character> = []
        for row in 0..<300 {
            let text = Array(symbols(batch, row, EmbeddedReberTask.symbols))
            #expect(text[0] == "B" && text[2] == "B")
            #expect(text[1] == text[text.count - 1], "the frame comes back: \(String(text))")
            #expect(text[text.count - 2] == "E")
            #expect(isReber(Array(text[2..<text.count - 1])), "\(String(text))")
            frames.insert(text[1])
        }
        #expect(frames == ["T", "P"])
    }

    /// A recogniser written from the drawing of the grammar: B, then T S* X or P T* V, and so on, then E.
    private func isReber(_ text: [Character]) -> Bool {
        var node = "start"
        let arrows: [String: [Character: String]] = [
            "start": ["B": "first"], "first": ["T": "upper", "P": "lower"], "upper": ["S": "upper", "X": "top"],
            "lower": ["T": "lower", "V": "bottom"], "top": ["X": "lower", "S": "end"],
            "bottom": ["P": "top", "V": "end"], "end": ["E": "done"],
        ]
        for symbol in text {
            guard let next = arrows[node]?[symbol] else { return false }
            node = next
        }
        return node == "done"
    }

    @Test func theAnswerOfTheAddingProblemIsTheSumOfTheMarkedNumbers() {
        let (T, B) = (30, 50)
        let batch = AddingTask(timeSteps: T).batch(B, key: RandomKey(seed: 3))
        let x = batch.input.scalars(of: Float.self)
        let target = batch.target.scalars(of: Float.self)
        for b in 0..<B {
            let marked = (0..<T).filter { x[($0 * B + b) * 2 + 1] == 1 }
            #expect(marked.count == 2 && marked[0] < T / 2 && marked[1] >= T / 2)
            let sum = marked.map { x[($0 * B + b) * 2] }.reduce(0, +)
            // Two float32 roundings of numbers below 2.
            #expect(abs(target[(T - 1) * B + b] - sum) < 3e-7)
        }
        #expect(batch.weight.scalars(of: Float.self).reduce(0, +) == Float(B))
    }

    @Test func temporalOrderAsksForTheOrderOfTheTwoSymbols() {
        let batch = TemporalOrderTask().batch(60, key: RandomKey(seed: 3))
        let target = batch.target.scalars(of: Float.self)
        for row in 0..<60 {
            let text = symbols(batch, row, Array("EBabcdXY"))
            #expect((100...110).contains(text.count) && text.first == "E" && text.last == "B")
            let order = text.filter { "XY".contains($0) }
            let place = ((batch.lengths[row] - 1) * 60 + row) * 4
            let answer = ["XX", "XY", "YX", "YY"].firstIndex(of: order)!
            #expect((0..<4).map { target[place + $0] } == (0..<4).map { $0 == answer ? 1 : 0 })
        }
    }

    @Test func countingStringsAreDeterminedFromTheFirstBOn() {
        let batch = CountingTask(counts: 1...9).strings([4, 1])
        #expect(symbols(batch, 0, Array("Sabc")) == "Saaaabbbbcccc")
        #expect(symbols(batch, 1, Array("Sabc")) == "Sabc")
        let allowed = batch.allowed!.scalars(of: Float.self)
        func next(_ t: Int, _ row: Int) -> String {
            String(zip("abcT", (0..<4).map { allowed[(t * 2 + row) * 4 + $0] }).filter { $0.1 > 0 }.map(\.0))
        }
        #expect((0..<13).map { next($0, 0) } == ["a", "ab", "ab", "ab", "ab", "b", "b", "b", "c", "c", "c", "c", "T"])
        #expect((0..<4).map { next($0, 1) } == ["a", "ab", "c", "T"])
    }

    @Test func spikesStandAsFarApartAsTheLineSays() {
        let batch = SpikeTimingTask(delaysPerSequence: 4).batch(20, key: RandomKey(seed: 3))
        let x = batch.input.scalars(of: Float.self)
        let target = batch.target.scalars(of: Float.self)
        for row in 0..<20 {
            let spikes = (0..<batch.lengths[row]).filter { target[$0 * 20 + row] == 1 }
            let delay = x[row * 2] < 0 ? 49 : 50
            #expect(spikes == (1...4).map { $0 * delay - 1 })
            for t in 1..<batch.lengths[row] { #expect(x[(t * 20 + row) * 2 + 1] == target[(t - 1) * 20 + row]) }
        }
    }
}
