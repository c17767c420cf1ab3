using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Selectors;

/// <summary>Socket.Select: we hand over a list of those to read and a list of those to write, and get back the shortened lists.</summary>
/// <remarks>
/// On Linux the runtime carries it out with poll(2), and strace says so; select(2)'s limit of 1,024 descriptors is therefore not
/// met here. It copies its lists once more than poll does, and from 80 sockets up it allocates at every call.
/// </remarks>
internal sealed class ManagedSelectSelector : ISelector
{
    private readonly Waker _waker = new();
    private readonly Dictionary<Socket, int> _places = [];
    private readonly List<(Socket Socket, Interest Interest, Token Token)> _watched = [];
    private readonly List<Socket> _toRead = [];
    private readonly List<Socket> _toWrite = [];
    private readonly List<ReadyEvent> _ready = [];

    public ManagedSelectSelector() => Add(_waker.Socket, Interest.Read, Waker.Token);

    public void Add(Socket socket, Interest interest, Token token)
    {
        _places.Add(socket, _watched.Count);
        _watched.Add((socket, interest, token));
    }

    public void Modify(Socket socket, Interest interest, Token token) => _watched[_places[socket]] = (socket, interest, token);

    public void Remove(Socket socket)
    {
        // The last one moves into the gap.
        _places.Remove(socket, out int place);
        if (place < _watched.Count - 1)
        {
            _watched[place] = _watched[^1];
            _places[_watched[place].Socket] = place;
        }

        _watched.RemoveAt(_watched.Count - 1);
    }

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        FillLists();
        try
        {
            Socket.Select(_toRead, _toWrite, null, Microseconds(milliseconds));
        }
        catch (SocketException interrupted) when (interrupted.SocketErrorCode == SocketError.Interrupted)
        {
            return [];
        }
        catch (SocketException failure)
        {
            throw new IOException($"Socket.Select: {failure.Message}", failure);
        }

        _ready.Clear();
        Collect(_toRead, Interest.Read);
        Collect(_toWrite, Interest.Write);
        return System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ready);
    }

    public bool Wake() => _waker.Wake();

    public void Dispose() => _waker.Dispose();

    private void FillLists()
    {
        _toRead.Clear();
        _toWrite.Clear();
        foreach ((Socket socket, Interest interest, _) in _watched)
        {
            if ((interest & Interest.Read) != 0)
                _toRead.Add(socket);
            if ((interest & Interest.Write) != 0)
                _toWrite.Add(socket);
        }
    }

    /// <summary>What is left in a list is in the order in which it was put there, so that one walk finds every token.</summary>
    private void Collect(List<Socket> ready, Interest interest)
    {
        int place = 0;
        foreach (Socket socket in ready)
        {
            while (_watched[place].Socket != socket)
                place++;

            Token token = _watched[place].Token;
            if (token == Waker.Token)
                _waker.Reset();
            else
                _ready.Add(new ReadyEvent(token, interest));
        }
    }

    private static int Microseconds(int milliseconds) =>
        milliseconds < 0 ? Timeout.Infinite : (int)Math.Min((long)milliseconds * 1_000, int.MaxValue);
}
