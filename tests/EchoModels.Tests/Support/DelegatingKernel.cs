using System.Net;
using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Tests.Support;

/// <summary>Passes every call on to another kernel: the base of the doubles that change one of them.</summary>
internal abstract class DelegatingKernel(IKernel inner) : IKernel
{
    public ICallObserver Observer => inner.Observer;

    public TimeProvider Clock => inner.Clock;

    public LinuxKernel? Linux => inner.Linux;

    public SocketObjects? Objects => inner.Objects;

    public int Listen(IPEndPoint endPoint, int backlog, out IPEndPoint bound) => inner.Listen(endPoint, backlog, out bound);

    public int Connect(IPEndPoint server, out SocketError error) => inner.Connect(server, out error);

    public virtual int Accept(SocketHandle listener, bool blocking, out SocketError error) => inner.Accept(listener, blocking, out error);

    public virtual int Receive(SocketHandle socket, Span<byte> buffer, out SocketError error) => inner.Receive(socket, buffer, out error);

    public virtual int Send(SocketHandle socket, ReadOnlySpan<byte> bytes, out SocketError error) => inner.Send(socket, bytes, out error);

    public virtual void SetBlocking(SocketHandle socket, bool blocking) => inner.SetBlocking(socket, blocking);

    public void Shutdown(SocketHandle socket, SocketShutdown how) => inner.Shutdown(socket, how);

    public void Close(SocketHandle socket) => inner.Close(socket);

    public int Available(SocketHandle socket) => inner.Available(socket);

    public int Unacknowledged(SocketHandle socket) => inner.Unacknowledged(socket);

    public bool HasPeerLeft(SocketHandle socket) => inner.HasPeerLeft(socket);

    public virtual int BacklogLength(SocketHandle listener) => inner.BacklogLength(listener);

    public SocketError PendingError(SocketHandle socket) => inner.PendingError(socket);

    public IPEndPoint? PeerOf(SocketHandle socket) => inner.PeerOf(socket);

    public bool HasDescriptors(int latest, SocketHandle open) => inner.HasDescriptors(latest, open);

    public int OpenDatagramToItself() => inner.OpenDatagramToItself();

    public virtual ISelector OpenSelector(SelectorRow row) => inner.OpenSelector(row);

    public void Dispose() => inner.Dispose();
}
