public import RecurrentTensor

/// Frames of a video in the YUV4MPEG2 format (`.y4m`), as `ffmpeg -i clip.mp4 clip.y4m` writes it: their brightness.
///
/// Samples of 8 bits with any subsampling of the colours, which are passed over.
///
/// - Source: yuv4mpeg(5) of the MJPEG tools.
public struct Y4MVideo: Sendable, Hashable {
    /// The pixels of a row.
    public let width: Int
    /// The rows.
    public let height: Int
    /// The frames of a second; nil where the file does not say.
    public let rate: Double?
    /// The brightness of each frame in 0…1.
    public let frames: [Picture]

    /// Reads a file.
    ///
    /// - Parameter limit: the most frames that are read.
    /// - Throws: `badData` with the byte where it is damaged, `inputOutput` where it cannot be read.
    public init(path: String, limit: Int = .max) throws(RecurrentError) {
        let source = try ByteSource(path: path)
        let (bytes, isWhole) = try source.peek(1 << 31)
        guard isWhole else { throw RecurrentError(.badData, "the video is larger than 2 GiB", at: source.name) }
        try self.init(Array(bytes), source: source.name, limit: limit)
    }

    /// Reads the bytes of a file.
    ///
    /// - Throws: as ``init(path:limit:)``.
    public init(_ bytes: [UInt8], source: String = "video", limit: Int = .max) throws(RecurrentError) {
        func error(_ what: String, _ at: Int, help: String? = nil) -> RecurrentError {
            RecurrentError(.badData, what, at: "\(source): byte \(at)", help: help)
        }
        /// The words of a line, and where the next one begins.
        func words(_ from: Int) throws(RecurrentError) -> (words: [String], next: Int) {
            let tail = bytes[from..<min(bytes.count, from + 4096)]
            guard let end = tail.firstIndex(of: 10) else {
                throw error("the line does not end", from, help: "check that the file is whole")
            }
            let line = String(decoding: bytes[from..<end], as: UTF8.self)
            return (line.split(separator: " ").map(String.init), end + 1)
        }
        let (head, begin) = try words(0)
        guard head.first == "YUV4MPEG2" else {
            throw error("this is no YUV4MPEG2 video", 0, help: "ffmpeg -i FILE -pix_fmt yuv420p clip.y4m makes one")
        }
        var (width, height, rate, colours) = (0, 0, Double?.none, "420")
        for word in head.dropFirst() {
            let value = String(word.dropFirst())
            switch word.first {
            case "W": width = Int(value) ?? 0
            case "H": height = Int(value) ?? 0
            case "F":
                let parts = value.split(separator: ":").compactMap { Double($0) }
                if parts.count == 2, parts[0] > 0, parts[1] > 0 { rate = parts[0] / parts[1] }
            case "C": colours = value
            default: break
            }
        }
        guard width > 0, height > 0, width <= 1 << 20, height <= 1 << 20, width * height <= Picture.mostPixels else {
            throw error("frames of \(width) × \(height) pixels", 0)
        }
        let (luma, half) = (width * height, ((width + 1) / 2, (height + 1) / 2))
        let rest: Int
        switch colours {
        case "420", "420jpeg", "420mpeg2", "420paldv": rest = 2 * half.0 * half.1
        case "422": rest = 2 * half.0 * height
        case "444": rest = 2 * luma
        case "444alpha": rest = 3 * luma
        case "411": rest = 2 * ((width + 3) / 4) * height
        case "mono": rest = 0
        default:
            throw error(
                "samples of the form '\(printable(colours, limit: 40))' are not read", 0,
                help: "ffmpeg -i FILE -pix_fmt yuv420p clip.y4m makes samples of 8 bits")
        }
        var frames: [Picture] = []
        var at = begin
        while at < bytes.count, frames.count < limit {
            let (marker, next) = try words(at)
            guard marker.first == "FRAME" else { throw error("here a frame is to begin", at) }
            guard bytes.count - next >= luma + rest else {
                throw error("frame \(frames.count + 1) ends early", next, help: "check that the file is whole")
            }
            let values = bytes[next..<next + luma].map { Float($0) / 255 }
            frames.append(Picture(width: width, height: height, channels: 1, values: values))
            at = next + luma + rest
        }
        guard !frames.isEmpty else { throw error("the video has no frame", begin) }
        (self.width, self.height, self.rate, self.frames) = (width, height, rate, frames)
    }
}
