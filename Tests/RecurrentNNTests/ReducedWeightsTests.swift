import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import Testing

@Suite struct ReducedWeightsTests {
    /// Made by Fixtures/Reduced/make_fixtures.py with NumPy and PyTorch.
    private func golden() throws -> [String: Tensor] {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let file = try SafetensorsFile(folder + "/Fixtures/Reduced/rounding.safetensors")
        return Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.tensor) })
    }

    private func bits(_ tensor: Tensor?) -> [UInt16] {
        tensor?.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) } ?? []
    }

    @Test func halvesAreRoundedAsNumPyRoundsThem() throws {
        let golden = try golden()
        let x = try #require(golden["x"]).scalars(of: Float.self)
        let (half, brain) = (bits(golden["half"]), bits(golden["brain"]))
        #expect(half.count == x.count && brain.count == x.count && x.count > 8000)
        for (index, value) in x.enumerated() {
            #expect(HalfFloat.bits(Double(value)) == half[index], "\(value)")
            #expect(HalfFloat.bits(brain: value) == brain[index], "\(value)")
        }
        // What is finite in the format comes through whole tensors too.
        let fit = x.filter { $0.magnitude < 65520 }
        let stored = try ReducedMatrix(Tensor(fit, shape: [1, fit.count]), .float16)
        let expected = zip(x, half).filter { $0.0.magnitude < 65520 }.map(\.1)
        #expect(bits(stored.stored) == expected)
        #expect(stored.restored.scalars(of: Float.self).map { HalfFloat.bits(Double($0)) } == expected)
    }

    @Test func everyHalfComesBackToItself() {
        for bits in UInt16.min...UInt16.max {
            let (half, brain) = (HalfFloat.float(bits), HalfFloat.float(brain: bits))
            #expect(half.isNaN || HalfFloat.bits(Double(half)) == bits)
            #expect(brain.isNaN || HalfFloat.bits(brain: brain) == bits)
        }
    }

    @Test func bytesAreRoundedAsNumPyRoundsThem() throws {
        let golden = try golden()
        let matrix = try QuantizedMatrix(try #require(golden["weight"]))
        #expect(matrix.values.isIdentical(to: try #require(golden["q"])))
        #expect(matrix.scales.isIdentical(to: try #require(golden["scale"])))
    }

    // MARK: - Files

    private func network() -> LSTM { LSTM(inputSize: 5, hiddenSize: 7, layers: 2, key: RandomKey(seed: 3)) }

    @Test(arguments: WeightFormat.allCases) func whatWasReducedGoesThroughAFileUnchanged(_ format: WeightFormat) throws
    {
        for range in [RangeChoice.maximum, .leastSquares] {
            let reduced = try network().reduced(to: format, range: range)
            let bytes = try Safetensors.bytes(ReducedWeights.encode(reduced.parameters, format))
            let file = try SafetensorsFile(bytes: bytes)
            let dtype = [WeightFormat.float32: "F32", .float16: "F16", .bfloat16: "BF16", .int8: "I8"][format]
            #expect(file.entry("weight_hh_l1")?.dtype == dtype)
            #expect(file.entry("bias_hh_l1")?.dtype == "F32")
            #expect((file.entry("weight_ih_l0.scale") != nil) == (format == .int8))
            let (tensors, found) = try ReducedWeights.decode(try file.tensors())
            #expect(found == format)
            var loaded = network()
            try loaded.load(tensors)
            for (a, b) in zip(loaded.parameters, reduced.parameters) {
                #expect(a.value.isIdentical(to: b.value), "\(a.name)")
            }
            if format != .float32 {
                #expect(!reduced.cells[0].inputWeight.value.isIdentical(to: network().cells[0].inputWeight.value))
            }
        }
    }

    @Test func filesThatDoNotFitTogetherAreRefused() throws {
        func refusal(_ change: (inout [(name: String, tensor: Tensor)]) -> Void) -> String {
            do {
                var tensors = try ReducedWeights.encode(try network().reduced(to: .int8).parameters, .int8)
                change(&tensors)
                var loaded = network()
                try loaded.load(try ReducedWeights.decode(tensors, from: "file").tensors, from: "file")
                return "none"
            } catch {
                return "\(error)"
            }
        }
        #expect(refusal { _ in } == "none")
        #expect(refusal { $0.removeAll { $0.name == "weight_ih_l0.scale" } }.contains("lack 'weight_ih_l0.scale'"))
        #expect(refusal { $0.removeAll { $0.name == "weight_ih_l0" } }.contains("lack 'weight_ih_l0'"))
        #expect(
            refusal { tensors in
                for index in tensors.indices where tensors[index].name == "weight_ih_l0.scale" {
                    tensors[index].tensor = Tensor([1, 2] as [Float])
                }
            }.contains("'weight_ih_l0': quantised weights are int8 [28, 5] with scales float32 [2]"))
        #expect(
            refusal { tensors in
                for index in tensors.indices where tensors[index].name == "weight_hh_l1" {
                    tensors[index].tensor = Tensor(zeros: [28, 7], of: .float16)
                }
            }.contains("stored as"))
        #expect(refusal { $0.append(("bias.scale", Tensor(zeros: [1]))) }.contains("'bias.scale'"))
    }

    @Test func onlyMatricesOfRecurrentLayersAreReduced() throws {
        let reduction = network().reduction(to: .int8)
        #expect(reduction.reduced == ["weight_ih_l0", "weight_hh_l0", "weight_ih_l1", "weight_hh_l1"])
        #expect(reduction.kept.count == 4 && reduction.kept.allSatisfy { $0.hasPrefix("bias") })
        #expect(reduction.bytesBefore == (28 * (5 + 7 + 7 + 7) + 4 * 28) * 4)
        #expect(reduction.bytesAfter == 28 * 26 + 4 * 28 * 4 + 4 * 28 * 4)
        let head = Linear(inputSize: 3, outputSize: 2, key: RandomKey(seed: 1))
        #expect(throws: RecurrentError.self) { try head.reduced(to: .int8) }
        #expect(head.reduction(to: .int8).reduced.isEmpty)
        let double = network().converted(to: .float64)
        #expect(throws: RecurrentError.self) { try double.reduced(to: .float16) }
    }
}
