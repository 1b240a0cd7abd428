import CRecurrentKernels

/// Convolutions (without flipping the kernel, as everywhere in this field) of many frames, and their derivatives.
///
/// - Numerics: each output element is one chain of fused multiply-adds that begins at the bias and runs over kernel rows,
///   kernel columns and channels; each weight gradient is one chain over frames and positions; each input gradient is one
///   chain over taps in reverse order and filters. No bit depends on the number of threads or the instruction set. Taps
///   that fall on the border take part as products with zero.
package enum ConvolutionKernel {
    /// The outputs [N, filters, H′, W′] of the frames `x` [N, C, H, W] under `weight` [filters, C, kh, kw].
    package static func forward(
        _ x: Tensor, weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry,
        on set: InstructionSet = .current
    ) -> Tensor {
        check(x, weight, bias, geometry)
        let g = geometry
        let count = x.shape[0]
        var result = Tensor(uninitialized: [count, g.filters, g.outputHeight, g.outputWidth], of: x.elementType)
        func run<S: FloatingScalar>(_: S.Type) {
            let table = set.table(of: S.self)
            let target = result.mutableAddress(of: S.self)
            let source = x.start(of: S.self)
            let filters = PackedFilters<S>(weight.start(of: S.self), g, table)
            let split = RowSplit(
                count, work: Double(count * g.outputHeight * g.outputWidth) * Double(g.filters * g.depth))
            ThreadPool.shared.run(parts: split.parts) { part in
                let (begin, end) = split.range(part)
                let frames = g.inputFrames(1, of: S.self)
                let outputs = PaddedFrames<S>(
                    count: 1, height: g.outputHeight, width: g.outputWidth, channels: g.filters, top: 0, left: 0,
                    bottom: 0, right: 0)
                for index in begin..<end {
                    frames.fill(0, from: source + index * g.channels * g.height * g.width, table)
                    var arguments = arguments(g, frames.frame(0), filters, outputs.frame(0))
                    arguments.bias = bias.map { UnsafeRawPointer($0.start(of: S.self)) }
                    table.convolution(&arguments)
                    outputs.copy(0, to: target + index * g.filters * g.outputHeight * g.outputWidth, table)
                }
            }
            withExtendedLifetime((x, weight, bias)) {}
        }
        if x.elementType == .float64 { run(Double.self) } else { run(Float.self) }
        return result
    }

    /// The gradient of `x` from that of the outputs.
    package static func inputGradient(
        _ upstream: Tensor, weight: Tensor, _ geometry: ConvolutionGeometry, on set: InstructionSet = .current
    ) -> Tensor {
        let g = geometry
        let count = upstream.shape[0]
        checkUpstream(upstream, g)
        var result = Tensor(uninitialized: [count, g.channels, g.height, g.width], of: upstream.elementType)
        func run<S: FloatingScalar>(_: S.Type) {
            let table = set.table(of: S.self)
            let target = result.mutableAddress(of: S.self)
            let source = upstream.start(of: S.self)
            let phases = PackedPhases<S>(weight.start(of: S.self), g, table)
            let split = RowSplit(
                count, work: Double(count * g.outputHeight * g.outputWidth) * Double(g.filters * g.depth))
            ThreadPool.shared.run(parts: split.parts) { part in
                let (begin, end) = split.range(part)
                let frames = phases.upstreamFrames(1, g)
                let inputs = PaddedFrames<S>(
                    count: 1, height: g.height, width: g.width, channels: g.channels, top: 0, left: 0, bottom: 0,
                    right: 0)
                for index in begin..<end {
                    frames.fill(0, from: source + index * g.filters * g.outputHeight * g.outputWidth, table)
                    phases.apply(frames.frame(0), frames, inputs.frame(0), g, table)
                    inputs.copy(0, to: target + index * g.channels * g.height * g.width, table)
                }
            }
            withExtendedLifetime((upstream, weight)) {}
        }
        if upstream.elementType == .float64 { run(Double.self) } else { run(Float.self) }
        return result
    }

    /// The gradients of the weight and the bias from that of the outputs.
    package static func weightGradient(
        _ upstream: Tensor, x: Tensor, _ geometry: ConvolutionGeometry, on set: InstructionSet = .current
    ) -> (weight: Tensor, bias: Tensor) {
        let g = geometry
        checkUpstream(upstream, g)
        func run<S: FloatingScalar>(_: S.Type) -> (Tensor, Tensor) {
            let table = set.table(of: S.self)
            let sums = WeightGradient<S>(g, hasBias: true)
            let source = x.start(of: S.self)
            let slopes = upstream.start(of: S.self)
            // A few frames at a time keep the workspace small.
            let block = 32
            let frames = g.inputFrames(min(block, x.shape[0]), of: S.self)
            let outputs = PaddedFrames<S>(
                count: min(block, x.shape[0]), height: g.outputHeight, width: g.outputWidth, channels: g.filters,
                top: 0,
                left: 0, bottom: 0, right: 0)
            for start in stride(from: 0, to: x.shape[0], by: block) {
                let count = min(block, x.shape[0] - start)
                ThreadPool.shared.run(parts: count) { k in
                    let index = start + k
                    frames.fill(k, from: source + index * g.channels * g.height * g.width, table)
                    outputs.fill(k, from: slopes + index * g.filters * g.outputHeight * g.outputWidth, table)
                }
                sums.add((0..<count).map { (UnsafePointer(frames.frame($0)), UnsafePointer(outputs.frame($0))) }, table)
            }
            withExtendedLifetime((x, upstream, frames, outputs)) {}
            return sums.result()
        }
        return x.elementType == .float64 ? run(Double.self) : run(Float.self)
    }

    static func arguments<S: FloatingScalar>(
        _ g: ConvolutionGeometry, _ frame: UnsafePointer<S>, _ filters: PackedFilters<S>,
        _ target: UnsafeMutablePointer<S>
    ) -> rk_convolution {
        var arguments = rk_convolution()
        arguments.height = g.outputHeight
        arguments.width = g.outputWidth
        arguments.a = UnsafeRawPointer(frame)
        arguments.a_row = g.strideY * g.paddedWidth * g.channels
        arguments.a_column = g.strideX * g.channels
        arguments.a_run = g.paddedWidth * g.channels
        arguments.runs = g.kernelHeight
        arguments.depth = g.kernelWidth * g.channels
        arguments.panels = UnsafeRawPointer(filters.panels.pointer)
        arguments.columns = g.filters
        arguments.c = UnsafeMutableRawPointer(target)
        arguments.c_row = g.outputWidth * g.filters
        arguments.c_column = g.filters
        return arguments
    }

    private static func check(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ g: ConvolutionGeometry) {
        if let problem = g.problem { preconditionFailure("convolution: \(problem)") }
        precondition(
            Array(x.shape.dropFirst()) == [g.channels, g.height, g.width] && x.elementType.isFloatingPoint,
            "convolution: frames are \(x.elementType.rawValue) \(x.shape); needed: [N, \(g.channels), \(g.height), \(g.width)]"
        )
        precondition(
            weight.shape == [g.filters, g.channels, g.kernelHeight, g.kernelWidth]
                && weight.elementType == x.elementType,
            "convolution: the weight is \(weight.elementType.rawValue) \(weight.shape); needed: \(x.elementType.rawValue) "
                + "\([g.filters, g.channels, g.kernelHeight, g.kernelWidth])")
        precondition(
            bias.map { $0.shape == [g.filters] && $0.elementType == x.elementType } ?? true,
            "convolution: the bias has shape \(bias?.shape ?? []); [\(g.filters)] is needed")
    }

    private static func checkUpstream(_ upstream: Tensor, _ g: ConvolutionGeometry) {
        precondition(
            Array(upstream.shape.dropFirst()) == [g.filters, g.outputHeight, g.outputWidth],
            "convolution: the upstream gradient has shape \(upstream.shape); needed: [N, \(g.filters), \(g.outputHeight), "
                + "\(g.outputWidth)]")
    }
}

