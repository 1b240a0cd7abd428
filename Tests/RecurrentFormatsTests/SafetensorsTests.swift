import RecurrentFormats
import RecurrentTensor
import Testing

@Suite struct SafetensorsTests {
    let folder = TemporaryFolder()
    static let fixtures = String(#filePath.dropLast("SafetensorsTests.swift".count)) + "Fixtures/"

    /// The closed forms of Fixtures/make_safetensors.py.
    static let closedForms: [(name: String, tensor: Tensor)] = {
        let k = Array(0..<24)
        let wave = k.map { Float($0 * 37 % 101 - 50) / 64 }
        let bfloat = wave.map { value -> UInt16 in
            let bits = value.bitPattern  // rounded to nearest, ties to even
            return UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
        }
        func stored<T>(_ values: [T], _ shape: [Int], _ type: ElementType) -> Tensor {
            values.withUnsafeBytes { Tensor(bytes: $0, shape: shape, of: type) }
        }
        return [
            ("b.f32", Tensor(wave, shape: [2, 3, 4])),
            ("a.f32", Tensor(wave[..<5].map { -$0 }, shape: [5])),
            ("f64", Tensor(k.map { Double($0) / 8 - 1 }, shape: [4, 6])),
            ("i32", Tensor(k.map { Int32($0 * $0 - 100) }, shape: [24])),
            ("i64", Tensor(k.map { Int64($0) << 40 - 7 }, shape: [24])),
            ("f16", stored(k.map { Float16Bits.of(Float($0) / 2 - 3) }, [24, 1], .float16)),
            ("bf16", stored(bfloat, [24], .bfloat16)),
            ("i8", stored(k.map { Int8($0 - 12) }, [24], .int8)),
            ("u8", stored(k.map { UInt8($0 * 10) }, [24], .uint8)),
            ("bool", stored(k.map { UInt8($0 % 3 == 0 ? 1 : 0) }, [24], .bool)),
            ("scalar", Tensor([Float(2.5)], shape: [])),
            ("empty", Tensor([Float](), shape: [0, 7])),
        ]
    }()
    static let metadata = ["format": "pt", "quote\"d": "line\nbreak ä 漢"]

    func failure(_ body: () throws -> Void) -> RecurrentError? {
        do { try body() } catch { return error as? RecurrentError }
        return nil
    }

    // MARK: - The reference implementation

    @Test func aFileOfTheReferenceImplementationIsRead() throws {
        let file = try SafetensorsFile(Self.fixtures + "reference.safetensors")
        #expect(file.metadata == Self.metadata)
        #expect(Set(file.entries.map(\.name)) == Set(Self.closedForms.map(\.name)))
        for (name, tensor) in Self.closedForms {
            let found = try file.tensor(name)
            #expect(found.isIdentical(to: tensor), "\(name): \(found) is not \(tensor)")
        }
    }

    @Test func ourDataLiesAsTheReferenceImplementationLaysIt() throws {
        // The order of the metadata differs from run to run there, so that headers are compared as sets.
        let theirs = try FileSystem().read(Self.fixtures + "reference.safetensors")
        let ours = try Safetensors.bytes(Self.closedForms.reversed(), metadata: Self.metadata)
        func data(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
            bytes[(8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) })...]
        }
        #expect(data(ours).elementsEqual(data(theirs)))
        #expect(data(ours).startIndex % 8 == 0)
        #expect(try Set(SafetensorsFile(bytes: ours).entries) == Set(SafetensorsFile(bytes: theirs).entries))
    }

    @Test func theReferenceImplementationReadsOurFile() throws {
        // Prints the command; with RECURRENT_PYTHON set to an interpreter that has torch and safetensors, runs it.
        try Safetensors.write(Self.closedForms, metadata: Self.metadata, to: folder("ours.safetensors"))
        let script = Self.fixtures + "make_safetensors.py"
        guard let python = Subprocess.environment("RECURRENT_PYTHON") else {
            print("skipped: set RECURRENT_PYTHON to compare with the reference implementation")
            return
        }
        #expect(Subprocess.run([python, script, "check", folder("ours.safetensors")]) == 0)
    }

    // MARK: - Both ways

    @Test func whatIsWrittenIsReadBitForBit() throws {
        try Safetensors.write(Self.closedForms, metadata: Self.metadata, to: folder("a.safetensors"))
        let fromFile = try SafetensorsFile(folder("a.safetensors"))
        let fromBytes = try SafetensorsFile(bytes: FileSystem().read(folder("a.safetensors")))
        for (name, tensor) in Self.closedForms {
            #expect(try fromFile.tensor(name).isIdentical(to: tensor))
            #expect(try fromBytes.tensor(name).isIdentical(to: tensor))
        }
        #expect(try fromFile.tensors().count == Self.closedForms.count)
        #expect(
            try FileSystem().read(folder("a.safetensors"))
                == Safetensors.bytes(Self.closedForms, metadata: Self.metadata))
    }

    @Test func anOpenFileReadsTheOldBytesAfterItWasReplaced() throws {
        try Safetensors.write([("a", Tensor([Float(1)]))], to: folder("a"))
        let file = try SafetensorsFile(folder("a"))
        try Safetensors.write([("a", Tensor([Float(2)]))], to: folder("a"))
        #expect(try file.tensor("a").scalars() == [Float(1)])
    }

    @Test func aNameThatIsNotThereIsAnswered() throws {
        let file = try SafetensorsFile(bytes: Safetensors.bytes(Self.closedForms))
        let error = try #require(failure { _ = try file.tensor("scalr") })
        #expect(error.what == "there is no tensor \"scalr\"" && error.help == "did you mean \"scalar\"?")
    }

    @Test func aNameTwiceOrReservedIsNotWritten() {
        let tensor = Tensor([Float(1)])
        #expect(failure { _ = try Safetensors.bytes([("a", tensor), ("a", tensor)]) }?.why == "it stands twice")
        #expect(failure { _ = try Safetensors.bytes([("__metadata__", tensor)]) } != nil)
    }

    // MARK: - Rules

    static func file(_ header: String, _ dataLength: Int = 0) -> [UInt8] {
        let length = header.utf8.count
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
            + [UInt8](repeating: 1, count: dataLength)
    }

    static func entry(_ shape: String, _ offsets: String, _ dtype: String = "F32") -> String {
        "{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }

    @Test(arguments: [
        ("{}", 0), ("{}     \n", 0), ("{\"a\":\(entry("[]", "[0,4]"))}", 4), ("{\"a\":\(entry("[2,0]", "[0,0]"))}", 0),
        ("{\"b\":\(entry("[1]", "[4,8]")),\"a\":\(entry("[1]", "[0,4]"))}", 8),
        ("{\"a\":\(entry("[0]", "[0,0]")),\"b\":\(entry("[0]", "[0,0]"))}", 0),
        ("{\"__metadata__\":{\"k\":\"v\"},\"a\":\(entry("[4]", "[0,4]", "U8"))}", 4),
        ("{\"a\":\(entry("[2]", "[0,1]", "F4"))}", 1), ("{\"\":\(entry("[1]", "[0,8]", "C64"))}", 8),
    ])
    func whatTheFormatAllowsIsAccepted(header: String, dataLength: Int) throws {
        _ = try SafetensorsFile(bytes: Self.file(header, dataLength))
        overwrite(folder("a"), Self.file(header, dataLength))
        _ = try SafetensorsFile(folder("a"))
    }

    @Test(
        arguments: [
            ([], "the file is too short: 0 bytes"),
            ([1, 2, 3, 4, 5, 6, 7], "the file is too short: 7 bytes"),
            ([255, 255, 255, 255, 255, 255, 255, 255, 123], "the header claims 18446744073709551615 bytes"),
            ([1, 225, 245, 5, 0, 0, 0, 0, 123, 125], "the header claims 100000001 bytes"),
            ([3, 0, 0, 0, 0, 0, 0, 0, 123, 125], "the header claims 3 bytes, but only 2 follow"),
            ([0, 0, 0, 0, 0, 0, 0, 0], "the header does not begin with \"{\""),
            (file(" {}"), "the header does not begin with \"{\""),
            (file("[]"), "the header does not begin with \"{\""),
            (file("{}x"), "\"x\" stands where the end of the text is needed"),
            ([4, 0, 0, 0, 0, 0, 0, 0, 123, 34, 0xFF, 34], "the text is not UTF-8"),
            (file("{\"a\":\(entry("[1]", "[0,4]")),\"a\":\(entry("[1]", "[4,8]"))}", 8), "the key \"a\" stands twice"),
            (file("{\"__metadata__\":{\"a\":1}}"), "\"1\" stands where a text is needed"),
            (file("{\"__metadata__\":[]}"), "\"[\" stands where an object is needed"),
            (file("{\"__metadata__\":{\"a\":{\"b\":[]}}}"), "\"{\" stands where a text is needed"),
            (file("{\"a\":1}"), "\"1\" stands where an object is needed"),
            (file("{\"a\":\(entry("[1]", "[0,4]", "F33"))}", 4), "the tensor \"a\" has elements of type \"F33\""),
            (file("{\"a\":\(entry("[-1]", "[0,4]"))}", 4), "an extent or offset is no whole number"),
            (file("{\"a\":\(entry("[1.0]", "[0,4]"))}", 4), "an extent or offset is no whole number"),
            (file("{\"a\":\(entry("[9223372036854775808]", "[0,4]"))}", 4), "an extent or offset is no whole number"),
            (file("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,0]}}"), "the tensor \"a\" has no \"shape\""),
            (file("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}"), "the key \"dtype\" stands twice"),
            (file("{\"a\":\(entry("[1]", "[0,4,8]"))}", 4), "the tensor \"a\" has the data offsets [0, 4, 8]"),
            (file("{\"a\":\(entry("[1]", "[4,0]"))}", 4), "the tensor \"a\" has the data offsets [4, 0]"),
            (file("{\"a\":\(entry("[4611686018427387904,4]", "[0,4]"))}", 4), "has more elements than a file can hold"),
            (file("{\"a\":\(entry("[288230376151711744]", "[0,0]"))}"), "has more elements than a file can hold"),
            (
                file("{\"a\":\(entry("[1099511627776,1099511627776,0]", "[0,0]"))}"),
                "has more elements than a file can hold"
            ),
            (file("{\"a\":\(entry("[2]", "[0,4]"))}", 4), "the tensor \"a\" has 4 bytes of data"),
            (file("{\"a\":\(entry("[1]", "[0,1]", "F4"))}", 1), "the tensor \"a\" has 1 bytes of data"),
            (
                file("{\"a\":\(entry("[1]", "[0,4]")),\"b\":\(entry("[1]", "[0,4]"))}", 8),
                "the data of \"b\" begins at 0"
            ),
            (
                file("{\"a\":\(entry("[1]", "[0,4]")),\"b\":\(entry("[1]", "[8,12]"))}", 12),
                "the data of \"b\" begins at 8"
            ),
            (file("{\"a\":\(entry("[1]", "[4,8]"))}", 8), "the data of \"a\" begins at 4"),
            (file("{\"a\":\(entry("[1]", "[0,4]"))}", 3), "the tensors need 4 bytes, but only 3 follow"),
            (file("{\"a\":\(entry("[1]", "[0,4]"))}", 5), "1 bytes follow the last tensor"),
            (file("{}", 1), "1 bytes follow the last tensor"),
        ] as [([UInt8], String)])
    func whatBreaksARuleIsRefused(bytes: [UInt8], message: String) throws {
        let error = try #require(failure { _ = try SafetensorsFile(bytes: bytes, source: "f") })
        #expect(error.what.contains(message), "\(error)")
        #expect(error.category == .badModel && error.place?.hasPrefix("f") == true)
        overwrite(folder("a"), bytes)
        #expect(failure { _ = try SafetensorsFile(folder("a")) }?.what == error.what)
    }

    @Test func anElementTypeThatNoTensorHoldsIsListedButNotLoaded() throws {
        let file = try SafetensorsFile(bytes: Self.file("{\"a\":\(Self.entry("[1]", "[0,1]", "F8_E4M3"))}", 1))
        #expect(file.entries[0].dtype == "F8_E4M3" && file.entries[0].elementType == nil)
        #expect(failure { _ = try file.tensor("a") }?.what == "the tensor \"a\" has elements of type F8_E4M3")
    }

    @Test func aFileThatShrinksWhileItIsOpenIsAnErrorNotACrash() throws {
        overwrite(folder("a"), Self.file("{\"a\":\(Self.entry("[1000]", "[0,4000]"))}", 4000))
        let file = try SafetensorsFile(folder("a"))
        overwrite(folder("a"), [1])
        #expect(failure { _ = try file.tensor("a") }?.what.contains("became shorter") == true)
    }

    // MARK: - Scale and damage

    @Test func aHundredThousandTensorsAreListed() throws {
        let tensor = Tensor([Float(1), 2])
        let bytes = try Safetensors.bytes((0..<100_000).map { ("encoder.layers.\($0).weight_hh_l0", tensor) })
        #expect(try SafetensorsFile(bytes: bytes).entries.count == 100_000)
    }

    @Test func damagedFilesNeverTrapAndWhatIsAcceptedCanBeLoaded() throws {
        let good = try Safetensors.bytes(Array(Self.closedForms.prefix(4)), metadata: ["a": "b"])
        let headerEnd = 8 + Int(good[0]) + Int(good[1]) << 8
        var generator = SplitMix(state: 3)
        var accepted = 0
        for _ in 0..<40_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                guard bytes.count > headerEnd else { break }
                let place = Int.random(in: 0..<headerEnd, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
                case 2: bytes[place] = UInt8(ascii: "0") + UInt8.random(in: 0...9, using: &generator)
                case 3:
                    bytes.remove(at: place)
                    bytes.append(0)
                default: bytes.removeLast(Int.random(in: 0...8, using: &generator))
                }
            }
            guard let file = try? SafetensorsFile(bytes: bytes) else { continue }
            accepted += 1
            for entry in file.entries where entry.elementType != nil {
                #expect(try file.tensor(entry.name).shape == entry.shape)
            }
        }
        #expect(accepted > 100)
    }
}

/// IEEE 754 binary16, for values that it holds exactly.
enum Float16Bits {
    static func of(_ value: Float) -> UInt16 {
        if value == 0 { return 0 }
        let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
        return sign | UInt16(Int(value.exponent) + 15) << 10 | UInt16(value.significandBitPattern >> 13)
    }
}
