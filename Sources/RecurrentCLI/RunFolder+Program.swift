#if CLI
    import RecurrentSearch
    import RecurrentTensor

    /// Runs whose environment another program serves: what a folder says is never started, so that a person gives it again.
    extension RunFolder {
        /// The line that goes on with a run.
        func resumeLine(of command: String, in source: EnvironmentSource) -> String {
            guard case .program(let program) = source, !program.isOfGymnasium else { return resumeLine }
            return "\(beginning(of: command)) \(ShellWord.quoted(program.name))"
        }

        /// What a run is taken up with; where the program is missing the error says how to give it.
        func withProgram<Result>(
            of command: String, _ body: () throws(RecurrentError) -> Result
        ) throws(RecurrentError) -> Result {
            do {
                return try body()
            } catch {
                guard error.help == EnvironmentProgram.askAgain else { throw error }
                throw RecurrentError(
                    error.category, error.what, at: error.place, why: error.why,
                    help: "\(beginning(of: command)) 'PROGRAM ARGUMENTS'")
            }
        }

        private func beginning(of command: String) -> String {
            "recurrent \(command) --resume --out \(ShellWord.quoted(path)) --command"
        }
    }
#endif
