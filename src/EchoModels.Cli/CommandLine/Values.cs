using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;

namespace EchoModels.Cli.CommandLine;

/// <summary>Options that refuse a wrong value in one line: it names the option, the value and what is accepted.</summary>
internal static class Values
{
    private const long Thousand = 1_000;
    private const long Kilobyte = 1_024;

    /// <summary>Parses a value; false if it is not accepted.</summary>
    public delegate bool Parser<T>(string text, out T value);

    /// <summary>A whole number without a unit.</summary>
    public static Option<int> Number(string name, string alias, string what, int min, int max, int defaultValue) =>
        Make(name, alias, "N", what, defaultValue, (string text, out int value) => TryNumber(text, min, max, out value), Accepted.Number(min, max));

    /// <summary>A count between two bounds, such as 500, 20k or 1M.</summary>
    public static Option<int> Count(string name, string alias, string what, int min, int max, int defaultValue) =>
        Make(name, alias, "N", what, defaultValue, (string text, out int value) => TryCount(text, min, max, out value), Accepted.Count(min, max));

    /// <summary>A count between two bounds, or nothing.</summary>
    /// <param name="name">The long form with its two dashes.</param>
    /// <param name="alias">The short form with its dash, or an empty string.</param>
    /// <param name="what">Its line in the help.</param>
    /// <param name="min">The least.</param>
    /// <param name="max">The most.</param>
    /// <param name="why">Why there may be no more, for the error.</param>
    public static Option<int?> OptionalCount(string name, string alias, string what, int min, int max, string why = "")
    {
        Accepted accepted = Accepted.Count(min, max);
        return Make<int?>(name, alias, "N", what, null, Optional((string text, out int value) => TryCount(text, min, max, out value)), accepted with { Text = accepted.Text + why });
    }

    /// <summary>A size in bytes between two bounds, such as 64, 16k or 1M.</summary>
    public static Option<int> Size(string name, string alias, string what, int min, int max, int defaultValue) =>
        Make(name, alias, "SIZE", what, defaultValue, (string text, out int value) => TrySize(text, min, max, out value), Accepted.Size(min, max));

    /// <summary>A length of time, such as 250ms, 5s or 2m; a bare number is seconds.</summary>
    public static Option<TimeSpan> Duration(string name, string alias, string what, TimeSpan min, TimeSpan max, TimeSpan defaultValue) =>
        Make(name, alias, "TIME", what, defaultValue, (string text, out TimeSpan value) => TryDuration(text, min, max, out value), Accepted.Duration(min, max));

    /// <summary>A length of time, or nothing.</summary>
    public static Option<TimeSpan?> OptionalDuration(string name, string alias, string what, TimeSpan min, TimeSpan max) =>
        Make<TimeSpan?>(name, alias, "TIME", what, null, Optional((string text, out TimeSpan value) => TryDuration(text, min, max, out value)),
            Accepted.Duration(min, max));

    /// <summary>An IPv4 or IPv6 address, or localhost.</summary>
    public static Option<IPAddress> Address(string name, string what, IPAddress defaultValue) =>
        Make(name, "", "ADDRESS", what, defaultValue, TryAddress, new Accepted("an IPv4 or IPv6 address, or localhost"));

    /// <summary>One of several words.</summary>
    public static Option<string> OneOf(string name, string alias, string what, string defaultValue, params string[] words) =>
        Make(name, alias, Placeholder(name), what, defaultValue, (string text, out string value) => TryWord(text, words, out value!), Accepted.OneOf(words));

    /// <summary>One of some words, or nothing.</summary>
    public static Option<string?> OptionalOneOf(string name, string what, params string[] words) =>
        Make<string?>(name, "", Placeholder(name), what, null, (string text, out string? value) => TryWord(text, words, out value), Accepted.OneOf(words));

    /// <summary>An option with one value, whose placeholder in the help is its name.</summary>
    public static Option<T> Make<T>(string name, string alias, string what, T defaultValue, Parser<T> parser, string accepted) =>
        Make(name, alias, Placeholder(name), what, defaultValue, parser, new Accepted(accepted));

