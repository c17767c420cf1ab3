using EchoModels.Connections;
using EchoModels.EventLoops;
using EchoModels.IoUring;
using EchoModels.Kernel;
using EchoModels.Models;
using EchoModels.Processes;
using EchoModels.Selectors;

namespace EchoModels;

/// <summary>The table of contents: every model, in the order in which a course would take them.</summary>
public static class ModelTable
{
    private const ModelOption OfLoops = ModelOption.Selector | ModelOption.Loops | ModelOption.Spin;

    /// <summary>What the runtime waits in for whatever is awaited.</summary>
    private static readonly string RuntimeWaitsIn =
        OperatingSystem.IsWindows() ? "a completion port" : SelectorTable.HasKqueue ? "the runtime's kqueue" : "the runtime's epoll";

    public static IReadOnlyList<ModelRow> Rows { get; } =
    [
        new("blocking", "one client at a time; the second waits",
            "accept(2), recv(2)", "1", Always,
            context => new BlockingServer(context.Selectors))
        {
            Pages = ["Models/BlockingServer.cs"],
            MaxConcurrent = _ => 1,
        },

        new("threads", "one thread per connection, each asleep in recv",
            "recv(2)", "1 a client", Always,
            _ => new ThreadPerConnectionServer())
        {
            Pages = ["Models/ThreadPerConnectionServer.cs", "Models/BlockingServer.cs"],
        },

        new("thread-pool", "a fixed number of threads; clients beyond them wait in a queue",
            "recv(2)", "workers + 1 a port", Always,
            context => new ThreadPoolServer(context.Options.Workers))
        {
            Pages = ["Models/ThreadPoolServer.cs", "Threading/ClientQueue.cs", "Models/BlockingServer.cs"],
            Options = ModelOption.Workers,
            MaxConcurrent = options => options.Workers,
        },

        new("process", "one child process per connection, which a switch leaves with it",
            "accept(2)", "1 a port, 1 process a client", OnlyOnLinux("way to give a child process a socket (posix_spawn(3))", Always),
            context => new ProcessServer(context.ChildCommand, context.Children))
        {
            Pages = ["Models/ProcessServer.cs", "Processes/ChildSpawner.cs"],
            MaxConcurrent = _ => ChildProcesses.Max,
            KeepsConnections = true,
        },

        new("busy-poll", "one thread that never sleeps and asks every socket",
            "nothing", "1", () => RuntimeSockets.UnavailableReason,
            _ => new BusyPollServer())
        {
            Pages = ["Models/BusyPollServer.cs"],
            UsesRuntime = true,
            UsesSocketObjects = true,
        },

        new("select", "one list handed over at every wait; on Linux, Socket.Select is poll(2)",
            "Socket.Select", "1", () => UnavailableReason("select"),
            context => LevelTriggered(context, "select"))
        {
            Pages = LoopPages("EventLoops/LevelTriggeredLoop.cs", "Selectors/ManagedSelectSelector.cs"),
            Options = OfLoops,
            UsesSocketObjects = true,
        },

        new("select-fdset", "select(2) itself: a bit per descriptor, and none from 1,024 up",
            "select(2)", "1", OnlyOnLinux("select(2)", () => UnavailableReason("select-fdset")),
            context => LevelTriggered(context, "select-fdset"))
        {
            Pages = LoopPages("EventLoops/LevelTriggeredLoop.cs", "Selectors/SelectSelector.cs"),
            Options = ModelOption.Spin,
        },

        new("poll", "as select, with an array that is kept in place",
            "poll(2)", "1", () => UnavailableReason("poll"),
            context => LevelTriggered(context, "poll"))
        {
            Pages = LoopPages("EventLoops/LevelTriggeredLoop.cs", "Selectors/PollSelector.cs"),
            Options = OfLoops,
        },

        new("epoll", "the kernel keeps the list and returns the ready ones",
            "epoll_wait(2)", "1", () => UnavailableReason("epoll"),
            context => context.Options.EdgeTriggered ? EdgeTriggered(context, "epoll-edge") : LevelTriggered(context, "epoll"))
        {
            Pages = LoopPages("EventLoops/LevelTriggeredLoop.cs", "EventLoops/EdgeTriggeredLoop.cs", "Selectors/EpollSelector.cs"),
            Options = OfLoops | ModelOption.Trigger,
        },

        new("kqueue", "the same for macOS and FreeBSD",
            "kevent(2)", "1", () => UnavailableReason("kqueue"),
            context => LevelTriggered(context, "kqueue"))
        {
            Pages = LoopPages("EventLoops/LevelTriggeredLoop.cs", "Selectors/KqueueSelector.cs"),
            Options = ModelOption.Loops | ModelOption.Spin,
            IsForThisSystem = SelectorTable.HasKqueue,
        },

        new("signal", "each socket sends a signal when something happens to it (SIGIO)",
            "sigtimedwait(2)", "1", OnlyOnLinux("real-time signals from sockets (F_SETSIG)", Always),
            context => EdgeTriggered(context, "signal"))
        {
            Pages = LoopPages("EventLoops/EdgeTriggeredLoop.cs", "Selectors/SignalSelector.cs"),
        },

        new("async", "async/await: a waiting method is an object, not a thread",
            RuntimeWaitsIn, "the runtime's", () => RuntimeSockets.UnavailableReason ?? (OperatingSystem.IsLinux() ? UnavailableReason("epoll") : null),
            _ => new AsyncServer())
        {
            Pages = ["Models/AsyncServer.cs", "Async/AsyncSockets.cs"],
            UsesSocketObjects = true,
        },

        new("io-uring", "the kernel does the work and leaves the results",
            "io_uring_enter(2)", "1", RingSupport.UnavailableReason,
            context => Loops(context, sockets => new UringProactor(sockets, context.OpenRing(sockets))))
        {
            Pages = LoopPages("IoUring/UringProactor.cs", "IoUring/Ring.cs"),
            Options = ModelOption.Loops | ModelOption.Spin,
            Fallback = "epoll",
        },
    ];

    /// <summary>The row of this name, in upper or lower case; or null.</summary>
    public static ModelRow? Find(string name) => Rows.FirstOrDefault(row => string.Equals(row.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The models that have an option.</summary>
    public static IEnumerable<ModelRow> WithOption(ModelOption option) => Rows.Where(row => (row.Options & option) != 0);

    private static IEchoServer LevelTriggered(ModelContext context, string selector) =>
        Loops(context, sockets => new LevelTriggeredLoop(sockets, context.OpenSelector(selector, sockets.Kernel)));

    private static IEchoServer EdgeTriggered(ModelContext context, string selector) =>
        Loops(context, sockets => new EdgeTriggeredLoop(sockets, context.OpenSelector(selector, sockets.Kernel)));

    private static IEchoServer Loops(ModelContext context, Func<SocketSet, IEventLoop> newLoop) =>
        context.Options.Loops == 1 ? new EventLoopServer(newLoop) : new MultiLoopServer(context.Options.Loops, newLoop);

    private static IReadOnlyList<string> LoopPages(params string[] pages) => ["Models/EventLoopServer.cs", .. pages];

    private static string? Always() => null;

    private static Func<string?> OnlyOnLinux(string what, Func<string?> reason) =>
        () => OperatingSystem.IsLinux() ? reason() : $"needs Linux's {what}";

    private static string? UnavailableReason(string selector) => SelectorProbe.UnavailableReason(SelectorTable.Find(selector));
}
