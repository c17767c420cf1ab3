using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Serving;

/// <summary>The keys 1 to 9, and from the tenth model on a, b, c …, in the terminal where the server runs: each switches to its model.</summary>
internal static class Keyboard
{
    /// <summary>What the keys mean, for a line at the start.</summary>
    public static string Legend => "keys: " + string.Join(", ", ModelTable.Rows.Select((row, index) => $"{Key(index)} {row.Name}"))
        + "; the key of epoll again takes its other trigger (level, edge)";

    /// <summary>The key of the model in this place of the table, counted from 0.</summary>
    public static char Key(int index) => index < 9 ? (char)('1' + index) : (char)('a' + index - 9);

    /// <summary>What a key changes besides the model: the key of the model that serves takes its other trigger, if it has one.</summary>
    public static OptionChanges ChangesFor(ModelRow model, EchoHost host) =>
        model == host.Serving && (model.Options & ModelOption.Trigger) != 0
            ? new OptionChanges { EdgeTriggered = !host.Options.UsedBy(model).EdgeTriggered }
            : OptionChanges.None;

    /// <summary>Whether there is a keyboard, and it may be read: a server started in the background has none.</summary>
    public static bool IsOurs => !Console.IsInputRedirected && Terminal.MayReadKeys(0);

    /// <summary>Reads keys on a thread of its own for as long as the program runs.</summary>
    public static void Listen(Action<ModelRow> onModel)
    {
        Thread thread = new(() => ReadKeys(onModel)) { Name = "keyboard", IsBackground = true };
        thread.Start();
    }

    private static void ReadKeys(Action<ModelRow> onModel)
    {
        using Terminal? terminal = OperatingSystem.IsLinux() ? new Terminal() : null;
        try
        {
            string keys;
            do
            {
                keys = terminal?.ReadKeys() ?? Console.ReadKey(intercept: true).KeyChar.ToString();
                foreach (char typed in keys)
                {
                    if (ModelTable.Rows.Where((_, index) => Key(index) == typed).FirstOrDefault() is { } model)
                        onModel(model);
                }
            }
            while (keys.Length > 0);
        }
        catch (Exception gone) when (gone is InvalidOperationException or IOException)
        {
            // The terminal has been closed; the server goes on without its keys.
        }
    }
}
