import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Every kind of attention as one function of queries, keys and values of five, five and three features.
struct AttentionSubject: Sendable, CustomTestStringConvertible {
    let name: String
    let attend:
        @Sendable (_ query: Variable, _ keys: Variable, _ values: Variable, _ lengths: [Int]?, _ mask: AttentionMask) ->
            Attended
    var testDescription: String { name }

    static let all: [AttentionSubject] = [
        AttentionSubject(name: "scaled dot product") {
            DotProductAttention()($0, keys: $1, values: $2, keyLengths: $3, mask: $4)
        },
        AttentionSubject(name: "dot product with a matrix") { query, keys, values, lengths, mask in
            let attention = DotProductAttention(querySize: 5, keySize: 5, key: RandomKey(seed: 3))
                .converted(to: query.elementType)
            return attention(query, keys: keys, values: values, keyLengths: lengths, mask: mask)
        },
        AttentionSubject(name: "additive") { query, keys, values, lengths, mask in
            let attention = AdditiveAttention(querySize: 5, keySize: 5, size: 4, key: RandomKey(seed: 3))
                .converted(to: query.elementType)
            return attention(query, keys: keys, values: values, keyLengths: lengths, mask: mask)
        },
        AttentionSubject(name: "additive over projected keys") { query, keys, values, lengths, mask in
            let attention = AdditiveAttention(querySize: 5, keySize: 5, size: 4, key: RandomKey(seed: 3))
                .converted(to: query.elementType)
            return attention(
                query, keys: keys, values: values, projectedKeys: attention.projected(keys, keyLengths: lengths),
                keyLengths: lengths, mask: mask)
        },
    ]

    /// Queries, keys and values at random.
    static func inputs(_ Tq: Int, _ Tk: Int, _ B: Int, of type: ElementType = .float64) -> [Tensor] {
        [
            randomTensor([Tq, B, 5], 1, of: type), randomTensor([Tk, B, 5], 2, of: type),
            randomTensor([Tk, B, 3], 3, of: type),
        ]
    }

    func callAsFunction(_ inputs: [Tensor], _ lengths: [Int]? = nil, _ mask: AttentionMask = .none) -> Attended {
        attend(Variable(inputs[0]), Variable(inputs[1]), Variable(inputs[2]), lengths, mask)
    }
}

private let masks: [AttentionMask] = [.none, .causal(), .causal(start: 2), .causal(start: -2)]

@Test(arguments: AttentionSubject.all)
func everyGradientOfAttentionEqualsCentralDifferences(_ subject: AttentionSubject) {
    for lengths in [nil, [4, 1, 0]] as [[Int]?] {
        for mask in masks {
            let error = gradientError(AttentionSubject.inputs(3, 4, 3)) {
                let result = subject.attend($0[0], $0[1], $0[2], lengths, mask)
                return .concatenated([result.context, result.weights], axis: 2)
            }
            // Fourth-order differences in Double: truncation and rounding stay below 1e-8 at these sizes.
            #expect(error < 1e-7, "\(String(describing: lengths)) \(mask)")
        }
    }
}

@Test func everyWeightOfAttentionHasTheGradientOfCentralDifferences() {
    let inputs = AttentionSubject.inputs(3, 4, 2)
    let additive = AdditiveAttention(querySize: 5, keySize: 5, size: 4, key: RandomKey(seed: 3))
        .converted(to: .float64)
    let general = DotProductAttention(querySize: 5, keySize: 5, key: RandomKey(seed: 3)).converted(to: .float64)
    func check<M: Module>(_ module: M, _ attend: @escaping (M) -> Attended) {
        func loss(_ module: M) -> Variable {
            let result = attend(module)
            let context = (result.context * Variable(randomTensor(result.context.shape, 8))).sum()
            return context + (result.weights * Variable(randomTensor(result.weights.shape, 9))).sum()
        }
        let gradients = module.valueAndGradient(loss).gradients
        for (name, value) in module.parameters {
            let numeric = centralDifferences(
                of: { moved in
                    var copy = module
                    copy.updateParameters { if $0 == name { $1 = moved } }
                    return loss(copy).value.item
                }, at: value)
            #expect(relativeError(gradients[name]!, numeric) < 1e-7, "\(name)")
        }
    }
    check(additive) {
        $0(Variable(inputs[0]), keys: Variable(inputs[1]), values: Variable(inputs[2]), keyLengths: [4, 2])
    }
    check(general) {
        $0(Variable(inputs[0]), keys: Variable(inputs[1]), values: Variable(inputs[2]), mask: .causal(start: 1))
    }
}

