namespace EchoModels.Kernel;

/// <summary>One call, as it is told to an observer.</summary>
/// <param name="Kind">Which call.</param>
/// <param name="Socket">The socket that it is made on; its token tells which connection. Without a number where it is made on none.</param>
/// <param name="Argument">What <see cref="SystemCall"/> says of it.</param>
public readonly record struct Call(SystemCall Kind, SocketHandle Socket, long Argument = 0)
{
    /// <summary>A call that is made on no socket.</summary>
    public Call(SystemCall kind, long argument = 0) : this(kind, new SocketHandle(-1), argument)
    {
    }

    /// <summary>What the counters count it as: the receive and the send of a waker are no traffic.</summary>
    public SystemCall CountedAs => Socket.Token != Token.Waker ? Kind : Kind switch
    {
        SystemCall.Send => SystemCall.Wake,
        SystemCall.Receive => SystemCall.ResetWaker,
        _ => Kind,
    };
}
