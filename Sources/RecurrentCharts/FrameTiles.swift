/// Films as rows of frames, with a line of text beside each.
public struct FrameTiles: Sendable {
    /// A grey frame, row by row from the top, in 0…1.
    public struct Frame: Sendable {
        /// The pixels of a row.
        public var width: Int
        /// The rows.
        public var height: Int
        /// The pixels.
        public var values: [Float]

        /// A frame.
        public init(width: Int, height: Int, values: [Float]) {
            (self.width, self.height, self.values) = (width, height, values)
        }
    }

    /// A film.
    public struct Row: Sendable {
        /// What is said about it.
        public var title: String
        /// A second line.
        public var subtitle: String
        /// Whether it stands out, such as where something is wrong.
        public var isMarked: Bool
        /// Its frames.
        public var frames: [Frame]

        /// A film.
        public init(title: String, subtitle: String = "", isMarked: Bool = false, frames: [Frame]) {
            (self.title, self.subtitle, self.isMarked, self.frames) = (title, subtitle, isMarked, frames)
        }
    }

    /// The title.
    public var title: String
    /// A line under the title.
    public var subtitle: String
    /// The films, from the top.
    public var rows: [Row]

    /// A picture.
    public init(title: String, subtitle: String = "", rows: [Row]) {
        (self.title, self.subtitle, self.rows) = (title, subtitle, rows)
    }

    /// More than this cannot be told apart any more.
    static let maximumRows = 32
    static let maximumFrames = 16
    /// Larger frames are drawn by the means of blocks.
    static let maximumPixels = 48
}
