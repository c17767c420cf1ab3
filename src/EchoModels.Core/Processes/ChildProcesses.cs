using System.Runtime.InteropServices;
using EchoModels.Connections;
using EchoModels.Posix;

namespace EchoModels.Processes;

/// <summary>The connections that have left for a process of their own, and those processes.</summary>
/// <remarks>
/// A connection that goes to a child leaves the set, and no model sees it again: an address space cannot be handed over. The
/// server keeps its own copy of the descriptor, and touches it only at the end: a stream ends when the last copy is closed, so it
/// is the server, told by SIGCHLD, that says goodbye. What a child receives and sends, the kernel counts: see <see cref="Traffic"/>.
/// </remarks>
public sealed class ChildProcesses : IDisposable
{
    /// <summary>How many there may be; who comes then, waits.</summary>
    public const int Max = 1_000;

    /// <summary>How long none is asked for when the system had none to give, in milliseconds.</summary>
    private const int Rest = 50;

    /// <summary>How often it looks whether all are gone, in milliseconds.</summary>
    private const int PollInterval = 5;

    /// <summary>How long a child has to die of SIGTERM, in milliseconds.</summary>
    private const int Grace = 1_000;

    private readonly SocketSet _sockets;
    private readonly Lock _gate = new();
    private readonly Dictionary<int, Connection> _serving = [];
    private readonly List<Connection> _unacknowledged = [];
    private readonly List<Connection> _leaving = [];
    private PosixSignalRegistration? _registration;
    private int _toldToReap;
    private long _backoffUntil;
    private bool _recalled;

    internal ChildProcesses(SocketSet sockets) => _sockets = sockets;

    /// <summary>A child took a connection over: see <see cref="Connection.Child"/>. It ends with <see cref="SocketSet.Closed"/>.</summary>
    public event Action<Connection>? Started;

    /// <summary>The system had no process to give, and why; whoever needs one waits. Soon it is asked again.</summary>
    public event Action<IOException>? Refused;

    /// <summary>What they have received and sent.</summary>
    public ChildTraffic Traffic { get; } = new();

    /// <summary>How many there are.</summary>
    public int Count => _serving.Count;

    /// <summary>How many there may be here.</summary>
    public int Limit { get; internal set; } = Max;

    /// <summary>Whether there may be no more.</summary>
    public bool IsFull => Count >= Limit;

    /// <summary>Starts a child for a connection that owes nothing, on a blocking set.</summary>
    /// <param name="command">A program that sends to its standard output what it receives from its standard input.</param>
    /// <param name="connection">It leaves the set.</param>
    /// <returns>False if there are too many, or the system has no process to give; the connection is then still in the set.</returns>
    /// <exception cref="IOException">The program cannot be run.</exception>
    public bool TryStart(IReadOnlyList<string> command, Connection connection)
    {
        // Under the lock: the child may be gone again, and be looked for, before it is in the list.
        lock (_gate)
        {
            if (_recalled || IsFull || Environment.TickCount64 < _backoffUntil)
                return false;

            WatchForTheEnd();
            ByteCount before = ChildTraffic.Before(connection);
            int child = NativeProcess.Start(command, connection.Socket.SafeHandle, out IOException? want);
            if (want is not null)
            {
                _backoffUntil = Environment.TickCount64 + Rest;
                Refused?.Invoke(want);
                return false;
            }

            connection.Child = child;
            Traffic.Open(connection, before);
            _serving.Add(child, connection);
            _sockets.Detach(connection);
            Started?.Invoke(connection);
            return true;
        }
    }

    /// <summary>Ends what the children hear: they send what has arrived until now, and go.</summary>
    internal void ShutdownReceive()
    {
        lock (_gate)
        {
            _recalled = true;
            foreach (Connection connection in _serving.Values)
            {
                // Shut down, a socket of Linux still takes in what arrives, and a child that is behind would read that as well.
                SocketFilter.TryCutOffData(connection.Socket);
                connection.ShutdownReceive();
            }
        }
    }

