using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace EchoModels.Cli.CommandLine;

/// <summary>What an option or argument accepts: the same words in the help and in the error that refuses a value.</summary>
/// <param name="Text">In words: a range, or all the values.</param>
/// <param name="Words">The values, where there is a list of them.</param>
internal sealed record Accepted(string Text, params IReadOnlyList<string> Words)
{
    private static readonly ConditionalWeakTable<Symbol, Accepted> BySymbol = [];

    /// <summary>One of these words.</summary>
    public static Accepted OneOf(IReadOnlyList<string> words) => new(string.Join(", ", words), words);

    /// <summary>A whole number without a unit, such as a port.</summary>
    public static Accepted Number(int min, int max) => new(Invariant($"a whole number from {min} to {max}"));

    /// <summary>A count; k and M are thousands and millions.</summary>
    public static Accepted Count(int min, int max) =>
        new(Invariant($"a whole number from {min} to {max:N0}") + (max < 1000 ? "" : max < 1_000_000 ? " (1k is 1,000)" : " (1k is 1,000, 1M is 1,000,000)"));

    /// <summary>A size in bytes; k and M are powers of 1,024.</summary>
    public static Accepted Size(int min, int max) =>
        new(Invariant($"a size from {min} to {max:N0} bytes (1k is 1,024, 1M is 1,048,576)"));

    /// <summary>A length of time.</summary>
    public static Accepted Duration(TimeSpan min, TimeSpan max)
    {
        string[] examples = [.. ((string[])["50us", "250ms", "5s", "2m"]).Where(example => Values.TryDuration(example, min, max, out _)).TakeLast(3)];
        examples = examples.Length > 0 ? examples : [Short(max)];
        string last = examples.Length > 1 ? $"{string.Join(", ", examples[..^1])} or {examples[^1]}" : string.Join(", ", examples);
        return new($"a time from {Short(min)} to {Short(max)}, such as {last}; a number without a unit is seconds");
    }

    /// <summary>What a symbol accepts; "a value" if that has not been told.</summary>
    public static Accepted By(Symbol symbol) => BySymbol.TryGetValue(symbol, out Accepted? accepted) ? accepted : new Accepted("a value");

    /// <summary>Whether it has been told what a symbol accepts.</summary>
    public static bool IsKnownFor(Symbol symbol) => BySymbol.TryGetValue(symbol, out _);

    /// <summary>Tells what a symbol accepts.</summary>
    public void TellFor(Symbol symbol) => BySymbol.AddOrUpdate(symbol, this);

    /// <summary>The error that refuses a value, in one line.</summary>
    public string Refusal(string name, string text) => $"{name} '{Printable.Escape(text)}': accepted is {Text}{Nearest.Question(text, Words)}";

    private static string Short(TimeSpan time) => time switch
    {
        _ when time == TimeSpan.Zero => "0s",
        _ when time.TotalMilliseconds < 1 => Invariant($"{time.TotalMicroseconds:0}us"),
        _ when time.TotalSeconds < 1 => Invariant($"{time.TotalMilliseconds:0}ms"),
        _ when time.TotalHours >= 1 && time.TotalHours == Math.Floor(time.TotalHours) => Invariant($"{time.TotalHours:0}h"),
        _ => Invariant($"{time.TotalSeconds:0}s"),
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
