import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// All that a chain computes, by looking at every path.
private struct Enumeration {
    var logPartition = 0.0
    var best: (path: [Int32], score: Double) = ([], 0)
    var marginals: [[Double]] = []

    init(_ emissions: [[Double]], _ transitions: [[Double]], _ start: [Double], _ end: [Double]) {
        let (T, K) = (emissions.count, start.count)
        guard T > 0 else { return }
        var paths: [([Int32], Double)] = []
        var path = [Int](repeating: 0, count: T)
        while true {
            var score = start[path[0]] + end[path[T - 1]]
            for t in 0..<T { score += emissions[t][path[t]] + (t > 0 ? transitions[path[t - 1]][path[t]] : 0) }
            paths.append((path.map { Int32($0) }, score))
            guard let place = (0..<T).last(where: { path[$0] + 1 < K }) else { break }
            path[place] += 1
            for t in place + 1..<max(place + 1, T) { path[t] = 0 }
        }
        let top = paths.map(\.1).max() ?? 0
        let total = paths.reduce(0) { $0 + Double.exp($1.1 - top) }
        logPartition = top + Double.log(total)
        best = paths.first { $0.1 == top } ?? ([], 0)
        marginals = [[Double]](repeating: [Double](repeating: 0, count: K), count: T)
        for (path, score) in paths {
            for t in 0..<T { marginals[t][Int(path[t])] += Double.exp(score - logPartition) }
        }
    }
}

private func rows(_ x: Tensor) -> [[Double]] {
    let (values, width) = (x.doubles(), x.shape.last ?? 1)
    return stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
}

private func steps(_ x: Tensor, of sequence: Int, count: Int) -> [[Double]] {
    let all = rows(x)
    return (0..<count).map { all[$0 * x.shape[1] + sequence] }
}

/// A field, emissions, targets and lengths in double precision.
private struct Case {
    var field: LinearChainCRF
    var emissions: Tensor
    var targets: Tensor
    var lengths: [Int]

    init(_ K: Int, _ lengths: [Int], scale: Double = 1, rules: TransitionRules? = nil, of type: ElementType = .float64)
    {
        let (T, B) = (max(1, lengths.max() ?? 1), lengths.count)
        field = LinearChainCRF(labelCount: K, rules: rules, key: RandomKey(seed: 3))
        field.transitions.value = randomTensor([K, K], 21, of: type) * scale
        field.start.value = randomTensor([K], 22, of: type) * scale
        field.end.value = randomTensor([K], 23, of: type) * scale
        emissions = randomTensor([T, B, K], 24, of: type) * scale
        targets = Tensor((0..<T * B).map { Int32($0 * 7 % K) }, shape: [T, B])
        self.lengths = lengths
    }

    func enumerated(_ b: Int) -> Enumeration {
        Enumeration(
            steps(emissions, of: b, count: lengths[b]), rows(field.transitions.value), field.start.value.doubles(),
            field.end.value.doubles())
    }
}

@Suite struct LinearChainCRFTests {
    static let sizes: [(K: Int, lengths: [Int])] = [
        (1, [3, 1, 0]), (2, [7, 2, 5]), (3, [6, 0, 1, 4]), (5, [4, 5, 2]), (9, [3, 1]), (4, [0, 0]),
    ]

    @Test(arguments: sizes.indices, [1.0, 30])
    func partitionBestPathAndMarginalsAreThoseOfAllPaths(_ index: Int, _ scale: Double) {
        let (K, lengths) = Self.sizes[index]
        let example = Case(K, lengths, scale: scale)
        let partitions = example.field.logPartition(Variable(example.emissions), lengths: lengths).value.doubles()
        let paths = example.field.decode(example.emissions, lengths: lengths)
        let marginals = example.field.marginals(example.emissions, lengths: lengths)
        for (b, length) in lengths.enumerated() {
            let all = example.enumerated(b)
            // At most 7 steps and 10⁴ paths in double precision.
            #expect(abs(partitions[b] - all.logPartition) < 1e-12 * max(1, abs(all.logPartition)))
            #expect(paths[b].labels == all.best.path)
            #expect(abs(paths[b].score - all.best.score) < 1e-12 * max(1, abs(all.best.score)))
            let found = steps(marginals, of: b, count: marginals.shape[0])
            for t in found.indices {
                for k in 0..<K {
                    #expect(abs(found[t][k] - (t < length ? all.marginals[t][k] : 0)) < 1e-12)
                }
            }
        }
    }

