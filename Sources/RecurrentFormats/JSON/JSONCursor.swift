public import RecurrentTensor

/// A place in a JSON value that knows its key path, for reading configurations and manifests.
///
/// Stepping never fails; asking for a value does, with an error that names the file and the whole key path:
/// ```swift
/// let config = JSONCursor(json, source: "model/config.json")
/// let size = try config["model"]["hiddenSize"].int(in: 1...65_536)
/// ```
public struct JSONCursor: Sendable {
    /// The value here, or nil where there is none.
    public let value: JSON?
    /// The key path, such as `model.layers[2].size`; empty at the top.
    public let path: String
    /// The name of the input in errors, usually its path.
    public let source: String
    /// The category of the errors.
    public let category: RecurrentError.Category

    /// A cursor at the top of a value.
    public init(_ value: JSON, source: String = "JSON", category: RecurrentError.Category = .badModel) {
        self.init(value, path: "", source: source, category: category)
    }

    private init(_ value: JSON?, path: String, source: String, category: RecurrentError.Category) {
        self.value = value
        self.path = path
        self.source = source
        self.category = category
    }

    /// The place of a key; a key that is not there gives an empty place.
    public subscript(key: String) -> JSONCursor {
        JSONCursor(value?[key], path: path.isEmpty ? key : path + "." + key, source: source, category: category)
    }

    /// The place of an element; one that is not there gives an empty place.
    public subscript(index: Int) -> JSONCursor {
        JSONCursor(value?[index], path: path + "[\(index)]", source: source, category: category)
    }

    /// Whether there is a value that is not `null`.
    public var exists: Bool { value.map { !$0.isNull } ?? false }

    /// This place where it has a value other than `null`, else nil: `try cursor["seed"].ifPresent?.int()`.
    public var ifPresent: JSONCursor? { exists ? self : nil }

    // MARK: - Values

    /// The truth value here.
    ///
    /// - Throws: `RecurrentError` where there is none.
    public func bool() throws(RecurrentError) -> Bool { try required("true or false", \.boolValue) }

    /// The whole number here.
    ///
    /// - Throws: `RecurrentError` where there is none.
    public func int() throws(RecurrentError) -> Int { try required("a whole number", \.intValue) }

    /// The whole number here, which must lie in a range.
    ///
    /// - Throws: `RecurrentError` where there is none or it lies outside.
    public func int(in range: ClosedRange<Int>) throws(RecurrentError) -> Int {
        let value = try int()
        guard range.contains(value) else {
            throw error("is \(value)", why: "it must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// The number here; whole numbers count as numbers.
    ///
    /// - Throws: `RecurrentError` where there is none.
    public func double() throws(RecurrentError) -> Double { try required("a number", \.doubleValue) }

    /// The number here, which must lie in a range.
    ///
    /// - Throws: `RecurrentError` where there is none or it lies outside.
    public func double(in range: ClosedRange<Double>) throws(RecurrentError) -> Double {
        let value = try double()
        guard range.contains(value) else {
            throw error("is \(value)", why: "it must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// The text here.
    ///
    /// - Throws: `RecurrentError` where there is none.
    public func string() throws(RecurrentError) -> String { try required("a text", \.stringValue) }

    /// The case of an enumeration that is spelled here.
    ///
    /// - Throws: `RecurrentError` where there is none, with the nearest spelling.
    public func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type = Choice.self
    ) throws(RecurrentError) -> Choice where Choice.RawValue == String {
        let text = try string()
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue)
            throw error("is \(JSON.string(text).text())", help: Spelling.help(for: text, in: known))
        }
        return choice
    }

    /// The keys and values of the object here.
    ///
    /// - Throws: `RecurrentError` where there is none.
    public func object() throws(RecurrentError) -> JSONObject { try required("an object", \.objectValue) }

    /// The elements of the list here, each knowing its path.
    ///
    /// - Throws: `RecurrentError` where there is none.
    public func elements() throws(RecurrentError) -> [JSONCursor] {
        let elements = try required("a list", \.arrayValue)
        return elements.indices.map { self[$0] }
    }

    /// The list of whole numbers here.
    ///
    /// - Throws: `RecurrentError` where there is none.
    public func ints() throws(RecurrentError) -> [Int] {
        var values: [Int] = []
        for element in try elements() { values.append(try element.int()) }
        return values
    }

    /// The list of numbers here.
    ///
    /// - Throws: `RecurrentError` where there is none.
    public func doubles() throws(RecurrentError) -> [Double] {
        var values: [Double] = []
        for element in try elements() { values.append(try element.double()) }
        return values
    }

    /// The list of texts here.
    ///
    /// - Throws: `RecurrentError` where there is none.
    public func strings() throws(RecurrentError) -> [String] {
        var values: [String] = []
        for element in try elements() { values.append(try element.string()) }
        return values
    }

    /// Checks that the object here has no keys but these.
    ///
    /// - Throws: `RecurrentError` that names the first other key and what was probably meant.
    public func allowOnly(_ keys: [String]) throws(RecurrentError) {
        for key in try object().keys where !keys.contains(key) {
            throw self[key].error("is not known", help: Spelling.help(for: key, in: keys))
        }
    }

    /// An error about this place: `model.hiddenSize is -3`.
    public func error(_ what: String, why: String? = nil, help: String? = nil) -> RecurrentError {
        // Keys come from the file: quoting them as JSON keeps control characters out of terminals.
        let name = path.isEmpty ? "the value" : JSON.string(path).text()
        return RecurrentError(category, "\(name) \(what)", at: source, why: why, help: help)
    }

    private func required<T>(_ kind: String, _ read: (JSON) -> T?) throws(RecurrentError) -> T {
        guard let value else { throw error("is missing", why: "it must be \(kind)") }
        guard let result = read(value) else {
            var shown = value.text()
            if shown.count > 40 { shown = value.kind }
            throw error("is \(shown)", why: "it must be \(kind)")
        }
        return result
    }
}
