namespace EchoModels.Cli.CommandLine;

/// <summary>The size of the window that standard output goes to; a file or a pipe has no limits.</summary>
/// <param name="Columns">Characters a line.</param>
/// <param name="Lines">Lines, without the one for the shell's next prompt.</param>
internal sealed record WindowSize(int Columns, int Lines)
{
    private const int Unlimited = int.MaxValue;

    /// <summary>That of standard output now.</summary>
    public static WindowSize OfOutput()
    {
        if (Console.IsOutputRedirected)
            return new WindowSize(Unlimited, Unlimited);

        (int columns, int lines) = (Console.WindowWidth, Console.WindowHeight);
        return new WindowSize(columns > 0 ? columns : 80, lines > 1 ? lines - 1 : 23);
    }
}
