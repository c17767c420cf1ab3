using EchoModels.Kernel;

namespace EchoModels.Connections;

/// <summary>A socket of the set that causes events: a listener or a connection.</summary>
public abstract class EventSource
{
    /// <summary>Its number and its token; the token is given when it joins the set.</summary>
    public SocketHandle Socket { get; internal set; }

    /// <summary>Its name in the set.</summary>
    public Token Token => Socket.Token;

    /// <summary>What it waits for now.</summary>
    public abstract Interest Interest { get; }

    /// <summary>What its selector was last asked to watch it for.</summary>
    public Interest RegisteredInterest { get; set; }
}
