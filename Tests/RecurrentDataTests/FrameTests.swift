import RecurrentData
import RecurrentTensor
import Testing

@Suite struct FrameTests {
    @Test func theFourFormatsOfPicturesAreRead() throws {
        let text = "P2 # a comment\n2 2\n# another\n4\n0 1\n2 4\n"
        let grey = try PortableMap.picture(Array(text.utf8))
        #expect((grey.width, grey.height, grey.channels) == (2, 2, 1))
        #expect(grey.values == [0, 0.25, 0.5, 1])
        let bytes = try PortableMap.picture(Array("P5 3 1 255\n".utf8) + [0, 51, 255])
        #expect(bytes.values == [0, 0.2, 1])
        let wide = try PortableMap.picture(Array("P5 1 2 1000\n".utf8) + [1, 0xF4, 3, 0xE8])
        #expect(wide.values == [0.5, 1])
        let coloured = try PortableMap.picture(Array("P3 1 1 10 10 5 0".utf8))
        #expect(coloured.values == [1, 0.5, 0])
        #expect(abs(coloured.grey.values[0] - 0.5925) < 1e-6)
        #expect(try PortableMap.picture(Array("P6\n1 1\n255\n".utf8) + [255, 0, 0]).values == [1, 0, 0])
    }

    @Test(arguments: [
        "P", "P7 1 1 1 0", "P5 2 2 255\nabc", "P2 2 2 4 0 1 2", "P2 2 2 4 0 1 2 5", "P5 99999999 99999999 255\n",
        "P2 0 3 4 1", "P5 1 1 70000\n  ", "P5 4 4", "P2 1 1 9 x", "P5 8 8 255", "P2 99999999999999999999 1 1 1",
    ])
    func damagedPicturesAreNamedByByte(text: String) {
        let error = #expect(throws: RecurrentError.self) { try PortableMap.picture(Array(text.utf8)) }
        #expect(error?.category == .badData)
        #expect(error?.place?.contains("byte") == true)
    }

    @Test func framesOfAVideoAreRead() throws {
        let head = Array("YUV4MPEG2 W4 H2 F30:1 Ip A1:1 C420jpeg\n".utf8)
        let frame = Array("FRAME\n".utf8) + [0, 51, 102, 153, 204, 255, 0, 0] + [9, 9, 9, 9]
        let video = try Y4MVideo(head + frame + frame)
        #expect(video.rate == 30)
        #expect(video.frames.count == 2)
        #expect(video.frames[1].values.prefix(3) == [0, 0.2, 0.4])
        #expect(try Y4MVideo(head + frame + frame, limit: 1).frames.count == 1)
    }

    @Test(arguments: ["420", "422", "444", "411", "mono", "444alpha"])
    func theColoursOfAFrameArePassedOver(form: String) throws {
        let sizes = ["420": 4, "422": 8, "444": 18, "411": 6, "mono": 0, "444alpha": 27]
        let size = form == "420" ? 8 : form == "422" ? 12 : sizes[form] ?? 0
        let frame = Array("FRAME Ip\n".utf8) + [UInt8](repeating: 255, count: 9) + [UInt8](repeating: 1, count: size)
        let video = try Y4MVideo(Array("YUV4MPEG2 W3 H3 C\(form)\n".utf8) + frame + frame)
        #expect(video.frames.count == 2)
        #expect(video.frames[1].values == [Float](repeating: 1, count: 9))
    }

    @Test func everyPrefixOfAVideoIsReadOrRefused() throws {
        let head = Array("YUV4MPEG2 W4 H2 C420\n".utf8)
        let frame = Array("FRAME\n".utf8) + [UInt8](repeating: 7, count: 12)
        let whole = head + frame + frame
        var read: [Int] = []
        for count in 0...whole.count {
            if let video = try? Y4MVideo(Array(whole.prefix(count))) { read.append(video.frames.count) }
        }
        #expect(read == [1, 2])
    }

    @Test func bytesThatWereChangedAreReadOrRefused() throws {
        let text = Array("P2 3 2 9 0 1 2 3 4 5".utf8)
        let binary = Array("P6 2 2 255 ".utf8) + [UInt8](0..<12)
        let video = Array("YUV4MPEG2 W4 H2 F25:1 C422\nFRAME\n".utf8) + [UInt8](0..<16) + Array("FRAME\n".utf8)
        var stream = RandomStream(seed: 9)
        var read = 0
        for round in 0..<30_000 {
            var bytes = [text, binary, video + [UInt8](0..<16)][round % 3]
            for _ in 0...stream.below(4) {
                let place = stream.below(bytes.count)
                switch stream.below(4) {
                case 0: bytes[place] = UInt8(stream.below(256))
                case 1: bytes[place] = Array("0123456789 \nP#".utf8)[stream.below(14)]
                case 2: bytes.remove(at: place)
                default: bytes.insert(bytes[place], at: place)
                }
            }
            let found: Bool
            if round % 3 == 2 {
                found = (try? Y4MVideo(bytes)) != nil
            } else {
                found = (try? PortableMap.picture(bytes)) != nil
            }
            read += found ? 1 : 0
        }
        // Both ways were taken.
        #expect(read > 1_000 && read < 29_000)
    }

    @Test(arguments: ["W0 H2", "W-4 H2", "W4", "W99999999 H99999999", "W4 H2 C420p10", "W4 H2 Czebra"])
    func framesThatCannotBeAreRefused(head: String) {
        let bytes = Array("YUV4MPEG2 \(head)\nFRAME\n".utf8) + [UInt8](repeating: 0, count: 64)
        #expect(throws: RecurrentError.self) { try Y4MVideo(bytes) }
    }

    @Test func aSmallerPictureHoldsMeans() {
        let picture = Picture(width: 4, height: 2, channels: 1, values: [0, 1, 0.5, 0.5, 1, 0, 0.25, 0.75])
        #expect(picture.resized(width: 2, height: 1).values == [0.5, 0.5])
        let odd = picture.resized(width: 3, height: 2)
        // The mean of all pixels stays; Float sums of a few terms.
        #expect(abs(odd.values.reduce(0, +) / 6 - 0.5) < 1e-6)
        #expect(picture.resized(width: 8, height: 4).values.count == 32)
    }
}
