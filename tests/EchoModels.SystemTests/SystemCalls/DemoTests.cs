using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.SystemCalls;

/// <summary>A demonstration shows what the kernel returned, as strace sees it.</summary>
public sealed class DemoTests
{
    [MainCase, Slow, Fact]
    public void Connect_in_progress_shows_what_strace_sees()
    {
        using RuntimeDirectory directory = new();
        string file = Path.Combine(directory.Path, "trace");
        Outcome outcome = Executable.RunUnder(
            Strace.Command(file, "-e", "trace=connect,sendto,poll,getsockopt"), "demo", "connect-in-progress");

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Empty(outcome.Error);
        Assert.DoesNotContain("otherwise", outcome.Output);
        string[] shown = [.. Regex.Matches(outcome.Output, @"^  (\w+)\(.*\) = (.*)$", RegexOptions.Multiline)
            .Select(match => $"{match.Groups[1].Value} {match.Groups[2].Value}")];
        Assert.Equal(
            [
                "connect -1 EINPROGRESS", "send -1 EAGAIN", "connect -1 EALREADY", "poll 0", "poll 1", "getsockopt 0", "send 5",
                "connect -1 EINPROGRESS", "poll 1", "getsockopt ECONNREFUSED",
            ],
            shown);

        Limit.Until(() => File.ReadAllText(file).Contains("+++ exited with 0 +++", StringComparison.Ordinal), "the tracer's last line");
        Assert.Equal(shown, Trace.Read(file).Serving.Where(IsShown).Select(Text));
    }

    [Fact]
    public void They_are_listed_with_what_they_show()
    {
        Outcome outcome = Executable.Run("demo");

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Matches(@"^connect-in-progress +\w.*\n$", outcome.Output);
    }

    /// <summary>All calls but those of the runtime itself, and of the earlier client, which waits.</summary>
    private static bool IsShown(SystemCall call) => call.Name switch
    {
        "connect" => call.Arguments.Contains("AF_INET", StringComparison.Ordinal) && call.Error.Length > 0,
        "getsockopt" => call.Arguments.Contains("SO_ERROR", StringComparison.Ordinal),
        _ => true,
    };

    private static string Text(SystemCall call) => call.Name switch
    {
        "getsockopt" => $"getsockopt {Regex.Match(call.Arguments, @"SO_ERROR, \[(\w+)\]").Groups[1].Value}",
        "sendto" => $"send {call.Result} {call.Error}".TrimEnd(),
        _ => $"{call.Name} {call.Result} {call.Error}".TrimEnd(),
    };
}
