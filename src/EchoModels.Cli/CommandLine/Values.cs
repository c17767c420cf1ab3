using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;

namespace EchoModels.Cli.CommandLine;

/// <summary>Options whose wrong values are refused in one line that names the option, the value and what is accepted.</summary>
internal static class Values
{
    private static readonly ConditionalWeakTable<Symbol, string> AcceptedValues = [];

    /// <summary>Reads a value; false if it is not accepted.</summary>
    public delegate bool Parser<T>(string text, out T value);

    /// <summary>A whole number between two bounds.</summary>
    public static Option<int> Count(string name, string alias, string what, int least, int most, int byDefault) =>
        Make(name, alias, what, byDefault, (string text, out int value) => TryCount(text, least, most, out value), Accepted(least, most));

    /// <summary>A whole number between two bounds, or nothing.</summary>
    public static Option<int?> OptionalCount(string name, string alias, string what, int least, int most) =>
        Make<int?>(name, alias, what, null, Optional((string text, out int value) => TryCount(text, least, most, out value)), Accepted(least, most));

    /// <summary>A length of time, such as 250ms, 5s or 2m; a bare number is seconds.</summary>
    public static Option<TimeSpan> Duration(string name, string alias, string what, TimeSpan least, TimeSpan most, TimeSpan byDefault) =>
        Make(name, alias, what, byDefault, (string text, out TimeSpan value) => TryDuration(text, least, most, out value), Accepted(least, most));

    /// <summary>A length of time, or nothing.</summary>
    public static Option<TimeSpan?> OptionalDuration(string name, string alias, string what, TimeSpan least, TimeSpan most) =>
        Make<TimeSpan?>(name, alias, what, null, Optional((string text, out TimeSpan value) => TryDuration(text, least, most, out value)), Accepted(least, most));

    /// <summary>An IPv4 or IPv6 address, or localhost.</summary>
    public static Option<IPAddress> Address(string name, string what, IPAddress byDefault) =>
        Make(name, "", what, byDefault, TryAddress, "an IPv4 or IPv6 address, or localhost");

    /// <summary>One of some words.</summary>
    public static Option<string> OneOf(string name, string alias, string what, string byDefault, params string[] words) =>
        Make(name, alias, what, byDefault, (string text, out string value) => words.Contains(value = text), string.Join(", ", words));

    /// <summary>An option with one value.</summary>
    /// <param name="name">With its two dashes.</param>
    /// <param name="alias">The short form with its dash, or nothing.</param>
    /// <param name="what">Its line in the help.</param>
    /// <param name="byDefault">The value when it is not given.</param>
    /// <param name="parser">Reads the value.</param>
    /// <param name="accepted">What is accepted, in words.</param>
    public static Option<T> Make<T>(string name, string alias, string what, T byDefault, Parser<T> parser, string accepted)
    {
        Option<T> option = alias.Length == 0 ? new Option<T>(name) : new Option<T>(name, alias);
        option.Description = what;
        option.Arity = ArgumentArity.ExactlyOne;
        option.DefaultValueFactory = _ => byDefault;
        option.CustomParser = result => Parse(result, name, parser, accepted);
        Remember(option, accepted);
        return option;
    }

    /// <summary>Notes what an option or argument accepts, in words, for when its value is missing.</summary>
    public static void Remember(Symbol symbol, string accepted) => AcceptedValues.AddOrUpdate(symbol, accepted);

    /// <summary>What an option or argument accepts, in words.</summary>
    public static string AcceptedBy(Symbol symbol) => AcceptedValues.TryGetValue(symbol, out string? accepted) ? accepted : "a value";

    /// <summary>Reads one token, or refuses it by name.</summary>
    public static T Parse<T>(ArgumentResult result, string name, Parser<T> parser, string accepted)
    {
        string text = result.Tokens.Count > 0 ? result.Tokens[^1].Value : "";
        if (!parser(text, out T value))
            result.AddError($"{name} '{Printable.Escape(text)}': accepted is {accepted}");

        return value;
    }

    public static bool TryCount(string text, int least, int most, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most;

    public static bool TryDuration(string text, TimeSpan least, TimeSpan most, out TimeSpan value)
    {
        value = default;
        string number = string.Concat(text.TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.'));
        string unit = text[number.Length..];
        double factor = unit switch { "us" => 1e-6, "ms" => 1e-3, "" or "s" => 1, "m" => 60, "h" => 3600, _ => double.NaN };
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count))
            return false;

        double seconds = count * factor;
        if (!(seconds >= least.TotalSeconds && seconds <= most.TotalSeconds))
            return false;

        value = TimeSpan.FromSeconds(seconds);
        return true;
    }

    private static Parser<T?> Optional<T>(Parser<T> parser) where T : struct => (string text, out T? value) =>
    {
        bool accepted = parser(text, out T given);
        value = given;
        return accepted;
    };

    private static string Accepted(int least, int most) => Invariant($"a whole number from {least} to {most}");

    private static string Accepted(TimeSpan least, TimeSpan most) =>
        $"a time from {Short(least)} to {Short(most)}, such as 250ms, 5s or 2m";

    private static string Short(TimeSpan time) => time switch
    {
        _ when time == TimeSpan.Zero => "0s",
        _ when time.TotalMilliseconds < 1 => Invariant($"{time.TotalMicroseconds:0}us"),
        _ when time.TotalSeconds < 1 => Invariant($"{time.TotalMilliseconds:0}ms"),
        _ when time.TotalHours >= 1 && time.TotalHours == Math.Floor(time.TotalHours) => Invariant($"{time.TotalHours:0}h"),
        _ => Invariant($"{time.TotalSeconds:0}s"),
    };

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static bool TryAddress(string text, out IPAddress value)
    {
        value = IPAddress.Loopback;
        if (text == "localhost")
            return true;

        // Without the look at its form, "8888" would be taken for the address 0.0.34.184.
        // And [::1]:9000 would be taken for ::1, with its port forgotten.
        bool looksRight = (text.Contains(':') && !text.Contains('[')) || text.Count(letter => letter == '.') == 3;
        if (!looksRight || !IPAddress.TryParse(text, out IPAddress? address))
            return false;

        value = address;
        return true;
    }
}
