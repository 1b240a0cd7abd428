public import RecurrentTensor

/// How a file lays out tagged sentences: one token a line, a blank line after each sentence.
public struct TaggedFormat: Sendable, Hashable {
    /// The families of such files.
    public enum Family: String, Sendable, Hashable, CaseIterable {
        /// Columns between blanks or tabs, as the shared tasks of CoNLL-2000 to 2003 used them.
        case conll
        /// The ten columns between tabs of Universal Dependencies, with comments.
        case conllu
    }

    /// The family.
    public var family: Family
    /// The column of the token, counted from 0.
    public var tokenColumn: Int
    /// The column of the tag, counted from 0, or from the end if negative: −1 is the last; nil where tags are not read.
    public var tagColumn: Int?

    /// Columns between blanks or tabs; a line `-DOCSTART-` begins a document and is no token.
    public static func conll(token: Int = 0, tag: Int? = -1) -> TaggedFormat {
        TaggedFormat(family: .conll, tokenColumn: token, tagColumn: tag)
    }

    /// CoNLL-U; multi-word ranges (`3-4`) and empty nodes (`5.1`) are no tokens.
    public static func conllu(_ column: UniversalColumn? = .upos) -> TaggedFormat {
        TaggedFormat(family: .conllu, tokenColumn: UniversalColumn.form.rawValue, tagColumn: column?.rawValue)
    }

    /// A column of CoNLL-U.
    public enum UniversalColumn: Int, Sendable, Hashable, CaseIterable {
        // The names are those of the format.
        // swift-format-ignore: AllPublicDeclarationsHaveDocumentation
        case id, form, lemma, upos, xpos, feats, head, deprel, deps, misc

        /// The name of the column, in lower case.
        public var name: String { "\(self)" }
    }

    /// The format of a family whose tags stand in the column that a person names: a number from 1, from the end if negative,
    /// or in CoNLL-U a name such as `xpos`; by default the last column and `upos`.
    ///
    /// - Throws: `usage` for a name that the format does not have, with the nearest one.
    public init(family: Family, column: String? = nil) throws(RecurrentError) {
        switch family {
        case .conll:
            guard let column else {
                self = .conll()
                return
            }
            guard let number = Int(column), number != 0, number.magnitude <= 1 << 20 else {
                throw RecurrentError(
                    .usage, "there is no column \(excerpt(column)) in CoNLL files",
                    help: "give its number: 1 is the first, -1 the last")
            }
            self = .conll(tag: number > 0 ? number - 1 : number)
        case .conllu:
            let names = UniversalColumn.allCases.map(\.name)
            guard let column else {
                self = .conllu()
                return
            }
            let number = Int(column).flatMap { (1...10).contains($0) ? UniversalColumn(rawValue: $0 - 1) : nil }
            guard let found = UniversalColumn.allCases.first(where: { $0.name == column.lowercased() }) ?? number else {
                throw RecurrentError(
                    .usage, "there is no column \(excerpt(column)) in CoNLL-U",
                    help: Spelling.help(for: column, in: names))
            }
            self = .conllu(found)
        }
    }

    private init(family: Family, tokenColumn: Int, tagColumn: Int?) {
        (self.family, self.tokenColumn, self.tagColumn) = (family, tokenColumn, tagColumn)
    }

    /// The same layout, read without its tags.
    public var untagged: TaggedFormat {
        var copy = self
        copy.tagColumn = nil
        return copy
    }

    /// The family that the name of a file suggests: `.conllu` or else columns.
    public static func family(ofFile path: String) -> Family {
        path.lowercased().hasSuffix(".conllu") ? .conllu : .conll
    }
}
