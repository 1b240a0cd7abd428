package import RecurrentTensor

/// How the weights of recurrent layers stand in a weight file with fewer bits.
///
/// Reduced are the matrices of recurrent layers; biases, peepholes, normalisations, embeddings and linear maps keep their
/// 32 bits. Beside an `int8` matrix `NAME` stands `NAME.scale`, the scale of each row.
package enum ReducedWeights {
    private static let suffix = ".scale"
    private static let kinds = ["weight_ih", "weight_hh", "weight_ch", "weight_hr", "weight_gates"]

    /// Whether a parameter of this name and shape is reduced.
    package static func isReduced(_ name: String, _ shape: [Int]) -> Bool {
        guard shape.count == 2 else { return false }
        let leaf = name.split(separator: ".").last ?? ""
        return kinds.contains { leaf == $0 || leaf.hasPrefix($0 + "_l") }
    }

    /// Whether a stored tensor is the scale of another.
    package static func isScale(_ name: String) -> Bool { name.hasSuffix(suffix) }

    /// The tensors of a weight file.
    ///
    /// - Throws: `usage` where nothing can be reduced, or the parameters are not `float32`; `badModel` where a number does
    ///   not fit the format.
    package static func encode(
        _ parameters: [(name: String, value: Tensor)], _ format: WeightFormat
    ) throws(RecurrentError) -> [(name: String, tensor: Tensor)] {
        if format == .float32 { return parameters.map { ($0.name, $0.value) } }
        var tensors: [(name: String, tensor: Tensor)] = []
        for (name, value) in parameters {
            guard let matrix = try reduce(name, value, format, .maximum) else {
                tensors.append((name, value))
                continue
            }
            tensors.append((name, matrix.stored))
            if case .bytes(let matrix) = matrix { tensors.append((name + suffix, matrix.scales)) }
        }
        return tensors
    }

    /// The parameters of a weight file as `float32` numbers, and the format that it is in.
    ///
    /// - Throws: `badModel` where there are several formats, or parts of a matrix do not fit together.
    package static func decode(
        _ tensors: [(name: String, tensor: Tensor)], from place: String? = nil
    ) throws(RecurrentError) -> (tensors: [String: Tensor], format: WeightFormat) {
        var stored = Dictionary(tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
        var format = WeightFormat.float32
        for (name, tensor) in tensors where isReduced(name, tensor.shape) {
            guard let own = WeightFormat.allCases.first(where: { $0.elementType == tensor.elementType }),
                own != .float32
            else { continue }
            guard format == .float32 || format == own else {
                throw RecurrentError(
                    .badModel, "the weights are stored as \(format.rawValue) and as \(own.rawValue)", at: place)
            }
            format = own
            guard own == .int8 else {
                stored[name] = tensor.widened
                continue
            }
            guard let scales = stored.removeValue(forKey: name + suffix) else {
                throw RecurrentError(.badModel, "the weights lack '\(name)\(suffix)'", at: place)
            }
            do throws(RecurrentError) {
                stored[name] = try QuantizedMatrix(values: tensor, scales: scales).dequantized()
            } catch {
                throw RecurrentError(.badModel, "'\(name)': " + error.what, at: place, why: error.why)
            }
        }
        return (stored, format)
    }

    /// A parameter in a format; nil where it is not reduced.
    static func reduce(
        _ name: String, _ value: Tensor, _ format: WeightFormat, _ range: RangeChoice
    ) throws(RecurrentError) -> ReducedMatrix? {
        guard format != .float32, isReduced(name, value.shape) else { return nil }
        guard value.elementType == .float32 else {
            throw RecurrentError(
                .usage, "the weights are \(value.elementType.rawValue)", why: "only float32 weights are reduced")
        }
        do throws(RecurrentError) {
            return try ReducedMatrix(value, format, range: range)
        } catch {
            throw RecurrentError(error.category, "'\(name)': " + error.what, why: error.why, help: error.help)
        }
    }
}
