/// A picture: rows of pixels from the top, each of one number (grey) or three (red, green, blue).
public struct Picture: Sendable, Hashable {
    /// The pixels of a row.
    public let width: Int
    /// The rows.
    public let height: Int
    /// The numbers of a pixel: 1 or 3.
    public let channels: Int
    /// The pixels in 0…1, row by row, the numbers of a pixel beside each other.
    public let values: [Float]

    /// More pixels than this are refused, before memory is taken.
    static let mostPixels = 1 << 26

    /// A picture.
    ///
    /// - Precondition: there are as many values as the extents say.
    public init(width: Int, height: Int, channels: Int, values: [Float]) {
        precondition(
            values.count == width * height * channels,
            "Picture: \(values.count) values of \(width) × \(height) pixels with \(channels) channels")
        (self.width, self.height, self.channels, self.values) = (width, height, channels, values)
    }

    /// The brightness of each pixel: 0.299 R + 0.587 G + 0.114 B.
    public var grey: Picture {
        guard channels == 3 else { return self }
        let values = (0..<width * height).map { pixel -> Float in
            0.299 * self.values[3 * pixel] + 0.587 * self.values[3 * pixel + 1] + 0.114 * self.values[3 * pixel + 2]
        }
        return Picture(width: width, height: height, channels: 1, values: values)
    }

    /// The picture with other extents, each pixel the mean of the area that it covers.
    ///
    /// - Precondition: both extents are at least 1.
    public func resized(width newWidth: Int, height newHeight: Int) -> Picture {
        precondition(newWidth > 0 && newHeight > 0, "Picture: \(newWidth) × \(newHeight) pixels")
        guard newWidth != width || newHeight != height, width > 0, height > 0 else { return self }
        let rows = Self.shares(height, newHeight)
        let columns = Self.shares(width, newWidth)
        var result = [Float](repeating: 0, count: newWidth * newHeight * channels)
        for y in 0..<newHeight {
            for x in 0..<newWidth {
                for c in 0..<channels {
                    var sum: Float = 0
                    for (row, a) in rows[y] {
                        for (column, b) in columns[x] { sum += a * b * values[(row * width + column) * channels + c] }
                    }
                    result[(y * newWidth + x) * channels + c] = sum
                }
            }
        }
        return Picture(width: newWidth, height: newHeight, channels: channels, values: result)
    }

    /// For each new place the old ones that it covers, and their shares, which sum to 1.
    private static func shares(_ old: Int, _ new: Int) -> [[(Int, Float)]] {
        (0..<new).map { place in
            let (begin, end) = (
                Double(place) * Double(old) / Double(new), Double(place + 1) * Double(old) / Double(new)
            )
            let first = min(old - 1, Int(begin))
            let last = max(first, min(old - 1, Int(end.rounded(.up)) - 1))
            return (first...last).map { index in
                let covered = min(end, Double(index + 1)) - max(begin, Double(index))
                return (index, Float(max(0, covered) / (end - begin)))
            }
        }
    }
}
