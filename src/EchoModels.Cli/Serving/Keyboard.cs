using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Serving;

/// <summary>The keys 1 to 9, and from the tenth model on a, b, c …, in the terminal where the server runs: each switches to its model.</summary>
internal sealed class Keyboard
{
    private readonly IReadOnlyList<(char Key, ModelRow Model)> _keys;
    private readonly Action<ModelRow> _onModel;
    private readonly Action<string> _tell;

    /// <param name="onModel">Switches to a model.</param>
    /// <param name="tell">Takes the lines about keys.</param>
    public Keyboard(Action<ModelRow> onModel, Action<string> tell)
    {
        _keys = [.. ModelTable.Rows.Select((row, index) => (Key(index), row)).Where(key => key.row.UnavailableReason() is null)];
        (_onModel, _tell) = (onModel, tell);
    }

    /// <summary>What the keys mean, for a line at the start: those of the models that are available here.</summary>
    public string Legend => $"keys: {Known}; the key of epoll again takes its other trigger (level, edge)";

    /// <summary>The key of the model in this place of the table, counted from 0: the same on every machine.</summary>
    public static char Key(int index) => index < 9 ? (char)('1' + index) : (char)('a' + index - 9);

    /// <summary>What a key changes besides the model: the key of the model that serves takes its other trigger, if it has one.</summary>
    public static OptionChanges ChangesFor(ModelRow model, EchoHost host) =>
        model == host.Serving && (model.Options & ModelOption.Trigger) != 0
            ? new OptionChanges { EdgeTriggered = !host.Options.UsedBy(model).EdgeTriggered }
            : OptionChanges.None;

    /// <summary>Whether there is a keyboard, and it may be read: a server started in the background has none.</summary>
    public static bool IsOurs => !Console.IsInputRedirected && Terminal.MayReadKeys(0);

    private string Known => string.Join(", ", _keys.Select(key => $"{key.Key} {key.Model}"));

    /// <summary>Reads keys on a thread of its own for as long as the program runs.</summary>
    public void Listen()
    {
        Thread thread = new(ReadKeys) { Name = "keyboard", IsBackground = true };
        thread.Start();
    }

    private void ReadKeys()
    {
        using Terminal? terminal = OperatingSystem.IsLinux() ? new Terminal() : null;
        try
        {
            while ((terminal?.ReadKeys() ?? ReadConsole()) is { Length: > 0 } typed)
                Handle(typed);
        }
        catch (Exception gone) when (gone is InvalidOperationException or IOException)
        {
            // The terminal has been closed; the server goes on without its keys.
        }
    }

    /// <summary>One character is a key. Several that come together were pasted, or are the sequence of a key such as the arrow up.</summary>
    private void Handle(string typed)
    {
        if (typed.All(letter => letter is '\r' or '\n'))
            return; // an empty line, to set log lines apart

        if (typed.Length > 1 && typed[0] != '\u001b')
            _tell($"{typed.Length} characters came together, as from a paste: ignored; one key at a time switches");
        else if (_keys.FirstOrDefault(key => typed == key.Key.ToString()).Model is { } model)
            _onModel(model);
        else
            _tell($"unknown key{(typed.Length == 1 && typed[0] > ' ' ? $" '{Printable.Escape(typed)}'" : "")}; known are {Known}");
    }

    /// <summary>Waits for a key, and takes with it what has come by then.</summary>
    private static string ReadConsole()
    {
        string typed = Console.ReadKey(intercept: true).KeyChar.ToString();
        while (Console.KeyAvailable)
            typed += Console.ReadKey(intercept: true).KeyChar;

        return typed;
    }
}
