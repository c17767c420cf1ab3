using System.CommandLine;
using System.Runtime.CompilerServices;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Commands;
using EchoModels.Cli.Serving;

return DescriptorCheck.Passes() ? Run(args) : ExitCode.Failed;

// In a method of its own: what a method uses is loaded before it begins.
[MethodImpl(MethodImplOptions.NoInlining)]
static int Run(string[] args)
{
    // Before anything else is loaded: it is started once for every client.
    if (args is [Child.Verb, ..])
        return Child.Run(args[1..]);

    // Opened while there is a descriptor for it: whatever goes wrong afterwards can be told.
    _ = Console.Error;

    RootCommand root = new("A TCP echo server that shows every I/O model there is, and switches between them live.")
    {
        ServeCommand.Create(),
        SwitchCommand.Create(),
        StatusCommand.Create(),
        ModelsCommand.Create(),
        ClientCommand.Create(),
        DemoCommand.Create(),
    };

    HelpWithExamples.Install(root);
    return Usage.Run(root, args);
}
