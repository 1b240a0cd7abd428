import RecurrentFormats
import RecurrentTensor
import RecurrentTestSupport
import Testing

@Suite struct TokenStoreTests {
    private let folder = temporaryFolder()

    private static let examples: [[[Int32]]] = [
        [[5, 9, 2], [1]], [[], [0]], [[7], []], [[255, 0, 254, 1], [3, 4]],
    ]

    private func written(_ maximum: Int, _ examples: [[[Int32]]]) throws -> TokenStore {
        try TokenStore.write(to: folder + "/data", columns: ["words", "label"], maximumToken: maximum) {
            (writer) throws(RecurrentError) in
            for example in examples { try writer.append(example) }
        }
    }

    @Test(arguments: [255, 256])
    func aStoreOnTheDiskHoldsWhatOneInMemoryHolds(_ maximum: Int) throws {
        let memory = TokenStore(columns: ["words", "label"], Self.examples)
        _ = try written(maximum, Self.examples)
        for store in [memory, try TokenStore(opening: folder + "/data")] {
            #expect(store.count == 4)
            #expect(store.columns == ["words", "label"])
            #expect(store.tokenCount == 12)
            for (index, example) in Self.examples.enumerated() {
                for (column, list) in example.enumerated() {
                    #expect(store.length(index, column: column) == list.count)
                    #expect(try store.tokens(index, column: column) == list)
                }
            }
            #expect(try store.tokens(3, column: store.column("words"), 1..<3) == [0, 254])
            #expect(try store.tokens(3, column: 0, 4..<4) == [])
        }
        let bytes = try FileSystem().read(folder + "/data.tokens").count
        #expect(bytes == (maximum < 256 ? 12 : 48))
    }

    @Test func wideNumbersKeepTheirSigns() throws {
        let store = try written(1 << 20, [[[.max, .min, -1, 70_000], []]])
        #expect(try store.tokens(0, column: 0) == [.max, .min, -1, 70_000])
    }

    @Test func anExampleMayComeInPiecesAndTakesNoMemory() throws {
        let store = try TokenStore.write(to: folder + "/long", columns: ["text"], maximumToken: 99) {
            (writer) throws(RecurrentError) in
            for piece in 0..<300 {
                try writer.extend((0..<10_000).map { Int32((piece * 10_000 + $0) % 97) })
            }
            writer.endExample()
            try writer.extend([1, 2])
            writer.endExample()
        }
        #expect(store.count == 2)
        #expect(store.length(0) == 3_000_000)
        #expect(try store.tokens(0, column: 0, 1_234_567..<1_234_570) == (0..<3).map { Int32((1_234_567 + $0) % 97) })
        #expect(try store.tokens(1) == [1, 2])
    }

    @Test(arguments: ["json", "index", "tokens"])
    func damagedFilesAreNamedAndReadNothing(_ file: String) throws {
        _ = try written(255, Self.examples)
        let path = folder + "/data." + file
        let whole = try FileSystem().read(path)
        for damaged in [Array(whole.dropLast()), whole + [0], []] {
            try FileSystem().write(damaged, to: path)
            // One byte more does no harm to JSON that ends with a line.
            if file == "json", damaged.count > whole.count { continue }
            if file == "json", damaged.count == whole.count - 1, whole.last == 0x0A { continue }
            let error = #expect(throws: RecurrentError.self) { try TokenStore(opening: folder + "/data") }
            #expect(error?.category == .badModel)
        }
        try FileSystem().removeFile(path)
        #expect(throws: RecurrentError.self) { try TokenStore(opening: folder + "/data") }
    }

    @Test func anIndexThatFallsIsRefused() throws {
        _ = try written(255, Self.examples)
        var index = try FileSystem().read(folder + "/data.index")
        index[8] = 200
        try FileSystem().write(index, to: folder + "/data.index")
        #expect(throws: RecurrentError.self) { try TokenStore(opening: folder + "/data") }
    }

    @Test func aWriterThatFailsLeavesNoStore() throws {
        _ = try written(255, Self.examples)
        #expect(throws: RecurrentError.self) {
            try TokenStore.write(to: folder + "/data", columns: ["words", "label"], maximumToken: 255) {
                (writer) throws(RecurrentError) in
                try writer.append([[1], [2]])
                throw RecurrentError(.badData, "the text ends here")
            }
        }
        #expect(throws: RecurrentError.self) { try TokenStore(opening: folder + "/data") }
    }
}
