namespace EchoModels.Cli.Demos;

/// <summary>One demonstration: a few calls on real sockets, and what the kernel answers.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Summary">What it shows.</param>
/// <param name="Run">Plays it.</param>
internal sealed record DemoRow(string Name, string Summary, Action<Stage> Run);

/// <summary>The demonstrations there are. To add one, add its row.</summary>
internal static class DemoTable
{
    public static IReadOnlyList<DemoRow> Rows { get; } =
    [
        new("connect-in-progress", "connect without waiting: what may be done meanwhile, and how one learns the end", ConnectInProgress.Play),
    ];

    public static DemoRow? Find(string name) => Rows.FirstOrDefault(row => row.Name == name);
}
