package import RecurrentFormats
public import RecurrentTensor

/// The settings that a study varies.
///
/// ```swift
/// let space = try SearchSpace([
///     SearchAxis("hidden", .logInteger(20, 200)),
///     SearchAxis("learning_rate", .logUniform(1e-6, 1e-2)),
///     SearchAxis("momentum", .oneMinusLogUniform(low: 0.01, high: 1)),
///     SearchAxis("noise", .uniform(0, 1)),
/// ])
/// let third = space.point(seed: 7, trial: 3)
/// ```
public struct SearchSpace: Sendable, Hashable {
    /// The axes.
    public let axes: [SearchAxis]

    /// A space.
    ///
    /// - Throws: `usage` where there is no axis or two have the same name.
    public init(_ axes: [SearchAxis]) throws(RecurrentError) {
        guard !axes.isEmpty else { throw RecurrentError(.usage, "a study must vary at least one setting") }
        guard Set(axes.map(\.name)).count == axes.count else {
            throw RecurrentError(.usage, "two settings of the study have the same name")
        }
        self.axes = axes
    }

    /// The point of a trial of a random search: a function of seed, stream and number alone, so that trials can be run in any
    /// order, by any number of processes, and again.
    ///
    /// - Parameters:
    ///   - seed: the seed of the study.
    ///   - stream: which of several searches with the same seed.
    ///   - trial: the number of the trial, from 0.
    public func point(seed: UInt64, stream: UInt64 = 0, trial: Int) -> SearchPoint {
        let key = RandomKey(seed: seed, stream: stream).substream(0x57D1)
        return point(
            at: axes.map { axis in
                // A stream by name: an axis keeps its draws when another is added or taken away.
                var draws = RandomStream(key.substream(TextHash.fnv(axis.name)).at(step: trial))
                return draws.uniform()
            })
    }

    /// The point at a place of the unit cube.
    ///
    /// - Precondition: as many numbers as there are axes.
    public func point(at units: [Double]) -> SearchPoint {
        precondition(units.count == axes.count, "SearchSpace: \(units.count) numbers for \(axes.count) axes")
        return SearchPoint(names: axes.map(\.name), values: zip(axes, units).map { $0.value(at: $1) })
    }

    /// Where a point stands in the unit cube; nil where it is no point of the space.
    public func units(of point: SearchPoint) -> [Double]? {
        let units = axes.map { axis in point[axis.name].flatMap { axis.unit(of: $0) } }
        let known = units.compactMap { $0 }
        return known.count == units.count ? known : nil
    }

    /// As JSON.
    package var json: JSON { .array(axes.map(\.json)) }

    package init(_ json: JSONCursor) throws(RecurrentError) {
        var axes: [SearchAxis] = []
        for element in try json.elements() { axes.append(try SearchAxis(element)) }
        do throws(RecurrentError) {
            self = try SearchSpace(axes)
        } catch {
            throw json.error(error.what)
        }
    }

    /// Reads a point.
    package func point(_ json: JSONCursor) throws(RecurrentError) -> SearchPoint {
        var values: [SearchValue] = []
        for axis in axes { values.append(try axis.value(json[axis.name])) }
        return SearchPoint(names: axes.map(\.name), values: values)
    }
}

/// A value of each setting.
public struct SearchPoint: Sendable, Hashable {
    /// The names of the settings.
    public let names: [String]
    /// Their values.
    public let values: [SearchValue]

    init(names: [String], values: [SearchValue]) { (self.names, self.values) = (names, values) }

    /// The value of a setting; nil where there is none of this name.
    public subscript(name: String) -> SearchValue? { names.firstIndex(of: name).map { values[$0] } }

    /// As JSON.
    package var json: JSON { .object(JSONObject(zip(names, values.map(\.json)))) }
}

/// Numbers from texts, the same in every run and on every machine.
package enum TextHash {
    /// FNV-1a of 64 bits.
    package static func fnv(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
