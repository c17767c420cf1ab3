using System.CommandLine;
using System.Text.Json;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;
using EchoModels.Cli.Serving;
using EchoModels.Kernel;
using EchoModels.Selectors;
using Spectre.Console;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels models: the list of models and selectors.</summary>
internal static class ModelsCommand
{
    private const string Examples = """
          echomodels models
          echomodels models --json
        """;

    public static Command Create()
    {
        Option<bool> json = CommonOptions.Json();
        Verb command = new("models", "list the I/O models and selectors: what each waits in, and whether it is available here", Examples) { json };
        command.SetAction(parsed => Run(parsed.GetValue(json)));
        return command;
    }

    private static int Run(bool json)
    {
        IReadOnlyList<ModelLine> lines = [.. ModelTable.Rows.Select(Probe)];
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(lines, Wire.Readable.IReadOnlyListModelLine));
        else
            Print(lines);

        return ExitCode.Ok;
    }

    private static ModelLine Probe(ModelRow row)
    {
        string? reason = row.UnavailableReason();
        return new ModelLine(row.Name, row.Summary, row.WaitsIn, row.Threads, reason is null, reason);
    }

    private static void Print(IReadOnlyList<ModelLine> lines)
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 200; // a file needs no line breaks

        // A narrow window gets fewer columns, because a table whose words are broken cannot be read.
        bool isWide = AnsiConsole.Profile.Width >= 80;
        Table models = isWide ? NewTable("key", "model", "waits in", "threads", "what it does") : NewTable("key", "model", "what it does");
        for (int i = 0; i < lines.Count; i++)
        {
            ModelLine line = lines[i];
            string name = line.Available ? line.Name : $"({line.Name})";
            AddRow(models, [$"{Keyboard.Key(i)}", name, .. isWide ? (string[])[line.WaitsIn, line.Threads] : [], line.Summary]);
        }

        Table selectors = NewTable("selector", "waits in", "here");
        bool hasDefault = false;
        foreach (SelectorRow row in SelectorTable.Rows)
        {
            string? reason = SelectorProbe.UnavailableReason(row);
            AddRow(selectors, row.Name, row.Call, reason ?? (hasDefault ? "yes" : "yes; auto takes it, as the first that works"));
            hasDefault |= reason is null;
        }

        AnsiConsole.Write(models);
        foreach (ModelLine line in lines.Where(line => !line.Available))
            AnsiConsole.WriteLine($"({line.Name}) not available: {line.Reason}");

        AnsiConsole.WriteLine();
        AnsiConsole.Write(selectors);
    }

    private static Table NewTable(params string[] columns)
    {
        Table table = new() { Border = TableBorder.None };
        foreach (string column in columns)
            table.AddColumn(new TableColumn(column) { NoWrap = column is "key" or "model" or "selector", Padding = new Padding(0, 0, 2, 0) });

        return table;
    }

    private static void AddRow(Table table, params string[] cells) => table.AddRow([.. cells.Select(cell => new Text(cell))]);
}
