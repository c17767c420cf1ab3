using System.Net;
using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <summary>A TCP handshake in two steps: a connect that does not wait, and the result when the socket has become writable.</summary>
internal static class Handshake
{
    /// <summary>Starts a handshake: connect(2) returns EINPROGRESS, and the socket becomes writable when the handshake has ended.</summary>
    /// <param name="kernel">Makes the calls.</param>
    /// <param name="server">Where to connect to.</param>
    /// <param name="socket">The socket's number; -1 if it failed at once.</param>
    public static Fault Begin(IKernel kernel, IPEndPoint server, out int socket)
    {
        socket = kernel.Connect(server, out SocketError error);
        if (socket < 0)
            return FaultOf(error);
        if (socket < DescriptorLimit.Current - DescriptorLimit.Headroom)
            return Fault.None;

        kernel.Close(new SocketHandle(socket));
        socket = -1;
        return Fault.NoDescriptor;
    }

    /// <summary>The result of the handshake of a socket that has become writable. See SO_ERROR in socket(7).</summary>
    public static Fault Finish(IKernel kernel, SocketHandle socket) => FaultOf(kernel.PendingError(socket));

    /// <summary>Connects one socket and waits for the result.</summary>
    /// <returns>Its number; -1 if it failed.</returns>
    public static int Connect(IKernel kernel, ISelector selector, IPEndPoint server, TimeSpan timeout, out Fault fault)
    {
        fault = Begin(kernel, server, out int number);
        if (number < 0)
            return -1;

        SocketHandle socket = new(number);
        selector.Add(socket, Interest.Write);
        bool isReady = false;
        for (WaitLimit limit = new(timeout); !isReady && !limit.IsOver; limit.EndStep())
            isReady = !selector.Wait(limit.BeginStep()).IsEmpty;

        selector.Remove(socket);
        fault = isReady || kernel.PeerOf(socket) is not null ? Finish(kernel, socket) : Fault.ConnectTimeout;
        if (fault == Fault.None)
            return number;

        kernel.Close(socket);
        return -1;
    }

    private static Fault FaultOf(SocketError error) => error switch
    {
        SocketError.Success or SocketError.WouldBlock or SocketError.InProgress => Fault.None,
        SocketError.ConnectionRefused => Fault.Refused,
        SocketError.TimedOut => Fault.ConnectTimeout,
        SocketError.TooManyOpenSockets => Fault.NoDescriptor,
        _ => Fault.ConnectFailed,
    };
}
