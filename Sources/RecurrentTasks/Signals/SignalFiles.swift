public import RecurrentData
import RecurrentFormats
public import RecurrentTensor

/// The form of a file of signals.
public enum SignalFileForm: String, Sendable, Hashable, CaseIterable {
    /// The text form of the UCR and UEA archives.
    case ts
    /// A table with a sequence in each row.
    case wide
    /// A table with a step in each row.
    case long
    /// An array of numpy or an IDX file, with another for what belongs to each sequence.
    case npy
    /// A record of PhysioNet.
    case wfdb
    /// Sound.
    case wav
}

/// What a person may say about files of signals; what is nil is found from the file.
public struct SignalFileOptions: Sendable, Hashable {
    /// The form of the files.
    public var form: SignalFileForm?
    /// The column of the classes or numbers, by name or number from 1.
    public var label: String?
    /// The column that names the sequence that a row belongs to, in a table with a step in each row.
    public var id: String?
    /// The column of the times, in a table with a step in each row.
    public var time: String?
    /// The column of what sequences belong to, such as persons.
    public var group: String?
    /// The columns of the channels; empty: all that are left.
    public var channels: [String] = []
    /// How many channels a row of a table with a sequence in each row has; nil: as its header says, else one.
    public var channelCount: Int?
    /// Whether the steps of a channel stand together in such a row, not the channels of a step.
    public var isChannelMajor = false
    /// The file of the classes or numbers beside an array.
    public var labelFile: String?
    /// The seconds before the mark of a beat that belong to it, of a WFDB record.
    public var beatBefore: Double?
    /// The seconds after it.
    public var beatAfter: Double?
    /// The ending of the files of annotations.
    public var annotator: String?

    /// What is heard of recordings; nil: the usual features at the rate of the first one.
    public var features: AudioFeatures?

    /// Everything found from the files.
    public init() {}

    /// The same with what the first file decides: the features of recordings, which a model must keep.
    func decided(by path: String) throws(RecurrentError) -> SignalFileOptions {
        guard features == nil, try SignalFile(path, options: self).form() == .wav else { return self }
        var result = self
        result.features = try SoundSignalReader.features(of: path, label: label, group: group)
        return result
    }

    /// What a model keeps of it.
    var json: JSON {
        var object: JSONObject = ["channels": JSON(channels), "channel_major": JSON(isChannelMajor)]
        object["form"] = form.map { .string($0.rawValue) }
        object["label"] = label.map { .string($0) }
        object["id"] = id.map { .string($0) }
        object["time"] = time.map { .string($0) }
        object["group"] = group.map { .string($0) }
        object["channel_count"] = channelCount.map { JSON($0) }
        object["beat_before"] = beatBefore.map { JSON($0) }
        object["beat_after"] = beatAfter.map { JSON($0) }
        object["annotator"] = annotator.map { .string($0) }
        object["features"] = features?.json
        return .object(object)
    }

    init(_ json: JSONCursor) throws(RecurrentError) {
        form = try json["form"].ifPresent?.choice(SignalFileForm.self)
        label = try json["label"].ifPresent?.string()
        id = try json["id"].ifPresent?.string()
        time = try json["time"].ifPresent?.string()
        group = try json["group"].ifPresent?.string()
        channels = try json["channels"].strings()
        channelCount = try json["channel_count"].ifPresent?.int(in: 1...65_536)
        isChannelMajor = try json["channel_major"].bool()
        beatBefore = try json["beat_before"].ifPresent?.double(in: 0...1e6)
        beatAfter = try json["beat_after"].ifPresent?.double(in: 0...1e6)
        annotator = try json["annotator"].ifPresent?.string()
        if let found = json["features"].ifPresent { features = try AudioFeatures(found) }
    }
}

/// The examples of a file or folder of signals.
public struct SignalFile: Sendable {
    /// The path that was given.
    public let path: String
    /// What was said about it.
    public let options: SignalFileOptions

    /// Signals of a file or folder.
    public init(_ path: String, options: SignalFileOptions = SignalFileOptions()) {
        (self.path, self.options) = (path, options)
    }

    /// A reader of the examples from the first one on.
    ///
    /// - Parameter needsLabels: whether a file without classes or numbers is an error.
    /// - Throws: `badData` or `inputOutput` where there are none, or the form cannot be told.
    public func reader(needsLabels: Bool = true) throws(RecurrentError) -> any SignalReader {
        switch try form() {
        case .ts: return try TSReader(path: path)
        case .wide:
            var given = WideSignalReader.Options()
            (given.label, given.group, given.id) = (options.label, options.group, options.id)
            (given.columns, given.channelCount) = (options.channels, options.channelCount)
            (given.isChannelMajor, given.needsLabels) = (options.isChannelMajor, needsLabels)
            return try WideSignalReader(path: path, options: given)
        case .long:
            var given = LongSignalReader.Options()
            (given.label, given.group, given.id) = (options.label, options.group, options.id)
            (given.time, given.columns) = (options.time, options.channels)
            return try LongSignalReader(path: path, options: given)
        case .npy:
            return try ArraySignalReader(
                path: path, labels: options.labelFile, channelCount: options.channelCount, needsLabels: needsLabels)
        case .wfdb: return try records()
        case .wav:
            return try SoundSignalReader(
                path: path, features: options.features, label: options.label, group: options.group,
                needsLabels: needsLabels)
        }
    }

