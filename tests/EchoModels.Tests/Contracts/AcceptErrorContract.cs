using System.Net.Sockets;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>Accepts that fail because their connection has gone again are no reason to pause: the next one is accepted at once.</summary>
/// <remarks>In io-uring the kernel accepts, and in async the runtime: system tests have the kernel itself return the errors.</remarks>
public sealed class AcceptErrorContract
{
    /// <summary>With a pause of 200 ms after each, the client would wait longer than it does.</summary>
    private const int Failures = 200;

    public static TheoryData<string, SocketError> Models =>
    [
        .. EveryModel.Names.Where(model => !EveryModel.MakesNoCalls(model) && model != "async")
            .SelectMany(_ => (SocketError[])[SocketError.ConnectionAborted, SocketError.NotConnected], (model, error) => (model, error)),
    ];

    [Theory]
    [MemberData(nameof(Models))]
    public void Accepts_the_next_at_once(string model, SocketError error)
    {
        Counter failed = new();
        TestServer.Run(model, new ServerOptions { Wrap = kernel => new FirstAcceptsFail(kernel, error, failed) }, server =>
        {
            Peer peer = server.Connect();
            peer.Exchange(100);
            peer.Close();

            Assert.Equal(Failures, failed.Count);
            Assert.Empty(server.Published<BackingOff>());
        });
    }

    private sealed class Counter
    {
        public int Count;
    }

    private sealed class FirstAcceptsFail(IKernel inner, SocketError failure, Counter failed) : DelegatingKernel(inner)
    {
        public override int Accept(SocketHandle listener, bool blocking, out SocketError error)
        {
            if (Interlocked.Increment(ref failed.Count) > Failures)
            {
                Interlocked.Exchange(ref failed.Count, Failures);
                return base.Accept(listener, blocking, out error);
            }

            error = failure;
            return -1;
        }
    }
}
