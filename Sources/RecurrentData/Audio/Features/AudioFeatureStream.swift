public import RecurrentTensor

/// Samples as they arrive to rows of features, in constant memory.
///
/// ```swift
/// var stream = AudioFeatureStream(features)
/// while case let samples = try reader.read(1600), !samples.isEmpty { use(stream.append(samples)) }
/// use(stream.finish())
/// ```
/// The rows of all calls together have the same bits as those of the whole recording, however it is cut.
public struct AudioFeatureStream {
    /// What the rows are.
    public let features: AudioFeatures

    private let analyzer: FrameAnalyzer
    private let stopsAtMels: Bool
    private let columns: Int
    // The samples from `firstSample` on, as far as a later frame may need them.
    private var samples: [Float] = []
    private var firstSample = 0
    private var nextRow = 0
    private var deltas: DeltaStage?
    private var running: RunningNormalizer?

    /// Begins a recording.
    ///
    /// `key` names the random numbers of the dither; without one there is none. `prior` is what running normalisation begins
    /// with, and counts as much as `priorRows` rows.
    ///
    /// - Precondition: the features can be computed from a stream (``AudioFeatures/isIncremental``) and are valid.
    public init(
        _ features: AudioFeatures, key: RandomKey? = nil, prior: FeatureStatistics? = nil, priorRows: Double = 100
    ) {
        precondition(
            features.isIncremental,
            "AudioFeatureStream: normalisation by the whole recording, or decibels below its loudest value, know no stream"
        )
        self.init(FrameAnalyzer.Tables(features), key: key, prior: prior, priorRows: priorRows, stopsAtMels: false)
    }

    init(
        _ tables: FrameAnalyzer.Tables, key: RandomKey?, prior: FeatureStatistics?, priorRows: Double, stopsAtMels: Bool
    ) {
        features = tables.features
        analyzer = FrameAnalyzer(tables, key: key)
        self.stopsAtMels = stopsAtMels
        columns = analyzer.columnCount(stopsAtMels: stopsAtMels)
        if !stopsAtMels, features.deltaOrder > 0 {
            deltas = DeltaStage(columns: columns, order: features.deltaOrder, reach: features.deltaReach)
        }
        if !stopsAtMels, case .running(let halfLife) = features.normalization {
            running = RunningNormalizer(
                columns: features.featureCount, halfLife: halfLife, prior: prior, priorRows: priorRows)
        }
    }

    /// The rows that samples complete, [t, F].
    ///
    /// - Shapes: `samples` of one channel at the rate of the features; any number of them.
    public mutating func append(_ samples: [Float]) -> Tensor { matrix(appendRows(samples, isLast: false)) }

    /// The rows that only the end of the recording completes, [t, F].
    public mutating func finish() -> Tensor { matrix(appendRows([], isLast: true)) }

    private func matrix(_ rows: [Float]) -> Tensor {
        let count = stopsAtMels ? columns : features.featureCount
        return Tensor(rows, shape: [rows.count / count, count])
    }

    mutating func appendRows(_ more: [Float], isLast: Bool) -> [Float] {
        samples += more
        var rows = frames(isLast: isLast)
        if deltas != nil { rows = deltas?.push(rows, isLast: isLast) ?? [] }
        running?.apply(&rows)
        return rows
    }

    // MARK: - Frames

    private mutating func frames(isLast: Bool) -> [Float] {
        let total = firstSample + samples.count
        let (window, hop, lead) = (features.windowLength, features.hopLength, features.firstStart)
        var end = isLast ? features.rowCount(total) : nextRow
        if !isLast {
            // A mirrored beginning needs as many samples as it mirrors.
            let mirrored = features.edge == .reflect || features.edge == .mirror ? 1 - lead : 0
            if total >= window + lead, total >= mirrored { end = max(nextRow, (total - window - lead) / hop + 1) }
            // The last frames may be mirrored, not those that the rule for whole recordings would leave out.
            end = min(end, max(nextRow, features.rowCount(total)))
        }
        let count = end - nextRow
        var rows = [Float](repeating: 0, count: count * columns)
        var edges = ([Float](repeating: 0, count: window), [Float](repeating: 0, count: window))
        rows.withUnsafeMutableBufferPointer { rows in
            samples.withUnsafeBufferPointer { samples in
                edges.0.withUnsafeMutableBufferPointer { firstEdge in
                    edges.1.withUnsafeMutableBufferPointer { secondEdge in
                        guard let rows = rows.baseAddress, let firstEdge = firstEdge.baseAddress,
                            let secondEdge = secondEdge.baseAddress
                        else { return }
                        var row = 0
                        while row < count {
                            let isPair = row + 1 < count
                            let first = frame(nextRow + row, samples, total, firstEdge)
                            let second = isPair ? frame(nextRow + row + 1, samples, total, secondEdge) : first
                            analyzer.rows(
                                first, second, indices: (nextRow + row, nextRow + row + 1), stopsAtMels: stopsAtMels,
                                into: (rows + row * columns, isPair ? rows + (row + 1) * columns : nil))
                            row += 2
                        }
                    }
                }
            }
        }
        nextRow = end
        drop(lead: lead, hop: hop, window: window)
        return rows
    }

    /// Forgets the samples that no later frame can need, not even mirrored at the end.
    private mutating func drop(lead: Int, hop: Int, window: Int) {
        let total = firstSample + samples.count
        let reach = max(features.fftSize, window + hop) + 1
        let keep = min(nextRow * hop + lead, total - reach) - 1
        // Moving what is left costs its length: it is done when at least as much is forgotten.
        if keep - firstSample > max(samples.count / 2, 4096) {
            samples.removeFirst(keep - firstSample)
            firstSample = keep
        }
    }

    /// The samples of a frame: where they lie, or copied where they reach over an end.
    private func frame(
        _ row: Int, _ samples: UnsafeBufferPointer<Float>, _ total: Int, _ copy: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        let start = row * features.hopLength + features.firstStart
        let count = features.windowLength
        if start >= 0, start + count <= total, let base = samples.baseAddress { return base + (start - firstSample) }
        for index in 0..<count {
            let place = mirrored(start + index, total)
            copy[index] = place >= firstSample && place < total ? samples[place - firstSample] : 0
        }
        return UnsafePointer(copy)
    }

    private func mirrored(_ index: Int, _ total: Int) -> Int {
        if index >= 0, index < total { return index }
        switch features.edge {
        case .within, .zero: return -1
        case .reflect:
            if total == 1 { return 0 }
            let period = 2 * (total - 1)
            let place = ((index % period) + period) % period
            return place < total ? place : period - place
        case .mirror:
            let period = 2 * total
            let place = ((index % period) + period) % period
            return place < total ? place : period - 1 - place
        }
    }
}
