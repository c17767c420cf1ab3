using System.Net.Sockets;
using EchoModels.Async;
using EchoModels.Kernel;

namespace EchoModels.Connections;

/// <summary>A socket of the set: either a listener or a connection.</summary>
public abstract class EventSource(Socket socket)
{
    public Socket Socket => Opened.Socket;

    /// <summary>The same as the calls on it want it.</summary>
    internal OpenSocket Opened { get; private protected set; } = socket;

    /// <summary>Its name in the set, given when it joins.</summary>
    public Token Token { get; internal set; }

    /// <summary>What it is waiting for now.</summary>
    public abstract Interest Interest { get; }

    /// <summary>What its selector was last told that it waits for.</summary>
    public Interest Told { get; internal set; }

    /// <summary>Its entry in the runtime's own epoll, kept here while it is taken out; else null.</summary>
    internal EngineEntry? LeftEngine { get; set; }
}
