using System.Globalization;
using System.Runtime.InteropServices;
using EchoModels.Cli.Posix;

namespace EchoModels.Cli.Demos;

/// <summary>Prints a demonstration: each call in the form that strace uses, and its lesson on the next line.</summary>
/// <remarks>A lesson is printed only if the call returned what the demonstration expects; another system may differ.</remarks>
internal sealed class DemoOutput(TextWriter output)
{
    private bool _hasBegun;

    /// <summary>Prints the title of a section.</summary>
    public void Section(string title)
    {
        output.WriteLine(_hasBegun ? $"\n{title}\n" : $"{title}\n");
        _hasBegun = true;
    }

    /// <summary>Prints the conclusion.</summary>
    public void Conclusion(params string[] lines) => output.WriteLine($"\n{string.Join('\n', lines)}");

    /// <summary>Prints what happened beside the calls shown.</summary>
    public void Remark(string text) => output.WriteLine($"  ({text})");

    /// <summary>The result of the call that has just returned, with a failure as its negative errno; must come before any other call.</summary>
    public static int ResultOf(nint result) => result == -1 ? -Marshal.GetLastPInvokeError() : (int)result;

    /// <summary>Prints a call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="result">Its result, see <see cref="ResultOf"/>.</param>
    /// <param name="expected">The expected result.</param>
    /// <param name="lesson">The lesson of that result.</param>
    public void Call(string call, int result, int expected, string lesson)
    {
        string answer = result < 0 ? $"-1 {Errno.Name(-result)}" : result.ToString(CultureInfo.InvariantCulture);
        Print(call, answer, lesson, result == expected);
    }

    /// <summary>Prints a call whose answer is the error of a socket.</summary>
    public void ErrorCall(string call, int errno, int expected, string lesson) =>
        Print(call, errno == 0 ? "0" : Errno.Name(errno), lesson, errno == expected);

    private void Print(string call, string answer, string lesson, bool isExpected)
    {
        output.WriteLine($"  {call} = {answer}");
        output.WriteLine(isExpected ? $"      {lesson}" : "      Not what this demonstration is about: this system answers otherwise.");
    }
}
