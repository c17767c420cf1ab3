using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EchoModels.SystemTests.Support;

/// <summary>A terminal window with a program in it: a test types keys, and reads the screen.</summary>
internal sealed partial class Window : IDisposable
{
    private const string Prompt = "yes, please? ";

    private readonly Process _process;
    private readonly Timer _lifetime;
    private readonly Thread _reader;
    private readonly StringBuilder _screen = new();
    private readonly RuntimeDirectory _directory = new();
    private volatile bool _closed;
    private int _prompts;

    /// <summary>Opens a window and runs a program in it.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="columns">How wide the window is.</param>
    /// <param name="variables">Set in the program's environment.</param>
    public Window(string[] command, int columns = 120, params (string Name, string Value)[] variables) : this(command, columns, 30, variables)
    {
    }

    /// <summary>Opens a window of a size.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="columns">How wide the window is.</param>
    /// <param name="rows">How high it is.</param>
    /// <param name="variables">Set in the program's environment.</param>
    public Window(string[] command, int columns, int rows, params (string Name, string Value)[] variables)
    {
        Terminal = new PseudoTerminal(columns, rows);
        Before = Terminal.Settings;

        // A new session with this as its controlling terminal: otherwise no key would send a signal.
        string[] shell = ["/bin/sh", "-c", $"exec setsid -c \"$0\" \"$@\" <>{Terminal.Path} >&0 2>&0"];
        ProcessStartInfo start = Launcher.Prepare(_directory, [.. shell, .. command], newSession: false);
        start.Environment["TERM"] = "xterm-256color";
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;

        _process = Launcher.Start(start);
        _lifetime = new Timer(_ => Kill(), null, Limit.Lifetime, Timeout.InfiniteTimeSpan);
        _reader = new Thread(Read) { IsBackground = true };
        _reader.Start();
    }

    /// <summary>Runs the program itself.</summary>
    public static Window Of(params string[] arguments) => new([Executable.Path, .. arguments]);

    /// <summary>Runs a shell with job control, and waits for its prompt.</summary>
    public static Window OfShell()
    {
        Window window = new(["/bin/sh", "-i"], 120, ("PS1", Prompt));
        window.AwaitPrompt();
        return window;
    }

    public PseudoTerminal Terminal { get; }

    /// <summary>The terminal's settings before a program ran in it.</summary>
    public byte[] Before { get; }

    public int Id => _process.Id;

    /// <summary>The port of the server in it, once the server listens.</summary>
    public int Port { get; private set; }

    /// <summary>The text that has been shown so far.</summary>
    public string Screen => ControlSequence().Replace(Output, "");

    /// <summary>Everything written to the terminal so far, with its control sequences.</summary>
    public string Output
    {
        get
        {
            lock (_screen)
                return _screen.ToString();
        }
    }

    public void Type(string keys) => Terminal.Stream.Write(Encoding.UTF8.GetBytes(keys));

    /// <summary>Waits until the screen matches a pattern.</summary>
    public Match Await(string pattern)
    {
        Limit.Until(() => Regex.IsMatch(Screen, pattern), $"a screen with '{pattern}'");
        return Regex.Match(Screen, pattern);
    }

    /// <summary>Waits for one more prompt of the shell: it may discard what is typed before.</summary>
    public void AwaitPrompt()
    {
        _prompts++;
        Limit.Until(() => Regex.Count(Screen, Regex.Escape(Prompt)) >= _prompts && Terminal.IsOrdinary, "the shell's prompt");
    }

    /// <summary>Waits until a server has listed its keys, and reads them.</summary>
    public void AwaitServer()
    {
        AwaitServerWithoutKeys();
        Await("keys: .*\n");
        Limit.Until(() => Terminal.IsForKeys, "the keys are read");
    }

    /// <summary>Waits until a server has a control socket.</summary>
    public void AwaitServerWithoutKeys()
    {
        Port = int.Parse(Await(@"listening on 127\.0\.0\.1:(\d+)").Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        Limit.Until(() => File.Exists(_directory.Socket(Port)), "its control socket is there");
    }

    public JsonElement Status()
    {
        using ControlClient control = new(_directory, Port);
        control.Send("status\n");
        return control.ReadAnswer();
    }

    /// <summary>The model that serves.</summary>
    public string Model => Status().GetProperty("model").GetString()!;

    /// <summary>Waits for the program's end; everything is on the screen by then.</summary>
    public int ExitCode()
    {
        Assert.True(_process.WaitForExit(Limit.Generous), "the program in the window did not end");
        Assert.True(_reader.Join(Limit.Generous), "another process still has the terminal open");
        return _process.ExitCode;
    }

    /// <summary>The processes in this window but the first one.</summary>
    public int[] Others() =>
    [
        .. from directory in Directory.GetDirectories("/proc")
           let name = Path.GetFileName(directory)
           where name.All(char.IsAsciiDigit) && name != $"{Id}" && Session(directory) == Id
           select int.Parse(name, CultureInfo.InvariantCulture),
    ];

    /// <summary>Closes the window while the program runs.</summary>
    public void Close()
    {
        _closed = true;
        _reader.Join();
        Terminal.Dispose();
    }

    public void Dispose()
    {
        Kill();
        _process.WaitForExit(Limit.Generous);
        Close();
        TestContext.Current.TestOutputHelper?.WriteLine($"the screen:\n{Screen}");
        _lifetime.Dispose();
        _process.Dispose();
        _directory.Dispose();
        Assert.DoesNotContain("\n   at ", Screen);
    }

    private void Kill()
    {
        const int SIGKILL = 9;
        foreach (int process in Others())
            Native.TrySignal(process, SIGKILL);

        _process.Kill();
    }

    /// <summary>Field 6 of proc_pid_stat(5); 0 if the process has ended.</summary>
    private static int Session(string directory)
    {
        try
        {
            return int.Parse(File.ReadAllText($"{directory}/stat").Split(')')[^1].Split(' ')[4], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>A colour, mostly. See console_codes(4).</summary>
    [GeneratedRegex(@"\u001b(\[[0-9;?]*[A-Za-z]|[=>])")]
    private static partial Regex ControlSequence();

    private void Read()
    {
        byte[] buffer = new byte[4096];
        Decoder decoder = Encoding.UTF8.GetDecoder();
        char[] characters = new char[buffer.Length];
        try
        {
            while (!_closed)
            {
                int count = Terminal.HasOutput(milliseconds: 50) ? Terminal.Stream.Read(buffer) : 0;
                lock (_screen)
                    _screen.Append(characters, 0, decoder.GetChars(buffer.AsSpan(0, count), characters, flush: false));
            }
        }
        catch (IOException)
        {
            // No process has the terminal open.
        }
    }
}
