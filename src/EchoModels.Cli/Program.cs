using System.CommandLine;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Commands;

RootCommand root = new("A TCP echo server that shows every I/O model there is, and switches between them live.")
{
    ModelsCommand.Create(),
    ClientCommand.Create(),
};

return Usage.Run(root, args);
