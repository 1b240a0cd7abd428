/// The files that the tests compare with.
enum Fixtures {
    static func path(_ name: String, _ here: String = #filePath) -> String {
        here.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/Fixtures/"
            + name
    }
}
