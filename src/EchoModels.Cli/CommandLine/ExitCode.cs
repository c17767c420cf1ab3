namespace EchoModels.Cli.CommandLine;

/// <summary>The exit codes of the program.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The run failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line was wrong, and nothing was run.</summary>
    public const int Usage = 2;

    /// <summary>Something that is needed is not available on this system.</summary>
    public const int NotAvailable = 3;
}

/// <summary>A run failed; the message is the one line that reports it.</summary>
internal sealed class RunFailedException(string message) : Exception(message);

/// <summary>Options contradict each other; the message names them and what is accepted.</summary>
internal sealed class UsageException(string message) : Exception(message);
