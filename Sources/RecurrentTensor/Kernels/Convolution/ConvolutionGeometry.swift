/// The extents of a convolution in two dimensions; one dimension is a frame of height 1 under a kernel of height 1.
package struct ConvolutionGeometry: Sendable, Hashable {
    package var channels: Int
    package var filters: Int
    package var height: Int
    package var width: Int
    package var kernelHeight: Int
    package var kernelWidth: Int
    package var strideY = 1
    package var strideX = 1
    package var paddingY = 0
    package var paddingX = 0

    package init(
        channels: Int, filters: Int, height: Int, width: Int, kernelHeight: Int, kernelWidth: Int, strideY: Int = 1,
        strideX: Int = 1, paddingY: Int = 0, paddingX: Int = 0
    ) {
        self.channels = channels
        self.filters = filters
        self.height = height
        self.width = width
        self.kernelHeight = kernelHeight
        self.kernelWidth = kernelWidth
        self.strideY = strideY
        self.strideX = strideX
        self.paddingY = paddingY
        self.paddingX = paddingX
    }

    package var outputHeight: Int { (height + 2 * paddingY - kernelHeight) / strideY + 1 }
    package var outputWidth: Int { (width + 2 * paddingX - kernelWidth) / strideX + 1 }
    package var paddedHeight: Int { height + 2 * paddingY }
    package var paddedWidth: Int { width + 2 * paddingX }
    /// Numbers that one output element sums: the depth of the lowered matrix.
    package var depth: Int { kernelHeight * kernelWidth * channels }

    /// What is wrong with the extents, in words, or nil.
    package var problem: String? {
        if channels < 0 || filters < 1 || height < 1 || width < 1 {
            return "\(channels) channels, \(filters) filters and a frame of \(height) × \(width) cannot be convolved"
        }
        if kernelHeight < 1 || kernelWidth < 1 || strideY < 1 || strideX < 1 {
            return
                "a kernel of \(kernelHeight) × \(kernelWidth) with strides \(strideY) × \(strideX) must be at least 1"
        }
        if paddingY < 0 || paddingX < 0 || paddingY >= kernelHeight || paddingX >= kernelWidth {
            return "padding \(paddingY) × \(paddingX) must be at least 0 and smaller than the kernel, "
                + "\(kernelHeight) × \(kernelWidth)"
        }
        if kernelHeight > paddedHeight || kernelWidth > paddedWidth {
            return "a kernel of \(kernelHeight) × \(kernelWidth) is larger than the padded frame, "
                + "\(paddedHeight) × \(paddedWidth)"
        }
        return nil
    }
}
