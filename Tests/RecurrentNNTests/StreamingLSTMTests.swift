import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor
import Testing

@Suite(.serialized) struct StreamingLSTMTests {
    private func numbers(_ shape: [Int], seed: UInt64 = 3, deviation: Double = 1) -> Tensor {
        Tensor(normal: 0, deviation: deviation, shape: shape, key: RandomKey(seed: seed))
    }

    private func sequence(_ lstm: LSTM, _ x: Tensor, from state: LSTMState = LSTMState()) -> (Tensor, LSTMState) {
        var state = state
        let y = lstm(Variable(x), from: &state)
        return (y.value, state)
    }

    private func refusal(_ body: () throws -> StreamingLSTM) -> String {
        do {
            _ = try body()
            return "none"
        } catch {
            return "\(error)"
        }
    }

    // MARK: - The same numbers

    @Test(arguments: [1, 2, 3], [1, 13, 64]) func aStreamHasTheBitsOfTheSequence(_ layers: Int, _ hidden: Int) throws {
        let lstm = LSTM(inputSize: 5, hiddenSize: hidden, layers: layers, key: RandomKey(seed: 1))
        let x = numbers([40, 1, 5])
        let (whole, final) = sequence(lstm, x)
        var stream = try StreamingLSTM(lstm)
        #expect(stream(x).isIdentical(to: whole))
        #expect(stream.state.stackedHidden.isIdentical(to: final.stackedHidden))
        #expect(stream.state.stackedCell.isIdentical(to: final.stackedCell))

        // Every way to ask gives the same, from the start again.
        stream.reset()
        let rows = x.scalars(of: Float.self)
        var found: [Float] = []
        for t in 0..<20 { found += stream.step(Array(rows[t * 5..<(t + 1) * 5])) }
        for t in 20..<40 {
            var y = [Float](repeating: .nan, count: hidden)
            let row = Array(rows[t * 5..<(t + 1) * 5])
            var output = y.mutableSpan
            stream.step(row.span, into: &output)
            found += y
        }
        #expect(found == whole.scalars(of: Float.self))
        #expect(stream(x.reshaped([40, 5])).shape == [40, hidden] && stream(numbers([5])).shape == [hidden])
        #expect(stream(numbers([0, 5])).shape == [0, hidden])
    }

    @Test func aStateGoesInAndOut() throws {
        let lstm = LSTM(inputSize: 4, hiddenSize: 9, layers: 2, key: RandomKey(seed: 2))
        let x = numbers([30, 1, 4])
        let (whole, _) = sequence(lstm, x)
        var first = try StreamingLSTM(lstm)
        _ = first(x.sliced(0..<11, axis: 0))
        var second = try StreamingLSTM(lstm)
        second.state = first.state
        #expect(second(x.sliced(11..<30, axis: 0)).isIdentical(to: whole.sliced(11..<30, axis: 0)))
        second.state = LSTMState()
        #expect(second(x).isIdentical(to: whole), "the initial state is that of a reset")
    }

    @Test func anInitialStateThatWasLearnedIsWhereAStreamBegins() throws {
        let description = LSTMDescription { $0.learnedInitialState = true }
        let cell = try LSTMCell(inputSize: 3, hiddenSize: 7, description, key: RandomKey(seed: 5))
        var changed = cell
        changed.initialHidden?.value = numbers([7], deviation: 0.3)
        changed.initialCell?.value = numbers([7], seed: 8)
        #expect(changed.initialHidden != nil && changed.initialCell != nil)
        let layer = LSTMLayer(changed)
        let x = numbers([6, 1, 3])
        var state: [Variable] = []
        let whole = layer.history(Variable(x), from: &state, lengths: nil)[0].value
        var stream = try StreamingLSTM(layer)
        #expect(stream(x).isIdentical(to: whole))
        stream.reset()
        #expect(stream(x).isIdentical(to: whole))
    }

    @Test(arguments: [WeightFormat.float16, .bfloat16]) func halvesHaveTheBitsOfARoundedModel(
        _ format: WeightFormat
    ) throws {
        let lstm = LSTM(inputSize: 6, hiddenSize: 21, layers: 2, key: RandomKey(seed: 1))
        let x = numbers([25, 1, 6])
        var stream = try StreamingLSTM(lstm, weights: format)
        #expect(stream(x).isIdentical(to: sequence(try lstm.reduced(to: format), x).0))
        var again = try StreamingLSTM(try lstm.reduced(to: format), weights: format)
        #expect(again(x).isIdentical(to: sequence(try lstm.reduced(to: format), x).0), "rounding twice changes nothing")
    }

    // MARK: - How far fewer bits lead away

