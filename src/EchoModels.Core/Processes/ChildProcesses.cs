using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Posix;

namespace EchoModels.Processes;

/// <summary>The connections that have left the set for a process of their own, and those processes.</summary>
/// <remarks>
/// No model gets such a connection back: an address space cannot be handed over. The server keeps its own copy of the descriptor, and uses
/// it only at the end: a stream ends when the last copy is closed, so it is the server, told by SIGCHLD, that closes the connection. What a
/// child receives and sends, the kernel counts: see <see cref="Traffic"/>.
/// </remarks>
public sealed class ChildProcesses : IDisposable
{
    /// <summary>How many there may be; a connection that comes then waits.</summary>
    public const int Max = 1_000;

    /// <summary>How long no process is asked for when the system had none to give, in milliseconds.</summary>
    private const int BackoffMilliseconds = 50;

    /// <summary>How often it is checked whether all have ended, in milliseconds.</summary>
    private const int PollInterval = 5;

    /// <summary>How long a child has to end after SIGTERM, in milliseconds.</summary>
    private const int TerminateTimeout = 1_000;

    private readonly SocketSet _sockets;
    private readonly Lock _gate = new();
    private readonly Dictionary<int, ChildConnection> _serving = [];
    private readonly ChildShutdown _shutdown;
    private ChildUsage _ended = ChildUsage.None;
    private PosixSignalRegistration? _registration;
    private int _reapRequested;
    private long _backoffUntil;
    private bool _isEnding;

    public ChildProcesses(SocketSet sockets)
    {
        _sockets = sockets;
        _shutdown = new ChildShutdown(sockets);
        Traffic = new ChildTraffic(sockets);
    }

    /// <summary>What they have received and sent.</summary>
    public ChildTraffic Traffic { get; }

    /// <summary>How many there are.</summary>
    public int Count => _serving.Count;

    /// <summary>How many there may be here.</summary>
    public int Limit { get; internal set; } = Max;

    /// <summary>Whether there may be no more.</summary>
    public bool IsFull => Count >= Limit;

    /// <summary>What they have used until now.</summary>
    public ChildUsage ReadUsage()
    {
        int[] processes;
        ChildUsage usage;
        lock (_gate)
            (processes, usage) = ([.. _serving.Keys], _ended);

        foreach (int process in processes)
            usage = usage.Plus(ChildUsage.Of(process));

        return usage;
    }

    /// <summary>Starts a child for a connection that has nothing unsent, on a blocking set.</summary>
    /// <param name="command">A program that sends to its standard output what it receives from its standard input.</param>
    /// <param name="connection">It leaves the set.</param>
    /// <returns>False if there are too many, or the system gives no process; the connection is then still in the set.</returns>
    /// <exception cref="IOException">The program cannot be run.</exception>
    public bool TryStart(IReadOnlyList<string> command, Connection connection)
    {
        ServerEvent? happened = Start(command, connection, out bool started);
        if (happened is not null)
            _sockets.Events.Publish(happened);

        return started;
    }

    /// <summary>Ends a conversation from outside, on any thread: the child meets the end of the stream, and ends.</summary>
    public void Abort(ChildConnection child, CloseReason reason)
    {
        lock (_gate)
        {
            if (!_serving.ContainsKey(child.Process))
                return;

            child.AbortReason = reason;
            child.HasShutdownSend = true;
            _sockets.Kernel.Shutdown(child.Socket, SocketShutdown.Both);
        }
    }

    /// <summary>Ends the input of every child: it sends what has arrived until now, and ends.</summary>
    internal void ShutdownReceive()
    {
        lock (_gate)
        {
            _isEnding = true;
            foreach (ChildConnection child in _serving.Values)
            {
                // After the shutdown, a socket of Linux still takes in what arrives, and a child that is behind would read that as well.
                _sockets.Kernel.Linux?.TryDropIncomingData(child.Socket);
                _sockets.Kernel.Shutdown(child.Socket, SocketShutdown.Receive);
            }
        }
    }

    /// <summary>Waits until all have ended, and the peers have acknowledged every byte.</summary>
    internal void WaitUntilEnded(CancellationToken limit)
    {
        while (!HaveEnded() && !limit.IsCancellationRequested)
        {
            Thread.Sleep(PollInterval);
            Reap(); // the thread that SIGCHLD was to reach may have ended
        }
    }

