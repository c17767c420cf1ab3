using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EchoModels.SystemTests.Support;

/// <summary>How a server is to be started.</summary>
internal sealed record Launch
{
    /// <summary>The whole command line behind the program's name.</summary>
    public string[] Arguments { get; init; } = ["serve", "-p", "0"];

    /// <summary>Shell words to say before the program takes the shell's place; may end in redirections of it.</summary>
    public string? Shell { get; init; }

    /// <summary>Redirections of the program in the shell's words, such as <c>2&gt;&amp;-</c>.</summary>
    public string Redirections { get; init; } = "";

    /// <summary>A program to run it under, that keeps its process id.</summary>
    public string[] Wrapper { get; init; } = [];

    /// <summary>Where its control socket goes; null for a directory of its own.</summary>
    public RuntimeDirectory? Directory { get; init; }

    /// <summary>Whether somebody reads its standard error.</summary>
    public bool Read { get; init; } = true;
}

/// <summary>A running server: started by a test, spoken to from outside, and gone when the test ends.</summary>
internal sealed partial class Server : IDisposable
{
    private readonly Process _process;
    private readonly Timer _lifetime;
    private readonly List<string> _lines = [];
    private readonly List<Thread> _readers = [];
    private readonly bool _ownsDirectory;

    private Server(Launch launch)
    {
        _ownsDirectory = launch.Directory is null;
        Directory = launch.Directory ?? new RuntimeDirectory();
        string[] shell = launch.Shell is null && launch.Redirections.Length == 0
            ? []
            : ["/bin/sh", "-c", $"{launch.Shell ?? ":"}; exec \"$0\" \"$@\" {launch.Redirections}"];
        _process = Process.Start(Executable.Prepare(Directory, [.. shell, .. launch.Wrapper], launch.Arguments))!;
        _lifetime = new Timer(_ => Kill(), null, Timing.Lifetime, Timeout.InfiniteTimeSpan);
        Read(_process.StandardOutput);
        if (launch.Read)
            Read(_process.StandardError);
    }

    public RuntimeDirectory Directory { get; }

    public int Id => _process.Id;

    /// <summary>The pipe behind its standard error.</summary>
    public Stream Errors => _process.StandardError.BaseStream;

    /// <summary>Where it listens; the first port of several.</summary>
    public int Port { get; private set; }

    /// <summary>How many threads it has now.</summary>
    public int Threads => System.IO.Directory.GetDirectories($"/proc/{Id}/task").Length;

    public bool IsAlive => !_process.HasExited;

    /// <summary>What it has said until now, line by line.</summary>
    public string[] Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    /// <summary>Starts <c>serve -p 0</c> with these arguments, and waits until it listens.</summary>
    public static Server Start(params string[] arguments) => Start(new Launch { Arguments = ["serve", "-p", "0", .. arguments] });

    /// <summary>Starts a server, and waits until it listens.</summary>
    public static Server Start(Launch launch)
    {
        Server server = Begin(launch);
        try
        {
            server.AwaitPort();
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Starts a server, and does not wait.</summary>
    public static Server Begin(Launch launch) => new(launch);

    /// <summary>Waits until it listens: by its line, or, if nobody reads its lines, by its control socket.</summary>
    public void AwaitPort()
    {
        Timing.Eventually(() => Found() || _process.HasExited, "the server listens");
        Assert.True(Port > 0, $"the server ended with {(_process.HasExited ? ExitCode() : 0)} before it listened");

        // From then on 'switch' and 'status' are answered, and a signal finds its handler.
        Timing.Eventually(() => File.Exists(Directory.Socket(Port)) || Said("no control socket").Length > 0, "the control socket is there");
    }

    /// <summary>The lines that match a pattern.</summary>
    public string[] Said(string pattern) => [.. Lines.Where(line => Regex.IsMatch(line, pattern))];

    /// <summary>Waits for a line that matches a pattern.</summary>
    public string AwaitLine(string pattern)
    {
        Timing.Eventually(() => Said(pattern).Length > 0, $"a line like '{pattern}'");
        return Said(pattern)[0];
    }

    /// <summary>Asks over the control socket, as a program would; the answer is one line of JSON.</summary>
    public JsonElement Ask(string request)
    {
        using Visitor visitor = new(this);
        visitor.Say(request + "\n");
        return visitor.Answer();
    }

    public JsonElement Status() => Ask("status");

    public void Switch(string model)
    {
        JsonElement answer = Ask($"switch {model}");
        Assert.Equal(model, answer.GetProperty("to").GetString());
    }

    public void Signal(int signal) => Native.Signal(Id, signal);

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code; every line it has said has been read by then.</returns>
    public int ExitCode()
    {
        Assert.True(_process.WaitForExit(Timing.Generous), "the server did not end");
        foreach (Thread reader in _readers)
            Assert.True(reader.Join(Timing.Generous), "its pipes stayed open");

        return _process.ExitCode;
    }

    /// <summary>Ends it by SIGTERM, which must succeed.</summary>
    /// <returns>The line that sums it up.</returns>
    public string End()
    {
        Signal(Native.SIGTERM);
        Assert.Equal(0, ExitCode());
        return Assert.Single(Said(@"\bserved \d+ connections"));
    }

    /// <summary>Ends it with SIGKILL.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended already, or was never started.
        }
    }

    public void Dispose()
    {
        Kill();
        _process.WaitForExit(Timing.Generous);
        foreach (Thread reader in _readers)
            reader.Join(TimeSpan.FromSeconds(5));

        // Shown beside a test that has failed.
        TestContext.Current.TestOutputHelper?.WriteLine($"the server's own lines:\n{string.Join('\n', Lines.Take(200))}");
        _lifetime.Dispose();
        _process.Dispose();
        if (_ownsDirectory)
            Directory.Dispose();

        Assert.DoesNotContain(Lines, line => line.StartsWith("   at ", StringComparison.Ordinal));
    }

    private bool Found()
    {
        foreach (string line in Lines)
        {
            if (Listening().Match(line) is { Success: true } match)
                Port = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            if (Port > 0)
                return true;
        }

        if (_readers.Count < 2 && System.IO.Directory.Exists(Directory.Servers))
        {
            foreach (string socket in System.IO.Directory.GetFiles(Directory.Servers, "*.sock"))
                Port = int.Parse(Path.GetFileNameWithoutExtension(socket), CultureInfo.InvariantCulture);
        }

        return Port > 0;
    }

    private void Read(StreamReader stream)
    {
        Thread reader = new(() =>
        {
            while (stream.ReadLine() is { } line)
            {
                lock (_lines)
                    _lines.Add(line);
            }
        })
        { IsBackground = true };
        reader.Start();
        _readers.Add(reader);
    }

    [GeneratedRegex(@"listening on \S+:(\d+)\b")]
    private static partial Regex Listening();
}
