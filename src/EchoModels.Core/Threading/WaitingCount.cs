using EchoModels.Connections;

namespace EchoModels.Threading;

/// <summary>Clients who stand in line until their model has time for them: the set tells how many.</summary>
internal sealed class WaitingCount : IDisposable
{
    private readonly SocketSet _sockets;
    private int _left;

    /// <param name="sockets">The set that they are in.</param>
    /// <param name="clients">How many they are.</param>
    public WaitingCount(SocketSet sockets, int clients)
    {
        (_sockets, _left) = (sockets, clients);
        sockets.AddWaiting(clients);
    }

    /// <summary>The next one's turn has come.</summary>
    public void Decrement()
    {
        _left--;
        _sockets.AddWaiting(-1);
    }

    /// <summary>Those who are left wait for this model no more.</summary>
    public void Dispose() => _sockets.AddWaiting(-_left);
}
