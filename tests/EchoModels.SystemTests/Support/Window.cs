using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EchoModels.SystemTests.Support;

/// <summary>A terminal window with a program in it, as a user has it: keys are typed, and the screen is looked at.</summary>
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

    /// <summary>Opens a window and runs a program there.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="columns">How wide the window is.</param>
    /// <param name="variables">Set in the program's environment.</param>
    public Window(string[] command, int columns = 120, params (string Name, string Value)[] variables)
    {
        Terminal = new PseudoTerminal(columns);
        Before = Terminal.Settings;

        // A session of its own, whose terminal this is: without that, no key would be a signal.
        ProcessStartInfo start = Executable.Prepare(_directory, [], []);
        start.FileName = "/bin/sh";
        start.ArgumentList.Clear();
        foreach (string word in (string[])["-c", $"exec setsid -c \"$0\" \"$@\" <>{Terminal.Path} >&0 2>&0", .. command])
            start.ArgumentList.Add(word);

        start.Environment["TERM"] = "xterm-256color";
        start.Environment.Remove("NO_COLOR");
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;

        _process = Process.Start(start)!;
        _lifetime = new Timer(_ => Kill(), null, Timing.Lifetime, Timeout.InfiniteTimeSpan);
        _reader = new Thread(Read) { IsBackground = true };
        _reader.Start();
    }

    /// <summary>Runs the program itself.</summary>
    public static Window Of(params string[] arguments) => new([Executable.Path, .. arguments]);

    /// <summary>Runs a shell that minds its jobs, and waits for its prompt.</summary>
    public static Window OfShell()
    {
        Window window = new(["/bin/sh", "-i"], 120, ("PS1", Prompt));
        window.AwaitPrompt();
        return window;
    }

    public PseudoTerminal Terminal { get; }

    /// <summary>The terminal's settings before anything ran there.</summary>
    public byte[] Before { get; }

    public int Id => _process.Id;

    /// <summary>Where the server in it listens, once it has said so.</summary>
    public int Port { get; private set; }

    /// <summary>All letters that were shown until now.</summary>
    public string Screen => ControlSequence().Replace(Output, "");

    /// <summary>All that came to the terminal until now, colours and all.</summary>
    public string Output
    {
        get
        {
            lock (_screen)
                return _screen.ToString();
        }
    }

    public void Type(string keys) => Terminal.Stream.Write(Encoding.UTF8.GetBytes(keys));

    /// <summary>Waits until something like this is on the screen.</summary>
    public Match Await(string pattern)
    {
        Timing.Eventually(() => Regex.IsMatch(Screen, pattern), $"a screen with '{pattern}'");
        return Regex.Match(Screen, pattern);
    }

    /// <summary>Waits until the shell asks for one more command: what is typed before that, it may throw away.</summary>
    public void AwaitPrompt()
    {
        _prompts++;
        Timing.Eventually(() => Regex.Count(Screen, Regex.Escape(Prompt)) >= _prompts && Terminal.IsOrdinary, "the shell's prompt");
    }

    /// <summary>Waits until a server has named its keys, and reads them.</summary>
    public void AwaitServer()
    {
        AwaitServerWithoutKeys();
        Await("keys: .*\n");
        Timing.Eventually(() => Terminal.IsForKeys, "the keys are read");
    }

    /// <summary>Waits until a server can be asked.</summary>
    public void AwaitServerWithoutKeys()
    {
        Port = int.Parse(Await(@"listening on 127\.0\.0\.1:(\d+)").Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        Timing.Eventually(() => File.Exists(_directory.Socket(Port)), "its control socket is there");
    }

    public JsonElement Status()
    {
        using Visitor visitor = new(_directory, Port);
        visitor.Say("status\n");
        return visitor.Answer();
    }

    /// <summary>The model that serves.</summary>
    public string Model => Status().GetProperty("model").GetString()!;

    /// <summary>Waits for the program's end; everything is on the screen by then.</summary>
    public int ExitCode()
    {
        Assert.True(_process.WaitForExit(Timing.Generous), "the program in the window did not end");
        Assert.True(_reader.Join(Timing.Generous), "somebody else still has the terminal");
        return _process.ExitCode;
    }

    /// <summary>The processes in this window, that which was started first left out.</summary>
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
        _process.WaitForExit(Timing.Generous);
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

    /// <summary>Field 6 of proc_pid_stat(5); 0 if the process has gone.</summary>
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
        char[] letters = new char[buffer.Length];
        try
        {
            while (!_closed)
            {
                int count = Terminal.HasOutput(milliseconds: 50) ? Terminal.Stream.Read(buffer) : 0;
                lock (_screen)
                    _screen.Append(letters, 0, decoder.GetChars(buffer.AsSpan(0, count), letters, flush: false));
            }
        }
        catch (IOException)
        {
            // Nobody has the terminal any more.
        }
    }
}
