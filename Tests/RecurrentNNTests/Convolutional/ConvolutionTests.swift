import RecurrentAutodiff
import RecurrentFormats
import RecurrentNN
import RecurrentTensor
import RecurrentTestSupport
import Testing

/// Golden files made by Fixtures/Convolutional/make_fixtures.py with PyTorch.
func convolutionalFixture(_ name: String) throws -> [String: Tensor] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    let file = try SafetensorsFile(folder + "/Fixtures/Convolutional/\(name).safetensors")
    return Dictionary(uniqueKeysWithValues: try file.tensors().map { ($0.name, $0.tensor) })
}

@Suite(.serialized) struct ConvolutionTests {
    static let goldenNames = [
        "conv2d.plane", "conv2d.wide", "conv2d.strided", "conv2d.bare", "conv2d.gaps", "conv1d.line", "conv1d.strided",
        "conv1d.one", "transposed2d.plane", "transposed2d.strided", "transposed1d.strided",
    ]

    @Test(arguments: goldenNames, [ElementType.float64, .float32])
    func aConvolutionEqualsPyTorchForwardAndBackward(name: String, type: ElementType) throws {
        let golden = try convolutionalFixture("convolutions")
        func part(_ key: String) -> Tensor { golden[name + "." + key]! }
        let numbers = part("numbers").scalars(of: Int32.self).map(Int.init)
        let dimensions = part("w").rank - 2
        let (stride, padding) = (Array(numbers.prefix(dimensions)), Array(numbers[dimensions..<2 * dimensions]))
        let tape = Tape()
        let (x, w, b) = (
            tape.variable(part("x").converted(to: type)), tape.variable(part("w").converted(to: type)),
            tape.variable(part("b").converted(to: type))
        )
        let y =
            name.hasPrefix("transposed")
            ? x.transposedConvolution(
                w, b, stride: stride, padding: padding, outputPadding: Array(numbers.suffix(dimensions)))
            : x.convolution(w, b, stride: stride, padding: padding)
        // float64: the rounding of sums of at most 60 products; float32: its unit in the last place is 6e-8.
        let tolerance = type == .float64 ? 1e-13 : 2e-6
        #expect(relativeError(y.value.converted(to: .float64), part("y")) < tolerance)
        let gradients = tape.gradients(of: y, for: [x, w, b], seed: part("dy").converted(to: type))
        for (gradient, key) in zip(gradients, ["dx", "dw", "db"]) {
            #expect(relativeError(gradient!.converted(to: .float64), part(key)) < tolerance, "\(key)")
        }
    }

    @Test func patchesAreThoseOfPyTorchAndComeBackTogether() throws {
        let golden = try convolutionalFixture("convolutions")
        let x = Variable(golden["patches.x"]!)
        #expect(x.patches(2).value.isIdentical(to: golden["patches.y"]!))
        #expect(x.patches(2).assembledPatches(2).value.isIdentical(to: x.value))
        let point = randomTensor([2, 1, 4, 6], 3)
        // Central differences of the fourth order in Double; the map is linear, so that rounding alone is left.
        #expect(gradientError([point]) { $0[0].patches(2) } < 1e-9)
        #expect(gradientError([point.reshaped([2, 4, 2, 3])]) { $0[0].assembledPatches(2) } < 1e-9)
    }

    @Test func theGradientsEqualCentralDifferences() {
        let plane = [randomTensor([2, 1, 2, 5, 4], 1), randomTensor([3, 2, 3, 2], 2), randomTensor([3], 3)]
        // Linear in each operand: rounding alone is left of central differences in Double.
        #expect(gradientError(plane) { $0[0].convolution($0[1], $0[2], stride: [2, 1], padding: [1, 1]) } < 1e-9)
        let line = [randomTensor([2, 3, 7], 1), randomTensor([4, 3, 3], 2)]
        #expect(gradientError(line) { $0[0].convolution($0[1], nil, stride: [2], padding: [2]) } < 1e-9)
        let up = [randomTensor([2, 3, 4], 1), randomTensor([3, 2, 3], 2), randomTensor([2], 3)]
        #expect(gradientError(up) { $0[0].transposedConvolution($0[1], $0[2], stride: [2], padding: [1]) } < 1e-9)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var channels: Int
        var filters: Int
        var height: Int
        var width: Int
        var kernel: Int
        var stride: Int
        var testDescription: String {
            "\(channels)→\(filters) of \(height)×\(width), kernel \(kernel), stride \(stride)"
        }
    }

