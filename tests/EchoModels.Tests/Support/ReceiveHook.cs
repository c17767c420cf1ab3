using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Tests.Support;

/// <summary>Runs an action of a test on the model's own thread, in the middle of a receive.</summary>
internal sealed class ReceiveHook
{
    private Action? _action;

    /// <summary>Runs an action before the next receive, once.</summary>
    public void BeforeNextReceive(Action action) => Volatile.Write(ref _action, action);

    public IKernel Wrap(IKernel kernel) => new Double(this, kernel);

    private sealed class Double(ReceiveHook hook, IKernel inner) : DelegatingKernel(inner)
    {
        public override int Receive(SocketHandle socket, Span<byte> buffer, out SocketError error)
        {
            Interlocked.Exchange(ref hook._action, null)?.Invoke();
            return base.Receive(socket, buffer, out error);
        }
    }
}
