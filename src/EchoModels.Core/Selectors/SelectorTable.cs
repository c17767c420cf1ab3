using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Selectors;

/// <summary>One way to ask the kernel about many sockets.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Call">The system call it sleeps in.</param>
/// <param name="Open">Opens one; throws if the system refuses.</param>
public sealed record SelectorRow(string Name, string Call, Func<ISelector> Open);

/// <summary>A selector that was refused, and the error that refused it.</summary>
public sealed record SelectorRefusal(string Name, string Error);

/// <summary>The selectors, ordered by preference: the first that works is taken.</summary>
/// <remarks>
/// Whether one works is found out by real calls, as a sandbox may allow less than its operating system's name promises: it is
/// opened, its bell is added, and it is asked once, without waiting, who is ready.
/// </remarks>
public static class SelectorTable
{
    private static readonly SelectorRow KqueueRow = new("kqueue", "kevent(2)", () => new KqueueSelector());

    internal static bool HasKqueue => OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD();

    public static IReadOnlyList<SelectorRow> Rows { get; } =
    [
        .. HasKqueue ? [KqueueRow] : Array.Empty<SelectorRow>(),
        new("epoll",  "epoll_wait(2)",                    () => new EpollSelector()),
        new("poll",   "poll(2)",                          () => new PollSelector()),
        new("select", "Socket.Select (poll(2) on Linux)", () => new ManagedSelectSelector()),
    ];

    /// <summary>Those that one model each is about: whoever wants one wants this one, and nobody falls back to it.</summary>
    public static IReadOnlyList<SelectorRow> Dedicated { get; } =
    [
        new("select-fdset", "select(2)",     () => new SelectSelector()),
        new("epoll-edge",   "epoll_wait(2)", () => new EpollSelector(edgeTriggered: true)),
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

    /// <summary>Why a selector cannot be had here; null if it can.</summary>
    public static string? UnavailableReason(SelectorRow row)
    {
        try
        {
            OpenWorking(row).Dispose();
            return null;
        }
        catch (Exception refusal) when (IsRefusal(refusal))
        {
            return RuntimeSockets.Reason(refusal);
        }
    }

    /// <summary>Opens the first selector of these rows that the system grants.</summary>
    /// <param name="rows">In order of preference.</param>
    /// <param name="refusals">Those that were refused before it.</param>
    /// <returns>The selector and its row.</returns>
    /// <exception cref="IOException">All were refused; the message names each and its error.</exception>
    public static (SelectorRow Row, ISelector Selector) OpenFirst(IEnumerable<SelectorRow> rows, out IReadOnlyList<SelectorRefusal> refusals)
    {
        List<SelectorRefusal> refused = [];
        refusals = refused;
        foreach (SelectorRow row in rows)
        {
            try
            {
                return (row, OpenWorking(row));
            }
            catch (Exception refusal) when (IsRefusal(refusal))
            {
                refused.Add(new SelectorRefusal(row.Name, RuntimeSockets.Reason(refusal)));
            }
        }

        throw new IOException($"no selector to be had: {string.Join("; ", refused.Select(row => $"{row.Name} ({row.Error})"))}");
    }

    private static ISelector OpenWorking(SelectorRow row)
    {
        ISelector selector = row.Open();
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

    /// <summary>The kernel refuses by an error number, an operating system by not having the call at all.</summary>
    private static bool IsRefusal(Exception refusal) =>
        refusal is IOException or SocketException or EntryPointNotFoundException or DllNotFoundException
            or TypeInitializationException;
}
