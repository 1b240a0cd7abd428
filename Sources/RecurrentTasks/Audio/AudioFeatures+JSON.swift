public import RecurrentData
public import RecurrentFormats
public import RecurrentTensor

extension AudioFeatures {
    /// The description as JSON, as it stands in a model's config.json.
    public var json: JSON {
        [
            "kind": .string(kind.rawValue), "sample_rate": JSON(sampleRate), "window_length": JSON(windowLength),
            "hop_length": JSON(hopLength), "fft_size": JSON(fftSize), "window": .string(window.rawValue),
            "periodic": JSON(isPeriodic), "edge": .string(edge.rawValue), "amplitude": JSON(amplitude),
            "dither": JSON(dither), "removes_mean": JSON(removesMean), "preemphasis": JSON(preemphasis),
            "power": JSON(isPower), "mels": JSON(melCount), "low_frequency": JSON(lowFrequency),
            "high_frequency": highFrequency.map { JSON($0) } ?? .null, "mel_scale": .string(melScale.rawValue),
            "mel_slopes": .string(melSlopes.rawValue), "equal_areas": JSON(hasEqualAreas),
            "compression": compressionJSON, "cepstrum": JSON(cepstrumCount), "lifter": JSON(lifter),
            "lifter_begin": JSON(lifterBegin),
            "energy": .string(energy.rawValue), "raw_energy": JSON(hasRawEnergy), "delta_order": JSON(deltaOrder),
            "delta_reach": JSON(deltaReach), "normalization": normalizationJSON,
        ]
    }

    /// Reads a description and checks that it can be computed.
    ///
    /// - Throws: `badModel` that names the key.
    public init(_ json: JSONCursor) throws(RecurrentError) {
        self.init(
            try json["kind"].choice(Kind.self), sampleRate: try json["sample_rate"].int(in: 1...10_000_000),
            windowLength: try json["window_length"].int(in: 1...1 << 20),
            hopLength: try json["hop_length"].int(in: 1...1 << 20),
            fftSize: try json["fft_size"].int(in: 1...1 << 20), window: try json["window"].choice(WindowFunction.self),
            isPeriodic: try json["periodic"].bool(), edge: try json["edge"].choice(Edge.self))
        amplitude = try json["amplitude"].double()
        dither = try json["dither"].double()
        removesMean = try json["removes_mean"].bool()
        preemphasis = try json["preemphasis"].double()
        isPower = try json["power"].bool()
        melCount = try json["mels"].int()
        lowFrequency = try json["low_frequency"].double()
        highFrequency = try json["high_frequency"].ifPresent?.double()
        melScale = try json["mel_scale"].choice(MelScale.self)
        melSlopes = try json["mel_slopes"].choice(Slopes.self)
        hasEqualAreas = try json["equal_areas"].bool()
        compression = try Self.compression(json["compression"])
        cepstrumCount = try json["cepstrum"].int()
        lifter = try json["lifter"].double()
        lifterBegin = try json["lifter_begin"].int()
        energy = try json["energy"].choice(Energy.self)
        hasRawEnergy = try json["raw_energy"].bool()
        deltaOrder = try json["delta_order"].int()
        deltaReach = try json["delta_reach"].int()
        normalization = try Self.normalization(json["normalization"])
        self = try validated(at: json.source)
    }

    private var compressionJSON: JSON {
        switch compression {
        case .none: ["kind": "none"]
        case .logarithm(let floor): ["kind": "log", "floor": JSON(floor)]
        case .logarithmWithOffset(let offset): ["kind": "log_offset", "offset": JSON(offset)]
        case .decibel(let floor, let range):
            ["kind": "decibel", "floor": JSON(floor), "range": range.map { JSON($0) } ?? .null]
        }
    }

    private static func compression(_ json: JSONCursor) throws(RecurrentError) -> Compression {
        switch try json["kind"].string() {
        case "none": .none
        case "log": .logarithm(floor: try json["floor"].double())
        case "log_offset": .logarithmWithOffset(try json["offset"].double())
        case "decibel":
            .decibel(floor: try json["floor"].double(), range: try json["range"].ifPresent?.double())
        case let name: throw json["kind"].error("is \"\(name)\"", why: "none, log, log_offset and decibel are known")
        }
    }

    private var normalizationJSON: JSON {
        switch normalization {
        case .none: ["kind": "none"]
        case .mean: ["kind": "mean"]
        case .meanAndDeviation: ["kind": "mean_deviation"]
        case .running(let halfLife): ["kind": "running", "half_life": JSON(halfLife)]
        }
    }

    private static func normalization(_ json: JSONCursor) throws(RecurrentError) -> Normalization {
        switch try json["kind"].string() {
        case "none": .none
        case "mean": .mean
        case "mean_deviation": .meanAndDeviation
        case "running": .running(halfLife: try json["half_life"].double())
        case let name:
            throw json["kind"].error("is \"\(name)\"", why: "none, mean, mean_deviation and running are known")
        }
    }
}
