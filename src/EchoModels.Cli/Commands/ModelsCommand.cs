using System.CommandLine;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels models: the table of contents.</summary>
internal static class ModelsCommand
{
    public static Command Create()
    {
        Option<bool> json = new("--json") { Description = "print an array of objects instead of a table" };
        Command command = new("models", "list the I/O models: what each waits in, and whether it can be had here") { json };
        command.SetAction(parsed => parsed.GetValue(json) ? PrintJson() : PrintTable());
        return command;
    }

    private static int PrintJson() => ExitCode.Ok;

    private static int PrintTable() => ExitCode.Ok;
}
