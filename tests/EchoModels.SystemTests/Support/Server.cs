using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EchoModels.SystemTests.Support;

/// <summary>How a server is to be started.</summary>
internal sealed record Launch
{
    /// <summary>The whole command line after the program's name.</summary>
    public string[] Arguments { get; init; } = ["serve", "-p", "0"];

    /// <summary>Shell commands to run before the shell executes the program.</summary>
    public string? Shell { get; init; }

    /// <summary>Redirections of the program in shell syntax, such as <c>2&gt;&amp;-</c>.</summary>
    public string Redirections { get; init; } = "";

    /// <summary>A program to run it under, which keeps its process id.</summary>
    public string[] Wrapper { get; init; } = [];

    /// <summary>The directory of its control socket; null for a new one.</summary>
    public RuntimeDirectory? Directory { get; init; }

    /// <summary>Whether its standard error is read.</summary>
    public bool Read { get; init; } = true;
}

/// <summary>A running server: a process that a test starts, and that ends with the test.</summary>
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
        _process = Executable.Start(Directory, [.. shell, .. launch.Wrapper], launch.Arguments);
        _lifetime = new Timer(_ => Kill(), null, Limit.Lifetime, Timeout.InfiniteTimeSpan);
        Read(_process.StandardOutput);
        if (launch.Read)
            Read(_process.StandardError);
    }

    public RuntimeDirectory Directory { get; }

    public int Id => _process.Id;

    /// <summary>The pipe of its standard error.</summary>
    public Stream Errors => _process.StandardError.BaseStream;

    /// <summary>Where it listens; the first port of several.</summary>
    public int Port { get; private set; }

    /// <summary>How many threads it has now.</summary>
    public int Threads => System.IO.Directory.GetDirectories($"/proc/{Id}/task").Length;

    public bool IsAlive => !_process.HasExited;

    /// <summary>The lines that it has written so far.</summary>
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

    /// <summary>Starts a server without waiting.</summary>
    public static Server Begin(Launch launch) => new(launch);

    /// <summary>Waits until it listens: as its log says, or, if its log is not read, as its control socket shows.</summary>
    public void AwaitPort()
    {
        Limit.Until(() => Found() || _process.HasExited, "the server listens");
        Assert.True(Port > 0, $"the server ended with {(_process.HasExited ? ExitCode() : 0)} before it listened");

        // From then on it answers 'switch' and 'status', and handles signals.
        Limit.Until(() => File.Exists(Directory.Socket(Port)) || LinesMatching("no control socket").Length > 0, "the control socket is there");
    }

    /// <summary>The lines that match a pattern.</summary>
    public string[] LinesMatching(string pattern) => [.. Lines.Where(line => Regex.IsMatch(line, pattern))];

    /// <summary>Waits for a line that matches a pattern.</summary>
    public string AwaitLine(string pattern)
    {
        Limit.Until(() => LinesMatching(pattern).Length > 0, $"a line like '{pattern}'");
        return LinesMatching(pattern)[0];
    }

    /// <summary>Sends a request to the control socket; the answer is one line of JSON.</summary>
    public JsonElement Request(string request)
    {
        using ControlClient control = new(this);
        control.Send(request + "\n");
        return control.ReadAnswer();
    }

    public JsonElement Status() => Request("status");

    public void Switch(string model)
    {
        JsonElement answer = Request($"switch {model}");
        Assert.Equal(model, answer.GetProperty("to").GetString());
    }

    public void Signal(int signal) => Native.Signal(Id, signal);

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code; all its lines have been read by then.</returns>
    public int ExitCode()
    {
        Assert.True(_process.WaitForExit(Limit.Generous), "the server did not end");
        foreach (Thread reader in _readers)
            Assert.True(reader.Join(Limit.Generous), "its pipes stayed open");

        return _process.ExitCode;
    }

    /// <summary>Ends it with SIGTERM, and requires exit code 0.</summary>
    /// <returns>The line with the summary.</returns>
    public string End()
    {
        Signal(Native.SIGTERM);
        Assert.Equal(0, ExitCode());
        return Assert.Single(LinesMatching(@"\bserved [\d,]+ connections?"));
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
            // It has ended, or was never started.
        }
    }

    public void Dispose()
    {
        Kill();
        _process.WaitForExit(Limit.Generous);
        foreach (Thread reader in _readers)
            reader.Join(TimeSpan.FromSeconds(5));

        // Shown with a test that has failed.
        TestContext.Current.TestOutputHelper?.WriteLine($"the lines of the server:\n{string.Join('\n', Lines.Take(200))}");
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
