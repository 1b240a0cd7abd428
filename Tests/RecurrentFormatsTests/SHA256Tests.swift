import RecurrentFormats
import Testing

@Suite struct SHA256Tests {
    /// Oracle: Python's `hashlib.sha256(bytes(i * 7 % 256 for i in range(n))).hexdigest()`.
    static let vectors: [(length: Int, hash: String)] = [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (3, "b361d0f9a938a2bb4fbdc9c21dc5a859788041b0040919d8a811c1888184f4df"),
        (31, "2197034814f92b080202a844385a3348b50636db471788080cc382724b8eb8fc"),
        (55, "576a1bf8d4478657e6dc4af9398544765c2a92cde28478b019235cfed315fc09"),
        (56, "9b20501dfd1d99161c257950f3444f3e49230c351c5c8e0943ef369f85f5205d"),
        (57, "a5534a9d0694341dfde5b1bb3d8addcb38bd46f44a629dc97b3f8fb2721b0720"),
        (63, "30b345906b493f06f69444b6521113511c242f30e29840462950035043682f1e"),
        (64, "d8bc63b4fc1156e5e7d95a418b9bf54cd3174bedbc2db40f74895349b229b3c0"),
        (65, "1ee23b0fbcaecc1aff4a9e8f1645f35ab2c8e13609cd73b68df8b5e3f63ce073"),
        (111, "d80a22461ae74d8e6944001e255f9e47eca17702b1dc987238d78e6e1ea3e342"),
        (112, "a4ecd1e6c38e9d976d0cef32d899be35eb83c98d46b4dbfd68a1560f83b786a2"),
        (119, "7a6589821178918ca8d9edaba5abfc1e9b2669564f4469b66885379c1530b2c8"),
        (120, "655250427d56b1b0eeb8497d21428704273458a01772d6881b65c0abac0f8a98"),
        (127, "67d79933e3c9aa8e89f481e071cfca1e9a16c09d7263b5efa3bb01f1a9f8d065"),
        (128, "54c9eb041badfd7064645067b107661fed6113197ce2dd066ba69618abd3732f"),
        (129, "5b55715b51c54661ed0cbd75ba5b00cf1ffee3b7c113a636eca613d9425116a6"),
        (1000, "89f4ff56a25dd1db06a4ce6033603775d705fb96f30f8693733fef602a1ca532"),
        (65536, "d790e413479d16f4eab89ec0d18e3565e0982bd4788c26736a76d20ea781c901"),
        (1000003, "c4a4283055231619b3d05f4a9a7a5c2c8f769e70d5d1ec88510bdaea2b2f9728"),
    ]

    static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) } }

    @Test(arguments: vectors.indices)
    func theHashEqualsThatOfHashlib(vector: Int) {
        let (length, hash) = Self.vectors[vector]
        #expect(SHA256.hash(Self.bytes(length)) == hash)
    }

    @Test(arguments: [1, 3, 55, 56, 63, 64, 65, 127, 128, 1000])
    func piecesOfAnySizeGiveTheHashOfTheWhole(piece: Int) {
        let bytes = Self.bytes(3000)
        var hash = SHA256()
        for start in stride(from: 0, to: bytes.count, by: piece) {
            hash.update(Array(bytes[start..<min(start + piece, bytes.count)]))
        }
        #expect(hash.finish() == SHA256.hash(bytes))
    }

    @Test func askingForTheHashDoesNotEndIt() {
        var hash = SHA256()
        hash.update(Array("ab".utf8))
        _ = hash.finish()
        hash.update(Array("c".utf8))
        #expect(hash.finish() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