    static let cases = [
        Case(channels: 1, filters: 1, height: 1, width: 1, kernel: 1, stride: 1),
        Case(channels: 3, filters: 7, height: 5, width: 6, kernel: 3, stride: 1),
        Case(channels: 17, filters: 65, height: 4, width: 5, kernel: 3, stride: 2),
        Case(channels: 33, filters: 130, height: 5, width: 3, kernel: 5, stride: 1),
        Case(channels: 150, filters: 20, height: 3, width: 7, kernel: 3, stride: 3),
    ]

    @Test(arguments: cases)
    func aConvolutionIsOneChainOfMultiplyAddsWithTheSameBitsForEverySetAndThreadCount(_ c: Case) {
        let before = ComputePool.threadCount
        defer {
            ComputePool.threadCount = before
            InstructionSet.force(nil)
        }
        func check<S: FloatingScalar>(_: S.Type) {
            let type = S.elementType
            let g = ConvolutionGeometry(
                channels: c.channels, filters: c.filters, height: c.height, width: c.width, kernelHeight: c.kernel,
                kernelWidth: c.kernel, strideY: c.stride, strideX: c.stride, paddingY: c.kernel / 2,
                paddingX: c.kernel / 2)
            let count = 40
            let x = randomTensor([count, c.channels, c.height, c.width], 1, of: type)
            let w = randomTensor([c.filters, c.channels, c.kernel, c.kernel], 2, of: type)
            let b = randomTensor([c.filters], 3, of: type)
            let dy = randomTensor([count, c.filters, g.outputHeight, g.outputWidth], 4, of: type)
            let (xs, ws, bs) = (x.scalars(of: S.self), w.scalars(of: S.self), b.scalars(of: S.self))
            func input(_ n: Int, _ channel: Int, _ y: Int, _ x: Int) -> S {
                guard y >= 0, y < c.height, x >= 0, x < c.width else { return 0 }
                return xs[((n * c.channels + channel) * c.height + y) * c.width + x]
            }
            func expected(_ n: Int, _ o: Int, _ y: Int, _ x: Int) -> S {
                var sum = bs[o]
                for ky in 0..<c.kernel {
                    for kx in 0..<c.kernel {
                        for channel in 0..<c.channels {
                            sum.addProduct(
                                input(n, channel, y * c.stride + ky - g.paddingY, x * c.stride + kx - g.paddingX),
                                ws[((o * c.channels + channel) * c.kernel + ky) * c.kernel + kx])
                        }
                    }
                }
                return sum
            }
            var first: [Tensor]?
            for set in InstructionSet.available {
                InstructionSet.force(set)
                for threads in [1, 2] {
                    ComputePool.threadCount = threads
                    let y = ConvolutionKernel.forward(x, weight: w, bias: b, g)
                    let slopes = ConvolutionKernel.weightGradient(dy, x: x, g)
                    let results = [y, slopes.weight, slopes.bias, ConvolutionKernel.inputGradient(dy, weight: w, g)]
                    if let first {
                        for (a, b) in zip(first, results) {
                            #expect(a.isIdentical(to: b), "\(set), \(threads) threads")
                        }
                    } else {
                        first = results
                    }
                }
            }
            let got = first![0].scalars(of: S.self)
            for n in [0, count - 1] {
                for o in 0..<c.filters {
                    for position in 0..<g.outputHeight * g.outputWidth {
                        let index = (n * c.filters + o) * g.outputHeight * g.outputWidth + position
                        let value = expected(n, o, position / g.outputWidth, position % g.outputWidth)
                        #expect(got[index] == value)
                    }
                }
            }
        }
        check(Float.self)
        check(Double.self)
    }
}
