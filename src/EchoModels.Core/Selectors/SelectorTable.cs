using EchoModels.Kernel;

namespace EchoModels.Selectors;

/// <summary>The selectors, ordered by preference: the first that works is taken.</summary>
/// <remarks>What works here is found out by <see cref="SelectorProbe"/>.</remarks>
public static class SelectorTable
{
    private static readonly SelectorRow KqueueRow = new("kqueue", "kevent(2)", OpenKqueue);

    /// <summary>Whether this system is one of those that have kqueue.</summary>
    public static bool HasKqueue => OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD();

    /// <summary>Those to choose from, the best first.</summary>
    public static IReadOnlyList<SelectorRow> Rows { get; } =
    [
        .. HasKqueue ? [KqueueRow] : Array.Empty<SelectorRow>(),
        new("epoll",  "epoll_wait(2)",                    kernel => new EpollSelector(Linux(kernel, "epoll(7)"))),
        new("poll",   "poll(2)",                          kernel => new PollSelector(Linux(kernel, "poll(2)"))),
        new("select", "Socket.Select (poll(2) on Linux)", kernel => new ManagedSelectSelector(kernel)) { UsesSocketObjects = true },
    ];

    /// <summary>Those of them that this operating system is known for: what is refused of these is worth a word.</summary>
    public static IEnumerable<SelectorRow> OfThisSystem => OperatingSystem.IsLinux() ? Rows : Rows.Where(row => row == KqueueRow || row.UsesSocketObjects);

    /// <summary>Those that one model each is about: such a model takes no other, and no other model falls back to them.</summary>
    public static IReadOnlyList<SelectorRow> Dedicated { get; } =
    [
        new("select-fdset", "select(2)",       kernel => new SelectSelector(Linux(kernel, "select(2)"))),
        new("epoll-edge",   "epoll_wait(2)",   kernel => new EpollSelector(Linux(kernel, "epoll(7)"), edgeTriggered: true)) { IsEdgeTriggered = true },
        new("signal",       "sigtimedwait(2)", kernel => new SignalSelector(Linux(kernel, "real-time signals from sockets (F_SETSIG)"))) { IsEdgeTriggered = true },
        .. HasKqueue ? Array.Empty<SelectorRow>() : [KqueueRow],
    ];

    /// <summary>The row of this name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static SelectorRow Find(string name) =>
        Rows.Concat(Dedicated).FirstOrDefault(row => row.Name == name)
        ?? throw new ArgumentException($"no selector '{name}'", nameof(name));

    /// <summary>A row, and those to fall back to when it is refused.</summary>
    public static IEnumerable<SelectorRow> From(SelectorRow first) =>
        Dedicated.Contains(first) ? [first] : Rows.SkipWhile(row => row != first);

    /// <remarks>Elsewhere the class is not reached, so that a native executable is linked without kevent(2), which the C library does not have.</remarks>
    private static KqueueSelector OpenKqueue(IKernel kernel) =>
        HasKqueue ? new KqueueSelector(kernel) : throw new IOException("needs kqueue(2) of macOS or FreeBSD");

    private static LinuxKernel Linux(IKernel kernel, string call) => kernel.Linux ?? throw new IOException($"needs Linux's {call}");
}
