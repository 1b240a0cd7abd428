import CRecurrentKernels

/// A weight [N, C, kh, kw] as the forward kernel reads it: the depth runs over kernel rows, kernel columns and channels.
struct PackedFilters<S: FloatingScalar>: Sendable {
    let panels: TensorStorage

    init(_ weight: UnsafePointer<S>, _ geometry: ConvolutionGeometry, _ table: rk_table) {
        let (depth, filters, channels) = (geometry.depth, geometry.filters, geometry.channels)
        let taps = geometry.kernelHeight * geometry.kernelWidth
        let matrix = TensorStorage(byteCount: depth * filters * MemoryLayout<S>.stride)
        let target = matrix.pointer.assumingMemoryBound(to: S.self)
        for n in 0..<filters {
            for c in 0..<channels {
                for tap in 0..<taps {
                    target[(tap * channels + c) * filters + n] = weight[(n * channels + c) * taps + tap]
                }
            }
        }
        panels = TensorStorage(byteCount: table.convolution_panels(depth, filters) * MemoryLayout<S>.stride)
        table.convolution_pack(depth, filters, matrix.pointer, panels.pointer)
        withExtendedLifetime(matrix) {}
    }
}

/// The weight as the gradient of the input reads it.
///
/// With strides, the positions of the input fall into phases that see different taps; each phase is a convolution of its own
/// with stride 1 over the upstream gradient, under its taps in reverse order.
struct PackedPhases<S: FloatingScalar>: Sendable {
    struct Phase: Sendable {
        let panels: TensorStorage
        let kernelHeight: Int
        let kernelWidth: Int
        /// The first position inside the frame, and how many there are.
        let firstY: Int
        let firstX: Int
        let height: Int
        let width: Int
        /// Where the first position begins to read in the padded upstream gradient.
        let sourceY: Int
        let sourceX: Int
    }

    let phases: [Phase]
    /// The border that the upstream gradient needs.
    let top: Int
    let left: Int
    let bottom: Int
    let right: Int

    init(_ weight: UnsafePointer<S>, _ geometry: ConvolutionGeometry, _ table: rk_table) {
        let g = geometry
        func taps(_ kernel: Int, _ stride: Int, _ phase: Int) -> Int { max(0, (kernel - phase + stride - 1) / stride) }
        top = taps(g.kernelHeight, g.strideY, 0) - 1
        left = taps(g.kernelWidth, g.strideX, 0) - 1
        bottom = max(0, (g.paddingY + g.height - 1) / g.strideY - (g.outputHeight - 1))
        right = max(0, (g.paddingX + g.width - 1) / g.strideX - (g.outputWidth - 1))
        var phases: [Phase] = []
        for phaseY in 0..<g.strideY {
            // Padded row p = stride·j + phase is row p − padding of the frame.
            let firstJ = max(0, (g.paddingY - phaseY + g.strideY - 1) / g.strideY)
            let firstY = firstJ * g.strideY + phaseY - g.paddingY
            guard firstY < g.height else { continue }
            let tapsY = taps(g.kernelHeight, g.strideY, phaseY)
            for phaseX in 0..<g.strideX {
                let firstI = max(0, (g.paddingX - phaseX + g.strideX - 1) / g.strideX)
                let firstX = firstI * g.strideX + phaseX - g.paddingX
                guard firstX < g.width else { continue }
                let tapsX = taps(g.kernelWidth, g.strideX, phaseX)
                let depth = tapsY * tapsX * g.filters
                let matrix = TensorStorage(byteCount: depth * g.channels * MemoryLayout<S>.stride)
                let target = matrix.pointer.assumingMemoryBound(to: S.self)
                let kernel = g.kernelHeight * g.kernelWidth
                for a in 0..<tapsY {
                    for b in 0..<tapsX {
                        let ky = phaseY + g.strideY * (tapsY - 1 - a)
                        let kx = phaseX + g.strideX * (tapsX - 1 - b)
                        for n in 0..<g.filters {
                            let row = target + ((a * tapsX + b) * g.filters + n) * g.channels
                            let source = weight + n * g.channels * kernel + ky * g.kernelWidth + kx
                            for c in 0..<g.channels { row[c] = source[c * kernel] }
                        }
                    }
                }
                let panels = TensorStorage(
                    byteCount: table.convolution_panels(depth, g.channels) * MemoryLayout<S>.stride)
                table.convolution_pack(depth, g.channels, matrix.pointer, panels.pointer)
                withExtendedLifetime(matrix) {}
                phases.append(
                    Phase(
                        panels: panels, kernelHeight: tapsY, kernelWidth: tapsX, firstY: firstY, firstX: firstX,
                        height: (g.height - firstY + g.strideY - 1) / g.strideY,
                        width: (g.width - firstX + g.strideX - 1) / g.strideX,
                        sourceY: top + firstJ - (tapsY - 1), sourceX: left + firstI - (tapsX - 1)))
            }
        }
        self.phases = phases
    }

    /// Frames for the upstream gradient, with the border that the phases need.
    func upstreamFrames(_ count: Int, _ geometry: ConvolutionGeometry) -> PaddedFrames<S> {
        PaddedFrames(
            count: count, height: geometry.outputHeight, width: geometry.outputWidth, channels: geometry.filters,
            top: top, left: left, bottom: bottom, right: right)
    }

    /// The gradient of one frame, channels-last without a border, from a padded upstream gradient.
    func apply(
        _ upstream: UnsafePointer<S>, _ frames: PaddedFrames<S>, _ target: UnsafeMutablePointer<S>,
        _ geometry: ConvolutionGeometry, _ table: rk_table
    ) {
        let g = geometry
        for phase in phases {
            var arguments = rk_convolution()
            arguments.height = phase.height
            arguments.width = phase.width
            arguments.a = UnsafeRawPointer(upstream + phase.sourceY * frames.row + phase.sourceX * frames.channels)
            arguments.a_row = frames.row
            arguments.a_column = frames.channels
            arguments.a_run = frames.row
            arguments.runs = phase.kernelHeight
            arguments.depth = phase.kernelWidth * g.filters
            arguments.panels = UnsafeRawPointer(phase.panels.pointer)
            arguments.columns = g.channels
            arguments.c = UnsafeMutableRawPointer(target + (phase.firstY * g.width + phase.firstX) * g.channels)
            arguments.c_row = g.strideY * g.width * g.channels
            arguments.c_column = g.strideX * g.channels
            table.convolution(&arguments)
        }
    }
}
