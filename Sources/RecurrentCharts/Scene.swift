/// A small world as it stands at one moment: lines, discs, boxes and words in the world's own units, y upwards.
public struct Scene: Sendable, Hashable {
    /// The colour of a shape.
    public enum Ink: Int, Sendable, Hashable, CaseIterable {
        /// As text.
        case strong
        /// As an axis: the ground, walls.
        case quiet
        /// Four colours that are told apart.
        case first, second, third, fourth
    }

    /// A part of a scene.
    public enum Shape: Sendable, Hashable {
        /// A line of a width in pixels.
        case line(x1: Double, y1: Double, x2: Double, y2: Double, width: Double, ink: Ink)
        /// A filled disc.
        case disc(x: Double, y: Double, radius: Double, ink: Ink)
        /// A filled box from its lower left corner.
        case box(x: Double, y: Double, width: Double, height: Double, ink: Ink)
        /// A word around a point.
        case word(String, x: Double, y: Double)
    }

    /// What is seen of the world, from the left and from below.
    public var left, right, bottom, top: Double
    /// The parts, the hindmost first.
    public var shapes: [Shape]
    /// A line below.
    public var caption: String

    /// A scene without parts.
    public init(left: Double, right: Double, bottom: Double, top: Double, caption: String = "") {
        (self.left, self.right, self.bottom, self.top) = (left, right, bottom, top)
        shapes = []
        self.caption = caption
    }

    /// Adds a line.
    public mutating func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, width: Double = 2, _ ink: Ink = .strong
    ) {
        shapes.append(.line(x1: x1, y1: y1, x2: x2, y2: y2, width: width, ink: ink))
    }

    /// Adds a disc.
    public mutating func disc(_ x: Double, _ y: Double, radius: Double, _ ink: Ink = .first) {
        shapes.append(.disc(x: x, y: y, radius: radius, ink: ink))
    }

    /// Adds a box from its lower left corner.
    public mutating func box(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ ink: Ink = .first) {
        shapes.append(.box(x: x, y: y, width: width, height: height, ink: ink))
    }

    /// Adds a word around a point.
    public mutating func word(_ text: String, _ x: Double, _ y: Double) { shapes.append(.word(text, x: x, y: y)) }

    /// How far the world reaches.
    var width: Double { max(1e-9, right - left) }
    var height: Double { max(1e-9, top - bottom) }
}

/// Scenes one after another.
public struct Film: Sendable {
    /// The title.
    public var title: String
    /// A line under the title.
    public var subtitle: String
    /// The scenes.
    public var frames: [Scene]
    /// Seconds from one scene to the next.
    public var frameTime: Double

    /// A film.
    public init(title: String, subtitle: String = "", frames: [Scene], frameTime: Double = 0.04) {
        (self.title, self.subtitle, self.frames, self.frameTime) = (title, subtitle, frames, frameTime)
    }

    /// The scenes that an animated picture shows, and the time of each: of a long film scenes at equal distances.
    func shown(atMost limit: Int) -> (frames: [Scene], time: Double) {
        guard frames.count > limit, limit > 1 else { return (frames, frameTime) }
        let stride = Double(frames.count - 1) / Double(limit - 1)
        return ((0..<limit).map { frames[Int((Double($0) * stride).rounded())] }, frameTime * stride)
    }
}
