using System.Text;
using EchoModels.Cli.Serving;

namespace EchoModels.Cli.Source;

/// <summary>Colours C#: keywords, comments, strings and numbers; everything else has the terminal's own colour.</summary>
/// <remarks>It scans for the beginnings and ends of tokens, and understands no grammar: where a word is a keyword by its place only, it has no colour.</remarks>
internal sealed class Highlighter
{
    private static readonly HashSet<string> Keywords =
    [
        "abstract", "and", "as", "async", "await", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const",
        "continue", "decimal", "default", "delegate", "do", "double", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed",
        "float", "for", "foreach", "get", "goto", "if", "implicit", "in", "init", "int", "interface", "internal", "is", "lock", "long",
        "namespace", "new", "nint", "not", "nuint", "null", "object", "operator", "or", "out", "override", "params", "partial", "private",
        "protected", "public", "readonly", "record", "ref", "required", "return", "sbyte", "sealed", "set", "short", "sizeof", "stackalloc",
        "static", "string", "struct", "switch", "this", "throw", "true", "try", "typeof", "uint", "ulong", "unchecked", "unsafe", "ushort",
        "using", "var", "virtual", "void", "volatile", "when", "where", "while", "with", "yield",
    ];

    private readonly string _text;
    private readonly StringBuilder _output = new();
    private int _at;

    private Highlighter(string text) => _text = text;

    /// <summary>The text with colours; each line has its own, as pagers need it.</summary>
    public static string Colour(string text)
    {
        Highlighter highlighter = new(text);
        while (highlighter._at < text.Length)
            highlighter.Token();

        return highlighter._output.ToString();
    }

    private char Next(int ahead = 0) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private bool IsAt(string token) => string.CompareOrdinal(_text, _at, token, 0, token.Length) == 0;

    private void Token()
    {
        int start = _at;
        string colour = LogTheme.Orange;
        if (IsAt("//"))
            (colour, _at) = (LogTheme.Green, EndOfLine());
        else if (IsAt("/*"))
            (colour, _at) = (LogTheme.Green, After("*/", _at + 2));
        else if (Next() == '\'')
            SkipQuoted('\'');
        else if (IsString())
            SkipString();
        else if (char.IsAsciiDigit(Next()))
            (colour, _at) = (LogTheme.Orange, EndOfWord());
        else if (char.IsLetter(Next()) || Next() is '_' or '@')
            colour = Word();
        else
            (colour, _at) = ("", _at + 1);

        Write(_text[start.._at], colour);
    }

    /// <summary>Colours each line by itself.</summary>
    private void Write(string token, string colour)
    {
        if (colour.Length == 0)
            _output.Append(token);
        else
            _output.Append(colour).Append(token.Replace("\n", $"{LogTheme.Reset}\n{colour}", StringComparison.Ordinal)).Append(LogTheme.Reset);
    }

    private string Word()
    {
        int start = _at;
        _at++;
        _at = EndOfWord();
        return Keywords.Contains(_text[start.._at]) ? LogTheme.Blue : "";
    }

    private int EndOfWord()
    {
        int end = _at;
        while (end < _text.Length && (char.IsLetterOrDigit(_text[end]) || _text[end] == '_'))
            end++;

        return end;
    }

    private int EndOfLine() => _text.IndexOf('\n', _at) is >= 0 and int end ? end : _text.Length;

    private int After(string token, int from) => _text.IndexOf(token, from, StringComparison.Ordinal) is >= 0 and int end ? end + token.Length : _text.Length;

    /// <summary>Whether a string begins here, with its dollars and its @.</summary>
    private bool IsString()
    {
        int quote = _at;
        while (quote < _text.Length && _text[quote] is '$' or '@')
            quote++;

        return quote < _text.Length && _text[quote] == '"';
    }

    private void SkipString()
    {
        bool isInterpolated = false;
        bool isVerbatim = false;
        for (; Next() != '"'; _at++)
        {
            isInterpolated |= Next() == '$';
            isVerbatim |= Next() == '@';
        }

        int quotes = 0;
        while (Next(quotes) == '"')
            quotes++;

        if (quotes >= 3)
            _at = After(new string('"', quotes), _at + quotes);
        else if (isInterpolated)
            SkipInterpolated(isVerbatim);
        else if (isVerbatim)
            SkipVerbatim();
        else
            SkipQuoted('"');
    }

    private void SkipQuoted(char quote)
    {
        for (_at++; Next() != quote && Next() is not ('\0' or '\n'); _at++)
            _at += Next() == '\\' ? 1 : 0;

        _at = Math.Min(_at + 1, _text.Length);
    }

    private void SkipVerbatim()
    {
        for (_at++; _at < _text.Length && (Next() != '"' || Next(1) == '"'); _at++)
            _at += Next() == '"' ? 1 : 0;

        _at = Math.Min(_at + 1, _text.Length);
    }

    /// <summary>A string whose expressions in braces may have strings of their own.</summary>
    private void SkipInterpolated(bool isVerbatim)
    {
        int depth = 0;
        for (_at++; _at < _text.Length; _at++)
        {
            if (depth == 0 && Next() == '"')
                break;
            else if (depth > 0 && IsString())
                SkipNested();
            else if (depth > 0 && Next() == '\'')
                SkipNestedCharacter();
            else if (Next() == '{' && Next(1) == '{' && depth == 0)
                _at++;
            else if (Next() is '{' or '}')
                depth = Math.Max(0, depth + (Next() == '{' ? 1 : -1));
            else if (Next() == '\\' && depth == 0 && !isVerbatim)
                _at++;
        }

        _at = Math.Min(_at + 1, _text.Length);
    }

    private void SkipNested()
    {
        SkipString();
        _at--; // the caller steps over its last quote
    }

    private void SkipNestedCharacter()
    {
        SkipQuoted('\'');
        _at--;
    }
}
