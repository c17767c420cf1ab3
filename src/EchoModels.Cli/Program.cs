using System.CommandLine;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Commands;
using EchoModels.Cli.Serving;

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
};

HelpWithExamples.Install(root);
return Usage.Run(root, args);
