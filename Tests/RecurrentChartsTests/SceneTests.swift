import RecurrentCharts
import Testing

@Suite struct SceneTests {
    private func scene(at x: Double) -> Scene {
        var scene = Scene(left: -1, right: 1, bottom: 0, top: 1, caption: "x = \(x)")
        scene.line(-1, 0, 1, 0, width: 1, .quiet)
        scene.disc(x, 0.5, radius: 0.1, .second)
        scene.box(x, 0, 0.1, 0.2)
        scene.word("A<B", 0, 0.9)
        return scene
    }

    @Test func whatStandsStillIsDrawnOnce() {
        let film = Film(title: "T & U", frames: [scene(at: 0), scene(at: 0.5), scene(at: -0.5)], frameTime: 0.1)
        let svg = film.svg()
        #expect(svg.split(separator: "class=\"axis\"").count == 2)
        #expect(svg.split(separator: "<circle ").count == 4)
        #expect(svg.split(separator: "<animate ").count == 4)
        #expect(svg.contains("dur=\"0.3s\""))
        #expect(svg.contains("T &amp; U") && svg.contains("A&lt;B"))
        // The first scene stands where nothing can move.
        #expect(svg.split(separator: "<g visibility=\"visible\">").count == 2)
    }

    @Test func aLongFilmShowsScenesAtEqualDistances() {
        let frames = (0..<1000).map { scene(at: Double($0) / 1000) }
        let svg = Film(title: "", frames: frames, frameTime: 0.01).svg(frameLimit: 11)
        #expect(svg.split(separator: "<circle ").count == 12)
        #expect(svg.contains("x = 0.999<") && svg.contains("x = 0.0<"))
    }

    @Test func aFilmOfOneSceneOrNoneIsAPicture() {
        let film = Film(title: "one", frames: [scene(at: 0)])
        #expect(!film.svg().contains("<animate"))
        #expect(film.svg(frame: 0) == film.svg())
        #expect(Film(title: "none", frames: []).svg().contains("</svg>"))
    }

    @Test func aSceneIsDrawnWithDotsOrLetters() {
        let dots = scene(at: 0).terminal(width: 40, height: 12).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(dots.count == 12 && dots.last == "x = 0.0")
        #expect(dots.contains { $0.contains("A<B") })
        #expect(dots.allSatisfy { $0.count <= 40 })
        let letters = scene(at: 0).terminal(width: 40, height: 12, style: .ascii)
        #expect(letters.contains("o") && letters.contains("-") && letters.utf8.allSatisfy { $0 < 128 })
    }

    @Test(arguments: [Double.nan, .infinity, -1e300])
    func placesThatAreNoneAreDrawnSomewhereOrNowhere(_ value: Double) {
        var scene = Scene(left: 0, right: 1, bottom: 0, top: 1)
        scene.line(0, 0, value, value)
        scene.disc(value, 0, radius: value)
        scene.box(value, value, 0.1, value)
        scene.word("w", value, value)
        #expect(!scene.terminal().isEmpty)
        #expect(!Film(title: "", frames: [scene]).svg().contains("nan"))
    }
}
