using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;

namespace EchoModels.Cli.CommandLine;

/// <summary>Options that refuse a wrong value in one line: it names the option, the value and what is accepted.</summary>
internal static class Values
{
    private static readonly ConditionalWeakTable<Symbol, string> AcceptedValues = [];

    /// <summary>Parses a value; false if it is not accepted.</summary>
    public delegate bool Parser<T>(string text, out T value);

    /// <summary>A whole number between two bounds.</summary>
    public static Option<int> Count(string name, string alias, string what, int min, int max, int defaultValue) =>
        Make(name, alias, what, defaultValue, (string text, out int value) => TryCount(text, min, max, out value), Accepted(min, max));

    /// <summary>A whole number between two bounds, or nothing.</summary>
    /// <param name="name">The long form with its two dashes.</param>
    /// <param name="alias">The short form with its dash, or an empty string.</param>
    /// <param name="what">Its line in the help.</param>
    /// <param name="min">The least.</param>
    /// <param name="max">The most.</param>
    /// <param name="why">Why there may be no more, for the error.</param>
    public static Option<int?> OptionalCount(string name, string alias, string what, int min, int max, string why = "") =>
        Make<int?>(name, alias, what, null, Optional((string text, out int value) => TryCount(text, min, max, out value)), Accepted(min, max) + why);

    /// <summary>A length of time, such as 250ms, 5s or 2m; a bare number is seconds.</summary>
    public static Option<TimeSpan> Duration(string name, string alias, string what, TimeSpan min, TimeSpan max, TimeSpan defaultValue) =>
        Make(name, alias, what, defaultValue, (string text, out TimeSpan value) => TryDuration(text, min, max, out value), Accepted(min, max));

    /// <summary>A length of time, or nothing.</summary>
    public static Option<TimeSpan?> OptionalDuration(string name, string alias, string what, TimeSpan min, TimeSpan max) =>
        Make<TimeSpan?>(name, alias, what, null, Optional((string text, out TimeSpan value) => TryDuration(text, min, max, out value)), Accepted(min, max));

    /// <summary>An IPv4 or IPv6 address, or localhost.</summary>
    public static Option<IPAddress> Address(string name, string what, IPAddress defaultValue) =>
        Make(name, "", what, defaultValue, TryAddress, "an IPv4 or IPv6 address, or localhost");

    /// <summary>One of several words.</summary>
    public static Option<string> OneOf(string name, string alias, string what, string defaultValue, params string[] words) =>
        Make(name, alias, what, defaultValue, (string text, out string value) => words.Contains(value = text), string.Join(", ", words));

    /// <summary>One of some words, or nothing.</summary>
    public static Option<string?> OptionalOneOf(string name, string what, params string[] words) =>
        Make<string?>(name, "", what, null, (string text, out string? value) => words.Contains(value = text), string.Join(", ", words));

    /// <summary>An option with one value.</summary>
    /// <param name="name">The long form with its two dashes.</param>
    /// <param name="alias">The short form with its dash, or an empty string.</param>
    /// <param name="what">Its line in the help.</param>
    /// <param name="defaultValue">The value when it is not given.</param>
    /// <param name="parser">Parses the value.</param>
    /// <param name="accepted">What is accepted, in words.</param>
    public static Option<T> Make<T>(string name, string alias, string what, T defaultValue, Parser<T> parser, string accepted)
    {
        Option<T> option = alias.Length == 0 ? new Option<T>(name) : new Option<T>(name, alias);
        option.Description = what;
        option.Arity = ArgumentArity.ExactlyOne;
        option.DefaultValueFactory = _ => defaultValue;
        option.CustomParser = result => Parse(result, name, parser, accepted);
        SetAccepted(option, accepted);
        return option;
    }

    /// <summary>Stores what an option or argument accepts, in words, for the error when its value is missing.</summary>
    public static void SetAccepted(Symbol symbol, string accepted) => AcceptedValues.AddOrUpdate(symbol, accepted);

    /// <summary>What an option or argument accepts, in words.</summary>
    public static string AcceptedBy(Symbol symbol) => AcceptedValues.TryGetValue(symbol, out string? accepted) ? accepted : "a value";

    /// <summary>Parses one token, or adds the error that refuses it.</summary>
    public static T Parse<T>(ArgumentResult result, string name, Parser<T> parser, string accepted)
    {
        string text = result.Tokens.Count > 0 ? result.Tokens[^1].Value : "";
        if (!parser(text, out T value))
            result.AddError($"{name} '{Printable.Escape(text)}': accepted is {accepted}");

        return value;
    }

    public static bool TryCount(string text, int min, int max, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= min && value <= max;

    public static bool TryDuration(string text, TimeSpan min, TimeSpan max, out TimeSpan value)
    {
        value = default;
        string number = string.Concat(text.TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.'));
        string unit = text[number.Length..];
        double factor = unit switch { "us" => 1e-6, "ms" => 1e-3, "" or "s" => 1, "m" => 60, "h" => 3600, _ => double.NaN };
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count))
            return false;

        double seconds = count * factor;
        if (!(seconds >= min.TotalSeconds && seconds <= max.TotalSeconds))
            return false;

        value = TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond));
        return true;
    }

    private static Parser<T?> Optional<T>(Parser<T> parser) where T : struct => (string text, out T? value) =>
    {
        bool accepted = parser(text, out T given);
        value = given;
        return accepted;
    };

    private static string Accepted(int min, int max) => Invariant($"a whole number from {min} to {max}");

    private static string Accepted(TimeSpan min, TimeSpan max) =>
        $"a time from {Short(min)} to {Short(max)}, such as 250ms, 5s or 2m";

    private static string Short(TimeSpan time) => time switch
    {
        _ when time == TimeSpan.Zero => "0s",
        _ when time.TotalMilliseconds < 1 => Invariant($"{time.TotalMicroseconds:0}us"),
        _ when time.TotalSeconds < 1 => Invariant($"{time.TotalMilliseconds:0}ms"),
        _ when time.TotalHours >= 1 && time.TotalHours == Math.Floor(time.TotalHours) => Invariant($"{time.TotalHours:0}h"),
        _ => Invariant($"{time.TotalSeconds:0}s"),
    };

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    public static bool TryAddress(string text, out IPAddress value)
    {
        value = IPAddress.Loopback;
        if (text == "localhost")
            return true;

        // IPAddress.TryParse accepts too much: "8888" as the address 0.0.34.184, and [::1]:9000 as ::1 without its port.
        bool hasAddressForm = (text.Contains(':') && !text.Contains('[')) || text.Count(letter => letter == '.') == 3;
        if (!hasAddressForm || !IPAddress.TryParse(text, out IPAddress? address))
            return false;

        value = address;
        return true;
    }
}
