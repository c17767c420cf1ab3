using System.Globalization;
using System.Runtime.InteropServices;
using EchoModels.Posix;

namespace EchoModels.Cli.Demos;

/// <summary>Where a demonstration is shown: each call much as strace would write it, and below it what is to be learned.</summary>
/// <remarks>What is to be learned is told only if it was to be seen; another system may answer otherwise.</remarks>
internal sealed class Stage(TextWriter output)
{
    private bool _hasBegun;

    /// <summary>What comes next.</summary>
    public void Scene(string text)
    {
        output.WriteLine(_hasBegun ? $"\n{text}\n" : $"{text}\n");
        _hasBegun = true;
    }

    /// <summary>What is to be remembered.</summary>
    public void Close(params string[] lines) => output.WriteLine($"\n{string.Join('\n', lines)}");

    /// <summary>What somebody else does meanwhile.</summary>
    public void Aside(string text) => output.WriteLine($"  ({text})");

    /// <summary>What a call returned: its result, or its errno as a negative number. To be asked before anything else is called.</summary>
    public static int ResultOf(nint result) => result == -1 ? -Marshal.GetLastPInvokeError() : (int)result;

    /// <summary>Shows a call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="result">What it returned, see <see cref="ResultOf"/>.</param>
    /// <param name="expected">The result to be seen.</param>
    /// <param name="lesson">What is to be learned.</param>
    public void Call(string call, int result, int expected, string lesson)
    {
        string answer = result < 0 ? $"-1 {Errno.Name(-result)}" : result.ToString(CultureInfo.InvariantCulture);
        Show(call, answer, lesson, result == expected);
    }

    /// <summary>Shows the error that a socket was asked for.</summary>
    public void Ask(string call, int errno, int expected, string lesson) =>
        Show(call, errno == 0 ? "0" : Errno.Name(errno), lesson, errno == expected);

    private void Show(string call, string answer, string lesson, bool wasToBeSeen)
    {
        output.WriteLine($"  {call} = {answer}");
        output.WriteLine(wasToBeSeen ? $"      {lesson}" : "      Not what this demonstration is about: this system answers otherwise.");
    }
}