    /// <summary>Terminates those that are left, and no other process.</summary>
    public void Dispose()
    {
        lock (_gate)
            _isEnding = true;

        Signal(Libc.SIGTERM);
        for (int waited = 0; Count > 0; waited += PollInterval)
        {
            if (waited == TerminateTimeout)
                Signal(Libc.SIGKILL);

            Thread.Sleep(PollInterval);
            Reap();
        }

        _registration?.Dispose();
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        List<ChildConnection> left;
        lock (_gate)
            left = _shutdown.TakeAll();

        left.ForEach(child => Close(child, CloseReason.Drain));
        SpinWait.SpinUntil(() => _sockets.DetachedCount == 0, TerminateTimeout); // the signals' thread may just be closing one
    }

    private ServerEvent? Start(IReadOnlyList<string> command, Connection connection, out bool started)
    {
        // Under the lock: the child may have ended again, and be looked for, before it is in the list.
        lock (_gate)
        {
            started = false;
            if (_isEnding || IsFull || Environment.TickCount64 < _backoffUntil)
                return null;

            EnableReaping();
            ByteCount before = Traffic.Before(connection);
            int process = _sockets.Kernel.Linux!.Spawn(command, connection.Socket, out IOException? shortage);
            if (shortage is not null)
            {
                _backoffUntil = Environment.TickCount64 + BackoffMilliseconds;
                return new ChildRefused(shortage.Message);
            }

            ChildConnection child = new(connection, process, before);
            Traffic.Open(child);
            _serving.Add(process, child);
            _sockets.Detach(connection);
            started = true;
            return new ChildStarted(connection.Token, connection.Peer, process);
        }
    }

    private void EnableReaping()
    {
        if (_registration is not null || OperatingSystem.IsWindows())
            return;

        NativeProcess.EnableSigchld();
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => Reap());

        // However the server ends, short of SIGKILL, no child outlives it.
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    private void OnExit(object? sender, EventArgs arguments) => Signal(Libc.SIGTERM);

    /// <summary>As long as a child is in the list it has not been reaped, so that its number cannot be another process's.</summary>
    private void Signal(int signal)
    {
        lock (_gate)
        {
            foreach (int process in _serving.Keys)
                _ = Libc.Kill(process, signal);
        }
    }

    /// <summary>Looks for children that have ended; each of them is a zombie until its status has been read.</summary>
    /// <remarks>Signals that come close upon each other are one, so all are asked; but never "any", which might be another's child.</remarks>
    private void Reap()
    {
        if (Interlocked.Exchange(ref _reapRequested, 1) == 1)
            return; // the thread that was told first has not begun yet, and will see this one too

        List<(ChildConnection Child, CloseReason Reason)> closed = [];
        lock (_gate)
        {
            _reapRequested = 0;
            foreach ((int process, ChildConnection child) in _serving)
            {
                if (!NativeProcess.HasEnded(process, out int? exitCode, out ResourceUsage usage))
                    continue;

                _serving.Remove(process);
                _ended = _ended.Plus(ChildUsage.Of(in usage));
                child.ExitCode = exitCode;
                Traffic.Close(child);
                if (_isEnding)
                    _shutdown.Add(child);
                else
                    closed.Add((child, child.AbortReason ?? (exitCode is null or 0 ? CloseReason.PeerClosed : CloseReason.Reset)));
            }
        }

        foreach ((ChildConnection child, CloseReason reason) in closed)
            Close(child, reason);
    }

    private bool HaveEnded()
    {
        List<ChildConnection> closable;
        bool isDone;
        lock (_gate)
            (closable, isDone) = (_shutdown.Step(), _shutdown.IsDone && _serving.Count == 0);

        closable.ForEach(child => Close(child, CloseReason.Drain));
        return isDone;
    }

    /// <summary>Closes the server's copy of the descriptor, and tells it: outside the lock.</summary>
    private void Close(ChildConnection child, CloseReason reason) =>
        _sockets.CloseDetached(child.Connection, reason, new ChildExit(child.Process, child.ExitCode, child.BytesOut));
}
