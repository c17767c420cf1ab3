using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>A listener as the ring sees it: one request accepts whoever comes, as long as there are plenty of descriptors.</summary>
/// <remarks>
/// Such a request takes all who wait, down to the last descriptor (of the limit that was in force when it was made), and the runtime
/// must not be left without any. When they get scarce, each client is asked for by itself, and only after a look at what is left.
/// </remarks>
internal sealed class RingListener(Listener listener, SocketSet sockets, Ring ring)
{
    private bool _isAsked;
    private bool _lasts;

    /// <summary>Asks for newcomers, unless that is asked already or the listener rests.</summary>
    public void Accept()
    {
        if (_isAsked || !sockets.CanAccept(listener))
            return;

        _isAsked = true;
        _lasts = IsPlenty;
        ring.Accept(listener, _lasts);
    }

    /// <summary>Somebody has come, or nobody can be let in.</summary>
    /// <param name="answer">The kernel's answer.</param>
    /// <param name="place">What to do with a newcomer.</param>
    public void Accepted(in Completion answer, Action<Connection> place)
    {
        _isAsked = answer.HasMore;
        if (answer.Result < 0)
            sockets.Refused(listener, Errno.Meaning(answer.Error));
        else if (sockets.Welcome(new Socket(new SafeSocketHandle(answer.Result, ownsHandle: true))) is { } newcomer)
            place(newcomer);

        if (!_lasts || IsPlenty)
            return;

        _lasts = false;
        Cancel();
    }

    /// <summary>Gives up what is asked; it gets its last answer.</summary>
    public void Cancel()
    {
        if (_isAsked)
            ring.Cancel(RequestKind.Accept, listener.Token);
    }

    /// <summary>Before we hear of the first, the kernel may have accepted as many as there is room for in the ring of answers.</summary>
    private bool IsPlenty => DescriptorLimit.Allows(sockets.Count + sockets.Children.Count + ring.AnswersAtOnce);
}
