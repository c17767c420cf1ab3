using System.Net;
using System.Net.Sockets;

namespace EchoModels.Kernel;

/// <summary>A bell for a sleeping selector: a datagram socket connected to itself, watched like any other.</summary>
/// <remarks>
/// The self-pipe trick (D. J. Bernstein), in the one form that every back-end on every system can watch. At most one datagram is
/// under way: a wake that finds the bell rung already does nothing.
/// </remarks>
internal sealed class Waker : IDisposable
{
    /// <summary>The token of the bell in its selector; no socket of a set ever has it.</summary>
    public static readonly Token Token = new(-1, -1);

    private readonly byte[] _ring = new byte[1];
    private int _rung;

    public Waker()
    {
        RuntimeSockets.Demand();
        Socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Socket.Connect(Socket.LocalEndPoint!);
    }

    public Socket Socket { get; }

    /// <summary>Whether somebody has rung since the last <see cref="Reset"/>.</summary>
    public bool IsPending => Volatile.Read(ref _rung) != 0;

    /// <returns>Whether a datagram was sent.</returns>
    public bool Wake() => Interlocked.Exchange(ref _rung, 1) == 0 && Socket.Send(_ring, SocketFlags.None) == 1;

    /// <summary>Takes the datagram out, so that the bell can be rung again. Called when the bell's socket is ready.</summary>
    public void Reset()
    {
        Socket.Receive(_ring, SocketFlags.None);

        // And not a plain write: what is looked at next, for work that a ring announced, must not be read before it is seen.
        Interlocked.Exchange(ref _rung, 0);
    }

    public void Dispose() => Socket.Dispose();
}
