/// An invertible change of unit for one series, fitted on its past and stored with the model.
///
///     scaled = (value − shift) / scale
public struct Scaler: Sendable, Hashable {
    /// What shift and scale are.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Nothing changes.
        case identity
        /// Mean and standard deviation.
        case standard
        /// Zero and the mean of the absolute values.
        case meanAbsolute
        /// The minimum and the range.
        case minMax
        /// The median and the distance of the quartiles.
        case robust
    }

    /// What shift and scale are.
    public let kind: Kind
    /// What is subtracted.
    public let shift: Double
    /// What is divided by; positive.
    public let scale: Double

    /// Fits a scaler to the values that are there; a constant series is shifted only.
    ///
    /// - Numerics: sums are taken of values divided by the largest, so that none overflows.
    public init(_ kind: Kind, fitting values: [Double]) {
        let present = values.filter { $0.isFinite }
        let largest = present.reduce(0) { max($0, abs($1)) }
        guard !present.isEmpty, largest > 0, kind != .identity else {
            self.init(kind, shift: 0, scale: 1)
            return
        }
        let unit = present.map { $0 / largest }
        let count = Double(unit.count)
        var shift = 0.0
        var scale = 0.0
        switch kind {
        case .identity: break
        case .standard:
            shift = unit.reduce(0, +) / count
            scale = (unit.reduce(0) { $0 + ($1 - shift) * ($1 - shift) } / count).squareRoot()
        case .meanAbsolute: scale = unit.reduce(0) { $0 + abs($1) } / count
        case .minMax:
            shift = unit.reduce(.infinity, min)
            scale = unit.reduce(-.infinity, max) - shift
        case .robust:
            let sorted = unit.sorted()
            shift = quantile(sorted, 0.5)
            scale = quantile(sorted, 0.75) - quantile(sorted, 0.25)
            // Half of the values equal is no reason to call the other half constant.
            if scale <= 1e-9 { scale = (unit.reduce(0) { $0 + ($1 - shift) * ($1 - shift) } / count).squareRoot() }
        }
        // Below this, rounding made the spread; a constant series keeps its unit.
        self.init(kind, shift: shift * largest, scale: scale > 1e-12 ? scale * largest : 1)
    }

    private init(_ kind: Kind, shift: Double, scale: Double) {
        self.kind = kind
        self.shift = shift
        self.scale = scale.isNormal ? scale : 1
    }

    /// A scaler from stored parameters; nil where they are no valid scaler.
    public init?(_ kind: Kind, parameters: [String: Double]) {
        guard let shift = parameters["shift"], let scale = parameters["scale"], shift.isFinite, scale.isNormal,
            scale > 0
        else { return nil }
        self.init(kind, shift: shift, scale: scale)
    }

    /// What has to be stored.
    public var parameters: [String: Double] { ["shift": shift, "scale": scale] }

    /// The value in the model's unit; NaN stays NaN.
    public func scaled(_ value: Double) -> Double { (value - shift) / scale }
    /// The value in the series' unit.
    public func restored(_ value: Double) -> Double { value * scale + shift }
    /// The values in the model's unit.
    public func scaled(_ values: [Double]) -> [Double] { values.map { scaled($0) } }
    /// The values in the series' unit.
    public func restored(_ values: [Double]) -> [Double] { values.map { restored($0) } }
}

/// The quantile of sorted values, interpolated between neighbours.
package func quantile(_ sorted: [Double], _ level: Double) -> Double {
    guard let last = sorted.indices.last else { return .nan }
    let position = min(max(level, 0), 1) * Double(last)
    let below = Int(position)
    let above = min(below + 1, last)
    return sorted[below] + (sorted[above] - sorted[below]) * (position - Double(below))
}
