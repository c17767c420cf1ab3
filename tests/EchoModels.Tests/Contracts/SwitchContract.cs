using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Models;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>A switch from any model to any other, under traffic, loses, duplicates and moves no byte, and closes no connection.</summary>
public sealed class SwitchContract
{
    private const int SmallQueue = 8 * 1024;
    private const int OneFaultIn = 6;

    public static TheoryData<string> Available => EveryModel.Available;

    public static TheoryData<string, string> Pairs => EveryModel.Pairs;

    /// <summary>Pairs of which at least one model makes calls that may fail: see <see cref="FaultContract"/>.</summary>
    public static TheoryData<string, string> PairsThatMakeCalls =>
        [.. EveryModel.Pairs.Select(row => row.Data).Where(pair => !EveryModel.MakesNoCalls(pair.Item1) || !EveryModel.MakesNoCalls(pair.Item2))];

    [Theory]
    [MemberData(nameof(Available))]
    public void Takes_a_connection_over_and_hands_it_on(string model) => TestServer.Run("poll", server =>
    {
        ModelRow row = model == "poll" ? EveryModel.Twin(EveryModel.Find(model)) : EveryModel.Find(model);
        int connections = row.KeepsConnections ? 0 : 1; // with the model, or with a process of its own
        Peer peer = server.Connect();
        peer.Exchange(1_000);

        SwitchReport there = server.Switch(row);
        Assert.Equal(("poll", row.Name, connections), (there.From, there.To, there.Connections));
        peer.Exchange(20_000);

        SwitchReport back = server.Switch("poll");
        Assert.Equal((row.Name, "poll", connections), (back.From, back.To, back.Connections));
        peer.Exchange(1_000);
        peer.Close();
        server.AwaitClosed(1);
        Assert.Equal([CloseReason.PeerClosed], server.Reasons);
    });

    [Slow]
    [Theory]
    [MemberData(nameof(Pairs))]
    public void Keeps_every_byte_and_every_connection(string from, string to) =>
        SwitchBackAndForth(from, to, null, EveryModel.Find);

    [Slow]
    [Theory]
    [MemberData(nameof(PairsThatMakeCalls))]
    public void Keeps_every_byte_and_every_connection_when_calls_fail(string from, string to)
    {
        RandomFaults faults = Faults(falseWouldBlock: !EveryModel.TrustsWouldBlock(from) && !EveryModel.TrustsWouldBlock(to));
        SwitchBackAndForth(from, to, faults.Wrap, name => WithFaults(faults, name));
        if (!EveryModel.OnlyAccepts(from) && !EveryModel.OnlyAccepts(to)) // a child's connection makes no call of the server's
            Assert.NotEqual(0, faults.Injected);
    }

    [Slow]
    [Fact]
    public void Keeps_every_byte_on_a_random_walk_over_all_models() => RandomWalk(null, EveryModel.Find);

    [Slow]
    [Fact]
    public void Keeps_every_byte_on_a_random_walk_over_all_models_when_calls_fail()
    {
        RandomFaults faults = Faults(falseWouldBlock: false);
        RandomWalk(faults.Wrap, name => WithFaults(faults, name));
        Assert.NotEqual(0, faults.Injected);
    }

    private static RandomFaults Faults(bool falseWouldBlock) => new(Seeds.Take(), OneFaultIn, falseWouldBlock);

    /// <summary>A model that sets the faults up as it needs them: whether the rest of a short read raises an edge.</summary>
    private static ModelRow WithFaults(RandomFaults faults, string model)
    {
        ModelRow row = EveryModel.Find(model);
        Action setUp = () => faults.SignalsTheRest = EveryModel.TrustsShortRead(model);
        return row with { Create = context => new WithSetUp(row.Create(context), setUp) };
    }

    private static void SwitchBackAndForth(string from, string to, Func<IKernel, IKernel>? wrap, Func<string, ModelRow> find) =>
        TestServer.Run(find(from), new ServerOptions { Queue = SmallQueue, Wrap = wrap }, server =>
        {
            Random random = new(server.Seed);
            using Clients clients = new(server.Seed);
            Fill(clients, server);
            ModelRow other = to == from ? EveryModel.Twin(find(to)) : find(to);
            for (int i = 0; i < 4; i++)
            {
                Thread.Sleep(random.Next(25));
                clients.Add(new ActiveClient(server.Connect())); // most likely still in the backlog when the switch begins
                clients.Add(new IdleClient(server.Connect()));
                Assert.Equal(i % 2 == 0 ? other.Name : from, server.Switch(i % 2 == 0 ? other : find(from)).To);
            }

            Finish(clients, server);
        });

    private static void RandomWalk(Func<IKernel, IKernel>? wrap, Func<string, ModelRow> find) =>
        TestServer.Run(find(EveryModel.Names[0]), new ServerOptions { Queue = SmallQueue, Wrap = wrap }, server =>
        {
            Random random = new(server.Seed);
            using Clients clients = new(server.Seed);
            for (int i = 0; i < 4; i++)
                Fill(clients, server);

            for (int i = 0; i < 60; i++)
            {
                clients.Add(new ActiveClient(server.Connect()));
                server.Switch(find(EveryModel.Names[random.Next(EveryModel.Names.Count)]));
                Thread.Sleep(random.Next(100));
            }

            Finish(clients, server);
        });

    private static void Fill(Clients clients, TestServer server)
    {
        for (int i = 0; i < 3; i++)
        {
            clients.Add(new ActiveClient(server.Connect()));
            clients.Add(new SlowReader(server.Connect(queue: SmallQueue)));
            clients.Add(new NonReader(server.Connect(queue: SmallQueue)));
            clients.Add(new IdleClient(server.Connect()));
            clients.Add(new HalfCloser(server.Connect(queue: SmallQueue), bytes: 20_000));
        }
    }

    private static void Finish(Clients clients, TestServer server)
    {
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));

        // A model that serves one at a time would wait for the first client to close, which may happen only after the second.
        if (!EveryModel.ServesAll(server.Host.Serving.Name.Replace(" again", "", StringComparison.Ordinal)))
            server.Switch(EveryModel.Names.First(EveryModel.ServesAll));

        clients.Finish();
        server.AwaitClosed(clients.Count);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
        Assert.Equal(clients.Count, server.Accepted.Count);
    }

    /// <summary>A model that runs some code before it serves.</summary>
    private sealed class WithSetUp(IEchoServer model, Action setUp) : IEchoServer
    {
        public void Serve(SocketSet sockets, CancellationToken stop)
        {
            setUp();
            model.Serve(sockets, stop);
        }
    }
}
