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
    /// An array of numpy, with another for what belongs to each sequence.
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
    /// The samples of a second that recordings are brought to.
    public var sampleRate: Int?

    /// Everything found from the files.
    public init() {}

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
        object["sample_rate"] = sampleRate.map { JSON($0) }
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
        sampleRate = try json["sample_rate"].ifPresent?.int(in: 100...10_000_000)
    }
}

extension SignalFileOptions {
    /// What later files have to have in common with the first one.
    func settled(by files: [String]) throws(RecurrentError) -> SignalFileOptions {
        guard sampleRate == nil, let first = files.first, first != "-" else { return self }
        let file = SignalFile(first, options: self)
        guard try file.form() == .wav, let reader = try file.reader() as? SoundSignalReader else { return self }
        var settled = self
        settled.sampleRate = reader.sampleRate
        return settled
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
        case .npy: return try ArraySignalReader(path: path, labels: options.labelFile, needsLabels: needsLabels)
        case .wfdb: return try records()
        case .wav: return try SoundSignalReader(sounds(needsLabels), sampleRate: options.sampleRate)
        }
    }

    /// The form that was said, or else that of the name and the beginning.
    func form() throws(RecurrentError) -> SignalFileForm {
        if let form = options.form { return form }
        if let form = Self.form(ofName: path) { return form }
        if FileSystem().isFolder(path) { return try Self.form(ofFolder: path) }
        if options.id != nil || options.time != nil { return .long }
        return SignalTableLook.look(try ByteSource(path: path)).isLong ? .long : .wide
    }

    /// What a name says.
    static func form(ofName path: String) -> SignalFileForm? {
        let name = path.lowercased()
        let forms: [(String, SignalFileForm)] = [
            (".ts", .ts), (".npy", .npy), (".hea", .wfdb), (".wav", .wav), (".flac", .wav),
        ]
        return forms.first { name.hasSuffix($0.0) }?.1
    }

    private static func form(ofFolder path: String) throws(RecurrentError) -> SignalFileForm {
        if !heads(in: path).isEmpty { return .wfdb }
        if !sounds(in: path).isEmpty || !soundFolders(in: path).isEmpty { return .wav }
        throw RecurrentError(
            .badData, "there are no files of signals in this folder", at: path,
            help: "name a file, or a folder of .hea files or of recordings")
    }

    // MARK: - Recordings

    private static func sounds(in folder: String) -> [String] {
        ((try? FileSystem().names(in: folder)) ?? []).filter { form(ofName: $0) == .wav && !$0.hasPrefix(".") }.sorted()
    }

    /// The folders within a folder that hold recordings.
    private static func soundFolders(in folder: String) -> [String] {
        let names = ((try? FileSystem().names(in: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
        return names.filter { FileSystem().isFolder(folder + "/" + $0) && !sounds(in: folder + "/" + $0).isEmpty }
    }

    /// Recordings with their classes: of a folder for each class, of a table of names and classes, or of names such as
    /// `7_jackson_32.wav`, which begin with the class and go on with what it belongs to.
    private func sounds(_ needsLabels: Bool) throws(RecurrentError) -> [SoundSignalReader.Item] {
        guard FileSystem().isFolder(path) else {
            return [SoundSignalReader.Item(path: path, label: Self.nameParts(path).label)]
        }
        if let table = options.labelFile { return try Self.listed(table, path) }
        let folders = Self.soundFolders(in: path)
        let inFolders = folders.flatMap { label in
            Self.sounds(in: path + "/" + label).map {
                SoundSignalReader.Item(path: path + "/" + label + "/" + $0, label: label)
            }
        }
        let here = Self.sounds(in: path).map { name -> SoundSignalReader.Item in
            let (label, group) = Self.nameParts(name)
            return SoundSignalReader.Item(
                path: path + "/" + name, label: label, group: options.group == nil ? nil : group)
        }
        let all = inFolders + here
        guard !needsLabels || all.contains(where: { $0.label != nil }) else {
            throw RecurrentError(
                .badData, "the classes of these recordings cannot be told", at: path,
                help: "make a folder for each class, or give a table of names and classes with --labels")
        }
        return all
    }

    private static func nameParts(_ path: String) -> (label: String?, group: String?) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let parts = (name.split(separator: ".").first ?? "").split(separator: "_").map(String.init)
        return (parts.count > 1 ? parts[0] : nil, parts.count > 2 ? parts[1] : nil)
    }

    private static func listed(_ table: String, _ folder: String) throws(RecurrentError) -> [SoundSignalReader.Item] {
        let rows = CSVReader(source: try ByteSource(path: table), separator: UInt8(ascii: ","))
        let system = FileSystem()
        var items: [SoundSignalReader.Item] = []
        while try rows.next() {
            guard rows.fieldCount >= 2 else {
                throw RecurrentError(
                    .badData, "a line needs the name of a recording and its class", at: rows.linePlace)
            }
            let path = folder + "/" + rows.text(0)
            if !system.exists(path) {
                // The first line may name the columns.
                if items.isEmpty, rows.recordCount == 1 { continue }
                throw RecurrentError(.badData, "there is no recording '\(rows.text(0))'", at: rows.linePlace)
            }
            items.append(
                SoundSignalReader.Item(
                    path: path, label: rows.text(1), group: rows.fieldCount > 2 ? rows.text(2) : nil))
        }
        return items
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
        guard let source = try? ByteSource(path: path) else { return false }
        return SignalTableLook.look(source).isSignals
    }
}
