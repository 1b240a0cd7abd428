extension Season {
    /// A season that a person gave; 1 for none.
    ///
    /// - Precondition: `length` is at least 1.
    public init(given length: Int) {
        precondition(length >= 1, "Season: a length of \(length); at least 1 is needed")
        self.init(length: length, wasFound: length > 1, strength: 1, lengths: length > 1 ? [length] : [])
    }
}
