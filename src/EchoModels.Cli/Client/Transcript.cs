using System.Text;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Client;

/// <summary>What a server has said, as text that is safe to print, and a prompt below it.</summary>
/// <remarks>
/// A stream has no respect for letters: the bytes of one may come in two segments, so the decoder remembers the first half. Control
/// characters are printed as escapes, except for the end of a line and the tab.
/// </remarks>
internal sealed class Transcript(TextWriter output, bool withPrompt)
{
    private const string Invitation = "> ";
    private const string WipeInvitation = "\r  \r";

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private bool _isPrompted;
    private bool _isInLine;

    /// <summary>Invites to type, on a line of its own.</summary>
    public void Prompt()
    {
        if (!withPrompt || _isPrompted)
            return;

        EndLine();
        output.Write(Invitation);
        output.Flush();
        _isPrompted = true;
    }

    public void Print(ReadOnlySpan<byte> bytes) => Print(bytes, flush: false);

    /// <summary>Prints what is left, such as half a letter, and leaves the cursor at the beginning of a line.</summary>
    public void End()
    {
        Print([], flush: true);
        if (withPrompt)
            EndLine();
    }

    private void Print(ReadOnlySpan<byte> bytes, bool flush)
    {
        char[] letters = new char[_decoder.GetCharCount(bytes, flush)];
        _decoder.GetChars(bytes, letters, flush);
        if (letters.Length == 0)
            return;

        if (_isPrompted)
            output.Write(WipeInvitation);

        _isPrompted = false;
        _isInLine = letters[^1] != '\n';
        output.Write(Safe(new string(letters)));
        output.Flush();
    }

    private void EndLine()
    {
        if (_isPrompted || _isInLine)
            output.WriteLine();

        (_isPrompted, _isInLine) = (false, false);
    }

    private static string Safe(string text) =>
        string.Join('\n', text.Split('\n').Select(line => string.Join('\t', line.Split('\t').Select(Printable.Escape))));
}