    /// The form that was said, or else that of the name and the beginning.
    func form() throws(RecurrentError) -> SignalFileForm {
        if let form = options.form { return form }
        if let form = Self.form(ofName: path) { return form }
        if FileSystem().isFolder(path) { return try Self.form(ofFolder: path) }
        if options.id != nil || options.time != nil { return .long }
        if path != "-", RecordingList.isTable(path) { return .wav }
        return SignalTableLook.look(try ByteSource(path: path)).isLong ? .long : .wide
    }

    /// What a name says.
    static func form(ofName path: String) -> SignalFileForm? {
        let name = path.lowercased()
        let forms: [(String, SignalFileForm)] = [
            (".ts", .ts), (".npy", .npy), (".idx", .npy), ("-ubyte", .npy), ("-ubyte.gz", .npy), (".hea", .wfdb),
            (".wav", .wav), (".flac", .wav),
        ]
        return forms.first { name.hasSuffix($0.0) }?.1
    }

    private static func form(ofFolder path: String) throws(RecurrentError) -> SignalFileForm {
        if !heads(in: path).isEmpty { return .wfdb }
        if RecordingList.isFolderOfRecordings(path) { return .wav }
        throw RecurrentError(
            .badData, "there are no files of signals in this folder", at: path,
            help: "name a file, or a folder of .hea, .wav or .flac files")
    }

    // MARK: - Records

    private static func heads(in folder: String) -> [String] {
        ((try? FileSystem().names(in: folder)) ?? []).filter { $0.lowercased().hasSuffix(".hea") }.sorted()
            .map { folder + "/" + $0 }
    }

    /// Beats where there are annotations of them, else whole records with the classes of a folder's `REFERENCE.csv`.
    private func records() throws(RecurrentError) -> any SignalReader {
        let system = FileSystem()
        let heads = system.isFolder(path) ? Self.heads(in: path) : [path]
        let annotator = options.annotator ?? "atr"
        let stems = heads.map { $0.hasSuffix(".hea") ? String($0.dropLast(4)) : $0 }
        let reference = (path.lastIndex(of: "/").map { String(path[...$0]) } ?? "") + "REFERENCE.csv"
        let file = system.isFolder(path) ? path + "/REFERENCE.csv" : reference
        if options.beatBefore == nil, options.beatAfter == nil, system.exists(file) {
            return WFDBReader(paths: heads, unit: .records, labels: try Self.references(file, heads))
        }
        guard !stems.isEmpty, stems.allSatisfy({ system.exists($0 + "." + annotator) }) else {
            throw RecurrentError(
                .badData, "there is neither a file .\(annotator) of annotations beside each record nor a REFERENCE.csv",
                at: path, help: "REFERENCE.csv tells in each line the name of a record and its class")
        }
        return WFDBReader(
            paths: heads, unit: .beats(before: options.beatBefore ?? 0.3, after: options.beatAfter ?? 0.5),
            annotator: annotator)
    }

    private static func references(_ file: String, _ heads: [String]) throws(RecurrentError) -> [String: String] {
        let rows = CSVReader(source: try ByteSource(path: file), separator: UInt8(ascii: ","))
        var labels: [String: String] = [:]
        while try rows.next() {
            guard rows.fieldCount >= 2 else {
                throw RecurrentError(
                    .badData, "a line needs the name of a record and its class", at: rows.linePlace)
            }
            let name = rows.text(0)
            for head in heads where head.hasSuffix("/" + name + ".hea") { labels[head] = rows.text(1) }
        }
        return labels
    }
}

extension SignalFile {
    /// Whether a file or folder holds signals rather than texts, as its name or its beginning says.
    public static func looksLikeSignals(_ path: String) -> Bool {
        if form(ofName: path) != nil { return true }
        if FileSystem().isFolder(path) { return (try? form(ofFolder: path)) != nil }
        let name = path.lowercased()
        if name.hasSuffix(".jsonl") || name.hasSuffix(".json") || name.hasSuffix(".ndjson") || path == "-" {
            return false
        }
        if RecordingList.isTable(path) { return true }
        guard let source = try? ByteSource(path: path) else { return false }
        return SignalTableLook.look(source).isSignals
    }
}
