using System.Net.Sockets;

namespace EchoModels.Kernel;

/// <summary>A Socket object for each number that needs one.</summary>
/// <remarks>
/// On Linux the object only borrows the number (ownsHandle: false): disposing of it leaves the descriptor open. To make one costs four
/// getsockopt(2), fcntl(2), getsockname(2) and getpeername(2), 5 microseconds in all. It is non-blocking (<c>Socket.Blocking = false</c>), as
/// are all models that need one. Elsewhere the object owns its handle, for life.
/// </remarks>
internal sealed class SocketObjects : IDisposable
{
    private static readonly bool Borrows = OperatingSystem.IsLinux();

    private readonly Lock _gate = new();
    private Entry[] _entries = new Entry[64];

    /// <summary>The object of a number.</summary>
    public Socket this[int number]
    {
        get
        {
            Entry[] entries = _entries;
            return (uint)number < (uint)entries.Length && entries[number].Socket is { } socket ? socket : Borrow(number);
        }
    }

    /// <summary>Takes in a Socket that the runtime has made.</summary>
    /// <returns>Its number.</returns>
    public int Add(Socket socket)
    {
        int number = (int)socket.Handle;
        if (!Borrows)
        {
            lock (_gate)
                Slot(number).Socket = socket;

            return number;
        }

        // The object must neither close the number when it is collected, nor wait for the calls on it to end.
        socket.SafeHandle.SetHandleAsInvalid();
#pragma warning disable CA1816 // the Socket has given its handle away
        GC.SuppressFinalize(socket);
#pragma warning restore CA1816
        return number;
    }

    /// <summary>Forgets a number that is about to be closed; closes it where the object owns it.</summary>
    public void Remove(int number)
    {
        Socket? socket;
        lock (_gate)
            (socket, Slot(number)) = (Slot(number).Socket, default);

        socket?.Dispose();
    }

    /// <summary>Whether a call on it polls first, since it is to block.</summary>
    public bool IsPolled(int number)
    {
        Entry[] entries = _entries;
        return (uint)number < (uint)entries.Length && entries[number].IsPolled;
    }

    public void SetPolled(int number, bool polled)
    {
        lock (_gate)
            Slot(number).IsPolled = polled;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (Entry entry in _entries)
                entry.Socket?.Dispose();

            _entries = new Entry[64];
        }
    }

    private Socket Borrow(int number)
    {
        if (!Borrows)
            throw new SocketException((int)SocketError.NotSocket);

        RuntimeSockets.Demand();
        Socket socket = new(new SafeSocketHandle(number, ownsHandle: false)) { Blocking = false };
        lock (_gate)
            return Slot(number).Socket ??= socket;
    }

    private ref Entry Slot(int number)
    {
        if (number >= _entries.Length)
            Array.Resize(ref _entries, Math.Max(number + 1, _entries.Length * 2));

        return ref _entries[number];
    }

    private struct Entry
    {
        public Socket? Socket;
        public bool IsPolled;
    }
}
