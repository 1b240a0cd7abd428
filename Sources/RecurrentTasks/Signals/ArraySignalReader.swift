import RecurrentData
import RecurrentFormats
import RecurrentTensor

/// The examples of an array, [N, T, C] or [N, T], and of another that holds what belongs to each, [N].
///
/// Arrays are those of numpy, or IDX files such as the MNIST pictures, which are read row by row: as 28 steps of 28 channels.
/// NaN is a missing number; steps at the end of which nothing is known make a shorter sequence.
final class ArraySignalReader: SignalReader {
    let channels: [String]
    private let source: String
    private let values: Tensor
    private let labels: [String]?
    private let steps: Int
    private var index = 0

    /// - Parameters:
    ///   - labels: the file of what belongs to each; nil: the one beside it, if there is one.
    ///   - channelCount: the numbers of a step, if not as the array's axes say: with 1 a picture is read number by number.
    init(path: String, labels: String?, channelCount: Int? = nil, needsLabels: Bool) throws(RecurrentError) {
        source = printable(path)
        var array = try Self.array(path)
        guard array.shape.count == 2 || array.shape.count == 3 else {
            throw RecurrentError(
                .badData, "an array of shape \(array.shape) holds no sequences", at: source,
                help: "give [examples, steps, channels] or [examples, steps]")
        }
        if let channelCount {
            let size = array.shape.dropFirst().reduce(1, *)
            guard size % channelCount == 0 else {
                throw RecurrentError(
                    .badData, "examples of \(size) numbers cannot be steps of \(channelCount) channels", at: source)
            }
            array = array.reshaped([array.shape[0], size / channelCount, channelCount])
        }
        let count = array.shape.count == 3 ? array.shape[2] : 1
        guard count > 0, count <= 65_536 else {
            throw RecurrentError(.badData, "an array of shape \(array.shape) has \(count) channels", at: source)
        }
        steps = array.shape[1]
        switch array.elementType {
        case .float32: values = array
        case .bool:
            throw RecurrentError(.badData, "the array holds truth values", at: source, help: "give it as numbers")
        default: values = Tensor(array.allNumbers.map { Float($0) }, shape: array.shape)
        }
        channels = numberedChannels(count)
        if let file = labels ?? Self.labelFile(beside: path) {
            let found = try Self.array(file)
            guard found.count == array.shape[0] else {
                throw RecurrentError(
                    .badData, "there are \(found.count) labels of \(array.shape[0]) sequences", at: printable(file))
            }
            self.labels = found.allNumbers.map { value in
                Int(exactly: value).map { "\($0)" } ?? (value.isFinite ? "\(value)" : "")
            }
            return
        }
        guard !needsLabels else {
            throw RecurrentError(
                .badData, "there is no file of the classes or numbers of these sequences", at: source,
                help: "put y.npy beside X.npy, or name it with --labels")
        }
        self.labels = nil
    }

    /// An array of either kind, told apart by how the file begins.
    private static func array(_ path: String) throws(RecurrentError) -> Tensor {
        let (beginning, _) = try ByteSource(path: path).peek(2)
        return beginning.elementsEqual([0, 0]) || beginning.elementsEqual([0x1F, 0x8B])
            ? try IDXFile.read(path) : try NPYFile.read(path)
    }

    /// `y.npy` beside `X.npy`, `y_train.npy` beside `X_train.npy`, `train_y.npy` beside `train_X.npy`; `labels-idx1` beside
    /// `images-idx3`.
    private static func labelFile(beside path: String) -> String? {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let name = String(path.dropFirst(folder.count))
        let system = FileSystem()
        if let images = name.firstRange(of: "images-idx3") {
            let candidate = folder + name[..<images.lowerBound] + "labels-idx1" + name[images.upperBound...]
            if system.exists(candidate) { return candidate }
        }
        for letter: Character in ["X", "x"] {
            for (index, found) in name.enumerated().reversed() where found == letter {
                var letters = Array(name)
                letters[index] = "y"
                let candidate = folder + String(letters)
                if system.exists(candidate) { return candidate }
            }
        }
        return nil
    }

    func next() throws(RecurrentError) -> SignalExample? {
        guard index < values.shape[0] else { return nil }
        defer { index += 1 }
        let count = channels.count
        let size = steps * count
        let own = index * size
        var numbers = values.withBuffer(of: Float.self) { Array($0[own..<own + size]) }
        if let bad = numbers.firstIndex(where: { $0.isInfinite }) {
            throw RecurrentError(
                .badData, "an infinite number", at: "\(source)[\(index), \(bad / count), \(bad % count)]",
                help: "write NaN where a number is missing")
        }
        var length = steps
        while length > 0, numbers[(length - 1) * count..<length * count].allSatisfy({ $0.isNaN }) { length -= 1 }
        numbers.removeLast(size - length * count)
        let label = labels.flatMap { $0[index].isEmpty ? nil : $0[index] }
        return SignalExample(values: numbers, label: label, name: "\(index)", place: "\(source)[\(index)]")
    }
}
