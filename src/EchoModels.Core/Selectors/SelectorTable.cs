using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Selectors;

/// <summary>A selector that was refused, and the error that refused it.</summary>
public sealed record SelectorRefusal(string Name, string Error);

/// <summary>The selectors, ordered by preference: the first that works is taken.</summary>
/// <remarks>
/// Whether one works is found out by real calls, as a sandbox may allow less than its operating system's name promises: it is opened, its
/// waker is added, and it is asked once, without waiting, which sockets are ready.
/// </remarks>
public static class SelectorTable
{
    private static readonly SelectorRow KqueueRow = new("kqueue", "kevent(2)", kernel => new KqueueSelector(kernel));

    /// <summary>Whether this system is one of those that have kqueue.</summary>
    public static bool HasKqueue => OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD();

    /// <summary>Those to choose from, the best first.</summary>
    public static IReadOnlyList<SelectorRow> Rows { get; } =
    [
        .. HasKqueue ? [KqueueRow] : Array.Empty<SelectorRow>(),
        new("epoll",  "epoll_wait(2)",                    kernel => new EpollSelector(Linux(kernel, "epoll"))),
        new("poll",   "poll(2)",                          kernel => new PollSelector(Linux(kernel, "poll"))),
        new("select", "Socket.Select (poll(2) on Linux)", kernel => new ManagedSelectSelector(kernel)) { UsesSocketObjects = true },
    ];

    /// <summary>Those that one model each is about: such a model takes no other, and no other model falls back to them.</summary>
    public static IReadOnlyList<SelectorRow> Dedicated { get; } =
    [
        new("select-fdset", "select(2)",       kernel => new SelectSelector(Linux(kernel, "select"))),
        new("epoll-edge",   "epoll_wait(2)",   kernel => new EpollSelector(Linux(kernel, "epoll"), edgeTriggered: true)) { IsEdgeTriggered = true },
        new("signal",       "sigtimedwait(2)", kernel => new SignalSelector(Linux(kernel, "signal"))) { IsEdgeTriggered = true },
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

    /// <summary>Why a selector is not available here; null if it is.</summary>
    public static string? UnavailableReason(SelectorRow row)
    {
        try
        {
            OpenWorking(row, SystemKernel.Open(new CallCounters())).Dispose();
            return null;
        }
        catch (Exception refusal) when (IsRefusal(refusal))
        {
            return refusal.Message;
        }
    }

    /// <summary>Opens the first selector of these rows that the system grants.</summary>
    /// <param name="rows">In order of preference.</param>
    /// <param name="kernel">Makes the calls.</param>
    /// <param name="refusals">Those that were refused before it.</param>
    /// <returns>The selector and its row.</returns>
    /// <exception cref="IOException">All were refused; the message names each and its error.</exception>
    public static (SelectorRow Row, ISelector Selector) OpenFirst(
        IEnumerable<SelectorRow> rows, IKernel kernel, out IReadOnlyList<SelectorRefusal> refusals)
    {
        List<SelectorRefusal> refused = [];
        refusals = refused;
        foreach (SelectorRow row in rows)
        {
            try
            {
                return (row, OpenWorking(row, kernel));
            }
            catch (Exception refusal) when (IsRefusal(refusal))
            {
                refused.Add(new SelectorRefusal(row.Name, refusal.Message));
            }
        }

        throw new IOException($"no selector is available: {string.Join("; ", refused.Select(row => $"{row.Name} ({row.Error})"))}");
    }

    private static ISelector OpenWorking(SelectorRow row, IKernel kernel)
    {
        ISelector selector = kernel.OpenSelector(row);
        try
        {
            selector.Wait(0);
            return selector;
        }
        catch
        {
            selector.Dispose();
            throw;
        }
    }

    private static LinuxKernel Linux(IKernel kernel, string call) => kernel.Linux ?? throw new IOException($"{call}: needs Linux");

    /// <summary>The kernel refuses by an error number, an operating system by not having the call at all.</summary>
    private static bool IsRefusal(Exception refusal) =>
        refusal is IOException or SocketException or EntryPointNotFoundException or DllNotFoundException
            or TypeInitializationException;
}