/// The running sum of the gradients of a convolution's weight and bias over frames.
struct WeightGradient<S: FloatingScalar> {
    private let geometry: ConvolutionGeometry
    /// [filters, kh, kw, C]
    private let weight: TensorStorage
    private let bias: TensorStorage?

    init(_ geometry: ConvolutionGeometry, hasBias: Bool) {
        self.geometry = geometry
        let elements = geometry.filters * geometry.depth
        weight = TensorStorage(byteCount: elements * MemoryLayout<S>.stride)
        weight.pointer.initializeMemory(as: S.self, repeating: 0, count: elements)
        bias = hasBias ? TensorStorage(byteCount: geometry.filters * MemoryLayout<S>.stride) : nil
        bias?.pointer.initializeMemory(as: S.self, repeating: 0, count: geometry.filters)
    }

    /// Adds frames in the given order: padded inputs, and upstream gradients channels-last without a border.
    ///
    /// Threads own filters, never frames: the order of a sum does not depend on their number.
    func add(_ frames: [(input: UnsafePointer<S>, upstream: UnsafePointer<S>)], _ table: rk_table) {
        let g = geometry
        let positions = g.outputHeight * g.outputWidth
        let groups = (g.filters + 5) / 6
        let split = RowSplit(groups, work: Double(frames.count * positions) * Double(g.filters * g.depth))
        ThreadPool.shared.run(parts: split.parts) { part in
            let (begin, end) = split.range(part)
            let workspace = TensorStorage(byteCount: 6 * positions * MemoryLayout<S>.stride)
            var arguments = rk_convolution_gradient()
            arguments.height = g.outputHeight
            arguments.width = g.outputWidth
            arguments.a_row = g.strideY * g.paddedWidth * g.channels
            arguments.a_column = g.strideX * g.channels
            arguments.a_run = g.paddedWidth * g.channels
            arguments.runs = g.kernelHeight
            arguments.depth = g.kernelWidth * g.channels
            arguments.upstream_row = g.outputWidth * g.filters
            arguments.upstream_column = g.filters
            arguments.d_weight = weight.pointer
            arguments.d_bias = bias?.pointer
            arguments.begin = begin * 6
            arguments.end = min(end * 6, g.filters)
            arguments.workspace = workspace.pointer
            for frame in frames {
                arguments.a = UnsafeRawPointer(frame.input)
                arguments.upstream = UnsafeRawPointer(frame.upstream)
                table.convolution_gradient(&arguments)
            }
            withExtendedLifetime(workspace) {}
        }
    }