    /// <summary>Waits until all have gone, and the peers have acknowledged every byte.</summary>
    internal void WaitUntilGone(CancellationToken limit)
    {
        while (!AreGone() && !limit.IsCancellationRequested)
            Thread.Sleep(PollInterval);
    }

    /// <summary>Terminates those that are left, and no other process.</summary>
    public void Dispose()
    {
        lock (_gate)
            _recalled = true;

        Signal(Libc.SIGTERM);
        for (int waited = 0; Count > 0; waited += PollInterval)
        {
            if (waited == Grace)
                Signal(Libc.SIGKILL);

            Thread.Sleep(PollInterval);
            Reap();
        }

        _registration?.Dispose();
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        lock (_gate)
        {
            foreach (Connection connection in _unacknowledged.Concat(_leaving))
                _sockets.CloseDetached(connection, CloseReason.Drain);

            _unacknowledged.Clear();
            _leaving.Clear();
        }
    }

    private void WatchForTheEnd()
    {
        if (_registration is not null || OperatingSystem.IsWindows())
            return;

        NativeProcess.EnableSigchld();
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => Reap());

        // However the server ends, short of SIGKILL, no child survives it.
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    private void OnExit(object? sender, EventArgs arguments) => Signal(Libc.SIGTERM);

    /// <summary>As long as a child is in the list it has not been reaped, so that its number cannot be a stranger's.</summary>
    private void Signal(int signal)
    {
        lock (_gate)
        {
            foreach (int child in _serving.Keys)
                _ = Libc.Kill(child, signal);
        }
    }

    /// <summary>Looks for children that have ended; each of them is a zombie until somebody has asked how.</summary>
    /// <remarks>Signals that come close upon each other are one, so all are asked; but never "any", who might be another's child.</remarks>
    private void Reap()
    {
        if (Interlocked.Exchange(ref _toldToReap, 1) == 1)
            return; // whoever was told first has not begun yet, and will see this one too

        lock (_gate)
        {
            _toldToReap = 0;
            foreach ((int child, Connection connection) in _serving)
            {
                // 0: it lives. -1: it has been reaped by somebody else, and nobody knows how it ended.
                int ended = Libc.WaitForProcess(child, out int status, Libc.WNOHANG);
                if (ended == 0)
                    continue;

                _serving.Remove(child);
                connection.ChildExit = ended > 0 ? NativeProcess.ExitCode(status) : null;
                Traffic.Close(connection);
                Part(connection);
            }
        }
    }

    private void Part(Connection connection)
    {
        _ = connection.End(connection.ChildExit is null or 0 ? CloseReason.PeerClosed : CloseReason.Reset);
        if (_recalled)
            _unacknowledged.Add(connection);
        else
            _sockets.CloseDetached(connection, connection.ClosedBecause);
    }

    /// <summary>Says goodbye in two steps, for a reset destroys what is still under way, and both steps may bring one on.</summary>
    /// <remarks>
    /// Closed, a socket with unread input is reset; and so is one whose input and output have both been ended, as soon as the
    /// client says one word more (tcp_rcv_state_process() of Linux; RFC 1122, 4.2.2.13). So first every byte, then the end.
    /// </remarks>
    private bool AreGone()
    {
        lock (_gate)
        {
            foreach (Connection connection in Acknowledged(_unacknowledged))
            {
                connection.ShutdownSend();
                _leaving.Add(connection);
            }

            foreach (Connection connection in Acknowledged(_leaving))
                _sockets.CloseDetached(connection, CloseReason.Drain);

            return _serving.Count + _unacknowledged.Count + _leaving.Count == 0;
        }
    }

    /// <summary>Takes out of a list whose peers have every byte.</summary>
    private List<Connection> Acknowledged(List<Connection> connections)
    {
        List<Connection> found = connections.FindAll(connection => _sockets.Unacknowledged(connection) == 0);
        connections.RemoveAll(found.Contains);
        return found;
    }
}
