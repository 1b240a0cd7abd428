/// The keys and values of a JSON object, in the order in which they were written.
///
/// Two objects are equal when they have the same keys with the same values in the same order. A key is found by exactly
/// its Unicode scalars: vocabularies hold both spellings of an accented letter.
///
/// - Complexity: looking up, adding and replacing take constant time; removing takes linear time.
public struct JSONObject: Sendable {
    /// The keys, in order.
    public private(set) var keys: [String] = []
    /// The values, in the order of the keys.
    public private(set) var values: [JSON] = []
    /// Where each key stands. Empty for small objects, where a scan is faster and needs no memory.
    private var positions: [ExactText: Int] = [:]

    private static let scanLimit = 8

    /// An object without keys.
    public init() {}

    /// An object with these keys and values.
    ///
    /// - Precondition: no key stands twice.
    public init(_ pairs: some Sequence<(String, JSON)>) {
        for (key, value) in pairs {
            let added = append(key, value)
            precondition(added, "JSONObject: the key \"\(key)\" stands twice")
        }
    }

    /// The value of a key; assigning nil removes the key.
    public subscript(key: String) -> JSON? {
        get { position(of: key).map { values[$0] } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): values[position] = value
            case (let position?, nil): remove(at: position)
            case (nil, let value?): append(key, value)
            case (nil, nil): break
            }
        }
    }

    /// Adds a key at the end; false, and nothing changed, where the key is there already.
    @discardableResult
    package mutating func append(_ key: String, _ value: JSON) -> Bool {
        guard position(of: key) == nil else { return false }
        keys.append(key)
        values.append(value)
        if keys.count > Self.scanLimit {
            if positions.isEmpty {
                for (position, key) in keys.enumerated() { positions[ExactText(key)] = position }
            } else {
                positions[ExactText(key)] = keys.count - 1
            }
        }
        return true
    }

    private func position(of key: String) -> Int? {
        keys.count > Self.scanLimit
            ? positions[ExactText(key)] : keys.firstIndex { $0.utf8.elementsEqual(key.utf8) }
    }

    private mutating func remove(at position: Int) {
        keys.remove(at: position)
        values.remove(at: position)
        positions = [:]
        if keys.count > Self.scanLimit {
            for (position, key) in keys.enumerated() { positions[ExactText(key)] = position }
        }
    }
}

/// A text that equals only texts of the same scalars.
private struct ExactText: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (a: ExactText, b: ExactText) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension JSONObject: Hashable {
    /// Whether both have the same keys with the same values in the same order.
    public static func == (a: JSONObject, b: JSONObject) -> Bool { a.keys == b.keys && a.values == b.values }

    /// Feeds keys and values to a hasher.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(keys)
        hasher.combine(values)
    }
}

extension JSONObject: RandomAccessCollection {
    /// The first position.
    public var startIndex: Int { 0 }
    /// The position after the last.
    public var endIndex: Int { keys.count }
    /// The key and value at a position.
    public subscript(position: Int) -> (key: String, value: JSON) { (keys[position], values[position]) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// An object with these keys and values.
    ///
    /// - Precondition: no key stands twice.
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
