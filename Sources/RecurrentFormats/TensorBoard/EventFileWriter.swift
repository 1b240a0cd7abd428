public import RecurrentTensor
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes an event file, which TensorBoard shows.
///
/// ```swift
/// let events = try EventFileWriter(folder: "runs/a")
/// try events.scalar("loss", 0.31, step: 12)
/// ```
/// Every writer makes a file of its own, so that the files of a run that was stopped and went on lie side by side. Each
/// record goes to the system in one piece: a process that is killed leaves at most its last record torn, which readers
/// pass over.
public final class EventFileWriter: Sendable {
    /// The path of the file.
    public let path: String
    private let file: Mutex<OpenFile?>

    /// Makes a new file in a folder, and the folder where it is missing.
    ///
    /// - Parameter step: the number of steps before the first that this file will tell of, where a run goes on; what
    ///   earlier files tell of later steps is then passed over.
    /// - Throws: `RecurrentError` where it cannot be made.
    public init(folder: String, after step: Int = 0, fileSystem: FileSystem = FileSystem()) throws(RecurrentError) {
        try fileSystem.makeFolder(folder)
        var number = 0
        var path = ""
        // Readers take the files of a folder in the order of their names.
        repeat {
            number += 1
            let count = String(number)
            let digits = String(repeating: "0", count: max(0, 6 - count.count)) + count
            path = PathName.join(folder, "\(Self.prefix)\(digits).recurrent")
        } while fileSystem.exists(path) && number < 999_999
        let opened = try fileSystem.open(path, .create, "write")
        self.path = path
        file = Mutex(opened)
        try write { $0.string(3, "brain.Event:2") }
        if step > 0 {
            try write {
                $0.int64(2, Int64(step) + 1)
                $0.message(7) { $0.int64(1, 1) }  // the session starts: later steps of earlier files are void
            }
        }
    }

    /// What the names of event files begin with.
    package static let prefix = "events.out.tfevents."

    /// Seconds since 1970.
    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    // MARK: - Entries

    /// Writes a number.
    ///
    /// - Throws: `RecurrentError` where writing fails or the writer was closed.
    public func scalar(_ tag: String, _ value: Double, step: Int) throws(RecurrentError) {
        try write([(tag, .scalar(value))], step: step)
    }

    /// Writes several numbers of one step.
    ///
    /// - Throws: `RecurrentError` where writing fails or the writer was closed.
    public func scalars(_ values: [(tag: String, value: Double)], step: Int) throws(RecurrentError) {
        try write(values.map { ($0.tag, .scalar($0.value)) }, step: step)
    }

    /// Writes histograms of one step; those without a finite number are left out.
    ///
    /// - Throws: `RecurrentError` where writing fails or the writer was closed.
    public func histograms(_ histograms: [(tag: String, histogram: Histogram)], step: Int) throws(RecurrentError) {
        try write(
            histograms.filter { $0.histogram.count > 0 }.map { ($0.tag, .histogram($0.histogram)) }, step: step)
    }

    /// Writes a text, which TensorBoard shows as Markdown.
    ///
    /// - Throws: `RecurrentError` where writing fails or the writer was closed.
    public func text(_ tag: String, _ text: String, step: Int = 0) throws(RecurrentError) {
        try write([(tag, .text(text))], step: step)
    }

    /// Writes the hyper-parameters of the run and the tags of the scalars that judge it.
    ///
    /// - Throws: `RecurrentError` where writing fails or the writer was closed.
    public func hyperparameters(
        _ values: [(name: String, value: Hyperparameter)], metrics: [String]
    ) throws(RecurrentError) {
        try write(
            [
                ("", .hyperparameters(.experiment(hyperparameters: values, metrics: metrics))),
                ("", .hyperparameters(.start(hyperparameters: values, seconds: Self.now))),
            ], step: 0)
    }

    /// Writes that the run of the hyper-parameters has ended.
    ///
    /// - Throws: `RecurrentError` where writing fails or the writer was closed.
    public func hyperparametersEnd(succeeded: Bool) throws(RecurrentError) {
        try write([("", .hyperparameters(.end(succeeded: succeeded, seconds: Self.now)))], step: 0)
    }

    // MARK: - Records

    private func write(_ entries: [(tag: String, summary: EventSummary)], step: Int) throws(RecurrentError) {
        if entries.isEmpty { return }
        try write { event in
            event.int64(2, Int64(step))
            event.message(5) { summary in
                for (tag, entry) in entries { entry.write(tag: tag, to: &summary) }
            }
        }
    }

    private func write(_ body: (inout ProtobufWriter) -> Void) throws(RecurrentError) {
        var event = ProtobufWriter()
        event.double(1, Self.now)
        body(&event)
        let record = TFRecordFile.framed(event.bytes)
        let failure: RecurrentError? = file.withLock { file in
            guard let open = file.take() else {
                return RecurrentError(.failure, "cannot write: the file was closed", at: PathName.shown(path))
            }
            var failure: RecurrentError?
            do throws(RecurrentError) { try open.write(record) } catch { failure = error }
            // Half a record would make all that follow it unreadable.
            if failure == nil {
                file = consume open
            } else {
                _ = consume open
            }
            return failure
        }
        if let failure { throw failure }
    }

    /// Closes the file. Closing twice does nothing.
    ///
    /// - Throws: `RecurrentError` where that fails; the file is closed all the same.
    public func close() throws(RecurrentError) {
        let taken = file.withLock { file -> OpenFile? in
            let taken = file.take()
            return taken
        }
        guard let taken else { return }
        try taken.close("write", path)
    }
}