    /// <summary>An option with one value.</summary>
    /// <param name="name">The long form with its two dashes.</param>
    /// <param name="alias">The short form with its dash, or an empty string.</param>
    /// <param name="placeholder">The word that stands for the value in the help.</param>
    /// <param name="what">Its line in the help.</param>
    /// <param name="defaultValue">The value when it is not given.</param>
    /// <param name="parser">Parses the value.</param>
    /// <param name="accepted">What is accepted.</param>
    public static Option<T> Make<T>(string name, string alias, string placeholder, string what, T defaultValue, Parser<T> parser, Accepted accepted)
    {
        Option<T> option = alias.Length == 0 ? new Option<T>(name) : new Option<T>(name, alias);
        option.Description = what;
        option.HelpName = placeholder;
        option.Arity = ArgumentArity.ExactlyOne;
        option.DefaultValueFactory = _ => defaultValue;
        option.CustomParser = result => Parse(result, name, parser, accepted);
        accepted.TellFor(option);
        return option;
    }

    /// <summary>Parses one token, or adds the error that refuses it.</summary>
    public static T Parse<T>(ArgumentResult result, string name, Parser<T> parser, Accepted accepted)
    {
        string text = result.Tokens.Count > 0 ? result.Tokens[^1].Value : "";
        if (!parser(text, out T value))
            result.AddError(accepted.Refusal(name, text));

        return value;
    }

    public static bool TryNumber(string text, int min, int max, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= min && value <= max;

    /// <summary>A count: 1k is 1,000 and 1M is 1,000,000.</summary>
    public static bool TryCount(string text, int min, int max, out int value) => TryScaled(text, Thousand, min, max, out value);

    /// <summary>A size in bytes: 1k is 1,024 and 1M is 1,048,576.</summary>
    public static bool TrySize(string text, int min, int max, out int value) => TryScaled(text, Kilobyte, min, max, out value);

    public static bool TryDuration(string text, TimeSpan min, TimeSpan max, out TimeSpan value)
    {
        value = default;
        (string number, string unit) = SplitUnit(text);
        double factor = unit switch { "us" => 1e-6, "ms" => 1e-3, "" or "s" => 1, "m" => 60, "h" => 3600, _ => double.NaN };
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count))
            return false;

        double seconds = count * factor;
        if (!(seconds >= min.TotalSeconds && seconds <= max.TotalSeconds))
            return false;

        value = TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond));
        return true;
    }

    /// <summary>A whole number, which may be written as a part of thousands or millions: 1.5k is 1,500.</summary>
    private static bool TryScaled(string text, long thousand, int min, int max, out int value)
    {
        value = 0;
        (string number, string unit) = SplitUnit(text);
        long factor = unit switch { "" => 1, "k" or "K" => thousand, "M" => thousand * thousand, _ => 0 };
        NumberStyles style = factor == 1 ? NumberStyles.None : NumberStyles.AllowDecimalPoint;
        if (factor == 0 || !decimal.TryParse(number, style, CultureInfo.InvariantCulture, out decimal count) || count > int.MaxValue)
            return false;

        decimal scaled = count * factor;
        if (scaled < min || scaled > max || scaled != Math.Floor(scaled))
            return false;

        value = (int)scaled;
        return true;
    }

    private static (string Number, string Unit) SplitUnit(string text)
    {
        string number = string.Concat(text.TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.'));
        return (number, text[number.Length..]);
    }

    /// <summary>A word in upper or lower case; the value is the word as it is listed.</summary>
    private static bool TryWord(string text, string[] words, out string? value) =>
        (value = words.FirstOrDefault(word => string.Equals(word, text, StringComparison.OrdinalIgnoreCase))) is not null;

    /// <summary>--log-level takes a LEVEL, --trigger a TRIGGER.</summary>
    private static string Placeholder(string name) => name.Split('-')[^1].ToUpperInvariant();

    private static Parser<T?> Optional<T>(Parser<T> parser) where T : struct => (string text, out T? value) =>
    {
        bool accepted = parser(text, out T given);
        value = given;
        return accepted;
    };

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
