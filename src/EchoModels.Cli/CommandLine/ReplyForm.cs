using System.Text;
using EchoModels.Connections;

namespace EchoModels.Cli.CommandLine;

/// <summary>Parses a reply's form: steps joined with '+', such as <c>upper+suffix:_SB</c>.</summary>
internal static class ReplyForm
{
    public const string Accepted =
        @"echo, upper, suffix:TEXT, prefix:TEXT and fixed:TEXT, joined with '+' (in a TEXT, \+ is a plus, \n a line's end, \\ a backslash)";

    public static bool TryParse(string text, out Reply reply)
    {
        reply = Reply.Echo;
        foreach (string step in Split(text))
        {
            if (Apply(reply, step) is not { } next)
                return false;

            reply = next;
        }

        return reply.AddedBytes <= Reply.MaxBytes;
    }

    /// <summary>Replaces the escapes in a text by the characters that they stand for.</summary>
    public static string Unescape(string text)
    {
        StringBuilder plain = new();
        for (int i = 0; i < text.Length; i++)
        {
            bool escapes = text[i] == '\\' && i + 1 < text.Length;
            plain.Append(!escapes ? text[i] : text[++i] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', char other => other });
        }

        return plain.ToString();
    }

    private static Reply? Apply(Reply reply, string step)
    {
        int colon = step.IndexOf(':', StringComparison.Ordinal);
        string argument = colon < 0 ? "" : Unescape(step[(colon + 1)..]);
        return (colon < 0 ? step : step[..colon], argument.Length > 0) switch
        {
            ("echo", false) when colon < 0 => reply,
            ("upper", false) when colon < 0 => reply.Upper(),
            ("suffix", true) => reply.WithSuffix(argument),
            ("prefix", true) => reply.WithPrefix(argument),
            ("fixed", true) => Reply.Fixed(argument),
            _ => null,
        };
    }

    /// <summary>Splits the form at the plus signs that are not escaped.</summary>
    private static List<string> Split(string text)
    {
        List<string> steps = [];
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '+')
            {
                steps.Add(text[start..i]);
                start = i + 1;
            }
        }

        steps.Add(text[start..]);
        return steps;
    }
}
