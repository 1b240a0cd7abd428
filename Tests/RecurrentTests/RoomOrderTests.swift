import RecurrentFormats
import RecurrentTestSupport
import Testing

/// The rooms and their numbers: a target imports only rooms with a smaller number.
private let rooms = [
    "CRecurrentKernels": 0, "RecurrentTensor": 1, "RecurrentCharts": 1, "RecurrentAutodiff": 2, "RecurrentData": 2,
    "RecurrentFormats": 2, "RecurrentNN": 3, "RecurrentInterchange": 4, "RecurrentTraining": 5, "RecurrentTasks": 6,
    "RecurrentSearch": 6, "RecurrentStudy": 6, "Recurrent": 7,
    "RecurrentCLI": 8, "RecurrentTestSupport": 8,
]

/// A target as the package manager sees it.
private struct Target {
    var name: String
    var kind: String
    /// Targets of this package.
    var dependencies: [String]
    /// Products of other packages, each with the traits that it needs.
    var products: [(name: String, traits: [String])]

    static func all() throws -> [Target] { try dumped.get() }

    private static let dumped = Result { try dump() }

    private static func dump() throws -> [Target] {
        // A scratch folder of its own: the tests run while the package manager holds the lock of the usual one.
        let folder = temporaryFolder()
        defer { try? FileSystem().removeFlatFolder(folder) }
        let arguments = [
            "swift", "package", "--package-path", PackageTree.root, "--scratch-path", folder + "/build", "dump-package",
        ]
        let bytes = try PackageTree.output(of: arguments, in: folder)
        let package = JSONCursor(try JSON(parsing: bytes, from: "dump-package"))
        return try package["targets"].elements().map { target in
            var found = Target(
                name: try target["name"].string(), kind: try target["type"].string(), dependencies: [], products: [])
            for dependency in try target["dependencies"].elements() {
                if let name = try dependency["byName"].ifPresent?[0].string() {
                    found.dependencies.append(name)
                } else if let name = try dependency["target"].ifPresent?[0].string() {
                    found.dependencies.append(name)
                } else {
                    let traits = try dependency["product"][3].ifPresent?["traits"].ifPresent?.strings() ?? []
                    found.products.append((try dependency["product"][0].string(), traits))
                }
            }
            return found
        }
    }
}

@Suite struct RoomOrderTests {
    @Test func everyTargetDependsOnlyOnRoomsWithASmallerNumber() throws {
        let targets = try Target.all().filter { $0.kind != "test" && $0.kind != "snippet" }
        #expect(Set(targets.map(\.name)) == Set(rooms.keys), "a target has no number, or a number has no target")
        for target in targets {
            let number = try #require(rooms[target.name])
            for dependency in target.dependencies {
                let below = try #require(rooms[dependency], "\(target.name) depends on \(dependency)")
                #expect(below < number, "\(target.name) (\(number)) depends on \(dependency) (\(below))")
            }
        }
    }

    @Test func onlyTheTensorRoomDependsOnTheKernels() throws {
        let users = try Target.all().filter { $0.dependencies.contains("CRecurrentKernels") }.map(\.name)
        #expect(users == ["RecurrentTensor"])
    }

    @Test func otherPackagesServeTheProgramAloneAndHangOnItsTrait() throws {
        for target in try Target.all() {
            #expect(target.products.isEmpty || target.name == "RecurrentCLI", "\(target.name) needs another package")
            for product in target.products {
                #expect(product.traits == ["CLI"], "\(product.name) does not hang on the trait CLI")
            }
        }
    }

    @Test func everyRoomHasItsTests() throws {
        let names = Set(try Target.all().filter { $0.kind == "test" }.map(\.name))
        for room in rooms.keys where room != "CRecurrentKernels" && room != "RecurrentTestSupport" {
            #expect(names.contains(room + "Tests"), "\(room) has no tests")
        }
    }

    @Test(arguments: rooms.keys.sorted())
    func theSourcesImportOnlyWhatTheirTargetDeclares(_ room: String) throws {
        let target = try #require(try Target.all().first { $0.name == room })
        // What the package manager links it lets every target import; only this test holds the sources to the manifest. What
        // comes through the umbrella alone is not declared either: a change there would not compile the target again.
        let systems = ["Glibc", "Musl", "Darwin", "Synchronization"]
        let allowed = Set(target.dependencies + target.products.map(\.name) + systems)
        for file in try PackageTree.files(in: "Sources/" + room, suffix: ".swift") {
            for name in try importedModules(file) {
                #expect(allowed.contains(name), "\(file) imports \(name)")
            }
        }
    }

    @Test func theGuideShowsTheSameTable() throws {
        var shown: [String: Int] = [:]
        for line in try PackageTree.lines("Documentation/internals.md") where line.hasPrefix("| ") {
            let cells = line.split(separator: "|").map { $0.filter { $0 != " " && $0 != "`" } }
            if cells.count >= 2, let number = Int(cells[0]) { shown[cells[1]] = number }
        }
        #expect(shown == rooms)
    }

    private func importedModules(_ file: String) throws -> [String] {
        let quotes = "\"\"\""
        var end: String?
        return try PackageTree.lines(file).compactMap { line in
            // A text of many lines may be a program in another language.
            if let mark = end {
                if line.drop(while: { $0 == " " }).hasPrefix(mark) { end = nil }
                return nil
            }
            if line.hasSuffix(quotes) {
                end = quotes + String(repeating: "#", count: line.dropLast(3).reversed().prefix { $0 == "#" }.count)
                return nil
            }
            let words = line.split(separator: " ")
            guard let at = words.firstIndex(of: "import"), at <= 2, at + 1 < words.count else { return nil }
            let modifiers = ["public", "package", "internal", "private", "@_exported", "@_spi(Testing)"]
            return words[..<at].allSatisfy { modifiers.contains(String($0)) } ? String(words[at + 1]) : nil
        }
    }
}