    /// The gradients in the parameters' shapes, [filters, C, kh, kw] and [filters].
    func result() -> (weight: Tensor, bias: Tensor) {
        let g = geometry
        let taps = g.kernelHeight * g.kernelWidth
        var result = Tensor(uninitialized: [g.filters, g.channels, g.kernelHeight, g.kernelWidth], of: S.elementType)
        let source = weight.pointer.assumingMemoryBound(to: S.self)
        result.withMutableBuffer(of: S.self) { target in
            for n in 0..<g.filters {
                for tap in 0..<taps {
                    for c in 0..<g.channels {
                        target[(n * g.channels + c) * taps + tap] = source[(n * taps + tap) * g.channels + c]
                    }
                }
            }
        }
        let slopes = Tensor(
            bytes: UnsafeRawBufferPointer(
                start: bias?.pointer, count: bias == nil ? 0 : g.filters * MemoryLayout<S>.stride),
            shape: [bias == nil ? 0 : g.filters], of: S.elementType)
        withExtendedLifetime((weight, bias)) {}
        return (result, slopes)
    }
}

extension Tensor {
    /// The first element of a tensor that nothing else shares.
    mutating func mutableAddress<S: FloatingScalar>(of _: S.Type) -> UnsafeMutablePointer<S> {
        uniqueAddress().assumingMemoryBound(to: S.self)
    }
}
