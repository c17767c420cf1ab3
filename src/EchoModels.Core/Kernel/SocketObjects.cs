using System.Net.Sockets;
using EchoModels.Windows;

namespace EchoModels.Kernel;

/// <summary>A Socket object for each number that needs one: for Socket.Select, for the calls that are awaited, for Socket.Blocking.</summary>
/// <remarks>
/// On Linux the object only borrows the number (ownsHandle: false): disposing of it leaves the descriptor open. To make one costs four
/// getsockopt(2), fcntl(2), getsockname(2) and getpeername(2), 5 microseconds in all; since that only reads, it can be done while another
/// model still serves (<see cref="Prepare"/>). Elsewhere the object owns its handle, for life.
/// </remarks>
/// <param name="areNonBlocking">Whether calls are made by the objects themselves, which then are non-blocking (Socket.Blocking = false).</param>
public sealed class SocketObjects(bool areNonBlocking = false) : IDisposable
{
    private static readonly bool Borrows = OperatingSystem.IsLinux();

    private readonly Lock _gate = new();
    private readonly List<(SocketHandle Handle, Socket Socket)> _prepared = [];
    private Entry[] _entries = [];

    /// <summary>A socket was shut down, and the system does not end the waits for it. Raised by the thread that did it.</summary>
    public event Action? ShutDown;

    /// <summary>The object of a socket.</summary>
    /// <exception cref="IOException">The runtime can make none here.</exception>
    public Socket this[SocketHandle socket]
    {
        get
        {
            Entry[] entries = _entries;
            int number = socket.Number;
            return (uint)number < (uint)entries.Length && entries[number].Socket is { } found ? found : Borrow(number);
        }
    }

    /// <summary>Takes in a Socket that the runtime has made.</summary>
    /// <returns>Its number.</returns>
    public int Add(Socket socket)
    {
        int number = (int)socket.Handle;
        if (!Borrows)
        {
            Put(number, socket);
            return number;
        }

        // The object must neither close the number when it is collected, nor wait for the calls on it to end.
        socket.SafeHandle.SetHandleAsInvalid();
#pragma warning disable CA1816 // the Socket has given its handle away
        GC.SuppressFinalize(socket);
#pragma warning restore CA1816
        return number;
    }

    /// <summary>Takes in a Socket that the runtime has accepted; elsewhere than on Linux, it has inherited nothing from its listener.</summary>
    public int AddAccepted(Socket socket)
    {
        if (Borrows)
            return Add(socket);

        try
        {
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, true);
            return Add(socket);
        }
        catch (SocketException)
        {
            socket.Dispose(); // its peer has gone already
            throw;
        }
    }

    /// <summary>Forgets a number that is about to be closed; closes it where the object owns it.</summary>
    public void Remove(SocketHandle socket)
    {
        Entry[] entries = _entries;
        int number = socket.Number;
        if ((uint)number >= (uint)entries.Length || entries[number].Socket is null)
            return; // most numbers have none

        Socket? found;
        lock (_gate)
            (found, Slot(number)) = (Slot(number).Socket, default);

        found?.Dispose();
    }

    /// <summary>On Linux, makes the object of a socket that another model still serves, and that stays open meanwhile.</summary>
    public void Prepare(SocketHandle socket) => _prepared.Add((socket, new Socket(new SafeSocketHandle(socket.Number, ownsHandle: false))));

    /// <summary>Uses what was prepared, now that no other model serves.</summary>
    /// <param name="isOpen">Whether the socket has not been closed since: its number may be another's.</param>
    public void UsePrepared(Predicate<SocketHandle> isOpen)
    {
        foreach ((SocketHandle handle, Socket socket) in _prepared)
        {
            if (isOpen(handle))
                Put(handle.Number, socket);
            else
                socket.Dispose();
        }

        _prepared.Clear();
        _prepared.TrimExcess();
    }

    /// <summary>Whether a call on it polls first, since it is to block.</summary>
    internal bool IsPolled(SocketHandle socket)
    {
        Entry[] entries = _entries;
        return (uint)socket.Number < (uint)entries.Length && entries[socket.Number].IsPolled;
    }

    /// <summary>Whether a wait for it would not end, as it has been shut down: the next call on it fails at once.</summary>
    internal bool IsShutDown(SocketHandle socket)
    {
        Entry[] entries = _entries;
        return OperatingSystem.IsWindows() && (uint)socket.Number < (uint)entries.Length && entries[socket.Number].IsShutDown;
    }

    /// <summary>Ends the waits for a socket that was shut down in both directions. Windows, unlike others, reports such a socket neither as ready nor as ended.</summary>
    internal void EndWaits(SocketHandle socket)
    {
        if (!OperatingSystem.IsWindows())
            return;

        lock (_gate)
            Slot(socket.Number).IsShutDown = true;

        Kernel32.CancelRequests(this[socket].SafeHandle, 0);
        ShutDown?.Invoke();
    }

    internal void SetPolled(SocketHandle socket, bool polled)
    {
        lock (_gate)
            Slot(socket.Number).IsPolled = polled;
    }

    /// <summary>On Linux, gives the objects up and leaves the numbers open.</summary>
    public void Dispose()
    {
        UsePrepared(_ => false);
        lock (_gate)
        {
            foreach (Entry entry in _entries)
                entry.Socket?.Dispose();

            _entries = [];
        }
    }

    private Socket Borrow(int number)
    {
        if (!Borrows)
            throw new SocketException((int)SocketError.NotSocket);

        RuntimeSockets.Demand();
        return Put(number, new Socket(new SafeSocketHandle(number, ownsHandle: false)));
    }

    private Socket Put(int number, Socket socket)
    {
        if (areNonBlocking)
            socket.Blocking = false;

        lock (_gate)
            return Slot(number).Socket ??= socket;
    }

    private ref Entry Slot(int number)
    {
        if (number >= _entries.Length)
            Array.Resize(ref _entries, Math.Max(number + 1, Math.Max(64, _entries.Length * 2)));

        return ref _entries[number];
    }

    private struct Entry
    {
        public Socket? Socket;
        public bool IsPolled;
        public bool IsShutDown;
    }
}
