import RecurrentAutodiff
import RecurrentNN
import RecurrentTensor

extension MusicBatch {
    /// What the network sees before each frame: the keys of the frame before, or the sign of the beginning.
    static func row(_ before: [UInt8]?, into row: UnsafeMutablePointer<Float>) {
        guard let before else {
            row[MusicRecipe.keyCount] = 1
            return
        }
        for pitch in before { row[Int(pitch) - 21] = 1 }
    }

    /// The frames `range` of pieces, each predicted from the one before it.
    package init(_ pieces: [[[UInt8]]], _ range: Range<Int>) {
        let (T, B) = (range.count, pieces.count)
        let (I, K) = (MusicRecipe.inputSize, MusicRecipe.keyCount)
        var input = Tensor(zeros: [T, B, I])
        var target = Tensor(zeros: [T, B, K])
        var weight = Tensor(zeros: [T, B])
        input.withMutableBuffer(of: Float.self) { input in
            target.withMutableBuffer(of: Float.self) { target in
                weight.withMutableBuffer(of: Float.self) { weight in
                    guard let input = input.baseAddress else { return }
                    for (b, frames) in pieces.enumerated() {
                        for t in range.clamped(to: 0..<frames.count) {
                            let row = (t - range.lowerBound) * B + b
                            Self.row(t > 0 ? frames[t - 1] : nil, into: input + row * I)
                            for pitch in frames[t] { target[row * K + Int(pitch) - 21] = 1 }
                            weight[row] = 1
                        }
                    }
                }
            }
        }
        (self.input, self.target, self.weight) = (input, target, weight)
        lengths = pieces.map { max(0, min($0.count, range.upperBound) - range.lowerBound) }
    }
}

extension MusicNetwork {
    /// The frames of which gradients are not taken that are gone through at once.
    private static let stretch = 256

    /// The losses of pieces.
    ///
    /// - Parameter isFull: whether notes are said, too, which takes longer with a joint output.
    package func scores(of pieces: [[[UInt8]]], isFull: Bool = true) -> MusicScores {
        var scores = MusicScores()
        scores.pieces = pieces.count
        scores.frames = pieces.reduce(0) { $0 + $1.count }
        var (later, first) = (0.0, 0.0)
        // Of like length together, so that little is padded.
        let sorted = pieces.sorted { $0.count > $1.count }
        for begin in Swift.stride(from: 0, to: sorted.count, by: 32) {
            let group = Array(sorted[begin..<min(sorted.count, begin + 32)])
            var state: [Variable] = []
            for start in Swift.stride(from: 0, to: group[0].count, by: Self.stretch) {
                let batch = MusicBatch(group, start..<min(group[0].count, start + Self.stretch))
                let h = hidden(batch.input, from: &state, lengths: batch.lengths)
                var weight = batch.weight
                if start == 0 {
                    var opening = Tensor(zeros: weight.shape)
                    opening.withMutableBuffer(of: Float.self) { $0[..<group.count].update(repeating: 1) }
                    first += negativeLogLikelihood(h, batch.target, weights: opening).value.item
                    weight = weight - opening
                }
                later += negativeLogLikelihood(h, batch.target, weights: weight).value.item
                if isFull { count(h, batch, weight, &scores) }
            }
        }
        let all = scores.frames
        scores.loss = later / Double(max(1, all - pieces.count))
        scores.lossWithFirst = (later + first) / Double(max(1, all))
        return scores
    }

    /// Counts the notes that are more probable than not: with a joint output key by key, given those that were said below.
    private func count(_ h: Variable, _ batch: MusicBatch, _ weight: Tensor, _ scores: inout MusicScores) {
        let K = MusicRecipe.keyCount
        let target = batch.target.scalars(of: Float.self)
        let counted = weight.scalars(of: Float.self)
        let logits = joint == nil ? head(h).value.scalars(of: Float.self) : []
        let rows = h.reshaped([-1, h.shape[2]])
        for row in counted.indices where counted[row] > 0 {
            let said =
                joint.map { $0.frame(rows.sliced(row..<row + 1), keys: head) { _, logit in logit > 0 } }
                ?? (0..<K).map { logits[row * K + $0] > 0 }
            for key in 0..<K {
                switch (target[row * K + key] > 0.5, said[key]) {
                case (true, true): scores.hits += 1
                case (true, false): scores.misses += 1
                case (false, true): scores.falseAlarms += 1
                case (false, false): break
                }
            }
        }
    }
}
