namespace EchoModels.Cli.Demos;

/// <summary>One demonstration: a few calls on real sockets, and the kernel's answers.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Summary">What it shows.</param>
/// <param name="Run">Runs it.</param>
internal sealed record DemoRow(string Name, string Summary, Action<DemoOutput> Run);

/// <summary>All demonstrations; a new one needs only a row here.</summary>
internal static class DemoTable
{
    public static IReadOnlyList<DemoRow> Rows { get; } =
    [
        new("connect-in-progress", "connect without waiting: what is possible meanwhile, and how to get the result", ConnectInProgress.Run),
    ];

    public static DemoRow? Find(string name) => Rows.FirstOrDefault(row => row.Name == name);
}
