import RecurrentCharts
public import RecurrentFormats
public import RecurrentTensor

/// How well a model of music says what comes next.
///
/// The loss is summed over the 88 keys and averaged over the frames of all pieces, as in Boulanger-Lewandowski, Bengio & Vincent
/// (2012): frames 2 to the end of each piece, each predicted from all before it.
public struct MusicScores: Sendable, Hashable {
    /// The number of pieces.
    public var pieces = 0
    /// The number of frames, the first of each piece included.
    public var frames = 0
    /// The negative log-likelihood of a frame, in nats, over frames 2 to the end.
    public var loss = 0.0
    /// The same with the first frames, which are predicted from nothing.
    public var lossWithFirst = 0.0
    /// The same for how often each key sounded in what was learned from, whatever came before; nil: not known.
    public var marginalLoss: Double?
    /// Notes that were there and were said, there and not said, said and not there; over frames 2 to the end.
    public var (hits, misses, falseAlarms) = (0, 0, 0)

    /// No frames.
    public init() {}

    /// The share of notes said or there that are both.
    ///
    /// - Source: Bay, Ehmann & Downie 2009, as frame-level accuracy.
    public var accuracy: Double { ratio(hits, hits + misses + falseAlarms) }
    /// The share of notes said that are there.
    public var precision: Double { ratio(hits, hits + falseAlarms) }
    /// The share of notes there that are said.
    public var recall: Double { ratio(hits, hits + misses) }
    /// The harmonic mean of precision and recall.
    public var f1: Double { ratio(2 * hits, 2 * hits + misses + falseAlarms) }

    private func ratio(_ part: Int, _ whole: Int) -> Double { whole > 0 ? Double(part) / Double(whole) : 0 }

    /// The scores as names and values.
    public var json: JSON {
        [
            "pieces": JSON(pieces), "frames": JSON(frames), "loss": JSON(loss),
            "loss_with_first_frame": JSON(lossWithFirst), "marginal_loss": marginalLoss.map { JSON($0) } ?? .null,
            "accuracy": JSON(accuracy), "precision": JSON(precision), "recall": JSON(recall), "f1": JSON(f1),
            "hits": JSON(hits), "misses": JSON(misses), "false_alarms": JSON(falseAlarms),
        ]
    }

    /// Reads what ``json`` wrote.
    ///
    /// - Throws: `badModel` that names the key.
    public init(_ json: JSONCursor) throws(RecurrentError) {
        let count = 0...(1 << 40)
        pieces = try json["pieces"].int(in: count)
        frames = try json["frames"].int(in: count)
        loss = try json["loss"].double()
        lossWithFirst = try json["loss_with_first_frame"].double()
        marginalLoss = try json["marginal_loss"].ifPresent?.double()
        hits = try json["hits"].int(in: count)
        misses = try json["misses"].int(in: count)
        falseAlarms = try json["false_alarms"].int(in: count)
    }

    /// The scores for a person.
    public var lines: [String] {
        func row(_ name: String, _ value: Double, _ digits: Int, _ rest: String = "") -> String {
            name + String(repeating: " ", count: max(1, 26 - name.count)) + NumberText.fixed(value, digits) + rest
        }
        var lines = [
            "\(pieces) pieces, \(frames) frames",
            row("loss, frames 2 to the end", loss, 4, " nats a frame"),
            row("loss, all frames", lossWithFirst, 4, " nats a frame"),
        ]
        if let marginalLoss {
            lines.append(row("loss of key frequencies", marginalLoss, 4, " nats a frame, frames 2 to the end"))
        }
        return lines + [
            row("frame accuracy", accuracy, 4),
            row(
                "F1 of notes", f1, 4,
                ", precision \(NumberText.fixed(precision, 4)), "
                    + "recall \(NumberText.fixed(recall, 4))"),
        ]
    }
}
