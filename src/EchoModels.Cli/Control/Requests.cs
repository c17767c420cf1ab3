using System.Globalization;
using System.Text.Json;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Serving;
using EchoModels.Selectors;

namespace EchoModels.Cli.Control;

/// <summary>The requests of the control channel, each answered with a line of JSON, and <c>stop</c> with two.</summary>
/// <remarks>They are <c>identify</c>, <c>status</c>, <c>switch MODEL [OPTION=VALUE]…</c> and <c>stop</c>.</remarks>
internal static class Requests
{
    /// <summary>The line that asks which server this is.</summary>
    public const string Identify = "identify";

    /// <summary>The line that asks for a snapshot.</summary>
    public const string Status = "status";

    /// <summary>The line that asks the server to stop.</summary>
    public const string Stop = "stop";

    /// <summary>The line that asks for a switch.</summary>
    public static string Switch(ModelRow model, OptionChanges changes)
    {
        List<string> words = [$"switch {model.Name}"];
        if (changes.EdgeTriggered is { } edge)
            words.Add(edge ? "trigger=edge" : "trigger=level");
        if (changes.Workers is { } workers)
            words.Add(string.Create(CultureInfo.InvariantCulture, $"workers={workers}"));
        if (changes.Loops is { } loops)
            words.Add(string.Create(CultureInfo.InvariantCulture, $"loops={loops}"));
        if (changes.Spin is { } spin)
            words.Add(string.Create(CultureInfo.InvariantCulture, $"spin={spin.TotalMicroseconds}us"));
        if (changes.Selector is { } selector)
            words.Add($"selector={selector}");

        return string.Join(' ', words);
    }

    /// <summary>The lines that answer a request; a line may be a while in coming. A fault in it is the answer: it must not end the server.</summary>
    public static IEnumerable<string> Answer(string line, EchoHost host, StatusSource status, StopRequests stops)
    {
        try
        {
            return AnswerRequest(line, host, status, stops);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return [Refuse($"unexpected {fault.GetType().Name}: {Printable.Escape(fault.Message)}")];
        }
    }

    private static IEnumerable<string> AnswerRequest(string line, EchoHost host, StatusSource status, StopRequests stops)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words switch
        {
            [Identify] => [JsonSerializer.Serialize(status.Identity, Wire.Readable.ServerIdentity)],
            [Status] => [JsonSerializer.Serialize(status.Take(), Wire.Readable.StatusReport)],
            [Stop] => stops.Answer(),
            ["switch", string name, .. string[] options] when ModelTable.Find(name) is { } model => [Switch(host, model, options, status.Identity)],
            ["switch", string name, ..] => [Refuse($"unknown model '{Printable.Escape(name)}'")],
            _ => [Refuse("accepted is 'identify', 'status', 'stop' or 'switch MODEL [OPTION=VALUE]…'")],
        };
    }

    private static string Switch(EchoHost host, ModelRow model, string[] options, ServerIdentity server)
    {
        OptionChanges changes = OptionChanges.None;
        foreach (string option in options)
        {
            if (Read(changes, option) is not { } next)
                return Refuse($"unknown option '{Printable.Escape(option)}': accepted are {ModelOptionValues.Accepted}");

            changes = next;
        }

        if (ModelOptionValues.Contradiction(model, changes, host.Options) is { } contradiction)
            return Refuse(contradiction);

        try
        {
            return JsonSerializer.Serialize(SwitchAnswer.Of(host.Switch(model, changes), server), Wire.Readable.SwitchAnswer);
        }
        catch (SwitchRefusedException refusal)
        {
            return Refuse(refusal.Message);
        }
    }

    private static OptionChanges? Read(OptionChanges changes, string option) => option.Split('=', 2) switch
    {
        ["trigger", "edge"] => changes with { EdgeTriggered = true },
        ["trigger", "level"] => changes with { EdgeTriggered = false },
        ["workers", string text] when Values.TryCount(text, 1, ModelOptionValues.MaxWorkers, out int workers) => changes with { Workers = workers },
        ["loops", string text] when Values.TryCount(text, 1, ModelOptionValues.MaxLoops, out int loops) => changes with { Loops = loops },
        ["spin", string text] when Values.TryDuration(text, TimeSpan.Zero, ModelOptionValues.MaxSpin, out TimeSpan spin) => changes with { Spin = spin },
        ["selector", string name] when name == "auto" || SelectorTable.Rows.Any(row => row.Name == name) => changes with { Selector = name },
        _ => null,
    };

    private static string Refuse(string why) => JsonSerializer.Serialize(new Refusal(why), Wire.Readable.Refusal);
}
