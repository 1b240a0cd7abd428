/// A long recording of several channels, with what is known about its steps.
public struct LabelledRecord: Sendable, Hashable {
    /// A point of a record that has a class, such as a heart beat.
    public struct Event: Sendable, Hashable {
        /// The step, from 0.
        public var position: Int
        /// The class.
        public var label: String

        /// A point with its class.
        public init(position: Int, label: String) { (self.position, self.label) = (position, label) }
    }

    /// What is known about the steps.
    public enum Labels: Sendable, Hashable {
        /// Nothing.
        case none
        /// For each step the position of its class among the names; −1 where it is not known.
        case steps([Int32], names: [String])
        /// Points in order.
        case events([Event])
    }

    /// The name of the record.
    public var name: String
    /// The names of the channels.
    public var channels: [String]
    /// The steps of a second; nil where that is not known.
    public var rate: Double?
    /// The values, one step after another; NaN where one is missing.
    public var values: [Float]
    /// What is known about the steps.
    public var labels: Labels

    /// A record.
    ///
    /// - Precondition: there is at least one channel, each step has a value for each channel, there is a label for each step,
    ///   and points lie inside the record in ascending order.
    public init(name: String, channels: [String], rate: Double? = nil, values: [Float], labels: Labels = .none) {
        precondition(
            !channels.isEmpty && values.count % channels.count == 0,
            "LabelledRecord: \(values.count) values of \(channels.count) channels")
        (self.name, self.channels, self.rate) = (name, channels, rate)
        (self.values, self.labels) = (values, labels)
        switch labels {
        case .none: break
        case .steps(let numbers, let names):
            precondition(numbers.count == stepCount, "LabelledRecord: \(numbers.count) labels of \(stepCount) steps")
            precondition(
                numbers.allSatisfy { $0 >= -1 && Int($0) < names.count },
                "LabelledRecord: a label lies outside the \(names.count) names")
        case .events(let events):
            precondition(
                events.allSatisfy { $0.position >= 0 && $0.position < stepCount }
                    && zip(events, events.dropFirst()).allSatisfy { $0.position <= $1.position },
                "LabelledRecord: the events do not lie in order inside the record")
        }
    }

    /// The number of steps.
    public var stepCount: Int { values.count / channels.count }

    /// A part of the record, whose steps are counted from 0 again.
    ///
    /// - Precondition: the range lies inside the record.
    public func sliced(_ range: Range<Int>) -> LabelledRecord {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= stepCount,
            "LabelledRecord: the steps \(range) do not lie inside 0..<\(stepCount)")
        let own: Labels
        switch labels {
        case .none: own = .none
        case .steps(let numbers, let names): own = .steps(Array(numbers[range]), names: names)
        case .events(let events):
            own = .events(
                events.filter { range.contains($0.position) }.map {
                    Event(position: $0.position - range.lowerBound, label: $0.label)
                })
        }
        let C = channels.count
        return LabelledRecord(
            name: name, channels: channels, rate: rate,
            values: Array(values[range.lowerBound * C..<range.upperBound * C]), labels: own)
    }
}
