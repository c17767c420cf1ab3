using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Tests.Support;

/// <summary>Accepts that find no descriptor free at first (EMFILE), although a connection waits.</summary>
internal sealed class FailingAccepts(int failures)
{
    /// <summary>How often a connection was waiting and an accept was tried.</summary>
    public int Tried { get; private set; }

    public IKernel Wrap(IKernel kernel) => new Double(this, kernel, failures);

    private sealed class Double(FailingAccepts accepts, IKernel inner, int failures) : DelegatingKernel(inner)
    {
        public override int Accept(SocketHandle listener, bool blocking, out SocketError error)
        {
            if (!TestKernel.IsReady(listener, toWrite: false) || accepts.Tried++ >= failures)
                return base.Accept(listener, blocking, out error);

            error = SocketError.TooManyOpenSockets;
            return -1;
        }
    }
}
