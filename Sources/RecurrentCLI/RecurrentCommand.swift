#if CLI
    import ArgumentParser

    @main
    struct RecurrentCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "recurrent", abstract: "Recurrent networks on sequences: train, judge, forecast, run.")
    }
#else
    @main
    struct RecurrentCommand {
        static func main() {
            print("This build has no command-line program: the package trait CLI is off.")
        }
    }
#endif
