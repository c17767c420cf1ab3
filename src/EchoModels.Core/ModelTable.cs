using EchoModels.Connections;
using EchoModels.EventLoops;
using EchoModels.IoUring;
using EchoModels.Models;
using EchoModels.Processes;
using EchoModels.Selectors;
using EchoModels.Signals;

namespace EchoModels;

/// <summary>One model's line in the table of contents.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Summary">The lesson in one line.</param>
/// <param name="WaitsIn">The call that it sleeps in when there is nothing to do.</param>
/// <param name="Threads">How many threads serve.</param>
/// <param name="UnavailableReason">Why it cannot be had here; null if it can. May make system calls to find out.</param>
/// <param name="Create">Makes one.</param>
public sealed record ModelRow(
    string Name,
    string Summary,
    string WaitsIn,
    string Threads,
    Func<string?> UnavailableReason,
    Func<ModelContext, IEchoServer> Create)
{
    /// <summary>The settings that it uses, besides those that every model has.</summary>
    public ModelOptions Options { get; init; }

    /// <summary>How many clients it serves at once; whoever comes after them waits until one leaves.</summary>
    public Func<ModelContext, int> AtOnce { get; init; } = _ => int.MaxValue;

    /// <summary>Whether this operating system is one that it was written for.</summary>
    public bool IsForThisSystem { get; init; } = true;

    /// <summary>The model to start instead where this one cannot be had; null for none.</summary>
    public string? Fallback { get; init; }

    /// <summary>Whether its connections stay where they are when the model is switched: an address space cannot be handed over.</summary>
    public bool KeepsConnections { get; init; }

    public override string ToString() => Name;
}

/// <summary>The table of contents: every model, in the order in which a course would take them.</summary>
public static class ModelTable
{
    private const ModelOptions AsReactor = ModelOptions.Selector | ModelOptions.Loops | ModelOptions.Spin;

    public static IReadOnlyList<ModelRow> Rows { get; } =
    [
        new("blocking", "one client at a time; the second waits",
            "accept(2), recv(2)", "1", Always,
            context => new BlockingServer(() => context.Selectors.Open("poll"))) { AtOnce = _ => 1 },

        new("threads", "one thread per connection, each asleep in recv",
            "recv(2)", "1 a client", Always,
            _ => new ThreadPerConnectionServer()),

        new("thread-pool", "a fixed number of threads; whoever comes after them waits in a queue",
            "recv(2)", "workers + 1 a port", Always,
            context => new ThreadPoolServer(context.Workers)) { Options = ModelOptions.Workers, AtOnce = context => context.Workers },

        new("process", "one child process per connection, which a switch leaves with it",
            "accept(2)", "1 a port, 1 process a client", OnlyOnLinux("posix_spawn", Always),
            context => new ProcessServer(context.ChildCommand))
        {
            AtOnce = _ => ChildProcesses.Max,
            KeepsConnections = true,
        },

        new("busy-poll", "one thread that never sleeps and asks every socket",
            "nothing", "1", Always,
            _ => new BusyPollServer()),

        new("select", "one list handed over at every wait; on Linux, Socket.Select is poll(2)",
            "Socket.Select", "1", () => UnavailableReason("select"),
            context => Reactors(context, Asking(context, "select"))) { Options = AsReactor },

        new("select-fdset", "select(2) itself: a bit per descriptor, and none from 1,024 up",
            "select(2)", "1", OnlyOnLinux("fd_set", () => UnavailableReason("select-fdset")),
            context => new EventLoopServer(Asking(context, "select-fdset"))) { Options = ModelOptions.Spin },

        new("poll", "as select, with an array that is kept in place",
            "poll(2)", "1", () => UnavailableReason("poll"),
            context => Reactors(context, Asking(context, "poll"))) { Options = AsReactor },

        new("epoll", "the kernel keeps the list and returns who is ready",
            "epoll_wait(2)", "1", () => UnavailableReason("epoll"),
            context => Reactors(context, context.EdgeTriggered ? Told(context) : Asking(context, "epoll"))) { Options = AsReactor | ModelOptions.Trigger },

        new("kqueue", "the same for macOS and FreeBSD",
            "kevent(2)", "1", () => UnavailableReason("kqueue"),
            context => Reactors(context, Asking(context, "kqueue")))
        {
            Options = ModelOptions.Loops | ModelOptions.Spin,
            IsForThisSystem = SelectorTable.HasKqueue,
        },

        new("signal", "each socket sends a signal when something happens to it (SIGIO)",
            "sigtimedwait(2)", "1", OnlyOnLinux("real-time signals from sockets (F_SETSIG)", Always),
            context => new EventLoopServer(sockets => new SignalReactor(sockets, new SignalQueue(context.CallCounters)))),

        new("async", "async/await: a waiting method is an object, not a thread",
            "the runtime's epoll", "the runtime's", () => OperatingSystem.IsLinux() ? UnavailableReason("epoll") : null,
            context => new AsyncServer(context.CallCounters)),

        new("io-uring", "the kernel does the work and leaves the results",
            "io_uring_enter(2)", "1", RingSupport.UnavailableReason,
            context => Reactors(context, sockets => new UringProactor(sockets, context.OpenRing(sockets))))
        {
            Options = ModelOptions.Loops | ModelOptions.Spin,
            Fallback = "epoll",
        },
    ];

    /// <summary>The row of this name, or null.</summary>
    public static ModelRow? Find(string name) => Rows.FirstOrDefault(row => row.Name == name);

    private static Func<SocketSet, IEventLoop> Asking(ModelContext context, string selector) =>
        sockets => new LevelTriggeredLoop(sockets, context.OpenSelector(selector));

    private static Func<SocketSet, IEventLoop> Told(ModelContext context) =>
        sockets => new EdgeReactor(sockets, context.OpenSelector("epoll-edge"));

    private static IEchoServer Reactors(ModelContext context, Func<SocketSet, IEventLoop> newReactor) =>
        context.Loops == 1 ? new EventLoopServer(newReactor) : new MultiLoopServer(context.Loops, newReactor);

    private static string? Always() => null;

    private static Func<string?> OnlyOnLinux(string what, Func<string?> whyNot) =>
        () => OperatingSystem.IsLinux() ? whyNot() : $"needs Linux's {what}";

    private static string? UnavailableReason(string selector) => SelectorTable.UnavailableReason(SelectorTable.Find(selector));
}
