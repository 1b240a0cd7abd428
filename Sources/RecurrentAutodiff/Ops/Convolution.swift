import RecurrentTensor

extension Variable {
    /// A convolution (the kernel is not flipped) of frames with zeros around them.
    ///
    ///     y[n, o, p] = b[o] + Σ_c Σ_k w[o, c, k] x[n, c, stride·p + k − padding]
    ///
    /// The rank of `weight` decides the dimension. The product is lowered to matrix tiles without building the lowered
    /// matrix; each result is one chain of fused multiply-adds whose bits do not depend on the number of threads.
    ///
    /// - Shapes: two dimensions: `[…, C, H, W]`, `weight` `[O, C, kh, kw]`, result `[…, O, H′, W′]` with
    ///   H′ = (H + 2·padding − kh) / stride + 1 rounded down, W′ alike; one dimension: `[…, C, W]`, `[O, C, kw]`,
    ///   `[…, O, W′]`. `bias` `[O]`. `stride` and `padding` have one entry for each dimension.
    /// - Precondition: strides are at least 1; each padding is at least 0 and smaller than the kernel, which fits into the
    ///   padded frame.
    public func convolution(_ weight: Variable, _ bias: Variable?, stride: [Int], padding: [Int]) -> Variable {
        let plan = FramePlan(self, weight.shape, stride, padding, "convolution", channelAxis: 1)
        let g = plan.geometry(filters: weight.shape[0], extents: plan.extents)
        precondition(
            bias.map { $0.shape == [g.filters] } ?? true,
            "convolution: the bias has shape \(bias?.shape ?? []); [\(g.filters)] is needed")
        let x = value.reshaped([plan.count, g.channels, g.height, g.width])
        let w = weight.value.reshaped([g.filters, g.channels, g.kernelHeight, g.kernelWidth])
        let y = ConvolutionKernel.forward(x, weight: w, bias: bias?.value, g)
        let shape = plan.shape(g.filters, [g.outputHeight, g.outputWidth])
        let (inputShape, weightShape) = (self.shape, weight.shape)
        let inputs = [self, weight] + (bias.map { [$0] } ?? [])
        return Variable.operation(inputs, y.reshaped(shape)) { upstream, needed in
            let upstream = upstream.reshaped(y.shape)
            let input =
                needed[0] ? ConvolutionKernel.inputGradient(upstream, weight: w, g).reshaped(inputShape) : nil
            guard needed.dropFirst().contains(true) else { return [input] + needed.dropFirst().map { _ in nil } }
            let slopes = ConvolutionKernel.weightGradient(upstream, x: x, g)
            return [input, slopes.weight.reshaped(weightShape)] + (needed.count > 2 ? [slopes.bias] : [])
        }
    }

    /// The transposed convolution: the map whose derivative is ``convolution(_:_:stride:padding:)``, which enlarges frames.
    ///
    /// - Shapes: two dimensions: `[…, C, H, W]`, `weight` `[C, O, kh, kw]`, result `[…, O, H′, W′]` with
    ///   H′ = (H − 1)·stride − 2·padding + kh + outputPadding; one dimension alike. `bias` `[O]`.
    /// - Precondition: as for the convolution; each output padding is at least 0 and smaller than the stride.
    public func transposedConvolution(
        _ weight: Variable, _ bias: Variable?, stride: [Int], padding: [Int], outputPadding: [Int]? = nil
    ) -> Variable {
        let plan = FramePlan(self, weight.shape, stride, padding, "transposedConvolution", channelAxis: 0)
        let more = outputPadding ?? [Int](repeating: 0, count: stride.count)
        precondition(
            more.count == stride.count && zip(more, stride).allSatisfy { $0 >= 0 && $0 < $1 },
            "transposedConvolution: output padding \(more) must be at least 0 and smaller than the stride, \(stride)")
        let extents = plan.extents.indices.map { k in
            (plan.extents[k] - 1) * stride[k] - 2 * padding[k] + plan.kernel[k] + more[k]
        }
        let channels = weight.shape[1]
        let g = plan.geometry(filters: weight.shape[0], channels: channels, extents: extents)
        precondition(
            bias.map { $0.shape == [channels] } ?? true,
            "transposedConvolution: the bias has shape \(bias?.shape ?? []); [\(channels)] is needed")
        let x = value.reshaped([plan.count, g.filters, g.outputHeight, g.outputWidth])
        let w = weight.value.reshaped([g.filters, g.channels, g.kernelHeight, g.kernelWidth])
        var y = ConvolutionKernel.inputGradient(x, weight: w, g)
        if let bias { y = y + bias.value.reshaped([channels, 1, 1]) }
        let shape = plan.shape(channels, [g.height, g.width])
        let (inputShape, weightShape, full) = (self.shape, weight.shape, y.shape)
        let inputs = [self, weight] + (bias.map { [$0] } ?? [])
        return Variable.operation(inputs, y.reshaped(shape)) { upstream, needed in
            let upstream = upstream.reshaped(full)
            return [
                needed[0]
                    ? ConvolutionKernel.forward(upstream, weight: w, bias: nil, g).reshaped(inputShape) : nil,
                needed[1]
                    ? ConvolutionKernel.weightGradient(x, x: upstream, g).weight.reshaped(weightShape) : nil,
            ] + (needed.count > 2 ? [needed[2] ? upstream.sum(axes: [0, 2, 3]) : nil] : [])
        }
    }

