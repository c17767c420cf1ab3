using System.Globalization;

namespace EchoModels.Cli.CommandLine;

/// <summary>Numbers for people: thousands are grouped, and what is counted is in the singular after 1.</summary>
internal static class Quantity
{
    /// <summary>A number and what is counted, such as "1 message" or "20,000 messages".</summary>
    /// <param name="count">How many.</param>
    /// <param name="singular">The name of one; an s is added for more.</param>
    /// <param name="plural">The name of more, where it is not made so.</param>
    public static string Of(long count, string singular, string? plural = null) =>
        $"{Group(count)} {(count == 1 ? singular : plural ?? singular + "s")}";

    /// <summary>A number alone.</summary>
    public static string Group(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A number alone; - for what is not known.</summary>
    public static string Group(long? count) => count is { } known ? Group(known) : "-";
}
