import RecurrentData

/// What choices are made from: how long records are, how dense their labels.
struct RecordFacts {
    private(set) var steps = 0
    /// The classes in the order of their names, and how many points or steps each has.
    private(set) var classes: [String] = []
    private(set) var counts: [Int] = []
    /// The median distance between points or length of a stretch, and one that few fall below.
    private(set) var spacing = 1
    private(set) var shortest = 1
    /// The number of missing values.
    private(set) var missing = 0

    init(_ records: [LabelledRecord]) {
        var found: [String: Int] = [:]
        var lengths: [Int] = []
        for record in records {
            steps += record.stepCount
            missing += record.values.count { !$0.isFinite }
            switch record.labels {
            case .none: break
            case .events(let events):
                for event in events { found[event.label, default: 0] += 1 }
                lengths += zip(events, events.dropFirst()).map { $1.position - $0.position }
            case .steps(let numbers, let names):
                var own = [Int](repeating: 0, count: names.count)
                for number in numbers where number >= 0 { own[Int(number)] += 1 }
                for (name, count) in zip(names, own) where count > 0 { found[name, default: 0] += count }
                lengths += StepRuns.runs(numbers).map { $0.end - $0.begin }
            }
        }
        classes = found.keys.sorted()
        counts = classes.map { found[$0] ?? 0 }
        lengths.sort()
        spacing = lengths.isEmpty ? max(1, steps) : max(1, lengths[lengths.count / 2])
        shortest = lengths.isEmpty ? max(1, steps) : max(1, lengths[lengths.count / 100])
    }
}

/// The classes of frames from the labels of steps.
enum FrameTargets {
    /// The class of each frame; −100 where it is not known.
    static func targets(
        _ record: LabelledRecord, recipe: RecordTagRecipe, classes: [String], findsEvents: Bool
    ) -> [Int32] {
        let frames = (record.stepCount + recipe.stride - 1) / recipe.stride
        switch record.labels {
        case .none: return [Int32](repeating: -100, count: frames)
        case .events(let events):
            var targets = [Int32](repeating: 0, count: frames)
            var distances = [Int](repeating: .max, count: frames)
            for event in events {
                guard let label = classes.firstIndex(of: event.label) else { continue }
                let first = max(0, (event.position - recipe.radius) / recipe.stride)
                let last = min(frames - 1, (event.position + recipe.radius) / recipe.stride)
                for frame in first...max(first, last) where frame < frames {
                    // A point colours the frames whose middle is near, the one that it stands in always.
                    let distance = abs(frame * recipe.stride + recipe.stride / 2 - event.position)
                    let isOwn = event.position / recipe.stride == frame
                    guard isOwn || distance <= recipe.radius, distance < distances[frame] else { continue }
                    (targets[frame], distances[frame]) = (Int32(label), distance)
                }
            }
            return targets
        case .steps(let numbers, let names):
            let places = names.map { name in classes.firstIndex(of: name).map { Int32($0) } ?? -100 }
            return (0..<frames).map { frame in
                var counts = [Int](repeating: 0, count: names.count)
                for step in frame * recipe.stride..<min(record.stepCount, (frame + 1) * recipe.stride)
                where numbers[step] >= 0 { counts[Int(numbers[step])] += 1 }
                guard let most = counts.max(), most > 0, let best = counts.firstIndex(of: most) else { return -100 }
                return places[best]
            }
        }
    }
}
