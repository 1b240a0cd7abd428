public import RecurrentTensor

/// Sequences of frames in which small pictures move on straight lines and bounce off the walls: Moving MNIST, where the
/// pictures are digits.
///
/// Each picture starts at a uniform place and moves by the same distance a step in a uniform direction. At a wall it stops on
/// the wall for the step and the speed at right angles to it changes its sign. Places are rounded down to whole pixels; where
/// pictures overlap the brighter pixel counts.
///
/// A sequence depends on the seed and its number alone: any part of an endless supply can be made again, in any order and
/// on any number of threads.
///
/// - Units: pixels lie in 0…1; the step is a part of the free way, frame less picture.
/// - Source: Srivastava, Mansimov & Salakhutdinov 2015, whose frames of 64 × 64 with two digits of 28 × 28 and steps of 0.1
///   are the defaults.
public struct MovingDigits: Sendable {
    /// The number of pictures to draw from.
    public let pictureCount: Int
    /// The width and height of a frame in pixels.
    public let frameSize: Int
    /// The pictures in a frame.
    public let picturesPerFrame: Int
    /// The distance of a step, as a part of the free way.
    public let stepLength: Double
    private let pictures: [Float]
    private let height: Int
    private let width: Int

    /// A supply of sequences.
    ///
    /// - Shapes: `pictures` [N, h, w] of type `uint8`, 0…255.
    /// - Throws: `RecurrentError` of category `badData` where the pictures are of another shape or type or do not fit into the
    ///   frame.
    public init(
        pictures: Tensor, frameSize: Int = 64, picturesPerFrame: Int = 2, stepLength: Double = 0.1
    ) throws(RecurrentError) {
        guard pictures.rank == 3, pictures.elementType == .uint8, pictures.count > 0 else {
            throw RecurrentError(
                .badData,
                "the pictures are \(pictures.elementType.rawValue) \(pictures.shape); uint8 [N, h, w] is needed")
        }
        guard pictures.shape[1] <= frameSize, pictures.shape[2] <= frameSize, frameSize <= 1 << 14 else {
            throw RecurrentError(
                .badData,
                "pictures of \(pictures.shape[1]) × \(pictures.shape[2]) do not fit into frames of \(frameSize) × \(frameSize)"
            )
        }
        guard picturesPerFrame >= 0, stepLength.isFinite else {
            throw RecurrentError(.badData, "\(picturesPerFrame) pictures with steps of \(stepLength) cannot be drawn")
        }
        self.pictures = pictures.scalars(of: UInt8.self).map { Float($0) / 255 }
        pictureCount = pictures.shape[0]
        (height, width) = (pictures.shape[1], pictures.shape[2])
        self.frameSize = frameSize
        self.picturesPerFrame = picturesPerFrame
        self.stepLength = stepLength
    }

    /// The sequences with the given numbers under a seed.
    ///
    /// - Shapes: [T, B, frameSize, frameSize], one row of the batch for each number.
    public func sequences(_ numbers: Range<Int>, steps: Int, seed: UInt64) -> Tensor {
        precondition(steps >= 0, "MovingDigits: \(steps) steps; at least 0 are needed")
        var result = Tensor(zeros: [steps, numbers.count, frameSize, frameSize])
        let frame = frameSize * frameSize
        result.withMutableBuffer(of: Float.self) { target in
            guard let start = target.baseAddress, target.count > 0 else { return }
            for (row, number) in numbers.enumerated() {
                draw(RandomKey(seed: seed, stream: 0x4D4F5649).at(step: number), steps: steps) { step in
                    start + (step * numbers.count + row) * frame
                }
            }
        }
        return result
    }

    private func draw(_ key: RandomKey, steps: Int, _ frame: (Int) -> UnsafeMutablePointer<Float>) {
        var random = RandomStream(key)
        for _ in 0..<picturesPerFrame {
            let picture = random.below(pictureCount) * height * width
            var (x, y) = (random.uniform(), random.uniform())
            let angle = 2 * Double.pi * random.uniform()
            var (speedX, speedY) = (stepLength * Double.cos(angle), stepLength * Double.sin(angle))
            for step in 0..<steps {
                MovingDigits.move(&x, &speedX)
                MovingDigits.move(&y, &speedY)
                let left = Int(x * Double(frameSize - width))
                let top = Int(y * Double(frameSize - height))
                let target = frame(step)
                for row in 0..<height {
                    for column in 0..<width {
                        let place = (top + row) * frameSize + left + column
                        target[place] = max(target[place], pictures[picture + row * width + column])
                    }
                }
            }
        }
    }

    private static func move(_ place: inout Double, _ speed: inout Double) {
        place += speed
        if place <= 0 || place >= 1 {
            place = place <= 0 ? 0 : 1
            speed = -speed
        }
    }
}
