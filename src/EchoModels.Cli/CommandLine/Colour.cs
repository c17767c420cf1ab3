namespace EchoModels.Cli.CommandLine;

/// <summary>Whether a stream gets colours.</summary>
internal static class Colour
{
    /// <summary>A terminal that understands them does, unless the user does not want them. See no-color.org: an empty NO_COLOR is as good as none.</summary>
    /// <param name="isRedirected">Whether the stream is no terminal.</param>
    public static bool IsFor(bool isRedirected) =>
        !isRedirected
        && Environment.GetEnvironmentVariable("NO_COLOR") is null or { Length: 0 }
        && (OperatingSystem.IsWindows() || Environment.GetEnvironmentVariable("TERM") is not ("dumb" or "" or null));
}
