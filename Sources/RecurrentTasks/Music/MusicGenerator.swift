import RecurrentAutodiff
public import RecurrentData
import RecurrentNN
import RecurrentTensor

/// How frames are chosen.
public struct MusicSampling: Sendable, Hashable {
    /// Below 1 safer, above 1 more surprising; 0: every key as it is more probable.
    public var temperature = 1.0
    /// The most notes of a frame; nil: as many as chance says.
    public var voices: Int?
    /// The seed of the choices.
    public var seed: UInt64 = 0

    /// Chance as the model has it.
    public init() {}
}

extension MusicModel {
    /// Music that goes on where a primer ends, the primer included.
    ///
    /// With independent outputs and more notes than voices the most probable ones stay; with a joint output the lowest do, of
    /// which the others were to depend.
    ///
    /// - Parameters:
    ///   - count: the frames to write.
    ///   - primer: how the piece begins; empty: from nothing.
    /// - Precondition: the temperature is not negative, and there is at least one voice.
    public func generate(
        _ count: Int, after primer: [[UInt8]] = [], sampling: MusicSampling = MusicSampling()
    ) -> PianoRoll {
        var writer = writer(after: primer, sampling: sampling)
        for _ in 0..<max(0, count) { writer.next() }
        return writer.roll
    }

    /// What writes frame by frame.
    public func writer(after primer: [[UInt8]] = [], sampling: MusicSampling = MusicSampling()) -> MusicWriter {
        MusicWriter(self, after: MusicPiece(frames: primer).frames, sampling)
    }
}

/// Writes music frame by frame.
public struct MusicWriter: Sendable {
    /// The frames so far, those of the primer included.
    public private(set) var roll: PianoRoll
    private let network: MusicNetwork
    private let sampling: MusicSampling
    private var state: [Variable] = []
    private var random: RandomStream
    /// The output of the layers after the last frame.
    private var h: Variable

    init(_ model: MusicModel, after primer: [[UInt8]], _ sampling: MusicSampling) {
        precondition(
            sampling.temperature >= 0 && sampling.voices ?? 1 >= 1,
            "MusicWriter: temperature \(sampling.temperature), voices \(sampling.voices ?? 0)")
        network = model.network
        self.sampling = sampling
        roll = PianoRoll(frames: primer, framesPerBeat: model.timing.framesPerBeat)
        random = RandomStream(RandomKey(seed: sampling.seed, stream: 0x3051C))
        var input = Tensor(zeros: [primer.count + 1, 1, MusicRecipe.inputSize])
        input.withMutableBuffer(of: Float.self) { rows in
            guard let rows = rows.baseAddress else { return }
            MusicBatch.row(nil, into: rows)
            for (t, frame) in primer.enumerated() {
                MusicBatch.row(frame, into: rows + (t + 1) * MusicRecipe.inputSize)
            }
        }
        let output = network.hidden(input, from: &state, lengths: nil)
        h = output.sliced(primer.count..<primer.count + 1).reshaped([1, output.shape[2]])
    }

    /// The next frame, which becomes part of the music.
    @discardableResult public mutating func next() -> [UInt8] {
        let frame = choose()
        roll.frames.append(frame)
        var input = Tensor(zeros: [1, 1, MusicRecipe.inputSize])
        input.withMutableBuffer(of: Float.self) { rows in
            if let row = rows.baseAddress { MusicBatch.row(frame, into: row) }
        }
        let output = network.hidden(input, from: &state, lengths: nil)
        h = output.reshaped([1, output.shape[2]])
        return frame
    }

    /// The logits of the next frame's keys, of independent outputs.
    package var logits: [Double] { network.head(h).value.doubles() }

    private mutating func choose() -> [UInt8] {
        let temperature = sampling.temperature
        var random = self.random
        func sounds(_ logit: Double) -> Bool {
            guard temperature > 0 else { return logit > 0 }
            return random.uniform() < Double.sigmoid(logit / temperature)
        }
        defer { self.random = random }
        let most = sampling.voices ?? MusicRecipe.keyCount
        if let joint = network.joint {
            var count = 0
            let keys = joint.frame(h, keys: network.head) { _, logit in
                guard count < most, sounds(logit) else { return false }
                count += 1
                return true
            }
            return keys.indices.filter { keys[$0] }.map { UInt8($0 + 21) }
        }
        let logits = self.logits
        var chosen = logits.indices.filter { sounds(logits[$0]) }
        if chosen.count > most {
            chosen.sort { (logits[$0], $1) > (logits[$1], $0) }
            chosen = chosen.prefix(most).sorted()
        }
        return chosen.map { UInt8($0 + 21) }
    }
}
