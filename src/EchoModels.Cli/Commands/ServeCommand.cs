using System.CommandLine;
using System.Net;
using System.Text;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Serving;
using EchoModels.Connections;
using EchoModels.Selectors;
using Serilog.Events;

namespace EchoModels.Cli.Commands;

/// <summary>echomodels serve: the server.</summary>
internal sealed class ServeCommand
{
    private const string Examples = """
          echomodels serve                                 epoll on 127.0.0.1:8888
          echomodels serve --model threads --port 9000
          echomodels serve -p 9991 -p 9992 -p 9993         one server, three ports
          echomodels serve --bind ::1 --selector poll
          echomodels serve --greeting hello --reply upper+suffix:_SB --tick 10s
        Change the model while it runs with 'echomodels switch', or with the keys that it names at the start.
        """;

    private static readonly TimeSpan OneHour = TimeSpan.FromHours(1);

    private readonly Option<ModelRow> _model = CommonOptions.Model();
    private readonly Option<int[]> _ports = CommonOptions.Ports();
    private readonly Option<IPAddress> _bind = Values.Address("--bind",
        "the address to listen on; other machines can reach only what is not loopback", IPAddress.Loopback);
    private readonly Option<string> _selector = Values.OneOf("--selector", "",
        "the selector of select, poll and epoll; auto falls back to the next that works", "auto", ["auto", .. SelectorTable.Rows.Select(row => row.Name)]);
    private readonly Option<string> _trigger = Values.OneOf("--trigger", "",
        "whether epoll tells what is ready, or what has become ready", "level", "level", "edge");
    private readonly Option<int> _workers = Values.Count("--workers", "", "the threads of thread-pool", 1, 10_000, Environment.ProcessorCount * 4);
    private readonly Option<int> _loops = Values.Count("--loops", "", "event loops, each on a thread of its own", 1, 256, 1);
    private readonly Option<TimeSpan> _spin = Values.Duration("--spin", "",
        "how long a loop looks again without sleeping before it sleeps", TimeSpan.Zero, TimeSpan.FromSeconds(1), TimeSpan.Zero);
    private readonly Option<string> _greeting = Values.Make("--greeting", "", "sent to whoever connects", "",
        TryGreeting, $"a text of up to {Reply.MostBytes} bytes");
    private readonly Option<Reply> _reply = Values.Make("--reply", "",
        "what comes back for each received chunk: echo, upper, suffix:TEXT, prefix:TEXT, fixed:TEXT, joined with '+'",
        Reply.Echo, ReplyForm.TryParse, ReplyForm.Accepted);
    private readonly Option<TimeSpan?> _tick = Values.OptionalDuration("--tick", "", "how often to tell whether there was any activity",
        TimeSpan.FromMilliseconds(100), OneHour);
    private readonly Option<int?> _maxConnections = Values.OptionalCount("--max-connections", "", "one connection more is closed at once", 1, 1_000_000);
    private readonly Option<TimeSpan?> _idleTimeout = Values.OptionalDuration("--idle-timeout", "", "close who has said nothing for so long",
        TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1));
    private readonly Option<int> _backlog = Values.Count("--backlog", "",
        "how many clients may wait to be accepted (the kernel caps it at net.core.somaxconn)", 1, 65535, 4096);
    private readonly Option<TimeSpan> _drain = Values.Duration("--drain", "", "how long unsent bytes may take to go out at the end",
        TimeSpan.Zero, OneHour, TimeSpan.FromSeconds(5));
    private readonly Option<bool> _noLive = new("--no-live") { Description = "leave the keyboard alone: no switching by keys" };
    private readonly Option<string> _level = Values.OneOf("--log-level", "-l", "the least that is worth a line on stderr",
        "information", "verbose", "debug", "information", "warning", "error", "fatal");

    public static Command Create()
    {
        ServeCommand serve = new();
        Verb command = new("serve", "run the echo server", Examples)
        {
            serve._model, serve._ports, serve._bind, serve._selector, serve._trigger, serve._workers, serve._loops, serve._spin,
            serve._greeting, serve._reply, serve._tick, serve._maxConnections, serve._idleTimeout,
            serve._backlog, serve._drain, serve._noLive, serve._level,
        };
        command.SetAction(parsed =>
        {
            serve.RefuseUnused(parsed);
            return ServeRun.Run(serve.Read(parsed));
        });
        return command;
    }

    private static bool TryGreeting(string text, out string greeting)
    {
        greeting = ReplyForm.Unescape(text);
        return Encoding.UTF8.GetByteCount(greeting) <= Reply.MostBytes;
    }

    private ServeOptions Read(ParseResult parsed) => new()
    {
        Model = parsed.GetRequiredValue(_model),
        Selector = SelectorTable.Rows.FirstOrDefault(row => row.Name == parsed.GetValue(_selector)),
        EndPoints = [.. parsed.GetRequiredValue(_ports).Select(port => new IPEndPoint(parsed.GetRequiredValue(_bind), port))],
        Backlog = parsed.GetValue(_backlog),
        Drain = parsed.GetValue(_drain),
        Tick = parsed.GetValue(_tick),
        IdleTimeout = parsed.GetValue(_idleTimeout),
        Keys = !parsed.GetValue(_noLive),
        LogLevel = Enum.Parse<LogEventLevel>(parsed.GetRequiredValue(_level), ignoreCase: true),
        Context = counters => new ModelContext(counters)
        {
            Workers = parsed.GetValue(_workers),
            EdgeTriggered = parsed.GetValue(_trigger) == "edge",
            Loops = parsed.GetValue(_loops),
            Spin = parsed.GetValue(_spin),
            ChildCommand = Child.CommandFor(parsed.GetRequiredValue(_reply)),
        },
        Policy = new EchoPolicy
        {
            Greeting = Encoding.UTF8.GetBytes(parsed.GetValue(_greeting) ?? ""),
            Reply = parsed.GetRequiredValue(_reply),
            MaxConnections = parsed.GetValue(_maxConnections) ?? int.MaxValue,
        },
    };

    /// <summary>An option that the chosen model does not use is refused, not ignored.</summary>
    private void RefuseUnused(ParseResult parsed)
    {
        Refuse(parsed, _selector, ModelOptions.Selector);
        Refuse(parsed, _trigger, ModelOptions.Trigger);
        Refuse(parsed, _workers, ModelOptions.Workers);
        Refuse(parsed, _loops, ModelOptions.Loops);
        Refuse(parsed, _spin, ModelOptions.Spin);
        if (parsed.GetValue(_trigger) == "edge" && parsed.GetValue(_selector) is not ("auto" or "epoll"))
            throw new UsageException("--trigger 'edge': only epoll can; accepted with it is --selector auto or epoll");
    }

    private void Refuse(ParseResult parsed, Option option, ModelOptions needed)
    {
        ModelRow model = parsed.GetRequiredValue(_model);
        if (parsed.GetResult(option) is not { Implicit: false } || (model.Options & needed) != 0)
            return;

        string users = CommonOptions.Names(ModelTable.Rows.Where(row => (row.Options & needed) != 0));
        throw new UsageException($"{option.Name}: model {model.Name} does not use it; accepted with {users}");
    }
}
