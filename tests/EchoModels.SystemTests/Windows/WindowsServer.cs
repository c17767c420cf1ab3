using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Windows;

/// <summary>A running server of the build for Windows; it ends with the test.</summary>
internal sealed partial class WindowsServer : IDisposable
{
    private readonly WindowsBuild _build;
    private readonly Process _process;
    private readonly Timer _lifetime;
    private readonly List<string> _lines = [];
    private readonly List<Thread> _readers = [];

    /// <summary>Starts <c>serve</c> with these arguments, on a free port unless one is named, and waits until it can be used.</summary>
    public WindowsServer(WindowsBuild build, params string[] arguments)
    {
        _build = build;
        string[] port = arguments.Contains("-p") ? [] : ["-p", "0"];
        _process = build.Start(["serve", .. port, .. arguments]);
        _lifetime = new Timer(_ => Kill(), null, Limit.Lifetime, Timeout.InfiniteTimeSpan);
        Read(_process.StandardOutput);
        Read(_process.StandardError);
        try
        {
            Limit.Until(() => LinesMatching("listening on").Length > 0 || _process.HasExited, "the server listens");
            Assert.True(LinesMatching("listening on").Length > 0, $"the server ended with {(_process.HasExited ? ExitCode() : 0)} before it listened");
            Port = int.Parse(Listening().Match(LinesMatching("listening on")[0]).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            Limit.Until(() => build.ControlFiles(Port) is [string file] && new FileInfo(file).Length > 0 || LinesMatching("no control socket").Length > 0, "there is a control channel");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Id => _process.Id;

    public int Port { get; }

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

    public string[] LinesMatching(string pattern) => [.. Lines.Where(line => Regex.IsMatch(line, pattern))];

    public string AwaitLine(string pattern)
    {
        Limit.Until(() => LinesMatching(pattern).Length > 0, $"a line like '{pattern}'");
        return LinesMatching(pattern)[0];
    }

    /// <summary>What <c>status</c> tells, the one for Windows.</summary>
    public JsonElement Status()
    {
        Outcome outcome = _build.Run("status", "--json", "-p", $"{Port}");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        return JsonDocument.Parse(outcome.Output).RootElement;
    }

    /// <summary>Switches, with the verb <c>switch</c> for Windows.</summary>
    public void Switch(string model)
    {
        Outcome outcome = _build.Run("switch", model, "--json", "-p", $"{Port}");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Equal(model, JsonDocument.Parse(outcome.Output).RootElement.GetProperty("to").GetString());
    }

    /// <summary>Types Ctrl+C: Wine makes it of the signal.</summary>
    public void Interrupt() => Native.Signal(Id, Native.SIGINT);

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code; all its lines have been read by then.</returns>
    public int ExitCode()
    {
        Assert.True(_process.WaitForExit(Limit.Generous), "the server did not end");
        foreach (Thread reader in _readers)
            Assert.True(reader.Join(Limit.Generous), "its pipes stayed open");

        return _process.ExitCode;
    }

    /// <summary>Ends it with Ctrl+C, and requires exit code 0.</summary>
    /// <returns>The line with the summary.</returns>
    public string End()
    {
        Interrupt();
        Assert.Equal(0, ExitCode());
        return Assert.Single(LinesMatching(@"\bserved \d+ connections?"));
    }

    /// <summary>Ends it at once.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
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
        Assert.DoesNotContain(Lines, line => line.StartsWith("   at ", StringComparison.Ordinal));
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
