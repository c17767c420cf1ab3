using EchoModels.Posix;

namespace EchoModels.Cli.Serving;

/// <summary>The keys 1 to 9 in the terminal where the server runs: each switches to the model of that number.</summary>
internal static class Keyboard
{
    /// <summary>What the keys mean, for a line at the start.</summary>
    public static string Legend => "keys: " + string.Join(", ", ModelTable.Rows.Take(9).Select((row, index) => $"{index + 1} {row.Name}"));

    /// <summary>Whether there is a keyboard, and it is ours to read: a program in the background would be stopped for trying (SIGTTIN).</summary>
    public static bool IsOurs =>
        !Console.IsInputRedirected
        && (!OperatingSystem.IsLinux() || Libc.TerminalForegroundGroup(0) == Libc.ProcessGroup());

    /// <summary>Reads keys on a thread of its own for as long as the program runs.</summary>
    public static void Listen(Action<ModelRow> onModel)
    {
        Thread thread = new(() => ReadKeys(onModel)) { Name = "keyboard", IsBackground = true };
        thread.Start();
    }

    private static void ReadKeys(Action<ModelRow> onModel)
    {
        try
        {
            while (true)
            {
                int index = Console.ReadKey(intercept: true).KeyChar - '1';
                if (index >= 0 && index < Math.Min(9, ModelTable.Rows.Count))
                    onModel(ModelTable.Rows[index]);
            }
        }
        catch (Exception gone) when (gone is InvalidOperationException or IOException)
        {
            // The terminal has been closed; the server goes on without its keys.
        }
    }
}
