using System.Text;
using EchoModels.Cli.CommandLine;

namespace EchoModels.Cli.Client;

/// <summary>The received bytes as text that is safe to print, and a prompt below them.</summary>
/// <remarks>
/// The bytes of one character may arrive in two segments, so the decoder keeps the first part. Control characters are printed as
/// escapes, except for the end of a line and the tab.
/// </remarks>
internal sealed class Transcript(TextWriter output, bool withPrompt)
{
    private const string PromptText = "> ";
    private const string ErasePrompt = "\r  \r";

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private bool _isPrompted;
    private bool _isInLine;

    /// <summary>Shows the prompt, on a line of its own.</summary>
    public void Prompt()
    {
        if (!withPrompt || _isPrompted)
            return;

        EndLine();
        output.Write(PromptText);
        output.Flush();
        _isPrompted = true;
    }

    public void Print(ReadOnlySpan<byte> bytes) => Print(bytes, flush: false);

    /// <summary>Prints what the decoder still holds, and leaves the cursor at the beginning of a line.</summary>
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
            output.Write(ErasePrompt);

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
