import CRecurrentKernels

/// Frames in the layout of the convolution kernels: channels-last, with a border of zeros.
struct PaddedFrames<S: FloatingScalar>: Sendable {
    let count: Int
    let height: Int
    let width: Int
    let channels: Int
    let top: Int
    let left: Int
    /// Extents with the border.
    let paddedHeight: Int
    let paddedWidth: Int
    let storage: TensorStorage

    /// Frames whose border is zero and whose inside is not set.
    init(
        count: Int, height: Int, width: Int, channels: Int, top: Int, left: Int, bottom: Int, right: Int
    ) {
        self.count = count
        self.height = height
        self.width = width
        self.channels = channels
        self.top = top
        self.left = left
        paddedHeight = top + height + bottom
        paddedWidth = left + width + right
        // A kernel reads up to a register beyond the last frame.
        storage = TensorStorage(byteCount: count * paddedHeight * paddedWidth * channels * MemoryLayout<S>.stride + 64)
        let (first, end) = ((top * paddedWidth + left) * channels, (top + height) * paddedWidth * channels)
        let inside = width * channels
        for frame in 0..<count {
            let start = self.frame(frame)
            (start).update(repeating: 0, count: min(first, frameElements))
            for y in 0..<height {
                let after = first + y * row + inside
                (start + after).update(repeating: 0, count: y + 1 < height ? row - inside : end - after)
            }
            (start + end).update(repeating: 0, count: frameElements - end)
        }
    }

    var frameElements: Int { paddedHeight * paddedWidth * channels }
    /// Elements between rows.
    var row: Int { paddedWidth * channels }

    /// The top left corner of a frame, border included.
    func frame(_ index: Int) -> UnsafeMutablePointer<S> {
        storage.pointer.assumingMemoryBound(to: S.self) + index * frameElements
    }

    /// The first element inside the border.
    func inside(_ index: Int) -> UnsafeMutablePointer<S> { frame(index) + (top * paddedWidth + left) * channels }

    /// Fills a frame from channels-first `source` [C, H, W].
    func fill(_ index: Int, from source: UnsafePointer<S>, _ table: rk_table) {
        let target = inside(index)
        for y in 0..<height {
            table.transpose(channels, width, source + y * width, height * width, target + y * row, channels)
        }
    }

    /// Writes a frame to channels-first `target` [C, H, W].
    func copy(_ index: Int, to target: UnsafeMutablePointer<S>, _ table: rk_table) {
        let source = inside(index)
        for y in 0..<height {
            table.transpose(width, channels, source + y * row, channels, target + y * width, height * width)
        }
    }
}

extension ConvolutionGeometry {
    /// Frames with this convolution's padding.
    func inputFrames<S: FloatingScalar>(_ count: Int, of _: S.Type) -> PaddedFrames<S> {
        PaddedFrames(
            count: count, height: height, width: width, channels: channels, top: paddingY, left: paddingX,
            bottom: paddingY, right: paddingX)
    }
}
