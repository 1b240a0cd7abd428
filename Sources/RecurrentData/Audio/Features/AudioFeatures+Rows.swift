public import RecurrentTensor

extension AudioFeatures {
    /// The rows of a recording, [T, F]: mixed to one channel and resampled where it has another rate.
    ///
    /// `key` names the random numbers of the dither; without one there is none.
    ///
    /// - Precondition: the features are valid.
    /// - Throws: `badData` where the recording would be too long at the rate of the features.
    public func rows(of signal: AudioSignal, key: RandomKey? = nil) throws(RecurrentError) -> Tensor {
        rows(of: try signal.mono().resampled(to: sampleRate).samples, key: key)
    }

    /// The rows of samples of one channel at the rate of the features, [T, F].
    public func rows(of samples: [Float], key: RandomKey? = nil) -> Tensor {
        AudioFeatureExtractor(self).rows(of: samples, key: key)
    }
}

/// The rows of many recordings: what depends on the features alone is computed once.
public struct AudioFeatureExtractor: Sendable {
    private let tables: FrameAnalyzer.Tables

    /// What the rows are.
    public var features: AudioFeatures { tables.features }

    /// - Precondition: the features are valid.
    public init(_ features: AudioFeatures) { tables = FrameAnalyzer.Tables(features) }

    /// The rows of a recording, [T, F]: mixed to one channel and resampled where it has another rate.
    ///
    /// - Throws: `badData` where the recording would be too long at the rate of the features.
    public func rows(of signal: AudioSignal, key: RandomKey? = nil) throws(RecurrentError) -> Tensor {
        rows(of: try signal.mono().resampled(to: features.sampleRate).samples, key: key)
    }

    /// The rows of samples of one channel at the rate of the features, [T, F].
    public func rows(of samples: [Float], key: RandomKey? = nil) -> Tensor {
        var limited: Double?
        if case .decibel(_, let range) = features.compression { limited = range }
        var stream = AudioFeatureStream(
            tables, key: key, prior: nil, priorRows: 0, stopsAtMels: limited != nil)
        var rows = stream.appendRows(samples, isLast: true)
        if let limited { rows = cut(rows, limited) }
        normalize(&rows)
        return Tensor(rows, shape: [rows.count / features.featureCount, features.featureCount])
    }

    /// A stream of the same features.
    public func stream(
        key: RandomKey? = nil, prior: FeatureStatistics? = nil, priorRows: Double = 100
    ) -> AudioFeatureStream {
        precondition(features.isIncremental, "AudioFeatureExtractor: these features know no stream")
        return AudioFeatureStream(tables, key: key, prior: prior, priorRows: priorRows, stopsAtMels: false)
    }

    /// Raises what lies too far below the loudest value; then come cepstral coefficients and changes.
    private func cut(_ rows: [Float], _ range: Double) -> [Float] {
        let analyzer = FrameAnalyzer(tables, key: nil)
        let columns = analyzer.columnCount(stopsAtMels: true)
        // The energy of a frame is no part of its spectrum.
        let lead = features.kind == .spectrum ? 0 : columns - features.melCount
        var loudest = -Float.infinity
        for index in rows.indices where index % columns >= lead { loudest = max(loudest, rows[index]) }
        let least = loudest - Float(range)
        var cut = rows
        for index in cut.indices where index % columns >= lead { cut[index] = max(cut[index], least) }
        if features.kind == .cepstrum {
            let count = rows.count / columns
            var cepstra = [Float](repeating: 0, count: count * features.cepstrumCount)
            cut.withUnsafeBufferPointer { from in
                cepstra.withUnsafeMutableBufferPointer { to in
                    guard let from = from.baseAddress, let to = to.baseAddress else { return }
                    for row in 0..<count {
                        analyzer.cepstrum(from + row * columns, into: to + row * features.cepstrumCount)
                    }
                }
            }
            cut = cepstra
        }
        if features.deltaOrder > 0 {
            var deltas = DeltaStage(
                columns: features.baseCount, order: features.deltaOrder, reach: features.deltaReach)
            cut = deltas.push(cut, isLast: true)
        }
        if case .running(let halfLife) = features.normalization {
            var running = RunningNormalizer(
                columns: features.featureCount, halfLife: halfLife, prior: nil, priorRows: 0)
            running.apply(&cut)
        }
        return cut
    }

    private func normalize(_ rows: inout [Float]) {
        let onlyMean: Bool
        switch features.normalization {
        case .none, .running: return
        case .mean: onlyMean = true
        case .meanAndDeviation: onlyMean = false
        }
        var statistics = FeatureStatistics()
        rows.withUnsafeBufferPointer { statistics.add($0, columns: features.featureCount) }
        rows.withUnsafeMutableBufferPointer { statistics.normalize($0, onlyMean: onlyMean) }
    }
}
