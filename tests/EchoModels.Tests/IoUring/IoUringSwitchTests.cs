using EchoModels.Connections;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>A ring lets go of its sockets only when the kernel has answered for each request; again and again, in the midst of traffic.</summary>
public sealed class IoUringSwitchTests
{
    private const int SmallQueue = 8 * 1024;

    [Theory]
    [MemberData(nameof(OddRings.Names), MemberType = typeof(OddRings))]
    public void Keeps_every_byte_in_100_switches(string ring) => SwitchToAndFro(ring, "epoll", switches: 100);

    [Theory]
    [InlineData(OddRings.Usual)]
    [InlineData(OddRings.Three)]
    public void Keeps_every_byte_in_400_switches(string ring) => SwitchToAndFro(ring, "epoll", switches: 400);

    [Theory]
    [InlineData(OddRings.Usual, "threads")]
    [InlineData(OddRings.Usual, "busy-poll")]
    [InlineData(OddRings.Usual, "io-uring-loops")]
    [InlineData(OddRings.Three, "io-uring")]
    [InlineData(OddRings.Three, "io-uring-loops")]
    public void Keeps_every_byte_in_40_switches_to_and_from(string ring, string other) => SwitchToAndFro(ring, other, switches: 40);

    private static void SwitchToAndFro(string ring, string other, int switches) =>
        TestServer.Run(OddRings.Row(ring), new ServerOptions { Queue = SmallQueue }, server =>
        {
            Random random = new(server.Seed);
            using Clients clients = new(server.Seed);
            for (int i = 0; i < 4; i++)
            {
                clients.Join(new Talker(server.Connect()));
                clients.Join(new SlowReader(server.Connect(queue: SmallQueue)));
                clients.Join(new Stuffed(server.Connect(queue: SmallQueue)));
                clients.Join(new HalfCloser(server.Connect(queue: SmallQueue), piece: 30_000));
            }

            for (int i = 0; i < switches; i++)
            {
                if (i % 10 == 0)
                    clients.Join(new Talker(server.Connect()));

                server.Switch(i % 2 == 0 ? EveryModel.Find(other) : OddRings.Row(ring));
                Thread.Sleep(random.Next(4));
            }

            clients.Finish();
            server.AwaitClosed(clients.Count);
            Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
            Assert.Equal(clients.Count, server.Accepted.Count);
        });
}
