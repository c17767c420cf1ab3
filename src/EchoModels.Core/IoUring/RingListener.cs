using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>A listener of a ring: one multishot request accepts every connection, as long as there are plenty of descriptors.</summary>
/// <remarks>
/// Such a request takes all connections that wait, down to the last descriptor (of the limit that was in force when it was made), and the
/// runtime must not be left without any. When they get scarce, each connection has a request of its own, after a look at what is left.
/// </remarks>
internal sealed class RingListener(Listener listener, SocketSet sockets, Ring ring)
{
    private bool _isRequested;
    private bool _isMultishot;

    /// <summary>Requests connections, unless that is done already or the listener backs off.</summary>
    public void Accept()
    {
        if (_isRequested || !sockets.CanAccept(listener))
            return;

        _isRequested = true;
        _isMultishot = HasPlenty;
        ring.Accept(listener, _isMultishot);
    }

    /// <summary>A connection was accepted, or the request failed.</summary>
    /// <param name="completion">The kernel's answer.</param>
    /// <param name="onAccepted">What to do with the connection.</param>
    public void OnAccepted(in Completion completion, Action<Connection> onAccepted)
    {
        _isRequested = completion.HasMore;
        if (completion.Result < 0)
            sockets.AcceptFailed(listener, Errno.Meaning(completion.Error));
        else if (sockets.Adopt(completion.Result, listener) is { } connection)
            onAccepted(connection);

        if (!_isMultishot || HasPlenty)
            return;

        _isMultishot = false;
        Cancel();
    }

    /// <summary>Gives the request up; its last completion will come.</summary>
    public void Cancel()
    {
        if (_isRequested)
            ring.Cancel(RequestKind.Accept, listener.Token);
    }

    /// <summary>Before the first is reaped, the kernel may have accepted as many as the completion ring has entries.</summary>
    private bool HasPlenty => DescriptorLimit.Allows(sockets.Count + sockets.DetachedCount + ring.MaxCompletions);
}
