using System.CommandLine;
using System.Text.Json;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Control;
using EchoModels.Cli.Serving;
using EchoModels.Kernel;
using EchoModels.Selectors;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels models: the list of models and selectors.</summary>
internal static class ModelsCommand
{
    private const string Examples = """
          echomodels models
          echomodels models --json
          echomodels models | less -S         all columns, in a narrow window too
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
        IReadOnlyList<ModelLine> models = [.. ModelTable.Rows.Select(Probe)];
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(models, Wire.Readable.IReadOnlyListModelLine));
        else
            Print(models, WindowSize.OfOutput());

        return ExitCode.Ok;
    }

    private static ModelLine Probe(ModelRow row)
    {
        string? reason = row.UnavailableReason();
        return new ModelLine(row.Name, row.Summary, row.WaitsIn, row.Threads, reason is null, reason);
    }

    /// <summary>Prints the first form that fits the window, from the whole to the shortest.</summary>
    private static void Print(IReadOnlyList<ModelLine> models, WindowSize window)
    {
        IReadOnlyList<(string Name, string Waits, string Here)> selectors = ProbeSelectors();
        Func<IReadOnlyList<string>>[] forms =
        [
            () => [.. Wide(models).Lines(window.Columns), .. Reasons(models, window), "", .. SelectorsWide(selectors).Lines(window.Columns)],
            () => [.. Narrow(models).Lines(window.Columns), .. Reasons(models, window), "", .. SelectorsWide(selectors).Lines(window.Columns)],
            () => [.. Narrow(models).Lines(window.Columns, cut: true), .. Reasons(models, window), "", .. SelectorsWide(selectors).Lines(window.Columns)],
            () => [.. Narrow(models).Lines(window.Columns, cut: true), .. TextTable.Break(InOneLine(selectors), window.Columns)],
        ];

        // A table whose middle columns leave no room for its last one cannot be read, even where it fits.
        IReadOnlyList<string>? fitting = forms.Skip(window.Columns >= 80 ? 0 : 1).Select(form => form()).FirstOrDefault(lines => lines.Count <= window.Lines);
        foreach (string line in fitting ?? forms[^1]())
            Console.Out.WriteLine(line);
    }

    private static TextTable Wide(IReadOnlyList<ModelLine> models)
    {
        TextTable table = new("key", "model", "waits in", "threads", "what it does");
        for (int i = 0; i < models.Count; i++)
            table.Add($"{Keyboard.Key(i)}", NameOf(models[i]), models[i].WaitsIn, models[i].Threads, models[i].Summary);

        return table;
    }

    private static TextTable Narrow(IReadOnlyList<ModelLine> models)
    {
        TextTable table = new("key", "model", "what it does");
        for (int i = 0; i < models.Count; i++)
            table.Add($"{Keyboard.Key(i)}", NameOf(models[i]), models[i].Summary);

        return table;
    }

    private static string NameOf(ModelLine model) => model.Available ? model.Name : $"({model.Name})";

    private static IEnumerable<string> Reasons(IReadOnlyList<ModelLine> models, WindowSize window) =>
        models.Where(model => !model.Available).SelectMany(model => TextTable.Break($"({model.Name}) not available: {model.Reason}", window.Columns));

    /// <summary>The selectors that can be forced, and the edge-triggered one that <c>status</c> reports.</summary>
    private static List<(string Name, string Waits, string Here)> ProbeSelectors()
    {
        List<(string, string, string)> selectors = [];
        foreach (SelectorRow row in SelectorTable.Rows)
        {
            bool isFirst = !selectors.Any(selector => selector.Item3.StartsWith("yes", StringComparison.Ordinal));
            string? reason = SelectorProbe.UnavailableReason(row);
            selectors.Add((row.Name, row.Call, reason ?? (isFirst ? "yes; auto takes this one" : "yes")));
        }

        SelectorRow edge = SelectorTable.Find("epoll-edge");
        selectors.Add((edge.Name, edge.Call, SelectorProbe.UnavailableReason(edge) ?? "yes; epoll with --trigger edge"));
        return selectors;
    }

    private static TextTable SelectorsWide(IReadOnlyList<(string Name, string Waits, string Here)> selectors)
    {
        TextTable table = new("selector", "waits in", "here");
        foreach ((string name, string waits, string here) in selectors)
            table.Add(name, waits, here);

        return table;
    }

    private static string InOneLine(IReadOnlyList<(string Name, string Waits, string Here)> selectors) =>
        "selectors: " + string.Join(", ", selectors.Select(selector => selector.Here.StartsWith("yes", StringComparison.Ordinal) ? selector.Name : $"({selector.Name})"));
}
