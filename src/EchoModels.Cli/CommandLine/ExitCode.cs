namespace EchoModels.Cli.CommandLine;

/// <summary>What the shell is told.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The run failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line was wrong; nothing was done.</summary>
    public const int Usage = 2;
}

/// <summary>A run that failed for a reason that one line can tell.</summary>
internal sealed class RunFailedException(string message) : Exception(message);

/// <summary>Options that are right one by one and wrong together; the message names them and what is accepted.</summary>
internal sealed class UsageException(string message) : Exception(message);
