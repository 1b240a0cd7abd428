import RecurrentFormats
import RecurrentTensor
import Testing

@Suite struct NPYTests {
    let folder = TemporaryFolder()
    static let fixtures = String(#filePath.dropLast("NPYTests.swift".count)) + "Fixtures/"

    /// The closed forms of Fixtures/make_npy.py.
    static let closedForms: [String: Tensor] = {
        var forms = Dictionary(uniqueKeysWithValues: SafetensorsTests.closedForms.map { ($0.name, $0.tensor) })
        forms = [
            "float32": forms["b.f32"]!, "float64": forms["f64"]!, "int32": forms["i32"]!, "int64": forms["i64"]!,
            "float16": forms["f16"]!, "int8": forms["i8"]!, "uint8": forms["u8"]!, "bool": forms["bool"]!,
            "scalar": forms["scalar"]!, "empty": forms["empty"]!,
        ]
        for name in ["float32", "float64", "int32", "int64", "float16"] { forms["big/" + name] = forms[name] }
        for name in ["float32", "float64"] { forms["fortran/" + name] = forms[name] }
        forms["fortran/float16"] = reshaped(forms["float16"]!, [2, 12])
        forms["fortran/uint8"] = reshaped(forms["uint8"]!, [2, 1, 3, 4])
        forms["both"] = forms["float32"]
        forms["ä 漢"] = Tensor(Array((forms["float32"]!.scalars() as [Float])[..<2]))
        return forms
    }()

    static func reshaped(_ tensor: Tensor, _ shape: [Int]) -> Tensor {
        tensor.withUnsafeBytes { Tensor(bytes: $0, shape: shape, of: tensor.elementType) }
    }

    func failure(_ body: () throws -> Void) -> RecurrentError? {
        do { try body() } catch { return error as? RecurrentError }
        return nil
    }

    // MARK: - numpy

    @Test func whatNumpySavesIsReadBitForBit() throws {
        let file = try NPZFile(Self.fixtures + "arrays.npz")
        #expect(Set(file.names) == Set(Self.closedForms.keys))
        for (name, tensor) in Self.closedForms {
            let found = try file.tensor(name)
            #expect(found.isIdentical(to: tensor), "\(name): \(found) is not \(tensor)")
            #expect(try file.description(of: name) == (tensor.elementType, tensor.shape))
        }
    }

    @Test(arguments: [1, 2, 3]) func everyVersionOfTheFormatIsRead(version: Int) throws {
        let path = Self.fixtures + "version\(version).npy"
        let expected = Self.closedForms["float32"]!
        #expect(try NPYFile.read(path).isIdentical(to: expected))
        #expect(try NPYFile.tensor(FileSystem().read(path)).isIdentical(to: expected))
        #expect(try NPYFile.description(of: path) == (.float32, [2, 3, 4]))
    }

    @Test func ourFileIsTheOneThatNumpyWrites() throws {
        #expect(try NPYFile.bytes(Self.closedForms["float32"]!) == FileSystem().read(Self.fixtures + "version1.npy"))
    }

    // MARK: - Both ways

    @Test func whatIsWrittenIsReadBitForBit() throws {
        for (name, tensor) in SafetensorsTests.closedForms {
            try NPYFile.write(tensor, to: folder("a.npy"))
            #expect(try NPYFile.read(folder("a.npy")).isIdentical(to: tensor), "\(name)")
            #expect(try NPYFile.tensor(NPYFile.bytes(tensor)).isIdentical(to: tensor), "\(name)")
        }
        try NPZFile.write(SafetensorsTests.closedForms, to: folder("a.npz"))
        let file = try NPZFile(folder("a.npz"))
        #expect(file.names == SafetensorsTests.closedForms.map(\.name))
        for (name, tensor) in SafetensorsTests.closedForms {
            #expect(try file.tensor(name).isIdentical(to: tensor), "\(name)")
        }
        #expect(try FileSystem().read(folder("a.npz")) == NPZFile.bytes(SafetensorsTests.closedForms))
        #expect(try NPZFile(bytes: NPZFile.bytes([])).names == [])
    }

    @Test func sizesAndPlacesBeyond32BitsTravelInZIP64Fields() throws {
        // Every number above 100 is written as if it did not fit.
        var bytes: [UInt8] = []
        try NPZFile.write(SafetensorsTests.closedForms, narrowLimit: 100) { bytes.append(contentsOf: $0) }
        #expect(bytes.count > (try NPZFile.bytes(SafetensorsTests.closedForms).count))
        let file = try NPZFile(bytes: bytes)
        for (name, tensor) in SafetensorsTests.closedForms {
            #expect(try file.tensor(name).isIdentical(to: tensor), "\(name)")
        }
    }

    @Test func moreEntriesThan16BitsCanCountAreWrittenAndRead() throws {
        let tensor = Tensor([Int8](), shape: [0])
        let bytes = try NPZFile.bytes((0..<70_000).map { ("\($0)", tensor) })
        #expect(try NPZFile(bytes: bytes).names.count == 70_000)
    }

    @Test func aShapeWithNearlyAsManyAxesAsNumpyAllowsIsReadAndMoreAreRefused() throws {
        let tensor = Tensor([Float(1), 2], shape: [Int](repeating: 1, count: 63) + [2])
        #expect(try NPYFile.tensor(NPYFile.bytes(tensor)).isIdentical(to: tensor))
        let deeper = Tensor([Float(1)], shape: [Int](repeating: 1, count: 65))
        #expect(failure { _ = try NPYFile.tensor(NPYFile.bytes(deeper)) }?.what.contains("more than 64 axes") == true)
    }

    @Test func namesThatCannotBeWrittenAreRefused() {
        let tensor = Tensor([Float(1)])
        #expect(failure { _ = try NPZFile.bytes([("a", tensor), ("a", tensor)]) }?.why == "it stands twice")
        #expect(failure { _ = try NPZFile.bytes([("", tensor)]) }?.why == "it is empty")
        let long = String(repeating: "x", count: 60_001)
        #expect(failure { try NPZFile.write([(long, tensor)], to: folder("a")) }?.why?.contains("60,000 fit") == true)
        #expect(folder.names == [])
    }

    @Test func aNameThatIsNotThereIsAnswered() throws {
        let error = failure { _ = try NPZFile(Self.fixtures + "arrays.npz").tensor("flot32") }
        #expect(error?.what == "there is no array \"flot32\"" && error?.help == "did you mean \"float32\"?")
    }

    // MARK: - Rules

    static func file(_ dictionary: String, _ dataLength: Int = 0, version: UInt8 = 1) -> [UInt8] {
        let count = dictionary.utf8.count
        let length = (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(dictionary.utf8)
            + [UInt8](repeating: 1, count: dataLength)
    }

    static func header(_ descr: String, _ shape: String = "(1,)", order: String = "False") -> String {
        "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }\n"
    }

    @Test(arguments: [
        (header("'<f4'"), 4), ("{\"shape\":(1,),\"fortran_order\":True,\"descr\":\"<f4\"}", 4),
        (header("'<f4'", "(1L, 1L)"), 4), (header("'<f4'", "( )"), 4), (header("'<f4'", "(0,9223372036854775807)"), 0),
        (header("'<i1'"), 1), (header("'|V2'"), 2), (header("'>i8'", "(2, 0)", order: "True"), 0),
    ])
    func whatTheFormatAllowsIsRead(dictionary: String, dataLength: Int) throws {
        _ = try NPYFile.tensor(Self.file(dictionary, dataLength))
        _ = try NPYFile.tensor(Self.file(dictionary, dataLength, version: 3))
    }

    @Test(
        arguments: [
            ([], "does not begin with"), (Array("\u{93}NUMPY".utf8), "does not begin with"),
            ([0x93] + Array("NUMPY".utf8), "cut off in its header"),
            ([0x93] + Array("NUMPY".utf8) + [4, 0, 0, 0], "its version is 4.0"),
            ([0x93] + Array("NUMPY".utf8) + [1, 1, 0, 0], "its version is 1.1"),
            ([0x93] + Array("NUMPY".utf8) + [2, 0, 0, 0], "cut off in its header"),
            ([0x93] + Array("NUMPY".utf8) + [2, 0, 255, 255, 255, 255], "claims 4294967295 bytes"),
            ([0x93] + Array("NUMPY".utf8) + [1, 0, 9, 0, 1], "claims 9 bytes, but only 1 follow"),
            (file(""), "'{' is missing"), (file("{"), "a string is missing"), (file("{}"), "'descr' is missing"),
            (file("{'descr': '<f4'}"), "'fortran_order' is missing"),
            (file("{'descr': '<f4', 'fortran_order': False}"), "'shape' is missing"),
            (file(header("'<f4'") + "x", 4), "something follows the dictionary"),
            (file("{'descr': '<f4', 'descr': '<f4'}"), "'descr' stands twice"),
            (file("{'other': 1}"), "an unknown key \"other\""),
            (file("{'descr' '<f4'}"), "':' is missing"), (file("{'descr': '<f4' 'shape': ()}"), "'}' is missing"),
            (file(header("'<f4'", order: "0"), 4), "neither True nor False"),
            (file(header("'<f4'", order: ""), 4), "neither True nor False"),
            (file(header("'<f4'", "(1)"), 4), "'shape' is a number"), (file(header("'<f4'", "1"), 4), "'(' is missing"),
            (file(header("'<f4'", "(-1,)"), 4), "no whole number"), (file(header("'<f4'", "(01,)"), 4), "no whole"),
            (file(header("'<f4'", "(1.0,)"), 4), "')' is missing"), (file(header("'<f4'", "(,)"), 4), "no whole"),
            (file(header("'<f4'", "(9223372036854775808,)"), 4), "larger than any memory"),
            (file(header("'<f4'", "(99999999999999999999,)"), 4), "larger than any memory"),
            (file(header("'<f4'", "(4611686018427387904, 4)"), 4), "more elements than a file can hold"),
            (file(header("'<f4'", "(1099511627776, 1099511627776, 0)"), 0), "more elements than a file can hold"),
            (file(header("'<f4'", "(4611686018427387904,)"), 4), "more elements than a file can hold"),
            (file(header("'<f4'", "(1099511627776,)"), 4), "needs 4398046511104 bytes, but only 4 follow"),
            (file(header("'<f4'"), 3), "needs 4 bytes, but only 3 follow"),
            (file(header("'<f4'"), 5), "1 bytes follow the array"),
            (file("{'descr"), "a string does not end"), (file(header("'\\x3cf4'"), 4), "holds an escape"),
            (file(header("'=f4'"), 4), "does not say its byte order"), (file(header("'f4'"), 4), "byte order"),
            (file(header("''"), 4), "byte order"), (file(header("'|f4'"), 4), "unknown type"),
            (file(header("'<u2'"), 2), "type uint16"), (file(header("'<u4'"), 4), "type uint32"),
            (file(header("'<u8'"), 8), "type uint64"), (file(header("'<i2'"), 2), "type int16"),
            (file(header("'<c8'"), 8), "type complex64"), (file(header("'<c16'"), 16), "type complex128"),
            (file(header("'<f16'"), 16), "type longdouble"), (file(header("'|O'"), 8), "type object"),
            (file(header("'<U5'"), 20), "type str"), (file(header("'|S5'"), 5), "type bytes"),
            (file(header("'<M8[ns]'"), 8), "type datetime64"), (file(header("'<m8[ns]'"), 8), "type timedelta64"),
            (file(header("'|V8'"), 8), "type void"), (file(header("[('a', '<f4')]"), 4), "structured records"),
            (file(header("'|b1'", "(2,)"), 0) + [1, 2], "the truth value number 1 is the byte 2"),
        ] as [([UInt8], String)])
    func whatBreaksARuleIsRefused(bytes: [UInt8], message: String) throws {
        let error = try #require(failure { _ = try NPYFile.tensor(bytes, source: "f") })
        #expect(error.what.contains(message), "\(error)")
        #expect(error.category == .badData && error.place == "f")
        overwrite(folder("a"), bytes)
        #expect(failure { _ = try NPYFile.read(folder("a")) }?.what == error.what)
    }

    @Test func aCompressedArchiveIsRefusedWithTheFunctionToUse() throws {
        let error = try #require(failure { _ = try NPZFile(Self.fixtures + "compressed.npz") })
        #expect(error.what.contains("the entry \"a.npy\" is compressed"))
        #expect(error.help?.contains("numpy.savez, not numpy.savez_compressed") == true)
    }

    @Test func anArchiveThatIsCutOffAnywhereIsRefused() throws {
        let bytes = try NPZFile.bytes([("a", Tensor([Float(1), 2])), ("b", Tensor([Int8(1)]))])
        for count in 0..<bytes.count {
            #expect(failure { _ = try NPZFile(bytes: Array(bytes[..<count])) }?.category == .badData, "\(count)")
        }
    }

    @Test func aFlippedBitInAnArrayIsNoticedByItsSum() throws {
        let bytes = try NPZFile.bytes([("a", Tensor([Float](repeating: 1, count: 100)))])
        let start = bytes.count - 22 - 46 - 5 - 400
        for place in stride(from: start, to: start + 400, by: 7) {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(place % 8)
            #expect(failure { _ = try NPZFile(bytes: damaged).tensor("a") }?.what == "the array \"a\" is damaged")
        }
    }

    @Test func whatIsNoArrayInAnArchiveIsLeftOut() throws {
        var bytes = try NPZFile.bytes([("a", Tensor([Float(1)])), ("b", Tensor([Float(2)]))])
        for place in 0..<bytes.count - 5 where bytes[place..<place + 5].elementsEqual("b.npy".utf8) {
            bytes.replaceSubrange(place..<place + 5, with: "b.txt".utf8)
        }
        #expect(try NPZFile(bytes: bytes).names == ["a"])
    }

    // MARK: - Damage

    @Test func damagedFilesNeverTrapAndWhatIsAcceptedHasItsShape() throws {
        var generator = SplitMix(state: 11)
        let good = Self.closedForms.filter { $0.value.count < 30 }.map { ($0.key, $0.value) }
        let archive = try NPZFile.bytes(good)
        var accepted = 0
        for round in 0..<30_000 {
            var bytes = round % 2 == 0 ? NPYFile.bytes(good[round / 2 % good.count].1) : archive
            for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<min(bytes.count, round % 4 == 1 ? bytes.count : 128), using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
                case 2: bytes[place] = UInt8(ascii: "0") + UInt8.random(in: 0...9, using: &generator)
                case 3: bytes.remove(at: place)
                default: bytes.removeLast(min(bytes.count, Int.random(in: 0...8, using: &generator)))
                }
            }
            if round % 2 == 0 {
                guard let tensor = try? NPYFile.tensor(bytes) else { continue }
                accepted += tensor.count == Tensor.elementCount(tensor.shape) ? 1 : 0
            } else if let file = try? NPZFile(bytes: bytes) {
                for name in file.names where (try? file.tensor(name)) != nil { accepted += 1 }
            }
        }
        #expect(accepted > 100)
    }
}