    @Test(arguments: sizes.indices)
    func theLossIsTheLogarithmOfTheShareOfTheTargetPath(_ index: Int) {
        let (K, lengths) = Self.sizes[index]
        let example = Case(K, lengths)
        let losses = example.field.losses(Variable(example.emissions), example.targets, lengths: lengths)
        let labels = example.targets.scalars(of: Int32.self)
        let transitions = rows(example.field.transitions.value)
        let (start, end) = (example.field.start.value.doubles(), example.field.end.value.doubles())
        for (b, length) in lengths.enumerated() where length > 0 {
            let emissions = steps(example.emissions, of: b, count: length)
            let path = (0..<length).map { Int(labels[$0 * lengths.count + b]) }
            var score = start[path[0]] + end[path[length - 1]]
            for t in 0..<length { score += emissions[t][path[t]] + (t > 0 ? transitions[path[t - 1]][path[t]] : 0) }
            let expected = example.enumerated(b).logPartition - score
            #expect(abs(losses.value.doubles()[b] - expected) < 1e-12 * max(1, abs(expected)))
        }
        for (b, length) in lengths.enumerated() where length == 0 { #expect(losses.value.doubles()[b] == 0) }
        let mean = example.field.loss(Variable(example.emissions), example.targets, lengths: lengths).value.item
        #expect(abs(mean - losses.value.doubles().reduce(0, +) / Double(lengths.count)) < 1e-12)
    }

    @Test(arguments: sizes.indices)
    func everyGradientMatchesCentralDifferencesUnderARandomUpstream(_ index: Int) {
        let (K, lengths) = Self.sizes[index]
        let example = Case(K, lengths)
        let inputs = [
            example.emissions, example.field.transitions.value, example.field.start.value, example.field.end.value,
        ]
        let loss = gradientError(inputs) {
            $0[0].linearChainLoss(
                transitions: $0[1], start: $0[2], end: $0[3], targets: example.targets, lengths: lengths)
        }
        let partition = gradientError(inputs) {
            $0[0].linearChainLogPartition(transitions: $0[1], start: $0[2], end: $0[3], lengths: lengths)
        }
        // The formula is of the fourth order: a step of 1e-3 leaves about 1e-11 of truncation and 1e-12 of rounding.
        #expect(loss < 1e-9 && partition < 1e-9)
    }

    @Test func scoresAThousandApartLoseNothing() {
        // One label can only be reached from another that lies far below the best: scaled sums underflow to 0.
        var example = Case(3, [6])
        example.field.transitions.value = Tensor(
            [0, 0, -.infinity, 0, 0, -.infinity, -1500, -1500, 0] as [Double], shape: [3, 3])
        example.field.start.value = Tensor([0, 0, -1200] as [Double])
        example.field.end.value = Tensor([-3000, -3000, 5] as [Double])
        let all = example.enumerated(0)
        let partition = example.field.logPartition(Variable(example.emissions), lengths: [6]).value.doubles()[0]
        #expect(partition.isFinite && abs(partition - all.logPartition) < 1e-9)
        #expect(example.field.decode(example.emissions, lengths: [6])[0].labels == all.best.path)
        let marginals = steps(example.field.marginals(example.emissions, lengths: [6]), of: 0, count: 6)
        for t in 0..<6 { for k in 0..<3 { #expect(abs(marginals[t][k] - all.marginals[t][k]) < 1e-9) } }
        let finite = example.field.transitions.value.maximum(example.field.transitions.value.scalar(-1e4))
        let error = gradientError([example.emissions, finite, example.field.start.value, example.field.end.value]) {
            $0[0].linearChainLoss(
                transitions: $0[1], start: $0[2], end: $0[3],
                targets: Tensor([2, 2, 2, 2, 2, 2] as [Int32], shape: [6, 1]))
        }
        // Values near 3000 round at 5e-13; over a step of 1e-3 that is 1e-9.
        #expect(error < 1e-7)
    }

    @Test func permutingTheBatchPermutesEverything() {
        let lengths = [4, 0, 6, 1]
        let order = [2, 0, 3, 1]
        let example = Case(3, lengths)
        func permuted(_ x: Tensor) -> Tensor {
            let byBatch = x.rank == 3 ? x.transposed([1, 0, 2]) : x.transposed([1, 0])
            let moved = byBatch.gathered(Tensor(order.map { Int32($0) }))
            return x.rank == 3 ? moved.transposed([1, 0, 2]) : moved.transposed([1, 0])
        }
        let other = order.map { lengths[$0] }
        let field = example.field
        let a = field.losses(Variable(example.emissions), example.targets, lengths: lengths).value
        let b = field.losses(Variable(permuted(example.emissions)), permuted(example.targets), lengths: other).value
        #expect(b.isIdentical(to: a.gathered(Tensor(order.map { Int32($0) }))))
        let paths = field.decode(example.emissions, lengths: lengths)
        #expect(field.decode(permuted(example.emissions), lengths: other) == order.map { paths[$0] })
        let marginals = field.marginals(example.emissions, lengths: lengths)
        #expect(field.marginals(permuted(example.emissions), lengths: other).isIdentical(to: permuted(marginals)))
    }

    @Test(arguments: [ElementType.float32, .float64])
    func paddingMayHoldAnything(_ type: ElementType) {
        let lengths = [3, 0, 5, 1]
        let example = Case(4, lengths, of: type)
        var (values, labels) = (example.emissions.doubles(), example.targets.scalars(of: Int32.self))
        for t in 0..<5 {
            for (b, length) in lengths.enumerated() where t >= length {
                labels[t * 4 + b] = -100
                for k in 0..<4 { values[(t * 4 + b) * 4 + k] = .nan }
            }
        }
        let poisoned = Tensor(values, shape: example.emissions.shape).converted(to: type)
        let targets = Tensor(labels, shape: [5, 4])
        func gradients(_ emissions: Tensor, _ targets: Tensor) -> [Tensor] {
            let tape = Tape()
            let x = tape.variable(emissions)
            let parameters = [example.field.transitions, example.field.start, example.field.end].map {
                tape.variable($0.value)
            }
            let losses = x.linearChainLoss(
                transitions: parameters[0], start: parameters[1], end: parameters[2], targets: targets, lengths: lengths
            )
            return [losses.value] + tape.gradients(of: losses.sum(), for: [x] + parameters).compactMap { $0 }
        }
        let (clean, dirty) = (gradients(example.emissions, example.targets), gradients(poisoned, targets))
        #expect(clean.count == 5 && dirty.count == 5)
        for (a, b) in zip(clean, dirty) { #expect(a.isIdentical(to: b) && b.isFinite) }
        let slopes = rows(dirty[1])
        for t in 0..<5 { for b in 0..<4 where t >= lengths[b] { #expect(slopes[t * 4 + b] == [0, 0, 0, 0]) } }
        let paths = example.field.decode(poisoned, lengths: lengths)
        #expect(paths == example.field.decode(example.emissions, lengths: lengths))
    }

    @Test func singlePrecisionIsDoublePrecisionRounded() {
        let example = Case(5, [9, 4], of: .float32)
        let single = example.field.losses(Variable(example.emissions), example.targets, lengths: [9, 4]).value
        let double = example.field.converted(to: .float64).losses(
            Variable(example.emissions.converted(to: .float64)), example.targets, lengths: [9, 4]
        ).value
        #expect(single.isIdentical(to: double.converted(to: .float32)))
    }

    @Test func forbiddenTransitionsHaveNoProbabilityAndNoGradient() {
        // O, B, I: an I follows a B or an I.
        let rules = TransitionRules(
            follows: [[true, true, false], [true, true, true], [true, true, true]], begins: [true, true, false],
            ends: [true, true, true])
        var example = Case(3, [5], scale: 2, rules: rules)
        var (allowed, total) = (0.0, -Double.infinity)
        var open = example
        open.field = LinearChainCRF(labelCount: 3, key: RandomKey(seed: 1))
        (open.field.transitions, open.field.start, open.field.end) = (
            example.field.transitions, example.field.start, example.field.end
        )
        let all = open.enumerated(0)
        // The emissions ask for I everywhere; the first label cannot be one.
        example.emissions = example.emissions + Tensor([0, 0, 20] as [Double])
        let path = example.field.decode(example.emissions)[0].labels
        #expect(rules.allow(path) && path == [1, 2, 2, 2, 2])
        #expect(!rules.allow([2, 2]) && !rules.allow([0, 2]) && rules.allow([0, 1, 2]) && rules.allow([]))
        example.emissions = open.emissions
        for code in 0..<243 {
            let path = [code % 3, code / 3 % 3, code / 9 % 3, code / 27 % 3, code / 81].map { Int32($0) }
            let targets = Tensor(path, shape: [5, 1])
            let share = Double.exp(-example.field.losses(Variable(example.emissions), targets).value.doubles()[0])
            #expect(rules.allow(path) == (share > 0))
            allowed += share
            let score = all.logPartition - open.field.losses(Variable(open.emissions), targets).value.doubles()[0]
            if rules.allow(path) { total = max(total, score) + Double.log1p(Double.exp(-abs(total - score))) }
        }
        #expect(abs(allowed - 1) < 1e-12)
        #expect(abs(example.field.logPartition(Variable(example.emissions)).value.doubles()[0] - total) < 1e-12 * total)
        let gradients = example.field.valueAndGradient {
            $0.loss(Variable(example.emissions), Tensor([0, 1, 2, 0, 1] as [Int32], shape: [5, 1]))
        }.gradients
        #expect(gradients["transitions"]?.doubles()[2] == 0 && gradients["start_transitions"]?.doubles()[2] == 0)
        #expect(gradients.tensors.allSatisfy { $0?.isFinite ?? false })
    }

    @Test func theProbabilityOfASpanIsThatOfAllPathsThroughIt() {
        let example = Case(3, [2, 5], scale: 2)
        let decoding = example.field.decoding(example.emissions, lengths: [2, 5])
        let all = example.enumerated(1)
        var share = 0.0
        for code in 0..<243 {
            let path = [code % 3, code / 3 % 3, code / 9 % 3, code / 27 % 3, code / 81].map { Int32($0) }
            guard path[1...3] == [2, 0, 1] else { continue }
            let targets = Tensor(path.flatMap { [Int32(0), $0] }, shape: [5, 2])
            share += Double.exp(
                -example.field.losses(Variable(example.emissions), targets, lengths: [2, 5]).value.doubles()[1])
        }
        #expect(abs(decoding.probability(of: [2, 0, 1], in: 1, from: 1) - share) < 1e-12)
        #expect(decoding.paths[1].labels == all.best.path)
        #expect(abs(decoding.pathProbabilities[1] - Double.exp(all.best.score - all.logPartition)) < 1e-12)
    }

    @Test func noBitDependsOnTheNumberOfThreads() {
        let example = Case(17, (0..<40).map { $0 * 13 % 50 }, of: .float32)
        func run() -> [Tensor] {
            let tape = Tape()
            let x = tape.variable(example.emissions)
            let parameters = [example.field.transitions, example.field.start, example.field.end].map {
                tape.variable($0.value)
            }
            let losses = x.linearChainLoss(
                transitions: parameters[0], start: parameters[1], end: parameters[2], targets: example.targets,
                lengths: example.lengths)
            return [losses.value] + tape.gradients(of: losses.sum(), for: [x] + parameters).compactMap { $0 }
        }
        let saved = ThreadPool.shared.threadCount
        defer { ThreadPool.shared.threadCount = saved }
        ThreadPool.shared.threadCount = 1
        let one = run()
        ThreadPool.shared.threadCount = 4
        for (a, b) in zip(one, run()) { #expect(a.isIdentical(to: b)) }
    }
}
