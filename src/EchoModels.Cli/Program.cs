using System.CommandLine;
using System.Runtime.CompilerServices;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Commands;
using EchoModels.Cli.Serving;
using EchoModels.Kernel;

Descriptors.RaiseLimit();
return Descriptors.AreEnough() ? Run(args) : ExitCode.Failed;

// A separate method: the assemblies that a method uses are loaded before it runs.
[MethodImpl(MethodImplOptions.NoInlining)]
static int Run(string[] args)
{
    // Before anything else is loaded: the child is started once for every client.
    if (args is [Child.Verb, ..])
        return Child.Run(args[1..]);

    // Before any thread is started: each inherits the mask.
    InheritedSignals.Unblock();

    StandardStreams.Install();

    RootCommand root = new("A TCP echo server that shows every I/O model there is, and switches between them live.")
    {
        ServeCommand.Create(),
        SwitchCommand.Create(),
        StatusCommand.Create(),
        StopCommand.Create(),
        ModelsCommand.Create(),
        ClientCommand.Create(),
        DemoCommand.Create(),
        SourceCommand.Create(),
        CheckCommand.Create(),
    };

    root.Subcommands.Add(CompletionCommand.Create(root));
    HelpWithExamples.Install(root);
    return Usage.Run(root, args);
}
