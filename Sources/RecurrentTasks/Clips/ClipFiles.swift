import RecurrentData
import RecurrentFormats
public import RecurrentTensor

/// Clips from files: a folder with a folder for each class; a folder of pictures; a Y4M file; a stack of frames in NPY.
///
/// - Shapes: NPY [N, T, H, W] or [N, T, H, W, C], C 1 or 3, of whole numbers 0…255 or numbers in 0…1; the classes stand a line
///   each in a text file, or as whole numbers in an NPY file [N].
public enum ClipFiles {
    /// Whether a path holds clips.
    public static func areClips(_ path: String) -> Bool {
        let system = FileSystem()
        guard system.isFolder(path) else {
            if path.lowercased().hasSuffix(".y4m") { return true }
            guard path.lowercased().hasSuffix(".npy"), let found = try? NPYFile.description(of: path)
            else { return false }
            return found.shape.count == 4 || found.shape.count == 5
        }
        guard let names = try? system.names(in: path) else { return false }
        return names.prefix(1000).contains { name in
            let inside = path + "/" + name
            guard system.isFolder(inside) else { return isFrame(name) || name.lowercased().hasSuffix(".y4m") }
            return ((try? system.names(in: inside)) ?? []).prefix(20).contains { inner in
                isFrame(inner) || inner.lowercased().hasSuffix(".y4m")
                    || ((try? system.names(in: inside + "/" + inner)) ?? []).prefix(5).contains(where: isFrame)
            }
        }
    }

    private static func isFrame(_ name: String) -> Bool {
        PortableMap.endings.contains { name.lowercased().hasSuffix("." + $0) }
    }

    /// Reads the clips of a path.
    ///
    /// - Parameters:
    ///   - labels: a file with the class of each clip of a stack.
    ///   - size: the width and height that frames are brought to; nil: as they are.
    /// - Throws: `badData` or `inputOutput` that names the file.
    public static func read(_ path: String, labels: String? = nil, size: Int? = nil) throws(RecurrentError) -> [Clip] {
        let system = FileSystem()
        guard system.isFolder(path) else {
            if path.lowercased().hasSuffix(".y4m") { return [try clip(path, label: nil, size)] }
            return try stack(path, labels: labels, size)
        }
        let names = try system.names(in: path).sorted(by: natural)
        if names.contains(where: isFrame) { return [try clip(path, label: nil, size)] }
        var clips: [Clip] = []
        for name in names where !name.hasPrefix(".") {
            let inside = path + "/" + name
            guard system.isFolder(inside) else {
                if name.lowercased().hasSuffix(".y4m") { clips.append(try clip(inside, label: nil, size)) }
                continue
            }
            let inner = try system.names(in: inside).sorted(by: natural)
            if inner.contains(where: isFrame) {
                clips.append(try clip(inside, label: nil, size))
                continue
            }
            for own in inner where own.lowercased().hasSuffix(".y4m") || system.isFolder(inside + "/" + own) {
                clips.append(try clip(inside + "/" + own, label: name, size))
            }
        }
        guard !clips.isEmpty else {
            throw RecurrentError(
                .badData, "the folder holds no clip", at: path,
                help: "give it a folder for each class, with Y4M files or folders of PGM or PPM pictures inside")
        }
        return clips
    }

    /// Numbers within names by their value: frame 10 after frame 9.
    static func natural(_ a: String, _ b: String) -> Bool {
        var (x, y) = (Array(a.utf8)[...], Array(b.utf8)[...])
        func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
        while let first = x.first, let second = y.first {
            if isDigit(first), isDigit(second) {
                let (one, two) = (x.prefix(while: isDigit), y.prefix(while: isDigit))
                let (m, n) = (one.drop { $0 == 48 }, two.drop { $0 == 48 })
                if m.count != n.count { return m.count < n.count }
                if !m.elementsEqual(n) { return m.lexicographicallyPrecedes(n) }
                (x, y) = (x.dropFirst(one.count), y.dropFirst(two.count))
                continue
            }
            if first != second { return first < second }
            (x, y) = (x.dropFirst(), y.dropFirst())
        }
        return x.isEmpty && (!y.isEmpty || a < b)
    }

    /// A film: a Y4M file, or a folder of pictures.
    private static func clip(_ path: String, label: String?, _ size: Int?) throws(RecurrentError) -> Clip {
        let system = FileSystem()
        var frames: [Picture] = []
        if system.isFolder(path) {
            for name in try system.names(in: path).sorted(by: natural) where isFrame(name) {
                let frame = try PortableMap.read(path + "/" + name)
                if let first = frames.first, size == nil,
                    (first.width, first.height, first.channels) != (frame.width, frame.height, frame.channels)
                {
                    throw RecurrentError(
                        .badData,
                        "the frame has \(frame.width) × \(frame.height) pixels, the first of its clip "
                            + "\(first.width) × \(first.height)", at: path + "/" + name,
                        help: "bring all to one size with --frame-size")
                }
                frames.append(size.map { frame.resized(width: $0, height: $0) } ?? frame)
            }
        } else {
            frames = try Y4MVideo(path: path).frames.map { frame in
                size.map { frame.resized(width: $0, height: $0) } ?? frame
            }
        }
        guard !frames.isEmpty else { throw RecurrentError(.badData, "the clip has no frame", at: path) }
        return Clip(name: path, label: label, frames: frames)
    }

    private static func stack(_ path: String, labels: String?, _ size: Int?) throws(RecurrentError) -> [Clip] {
        let tensor = try NPYFile.read(path)
        let shape = tensor.shape
        let C = shape.count == 5 ? shape[4] : 1
        guard shape.count == 4 || shape.count == 5, C == 1 || C == 3, shape.allSatisfy({ $0 > 0 }) else {
            throw RecurrentError(
                .badData, "an array of shape \(shape) is no stack of clips", at: path,
                help: "its shape is [clips, frames, rows, columns] or [clips, frames, rows, columns, 1 or 3]")
        }
        let (N, T, H, W) = (shape[0], shape[1], shape[2], shape[3])
        let scale: Float = tensor.elementType.isFloatingPoint ? 1 : 1 / 255
        let names = try labels.map { (file) throws(RecurrentError) in try classes(file, count: N) }
        let frame = H * W * C
        return try (0..<N).map { (n) throws(RecurrentError) in
            let values = tensor.sliced(n..<n + 1).allNumbers
            guard values.allSatisfy(\.isFinite) else {
                throw RecurrentError(.badData, "clip \(n) holds NaN or infinity", at: path)
            }
            let frames = (0..<T).map { t -> Picture in
                let own = values[t * frame..<(t + 1) * frame].map { max(0, min(1, Float($0) * scale)) }
                let picture = Picture(width: W, height: H, channels: C, values: own)
                return size.map { picture.resized(width: $0, height: $0) } ?? picture
            }
            return Clip(name: "\(path)[\(n)]", label: names?[n], frames: frames)
        }
    }

    private static func classes(_ file: String, count: Int) throws(RecurrentError) -> [String] {
        let names: [String]
        if file.lowercased().hasSuffix(".npy") {
            names = try NPYFile.read(file).allNumbers.map { value in
                Int(exactly: value).map(String.init) ?? "\(value)"
            }
        } else {
            let text = String(decoding: try FileSystem().read(file, maximumBytes: 1 << 30), as: UTF8.self)
            names = text.split(whereSeparator: \.isNewline).map(String.init)
        }
        guard names.count == count else {
            throw RecurrentError(.badData, "\(names.count) classes of \(count) clips", at: file)
        }
        return names
    }
}
