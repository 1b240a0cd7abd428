/// Colours for numbers. Lightness falls evenly along both scales, so that they also read in grey.
struct HeatColors {
    private let stops: [(Double, Double, Double)]

    init(isDiverging: Bool) {
        stops =
            isDiverging
            ? [(178, 62, 20), (240, 150, 96), (245, 244, 240), (112, 166, 232), (22, 84, 180)]
            : [(243, 246, 250), (176, 208, 240), (92, 156, 222), (30, 98, 184), (10, 44, 104)]
    }

    /// The colour of a place between the ends, which are 0 and 1.
    func color(_ fraction: Double) -> String {
        let place = max(0, min(1, fraction.isFinite ? fraction : 0)) * Double(stops.count - 1)
        let index = min(Int(place), stops.count - 2)
        let (a, b, t) = (stops[index], stops[index + 1], place - Double(index))
        let digits = Array("0123456789abcdef")
        return [a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t, a.2 + (b.2 - a.2) * t].reduce(into: "#") { text, part in
            let byte = Int(max(0, min(255, part.rounded())))
            text.append(digits[byte / 16])
            text.append(digits[byte % 16])
        }
    }
}
