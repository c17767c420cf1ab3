namespace EchoModels.Cli.CommandLine;

/// <summary>Lines on stderr. If it cannot be written to (a full disk, no permission), nobody is told, and the exit code still says it.</summary>
internal static class StdErr
{
    public static void WriteLine(string line)
    {
        try
        {
            Console.Error.WriteLine(line);
        }
        catch (Exception deaf) when (deaf is IOException or UnauthorizedAccessException)
        {
            // That is where it would have been told.
        }
    }
}
