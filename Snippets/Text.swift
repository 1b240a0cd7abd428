import Recurrent

/// What a library does with a text: learn it, judge it, let it write, and complete what is typed.
func book(_ file: String, in folder: String) throws {
    let model = try LanguageModel.fit(file, in: folder)
    try model.save(to: folder + "/model")
    print(try model.evaluate("It was a bright cold day in April.\n").bitsPerCharacter)

    var sampler = TokenSampler()
    (sampler.temperature, sampler.topP) = (0.7, 0.95)
    for piece in model.writer(after: "It was", sampler: sampler, seed: 3).prefix(300) { print(piece, terminator: "") }

    var completer = Completer(model)
    completer.type("It was a br")
    for completion in completer.completions(3) { print(completion.text, completion.probability) }
}
