#if CLI
    import Recurrent
    import RecurrentNN
    import RecurrentTensor

    /// The names of cells in a study: those of the Odyssey's nine beside those of the catalogue.
    enum StudyCells {
        /// The vanilla LSTM, and the eight variants that differ from it in one thing each.
        static let odyssey = ["vanilla", "nig", "nfg", "nog", "niaf", "noaf", "cifg", "np", "fgr"]

        /// The cell of the catalogue that a name stands for; nil where there is none.
        static func cell(_ name: String) -> String? {
            let long = name == "vanilla" ? "lstm-peephole" : name == "np" ? "lstm" : "lstm-" + name
            if odyssey.contains(name) { return long }
            return CellCatalog.entries.contains { $0.name == name } ? name : nil
        }

        /// The names of a list, each cell once.
        ///
        /// - Throws: `usage` with the nearest name where there is no such cell, and where a cell stands twice.
        static func names(_ list: String) throws(RecurrentError) -> [String] {
            var (names, cells) = ([String](), Set<String>())
            for word in list.split(separator: ",", omittingEmptySubsequences: false) {
                let name = word.trimmed
                guard let cell = cell(name) else {
                    throw RecurrentError(
                        .usage, "there is no cell '\(name)'", at: "--cells",
                        help: Spelling.help(
                            for: name, in: odyssey + CellCatalog.entries.map(\.name), limit: .max))
                }
                guard cells.insert(cell).inserted else {
                    throw RecurrentError(
                        .usage, "the cell '\(name)' stands twice", at: "--cells",
                        why: odyssey.contains(name) || cell != name ? "it is '\(cell)'" : nil)
                }
                names.append(name)
            }
            return names
        }
    }

    extension Substring {
        /// Without spaces around it.
        fileprivate var trimmed: String {
            var rest = self
            while rest.first == " " { rest.removeFirst() }
            while rest.last == " " { rest.removeLast() }
            return String(rest)
        }
    }
#endif
