using System.Globalization;
using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.SystemCalls;

/// <summary>One finished system call.</summary>
/// <param name="Thread">The thread that made it.</param>
/// <param name="Name">The call.</param>
/// <param name="Arguments">As strace writes them, each descriptor with what it is.</param>
/// <param name="Result">The number returned.</param>
/// <param name="Error">The name of the error; empty for none.</param>
internal sealed record SystemCall(int Thread, string Name, string Arguments, long Result, string Error)
{
    /// <summary>Whether it was made on a TCP socket.</summary>
    public bool OnTcp => Regex.IsMatch(Arguments, @"^\d+<TCP(v6)?:");

    public bool IsWait => Name is "epoll_wait" or "epoll_pwait" or "epoll_pwait2" or "poll" or "ppoll" or "select" or "pselect6" or "rt_sigtimedwait"
        or "restart_syscall";

    /// <summary>Whether it only peeks at what has arrived, as the runtime does before it completes an await.</summary>
    public bool IsPeek => Name == "recvfrom" && Arguments.Contains("MSG_PEEK", StringComparison.Ordinal);

    /// <summary>Whether it wakes a thread from its wait: by a datagram to a waker, or by a signal.</summary>
    public bool IsWake => (Name == "sendto" && Regex.IsMatch(Arguments, @"^\d+<UDP:"))
        || (Name == "tgkill" && Arguments.Contains("SIGIO", StringComparison.Ordinal));

    public bool IsEpoll => Name.StartsWith("epoll", StringComparison.Ordinal);
}

/// <summary>A trace that strace has written.</summary>
internal sealed partial class Trace
{
    private Trace(List<SystemCall> calls, string text)
    {
        Calls = calls;
        Text = text;
        ServingThreads = [.. calls.Where(call => call.OnTcp).Select(call => call.Thread)];
    }

    /// <summary>All calls that returned, in order; one that the kernel restarted after a signal appears once.</summary>
    public IReadOnlyList<SystemCall> Calls { get; }

    /// <summary>The threads that used a TCP socket.</summary>
    public HashSet<int> ServingThreads { get; }

    public string Text { get; }

    /// <summary>The calls on TCP sockets.</summary>
    public IEnumerable<SystemCall> Tcp => Calls.Where(call => call.OnTcp);

    /// <summary>All calls of the threads that used a TCP socket.</summary>
    public IEnumerable<SystemCall> Serving => Calls.Where(call => ServingThreads.Contains(call.Thread));

    public static Trace Read(string file)
    {
        string text = File.ReadAllText(file);
        List<SystemCall> calls = [];
        Dictionary<int, string> unfinished = [];
        foreach (string line in text.Split('\n'))
        {
            if (Line().Match(line) is not { Success: true } match)
                continue;

            int thread = int.Parse(match.Groups["thread"].ValueSpan, CultureInfo.InvariantCulture);
            string rest = match.Groups["rest"].Value;
            if (rest.EndsWith("<unfinished ...>", StringComparison.Ordinal) && !rest.StartsWith("<...", StringComparison.Ordinal))
                unfinished[thread] = rest[..^"<unfinished ...>".Length];
            else if (Resumed().Match(rest) is { Success: true } resumed)
                Add(calls, thread, unfinished.GetValueOrDefault(thread, resumed.Groups[1].Value + "(") + resumed.Groups[2].Value);
            else
                Add(calls, thread, rest);
        }

        return new Trace(calls, text);
    }

    /// <summary>Without the calls of each thread up to its first send: strace may have attached in the middle of them.</summary>
    public Trace AfterTheFirstSend()
    {
        HashSet<int> begun = [];
        List<SystemCall> calls = [];
        foreach (SystemCall call in Calls)
        {
            if (begun.Contains(call.Thread) || !ServingThreads.Contains(call.Thread))
                calls.Add(call);
            else if (call.OnTcp && call.Name == "sendto")
                begun.Add(call.Thread);
        }

        return new Trace(calls, Text);
    }

    /// <summary>Reads the trace of a server that has ended, once the tracer has written its last line.</summary>
    public static Trace ReadToEnd(string file, Server server)
    {
        Limit.Until(() => Regex.IsMatch(File.ReadAllText(file), $@"^{server.Id} +\+\+\+ ", RegexOptions.Multiline), "the tracer's last line");
        return Read(file);
    }

    private static void Add(List<SystemCall> calls, int thread, string text)
    {
        // A call whose result is "?" was interrupted, and appears again; or its thread ended in it.
        if (Call().Match(text) is { Success: true } match)
        {
            calls.Add(new SystemCall(thread, match.Groups["name"].Value, match.Groups["arguments"].Value,
                long.Parse(match.Groups["result"].ValueSpan, CultureInfo.InvariantCulture), match.Groups["error"].Value));
        }
    }

    [GeneratedRegex(@"^(?<thread>\d+) +(?<rest>.*)$")]
    private static partial Regex Line();

    [GeneratedRegex(@"^<\.\.\. (\w+) resumed>(.*)$")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"^(?<name>\w+)\((?<arguments>.*)\) += (?<result>-?\d+)(?:<[^ ]*>)?(?: (?<error>E[A-Z0-9]+)\b)?")]
    private static partial Regex Call();
}
