import Testing

/// The Swift blocks of a document.
private func swiftBlocks(_ path: String) throws -> [String] {
    var blocks: [String] = []
    var open: [String]?
    for line in try PackageTree.lines(path) {
        if line == "```swift" {
            open = []
        } else if line == "```", let block = open {
            blocks.append(block.joined(separator: "\n"))
            open = nil
        } else {
            open?.append(line)
        }
    }
    return blocks
}

@Suite struct SnippetTests {
    @Test func theReadmeShowsEachSnippetWhole() throws {
        let snippets = try PackageTree.files(in: "Snippets", suffix: ".swift").map { try PackageTree.text($0) }
        let blocks = try swiftBlocks("README.md").map { $0 + "\n" }
        #expect(blocks.count >= 3)
        for block in blocks { #expect(snippets.contains(block), "this block of the README is no snippet:\n\(block)") }
    }

    @Test func everySwiftBlockOfTheGuidesIsAPieceOfASnippet() throws {
        let snippets = try PackageTree.files(in: "Snippets", suffix: ".swift").map { "\n" + (try PackageTree.text($0)) }
        let guides = try PackageTree.files(in: "Sources/Recurrent/Recurrent.docc", suffix: ".md") + ["CONTRIBUTING.md"]
        for guide in guides {
            for block in try swiftBlocks(guide) {
                #expect(
                    snippets.contains { $0.contains("\n" + block + "\n") },
                    "this block of \(guide) stands in no snippet:\n\(block)")
            }
        }
    }

    @Test(arguments: [("FirstForecast", 3), ("TrainingLoop", 15), ("OwnCell", 30)])
    func aSnippetIsAsShortAsTheReadmePromises(_ name: String, limit: Int) throws {
        let lines = try PackageTree.lines("Snippets/\(name).swift").filter { line in
            let code = line.drop { $0 == " " }
            return !code.isEmpty && !code.hasPrefix("import ") && !code.hasPrefix("//")
        }
        #expect(lines.count <= limit)
    }
}
