using System.CommandLine;
using System.Net;
using System.Text;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Serving;
using EchoModels.Connections;
using Serilog.Events;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels serve: the server.</summary>
internal sealed class ServeCommand
{
    private const string Examples = """
          echomodels serve                                 epoll on 127.0.0.1:8888
          echomodels serve --model threads --port 9000
          echomodels serve -p 9991 -p 9992 -p 9993         one server, three ports
          echomodels serve --bind ::1 --selector poll            epoll's page over poll(2)
          echomodels serve --greeting hello --reply upper+suffix:_SB --tick 10s
        Change the model while it runs with 'echomodels switch', or with the keys that it names at the start.
        """;

    private static readonly TimeSpan OneHour = TimeSpan.FromHours(1);

    private readonly Option<ModelRow> _model = CommonOptions.Model();
    private readonly Option<int[]> _ports = CommonOptions.Ports();
    private readonly Option<IPAddress> _bind = Values.Make("--bind", "",
        "the address to listen on; other machines can reach only what is not loopback", IPAddress.Loopback, ListenAddress.TryParse, ListenAddress.Accepted);
    private readonly ModelOptionValues _modelOptions = new();
    private readonly Option<string?> _greeting = Values.Make<string?>("--greeting", "", "sent to each client when it connects; nothing if not given", null,
        TryGreeting, $"a text of up to {Reply.MaxBytes} bytes");
    private readonly Option<Reply> _reply = Values.Make("--reply", "",
        "what comes back for each received chunk; upper is the letters a to z in capitals, and all other bytes as they are",
        Reply.Echo, ReplyForm.TryParse, ReplyForm.Accepted);
    private readonly Option<TimeSpan?> _tick = Values.OptionalDuration("--tick", "", "how often to tell whether there was any activity; never if not given",
        TimeSpan.FromMilliseconds(100), OneHour);
    private readonly Option<int?> _maxConnections = Values.OptionalCount("--max-connections", "", "one connection more is closed at once; no limit if not given", 1, 1_000_000);
    private readonly Option<TimeSpan?> _idleTimeout = Values.OptionalDuration("--idle-timeout", "", "close connections on which nothing has moved for so long: no byte has come, none that was sent has been read; never if not given",
        TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1));
    private readonly Option<int> _backlog = Values.Count("--backlog", "",
        "how many clients may wait to be accepted; the kernel caps it at net.core.somaxconn", 1, 65535, 4096);
    private readonly Option<TimeSpan> _drain = Values.Duration("--drain", "", "how long unsent bytes may take to go out at the end",
        TimeSpan.Zero, OneHour, TimeSpan.FromSeconds(5));
    private readonly Option<bool> _noLive = new("--no-live") { Description = "leave the keyboard alone: no switching by keys" };
    private readonly Option<string> _level = Values.OneOf("--log-level", "-l", "the least that is worth a line on stderr; error writes none in an orderly run",
        "information", "information", "warning", "error", "fatal");

    public static Command Create()
    {
        ServeCommand serve = new();
        Verb command = new("serve", "run the echo server", Examples)
        {
            serve._model, serve._ports, serve._bind,
        };
        serve._modelOptions.AddTo(command);
        foreach (Option option in new Option[]
        {
            serve._greeting, serve._reply, serve._tick, serve._maxConnections, serve._idleTimeout,
            serve._backlog, serve._drain, serve._noLive, serve._level,
        })
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed => ServeRun.Run(serve.Read(parsed)));
        return command;
    }

    private static bool TryGreeting(string text, out string? greeting)
    {
        greeting = ReplyForm.Unescape(text);
        return Encoding.UTF8.GetByteCount(greeting) <= Reply.MaxBytes;
    }

    private ServeOptions Read(ParseResult parsed) => new()
    {
        Model = parsed.GetRequiredValue(_model),
        ModelOptions = _modelOptions.Read(parsed, parsed.GetRequiredValue(_model)),
        EndPoints = [.. parsed.GetRequiredValue(_ports).Select(port => new IPEndPoint(parsed.GetRequiredValue(_bind), port))],
        Backlog = parsed.GetValue(_backlog),
        Drain = parsed.GetValue(_drain),
        Tick = parsed.GetValue(_tick),
        IdleTimeout = parsed.GetValue(_idleTimeout),
        Keys = !parsed.GetValue(_noLive),
        LogLevel = Enum.Parse<LogEventLevel>(parsed.GetRequiredValue(_level), ignoreCase: true),
        ChildCommand = Child.CommandFor(parsed.GetRequiredValue(_reply)),
        Policy = new EchoPolicy
        {
            Greeting = Encoding.UTF8.GetBytes(parsed.GetValue(_greeting) ?? ""),
            Reply = parsed.GetRequiredValue(_reply),
            MaxConnections = parsed.GetValue(_maxConnections) ?? int.MaxValue,
        },
    };
}