    /// After 1000 steps of a random network whose gates are in their active range. An error of a weight of relative size ε
    /// disturbs a sum of n terms of size s by about ε·s·√n; the forget gate lets errors live for about 1/(1-f) ≈ 4 steps.
    @Test(arguments: [(WeightFormat.float16, Float(2e-3)), (.bfloat16, 1.5e-2), (.int8, 3e-2)])
    func aThousandStepsDoNotDriftAway(_ format: WeightFormat, _ bound: Float) throws {
        let lstm = LSTM(inputSize: 20, hiddenSize: 64, layers: 2, key: RandomKey(seed: 11))
        let x = numbers([1000, 1, 20])
        let whole = sequence(lstm, x).0.scalars(of: Float.self)
        let percentile = RangeChoice.percentile(99.9).range(of: x)
        for range in [nil, RangeChoice.maximum.range(of: x), percentile] {
            var stream = try StreamingLSTM(lstm, weights: format, inputRange: range)
            let found = stream(x).scalars(of: Float.self)
            let errors = zip(whole, found).map { abs($0 - $1) }
            // A percentile cuts off the greatest inputs: that is its price.
            let allowed = range == percentile && format == .int8 ? 1.6 * bound : bound
            #expect(errors.max()! < allowed, "\(format) \(String(describing: range)): \(errors.max()!)")
            #expect(errors.max()! > 1e-6, "a reduced format that changes nothing is not one")
            // The last hundred steps are no worse than twice the first hundred: no drift.
            let (early, late) = (errors[..<(100 * 64)].max()!, errors[(900 * 64)...].max()!)
            #expect(late < 2 * early, "\(format): \(early) then \(late)")
        }
    }

    @Test func theFormatsReadFewerBytes() throws {
        let lstm = LSTM(inputSize: 64, hiddenSize: 64, key: RandomKey(seed: 1))
        let bytes = try WeightFormat.allCases.map { try StreamingLSTM(lstm, weights: $0).weightByteCount }
        #expect(bytes == [131_072, 65_536, 65_536, 32_768])
    }

    // MARK: - Memory

    #if canImport(Glibc)
        /// In a process of its own: the allocator cannot be replaced while other tests run.
        @Test func aStepIntoABufferAllocatesNothing() async {
            await #expect(processExitsWith: .success) {
                for format in WeightFormat.allCases { try Self.checkAllocations(format) }
            }
        }

        private static func checkAllocations(_ format: WeightFormat) throws {
            let lstm = LSTM(inputSize: 12, hiddenSize: 40, layers: 3, key: RandomKey(seed: 1))
            var stream = try StreamingLSTM(lstm, weights: format)
            let x = [Float](repeating: 0.25, count: 12)
            var y = [Float](repeating: 0, count: 40)
            func run(_ steps: Int) {
                x.withUnsafeBufferPointer { from in
                    y.withUnsafeMutableBufferPointer { to in for _ in 0..<steps { stream.step(from, into: to) } }
                }
            }
            run(1)
            // The count sees what it should see.
            var kept: [[Float]] = []
            let seen = HeapCount.allocations { for _ in 0..<5 { kept.append(stream.step(x)) } }
            precondition(seen ?? 0 >= 5 && kept.count == 5, "arrays are counted: \(String(describing: seen))")
            let steady = HeapCount.allocations { run(1000) }
            precondition(steady == 0, "\(format): \(String(describing: steady)) allocations in 1000 steps")
            // A copy takes memory of its own once.
            let copy = stream
            let split = HeapCount.allocations { run(10) }
            precondition((1...2).contains(split ?? 0), "a copy: \(String(describing: split))")
            precondition(copy.state.stackedHidden.shape == [3, 1, 40])
        }
    #endif

    // MARK: - What cannot be

    @Test func whatCannotTakeOneStepAtATimeIsRefused() throws {
        let key = RandomKey(seed: 1)
        let both = LSTM(inputSize: 2, hiddenSize: 3, bidirectional: true, key: key)
        #expect(refusal { try StreamingLSTM(both) }.contains("both directions"))
        let peephole = try LSTM(inputSize: 2, hiddenSize: 3, LSTMDescription { $0.peepholes = .gers }, key: key)
        #expect(refusal { try StreamingLSTM(peephole) }.contains("only the standard LSTM"))
        let lstm = LSTM(inputSize: 2, hiddenSize: 3, key: key)
        #expect(refusal { try StreamingLSTM(lstm.converted(to: .float64)) }.contains("float32 layers"))
        #expect(refusal { try StreamingLSTM(LSTMLayer(lstm.cells[0], reversed: true)) }.contains("reversed"))
        #expect(refusal { try StreamingLSTM(lstm, weights: .int8, inputRange: .nan) }.contains("positive"))
        var broken = lstm
        broken.cells[0].inputWeight.value = Tensor(repeating: Float.nan, shape: [12, 2])
        #expect(refusal { try StreamingLSTM(broken, weights: .int8) }.contains("NaN"))
        #expect(refusal { try StreamingLSTM(broken, weights: .float16) } == "none", "floats hold NaN")
    }
}
