#if CLI
    import ArgumentParser
    import Recurrent
    import RecurrentTensor

    // ArgumentParser would end with its own exit codes; the program's are part of its contract.
    do {
        Console.openStandardDescriptors()
        let arguments = Array(CommandLine.arguments.dropFirst())
        try RecurrentCommand.checkNames(arguments)
        var command = try ConfigFile.command(arguments)
        try command.run()
    } catch let error as RecurrentError {
        Console.fail(error)
    } catch {
        let code = RecurrentCommand.exitCode(for: error)
        let message = RecurrentCommand.fullMessage(for: error)
        if code.isSuccess {
            do { try Console.show(message) } catch { Console.fail(error) }
        } else {
            Console.talk(message)
            Console.exit(with: RecurrentError.Category.usage.exitCode)
        }
    }
#else
    print("This build has no command-line program: the package trait CLI is off.")
#endif
