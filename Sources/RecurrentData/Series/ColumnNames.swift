package import RecurrentTensor

/// The columns of a table, found by name, by name in another case, or by position.
package struct ColumnNames {
    package let names: [String]
    package let file: String

    package init(_ names: [String], file: String) {
        // A second column of the same name is told apart by a number, so that it can be chosen at all.
        var seen: [String: Int] = [:]
        self.names = names.map { name in
            let count = (seen[name] ?? 0) + 1
            seen[name] = count
            return count == 1 ? name : "\(name) (\(count))"
        }
        self.file = file
    }

    /// The index of a column that a person named.
    package func index(of name: String) throws(RecurrentError) -> Int {
        if let exact = names.firstIndex(of: name) { return exact }
        let wanted = name.lowercased()
        let alike = names.indices.filter { names[$0].lowercased() == wanted }
        if alike.count == 1 { return alike[0] }
        if let position = Int(name), names.indices.contains(position - 1) { return position - 1 }
        let near =
            names.map { (name: $0, distance: editDistance(wanted, $0.lowercased())) }
            .filter { $0.distance <= max(2, $0.name.count / 3) }.min { $0.distance < $1.distance }
        let shown = names.prefix(30).map { printable($0, limit: 60) }.joined(separator: ", ")
        let rest = names.count > 30 ? ", … (\(names.count) in all)" : ""
        throw RecurrentError(
            .usage, "there is no column \(excerpt(name))", at: file, why: "the columns are: \(shown)\(rest)",
            help: near.map { "did you mean \(excerpt($0.name))?" } ?? "name one of the columns above")
    }
}

/// The least number of insertions, deletions, replacements and exchanges of neighbours that turn one text into another.
package func editDistance(_ first: String, _ second: String) -> Int {
    let a = Array(first.unicodeScalars.prefix(100))
    let b = Array(second.unicodeScalars.prefix(100))
    var before = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 0..<a.count {
        var row = [i + 1] + [Int](repeating: 0, count: b.count)
        for j in 0..<b.count {
            row[j + 1] = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { row[j + 1] = min(row[j + 1], before[j - 1] + 1) }
        }
        before = last
        last = row
    }
    return last[b.count]
}
