import RecurrentData
import RecurrentTensor
import Testing

private func supply(_ brightness: [UInt8], size: Int = 2, frame: Int = 16, each: Int = 2) throws -> MovingDigits {
    let pixels = brightness.flatMap { [UInt8](repeating: $0, count: size * size) }
    return try MovingDigits(
        pictures: Tensor(pixels, shape: [brightness.count, size, size]), frameSize: frame, picturesPerFrame: each)
}

/// The top left corner of the only picture of each frame.
private func places(_ frames: Tensor, frame: Int) -> [(x: Int, y: Int)] {
    (0..<frames.shape[0]).compactMap { step in
        frames[step].scalars(of: Float.self).firstIndex { $0 > 0 }.map { ($0 % frame, $0 / frame) }
    }
}

@Test func aSequenceDependsOnSeedAndNumberAloneWhateverItsNeighbours() throws {
    let supply = try supply([50, 100, 150, 200])
    let together = supply.sequences(3..<9, steps: 5, seed: 11)
    #expect(together.shape == [5, 6, 16, 16])
    for number in 3..<9 {
        let alone = supply.sequences(number..<number + 1, steps: 5, seed: 11)
        #expect(together.sliced(number - 3..<number - 2, axis: 1).isIdentical(to: alone))
    }
    #expect(!supply.sequences(3..<4, steps: 5, seed: 12).isIdentical(to: together.sliced(0..<1, axis: 1)))
    let longer = supply.sequences(3..<9, steps: 8, seed: 11)
    #expect(longer.sliced(0..<5).isIdentical(to: together))
}

@Test func aPictureKeepsItsDistanceAStepAndBouncesOffTheWalls() throws {
    let size = 1
    let frame = 1001
    let supply = try MovingDigits(
        pictures: Tensor([255] as [UInt8], shape: [1, size, size]), frameSize: frame, picturesPerFrame: 1)
    for number in 0..<20 {
        let path = places(supply.sequences(number..<number + 1, steps: 60, seed: 4), frame: frame)
        #expect(path.count == 60)
        #expect(path.allSatisfy { (0..<frame).contains($0.x) && (0..<frame).contains($0.y) })
        var free = 0
        for (a, b) in zip(path, path.dropFirst()) {
            let touches = [a.x, a.y, b.x, b.y].contains { $0 == 0 || $0 == frame - 1 }
            guard !touches else { continue }
            let distance = (Double((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y))).squareRoot()
            // 0.1 of the free way of 1000 pixels; rounding down both ends moves each coordinate by less than one pixel.
            #expect(abs(distance - 100) < 1.5)
            free += 1
        }
        #expect(free > 10)
        // Within 60 steps of a tenth at least one coordinate meets a wall and comes back.
        let turns = zip(path, zip(path.dropFirst(), path.dropFirst(2))).filter { a, rest in
            (rest.0.x - a.x) * (rest.1.x - rest.0.x) < 0 || (rest.0.y - a.y) * (rest.1.y - rest.0.y) < 0
        }
        #expect(!turns.isEmpty)
    }
}

@Test func whereTwoPicturesOverlapTheBrighterPixelCounts() throws {
    // Pictures as large as the frame lie on one another throughout.
    let supply = try supply([51, 204], size: 4, frame: 4, each: 6)
    let frames = supply.sequences(0..<20, steps: 3, seed: 2).scalars(of: Float.self)
    let values = Set(frames)
    #expect(values.isSubset(of: [0.2, 0.8]) && values.contains(0.8))
    for sequence in 0..<20 {
        let first = frames[sequence * 16]
        for step in 0..<3 { for k in 0..<16 { #expect(frames[(step * 20 + sequence) * 16 + k] == first) } }
    }
}

@Test func picturesThatCannotBeDrawnAreRefusedInWords() {
    let wrong = [
        Tensor(zeros: [1, 2, 2]), Tensor([] as [UInt8], shape: [0, 28, 28]), Tensor([1, 2] as [UInt8]),
        Tensor([UInt8](repeating: 1, count: 65 * 65), shape: [1, 65, 65]),
    ]
    for pictures in wrong {
        let error = #expect(throws: RecurrentError.self) { try MovingDigits(pictures: pictures) }
        #expect(error?.category == .badData)
    }
}