@Test(arguments: AttentionSubject.all)
func paddedKeysHaveWeightZeroAndChangeNothing(_ subject: AttentionSubject) {
    let lengths = [5, 2, 0]
    let clean = AttentionSubject.inputs(3, 5, 3, of: .float32)
    var spoiled = clean
    for part in 1...2 {
        let width = clean[part].shape[2]
        spoiled[part].withMutableBuffer(of: Float.self) { x in
            for t in 0..<5 {
                for b in 0..<3 where t >= lengths[b] { for i in 0..<width { x[(t * 3 + b) * width + i] = .nan } }
            }
        }
    }
    for mask in masks {
        let (a, b) = (subject(clean, lengths, mask), subject(spoiled, lengths, mask))
        #expect(a.context.value.isIdentical(to: b.context.value))
        #expect(a.weights.value.isIdentical(to: b.weights.value))
        for query in 0..<3 {
            for row in 0..<3 {
                let weights = b.weights.value[query][row].doubles()
                var visible = lengths[row]
                if case .causal(let start) = mask { visible = min(visible, max(0, start + query + 1)) }
                #expect(weights.dropFirst(visible).allSatisfy { $0 == 0 })
                // A sum of five float32 quotients of 1: a few units in the last place.
                #expect(abs(weights.reduce(0, +) - (visible == 0 ? 0 : 1)) < 1e-6)
                if visible == 0 { #expect(b.context.value[query][row].doubles().allSatisfy { $0 == 0 }) }
            }
        }
        // A longer padding is the same computation.
        var longer = clean
        for part in 1...2 {
            longer[part] = .concatenated([clean[part], Tensor(zeros: [2] + clean[part].shape.dropFirst())])
        }
        let long = subject(longer, lengths, mask)
        #expect(long.context.value.isIdentical(to: a.context.value))
        #expect(long.weights.value.sliced(0..<5, axis: 2).isIdentical(to: a.weights.value))
    }
}

@Test(arguments: AttentionSubject.all)
func gradientsDoNotComeFromPaddedKeys(_ subject: AttentionSubject) {
    let lengths = [5, 2, 0]
    let inputs = AttentionSubject.inputs(3, 5, 3, of: .float32)
    let tape = Tape()
    let variables = inputs.map { tape.variable($0) }
    let result = subject.attend(variables[0], variables[1], variables[2], lengths, .none)
    let gradients = tape.gradients(
        of: (result.context * result.context).sum() + (result.weights * result.weights).sum(), for: variables)
    for part in 1...2 {
        for t in 0..<5 {
            for b in 0..<3 where t >= lengths[b] {
                #expect(gradients[part]![t][b].doubles().allSatisfy { $0 == 0 })
            }
        }
    }
}

@Test(arguments: AttentionSubject.all)
func queriesInChunksEqualTheWholeUnderACausalMask(_ subject: AttentionSubject) {
    let inputs = AttentionSubject.inputs(6, 6, 3, of: .float32)
    let whole = subject(inputs, [6, 3, 4], .causal())
    let chunks = [0..<1, 1..<4, 4..<4, 4..<6].map { range in
        // What a query may not see need not be there.
        let seen = [inputs[0].sliced(range)] + inputs.dropFirst().map { $0.sliced(0..<range.upperBound) }
        let lengths = [6, 3, 4].map { min($0, range.upperBound) }
        return subject(seen, lengths, .causal(start: range.lowerBound)).context.value
    }
    // Sums over other numbers of zeros: a few units in the last place of float32.
    #expect(relativeError(.concatenated(chunks), whole.context.value) < 2e-6)
}

@Test(arguments: AttentionSubject.all)
func permutingTheBatchPermutesContextAndWeights(_ subject: AttentionSubject) {
    let inputs = AttentionSubject.inputs(3, 4, 5, of: .float32)
    let (order, lengths) = ([3, 0, 4, 1, 2], [4, 3, 0, 2, 1])
    let indices = Tensor(order.map(Int32.init))
    func permuted(_ tensor: Tensor) -> Tensor {
        tensor.transposed([1, 0, 2]).gathered(indices).transposed([1, 0, 2])
    }
    let (a, b) = (subject(inputs, lengths), subject(inputs.map(permuted), order.map { lengths[$0] }))
    #expect(permuted(a.context.value).isIdentical(to: b.context.value))
    #expect(permuted(a.weights.value).isIdentical(to: b.weights.value))
}

@Test(arguments: AttentionSubject.all)
func theOrderOfTheKeysIsNoMatter(_ subject: AttentionSubject) {
    let inputs = AttentionSubject.inputs(3, 4, 2)
    let indices = Tensor([2, 0, 3, 1] as [Int32])
    let (a, b) = (subject(inputs), subject([inputs[0]] + inputs.dropFirst().map { $0.gathered(indices) }))
    // Sums of four doubles in another order.
    #expect(relativeError(a.context.value, b.context.value) < 1e-14)
    let moved = a.weights.value.transposed([2, 0, 1]).gathered(indices).transposed([1, 2, 0])
    #expect(relativeError(moved, b.weights.value) < 1e-14)
}

@Test(arguments: AttentionSubject.all)
func attentionOverNoKeysAtAllGivesZeros(_ subject: AttentionSubject) {
    let result = subject(AttentionSubject.inputs(3, 0, 2, of: .float32))
    #expect(result.context.shape == [3, 2, 3])
    #expect(result.weights.shape == [3, 2, 0])
    #expect(result.context.value.doubles().allSatisfy { $0 == 0 })
}
