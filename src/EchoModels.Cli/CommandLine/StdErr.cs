namespace EchoModels.Cli.CommandLine;

/// <summary>Writes lines to stderr; if that fails (a full disk, no permission), the exit code remains the only report.</summary>
internal static class StdErr
{
    public static void WriteLine(string line)
    {
        try
        {
            Console.Error.WriteLine(line);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A failure is reported on stderr, which has just failed.
        }
    }
}
