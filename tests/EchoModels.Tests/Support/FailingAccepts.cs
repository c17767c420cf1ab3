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
            // The answer is made once: a client that comes just after the question must not be accepted without being counted.
            bool isReady = TestKernel.IsReady(listener, toWrite: false);
            if (isReady ? accepts.Tried++ >= failures : blocking)
                return base.Accept(listener, blocking, out error);

            error = isReady ? SocketError.TooManyOpenSockets : SocketError.WouldBlock;
            return -1;
        }
    }
}
