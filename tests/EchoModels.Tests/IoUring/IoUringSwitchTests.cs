using EchoModels.Events;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.IoUring;

/// <summary>A ring stops only when the kernel has completed every request: many times, in the middle of traffic.</summary>
[Slow]
public sealed class IoUringSwitchTests
{
    private const int SmallQueue = 8 * 1024;

    [Theory]
    [MemberData(nameof(RingVariants.Names), MemberType = typeof(RingVariants))]
    public void Keeps_every_byte_in_100_switches(string ring) => SwitchBackAndForth(ring, "epoll", switches: 100);

    [Theory]
    [InlineData(RingVariants.Usual)]
    [InlineData(RingVariants.Three)]
    public void Keeps_every_byte_in_400_switches(string ring) => SwitchBackAndForth(ring, "epoll", switches: 400);

    [Theory]
    [InlineData(RingVariants.Usual, "threads")]
    [InlineData(RingVariants.Usual, "busy-poll")]
    [InlineData(RingVariants.Usual, "io-uring-loops")]
    [InlineData(RingVariants.Three, "io-uring")]
    [InlineData(RingVariants.Three, "io-uring-loops")]
    public void Keeps_every_byte_in_40_switches_to_and_from(string ring, string other) => SwitchBackAndForth(ring, other, switches: 40);

    private static void SwitchBackAndForth(string ring, string other, int switches) =>
        TestServer.Run(RingVariants.Row(ring), new ServerOptions { Queue = SmallQueue }, server =>
        {
            Random random = new(server.Seed);
            using Clients clients = new(server.Seed);
            for (int i = 0; i < 4; i++)
            {
                clients.Add(new ActiveClient(server.Connect()));
                clients.Add(new SlowReader(server.Connect(queue: SmallQueue)));
                clients.Add(new NonReader(server.Connect(queue: SmallQueue)));
                clients.Add(new HalfCloser(server.Connect(queue: SmallQueue), bytes: 30_000));
            }

            for (int i = 0; i < switches; i++)
            {
                if (i % 10 == 0)
                    clients.Add(new ActiveClient(server.Connect()));

                server.Switch(i % 2 == 0 ? EveryModel.Find(other) : RingVariants.Row(ring));
                Thread.Sleep(random.Next(4));
            }

            clients.Finish();
            server.AwaitClosed(clients.Count);
            Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
            Assert.Equal(clients.Count, server.Accepted.Count);
        });
}