    /// Square patches as channels: the pixels of a patch become channels at the patch's place.
    ///
    /// - Shapes: `[…, C, H, W]` → `[…, C·size², H/size, W/size]`; within the channels C comes first, then the patch's
    ///   rows, then its columns, as in PyTorch's `pixel_unshuffle`.
    /// - Precondition: `size` divides H and W.
    public func patches(_ size: Int) -> Variable {
        let (lead, frame) = (Array(shape.dropLast(3)), Array(shape.suffix(3)))
        precondition(
            frame.count == 3 && size > 0 && frame[1] % size == 0 && frame[2] % size == 0,
            "patches: frames of shape \(shape) cannot be cut into patches of \(size) × \(size)")
        let (count, h, w) = (lead.reduce(1, *), frame[1] / size, frame[2] / size)
        return reshaped([count * frame[0], h, size, w, size]).transposed([0, 2, 4, 1, 3])
            .reshaped(lead + [frame[0] * size * size, h, w])
    }

    /// The inverse of ``patches(_:)``: channels become the pixels of patches.
    ///
    /// - Shapes: `[…, C·size², H, W]` → `[…, C, H·size, W·size]`.
    public func assembledPatches(_ size: Int) -> Variable {
        let (lead, frame) = (Array(shape.dropLast(3)), Array(shape.suffix(3)))
        precondition(
            frame.count == 3 && size > 0 && frame[0] % (size * size) == 0,
            "assembledPatches: \(shape) does not hold patches of \(size) × \(size) in its channels")
        let (count, channels) = (lead.reduce(1, *), frame[0] / (size * size))
        return reshaped([count * channels, size, size, frame[1], frame[2]]).transposed([0, 3, 1, 4, 2])
            .reshaped(lead + [channels, frame[1] * size, frame[2] * size])
    }
}

/// The axes of frames that a convolution works on.
private struct FramePlan {
    let lead: [Int]
    let channels: Int
    /// Height and width, or width alone.
    let extents: [Int]
    let kernel: [Int]
    let stride: [Int]
    let padding: [Int]
    let operation: String

    init(
        _ x: Variable, _ weight: [Int], _ stride: [Int], _ padding: [Int], _ operation: String, channelAxis: Int
    ) {
        precondition(
            weight.count == 3 || weight.count == 4,
            "\(operation): the weight has shape \(weight); three axes for one dimension or four for two are needed")
        let dimensions = weight.count - 2
        precondition(
            x.shape.count > dimensions && x.shape[x.shape.count - dimensions - 1] == weight[channelAxis],
            "\(operation): frames of shape \(x.shape) do not fit the weight \(weight); their axis "
                + "\(-dimensions - 1) must be \(weight[channelAxis])")
        precondition(
            stride.count == dimensions && padding.count == dimensions,
            "\(operation): stride \(stride) and padding \(padding) must have \(dimensions) entries each")
        lead = Array(x.shape.dropLast(dimensions + 1))
        channels = weight[channelAxis]
        extents = Array(x.shape.suffix(dimensions))
        kernel = Array(weight.suffix(dimensions))
        (self.stride, self.padding, self.operation) = (stride, padding, operation)
    }

    var count: Int { lead.reduce(1, *) }

    func geometry(filters: Int, channels: Int? = nil, extents: [Int]) -> ConvolutionGeometry {
        let plane = extents.count == 2
        let geometry = ConvolutionGeometry(
            channels: channels ?? self.channels, filters: filters, height: plane ? extents[0] : 1,
            width: extents.last ?? 0, kernelHeight: plane ? kernel[0] : 1, kernelWidth: kernel.last ?? 0,
            strideY: plane ? stride[0] : 1, strideX: stride.last ?? 0, paddingY: plane ? padding[0] : 0,
            paddingX: padding.last ?? 0)
        if let problem = geometry.problem { preconditionFailure("\(operation): \(problem)") }
        return geometry
    }

    func shape(_ channels: Int, _ frame: [Int]) -> [Int] { lead + [channels] + frame.suffix(extents.count) }
}
