using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoModels.Kernel;

namespace EchoModels.Selectors;

/// <summary>Socket.Select: a list of those to read and a list of those to write are handed over, and come back shortened.</summary>
/// <remarks>
/// On Linux the runtime carries it out with poll(2), and strace shows that; select(2)'s limit of 1,024 descriptors is therefore not met
/// here. It copies its lists once more than poll does, and from 80 sockets up it allocates at every call.
/// </remarks>
internal sealed class ManagedSelectSelector : ISelector
{
    private readonly IKernel _kernel;
    private readonly SocketObjects _objects;
    private readonly Waker _waker;
    private readonly Dictionary<int, int> _indexes = [];
    private readonly List<(Socket Socket, Interest Interest, SocketHandle Handle)> _watched = [];
    private readonly List<Socket> _toRead = [];
    private readonly List<Socket> _toWrite = [];
    private readonly List<ReadyEvent> _ready = [];

    public ManagedSelectSelector(IKernel kernel)
    {
        _kernel = kernel;
        _objects = kernel.Objects ?? throw new IOException("Socket.Select: needs Socket objects");
        _waker = new Waker(kernel);
        _objects.ShutDown += Wake;
        try
        {
            Add(_waker.Socket, Interest.Read);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Add(SocketHandle socket, Interest interest)
    {
        _indexes.Add(socket.Number, _watched.Count);
        _watched.Add((_objects[socket], interest, socket));
    }

    public void Modify(SocketHandle socket, Interest interest)
    {
        ref (Socket, Interest Interest, SocketHandle) watched = ref CollectionsMarshal.AsSpan(_watched)[_indexes[socket.Number]];
        watched.Interest = interest;
    }

    public void Remove(SocketHandle socket)
    {
        // The last one moves into the gap.
        _indexes.Remove(socket.Number, out int index);
        if (index < _watched.Count - 1)
        {
            _watched[index] = _watched[^1];
            _indexes[_watched[index].Handle.Number] = index;
        }

        _watched.RemoveAt(_watched.Count - 1);
    }

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        _ready.Clear();
        FillLists();
        int found = SocketSelect.Wait(_kernel.Observer, _toRead, _toWrite, _ready.Count > 0 ? 0 : milliseconds);
        if (found > 0)
        {
            Collect(_toRead, Interest.Read);
            Collect(_toWrite, Interest.Write);
        }

        return CollectionsMarshal.AsSpan(_ready);
    }

    public void Wake() => _waker.Wake();

    public void Dispose()
    {
        _objects.ShutDown -= Wake;
        _waker.Dispose();
    }

    private void FillLists()
    {
        _toRead.Clear();
        _toWrite.Clear();
        foreach ((Socket socket, Interest interest, SocketHandle handle) in _watched)
        {
            if (_objects.IsShutDown(handle))
            {
                _ready.Add(new ReadyEvent(handle.Token, interest)); // Socket.Select would not report it
                continue;
            }

            if ((interest & Interest.Read) != 0)
                _toRead.Add(socket);
            if ((interest & Interest.Write) != 0)
                _toWrite.Add(socket);
        }
    }

    /// <summary>What is left in a list is in the order in which it was put there, so that one walk finds every token.</summary>
    private void Collect(List<Socket> ready, Interest interest)
    {
        int index = 0;
        foreach (Socket socket in ready)
        {
            while (_watched[index].Socket != socket)
                index++;

            Token token = _watched[index].Handle.Token;
            if (token == Token.Waker)
                _waker.Reset();
            else
                _ready.Add(new ReadyEvent(token, interest));
        }
    }
}
