// Trains and judges encoder-forecasters on Moving MNIST. Progress goes to standard output and to LOG.
//
//     MovingMNIST train conv|dense --data FOLDER --out FOLDER [--steps N --batch B --rate R …]
//     MovingMNIST test conv|dense --data FOLDER --out FOLDER        (the same structure options as in training)
//     MovingMNIST copy-last --data FOLDER
//
// FOLDER of data holds the unpacked IDX files of MNIST. `Benchmarks/moving_mnist.py` unpacks them and runs all of it.

import Recurrent

struct Options {
    var values: [String: String] = [:]
    var words: [String] = []

    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if word.hasPrefix("--"), let value = rest.popFirst() {
                values[String(word.dropFirst(2))] = value
            } else {
                words.append(word)
            }
        }
    }

    func text(_ name: String, _ fallback: String) -> String { values[name] ?? fallback }
    func int(_ name: String, _ fallback: Int) -> Int { values[name].flatMap { Int($0) } ?? fallback }
    func double(_ name: String, _ fallback: Double) -> Double { values[name].flatMap { Double($0) } ?? fallback }
    func ints(_ name: String, _ fallback: [Int]) -> [Int] {
        values[name].map { $0.split(separator: ",").compactMap { Int($0) } } ?? fallback
    }
}

let options = Options(Array(CommandLine.arguments.dropFirst()))
ComputePool.threadCount = options.int("threads", 1)
let dataFolder = options.text("data", ".")
let seed = UInt64(options.int("seed", 1))
let outFolder = options.text("out", ".")
// Logits of about −2.5 say the mean brightness of a pixel, so that training need not begin by darkening the frame.
let startingBias = -2.5

/// Training digits are the first 55,000 of the training file, validation digits its last 5,000, test digits those of the test
/// file. Test sequences are those numbered 0..<10,000 under the seed 2015.
let testSeed: UInt64 = 2015
let validationSeed: UInt64 = 77

func digits(_ file: String, _ range: Range<Int>? = nil) throws -> MovingDigits {
    let all = try IDXFile.read(dataFolder + "/" + file)
    guard all.rank == 3, range.map({ $0.upperBound <= all.shape[0] }) ?? true else {
        throw RecurrentError(.badData, "holds no digits of MNIST", at: file)
    }
    return try MovingDigits(pictures: range.map { all.sliced($0) } ?? all)
}

do {
    switch (options.words.first, options.words.dropFirst().first) {
    case ("train", "conv"), ("test", "conv"):
        let channels = options.ints("channels", [32])
        try run(
            ConvForecaster(
                patch: options.int("patch", 4), channels: channels,
                kernels: options.ints("kernels", channels.map { _ in 5 }), features: options.int("features", 128),
                bias: startingBias,
                key: RandomKey(seed: seed)))
    case ("train", "dense"), ("test", "dense"):
        try run(
            DenseForecaster(
                hidden: options.int("hidden", 1024), layers: options.int("layers", 1), bias: startingBias,
                key: RandomKey(seed: seed)))
    case ("copy-last", _): try judgeCopyLast()
    default: leave("the first words must be train conv, train dense, test conv, test dense or copy-last")
    }
} catch { leave("\(error)") }

func run(_ model: some FramePredictor) throws {
    if options.words[0] == "train" {
        try train(model)
    } else {
        try test(model)
    }
}
