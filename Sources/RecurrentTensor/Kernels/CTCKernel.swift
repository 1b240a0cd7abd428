import CRecurrentKernels

/// Connectionist temporal classification over a batch: −ln of the probability that the frames of each sequence spell its
/// labels, summed over every alignment, fused with the softmax; and its gradient with respect to the logits.
///
/// - Numerics: the recursion runs in double precision for either element type, scaled by powers of two: one for each frame,
///   one for each eight labels of a frame where a path that counts might otherwise leave the range of doubles, and in
///   logarithms where single probabilities are below e^-230. Sequences are shared out over the threads whole, so that
///   no bit depends on their number, nor on the instruction set.
/// - Complexity: O(ΣT·(K + N)) and K exponentials a frame; memory for 32·T·N bytes a thread.
/// - Source: Graves et al. 2006, equations 5 to 16; the scaling is by the sum of each frame, rounded to a power of two.
package struct CTCKernel: Sendable {
    /// T, B and K of the logits.
    package let timeSteps: Int
    package let batchSize: Int
    package let classes: Int
    package let blank: Int
    /// The frames of each sequence.
    package let lengths: [Int]
    /// The labels of each sequence.
    package let targets: [[Int32]]
    /// How the recursion begins: a test forces each way.
    package var way = Way.scaled

    /// A way to sum over the alignments; where one does not reach, the next is taken.
    package enum Way: Sendable, CaseIterable {
        /// One power of two for all states of a frame.
        case scaled
        /// One for each eight labels.
        case inBlocks
        /// In logarithms.
        case inLogarithms

        var code: rk_ctc_way {
            switch self {
            case .scaled: rk_ctc_any
            case .inBlocks: rk_ctc_blocks
            case .inLogarithms: rk_ctc_logs
            }
        }
    }

    package init(timeSteps: Int, batchSize: Int, classes: Int, blank: Int, lengths: [Int], targets: [[Int32]]) {
        precondition(blank >= 0 && blank < classes, "ctc: the blank is class \(blank) of \(classes)")
        precondition(
            lengths.count == batchSize && targets.count == batchSize,
            "ctc: \(lengths.count) lengths and \(targets.count) targets for \(batchSize) sequences")
        precondition(
            lengths.allSatisfy { $0 >= 0 && $0 <= timeSteps },
            "ctc: lengths \(lengths) do not lie in 0...\(timeSteps)")
        for target in targets {
            precondition(
                target.allSatisfy { $0 >= 0 && $0 < classes && $0 != blank },
                "ctc: targets \(target) must lie in 0..<\(classes) and not be the blank, \(blank)")
        }
        (self.timeSteps, self.batchSize, self.classes) = (timeSteps, batchSize, classes)
        (self.blank, self.lengths, self.targets) = (blank, lengths, targets)
    }

    /// The loss of each sequence: infinite where its frames are too few for its labels.
    ///
    /// - Parameters:
    ///   - logits: [T, B, K].
    ///   - gradient: [T, B, K], overwritten by `scales[b]` times the gradient of each loss: zeros in padded frames and where
    ///     the loss is infinite; nil where it is not wanted.
    @_specialize(where S == Float)
    @_specialize(where S == Double)
    package func callAsFunction<S: FloatingScalar>(
        _ logits: UnsafePointer<S>, gradient: UnsafeMutablePointer<S>? = nil, scales: [Double]? = nil,
        on set: InstructionSet = .current
    ) -> [Double] {
        guard batchSize > 0 else { return [] }
        let table = set.table(of: S.self)
        let threads = min(batchSize, ThreadPool.shared.threadCount)
        var largest = rk_ctc()
        largest.frames = lengths.max() ?? 0
        largest.classes = classes
        largest.labels = targets.map(\.count).max() ?? 0
        let size = (table.ctc_workspace(&largest) + 127) / 128 * 128
        let workspace = TensorStorage(byteCount: size * threads)
        // Long sequences first, so that the threads end together.
        let order = lengths.indices.sorted { (lengths[$0], $1) > (lengths[$1], $0) }
        return [Double](unsafeUninitializedCapacity: batchSize) { losses, count in
            ThreadPool.shared.run(parts: threads) { part in
                for position in stride(from: part, to: batchSize, by: threads) {
                    let row = order[position]
                    losses[row] = targets[row].withUnsafeBufferPointer { labels in
                        var arguments = rk_ctc()
                        arguments.frames = lengths[row]
                        arguments.padding = timeSteps - lengths[row]
                        arguments.classes = classes
                        arguments.labels = labels.count
                        arguments.logits = UnsafeRawPointer(logits + row * classes)
                        arguments.stride = batchSize * classes
                        arguments.targets = labels.baseAddress
                        arguments.blank = Int32(blank)
                        arguments.way = way.code
                        arguments.scale = scales?[row] ?? 1
                        arguments.gradient = gradient.map { UnsafeMutableRawPointer($0 + row * classes) }
                        arguments.workspace = workspace.pointer + size * part
                        return table.ctc(&arguments)
                    }
                }
            }
            withExtendedLifetime(workspace) {}
            count = batchSize
        }
    }
}
