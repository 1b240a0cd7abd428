import Recurrent

/// For each of the ten predicted frames: the squared error summed over the 64 × 64 pixels, mean over the sequences.
func squaredErrors(
    _ supply: MovingDigits, numbers: Range<Int>, seed: UInt64, _ predict: (Tensor) -> Tensor
) -> [Double] {
    var sums = [Double](repeating: 0, count: 10)
    let block = 20
    for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: block) {
        let frames = supply.sequences(start..<min(start + block, numbers.upperBound), steps: 20, seed: seed)
        let predicted = predict(frames.sliced(0..<10))
        let difference = predicted - frames.sliced(10..<20)
        for step in 0..<10 {
            sums[step] += difference[step].scalars(of: Float.self).reduce(0.0) { $0 + Double($1) * Double($1) }
        }
    }
    return sums.map { $0 / Double(max(1, numbers.count)) }
}

private func report(_ object: JSONObject, _ errors: [Double], _ name: String) throws {
    var object = object
    object["mse"] = .number(mean(errors))
    object["mse_by_frame"] = .array(errors.map { .number($0) })
    object["test_sequences"] = .integer(Int64(options.int("count", 10_000)))
    object["test_seed"] = .integer(Int64(testSeed))
    say(JSON.object(object).text())
    try FileSystem().makeFolder(outFolder)
    try FileSystem().write(JSON.object(object).text(.pretty) + "\n", to: outFolder + "/\(name).json")
}

/// Judges a trained model on the fixed test sequences and keeps some predictions for a picture.
func test<Model: FramePredictor>(_ start: Model) throws {
    var model = start
    let file = try SafetensorsFile(outFolder + "/model.safetensors")
    try model.load(
        Dictionary(try file.tensors().map { ($0.name, $0.tensor) }, uniquingKeysWith: { $1 }),
        from: outFolder + "/model.safetensors")
    let supply = try digits("t10k-images-idx3-ubyte")
    let begin = seconds()
    let errors = squaredErrors(supply, numbers: 0..<options.int("count", 10_000), seed: testSeed) { predict(model, $0) }
    var object = model.description
    for key in ["steps", "batch", "rate", "seed", "threads", "seconds", "processor seconds"] {
        let name =
            key == "seconds" ? "training_seconds" : key == "processor seconds" ? "training_processor_seconds" : key
        object[name] = file.metadata[key].flatMap { Double($0) }.map { .number($0) }
    }
    object["test_seconds"] = .number(seconds() - begin)
    try report(object, errors, "test")

    let shown = options.int("shown", 3)
    let frames = supply.sequences(0..<shown, steps: 20, seed: testSeed)
    try Safetensors.write(
        [("frames", frames), ("predicted", predict(model, frames.sliced(0..<10)))], to: outFolder + "/shown.safetensors"
    )
}

/// The last frame seen, ten times over.
func judgeCopyLast() throws {
    let supply = try digits("t10k-images-idx3-ubyte")
    let errors = squaredErrors(supply, numbers: 0..<options.int("count", 10_000), seed: testSeed) { seen in
        Tensor.concatenated((0..<10).map { _ in seen.sliced(9..<10) })
    }
    try report(["model": "copy of the last frame"], errors, "copy-last")
}
