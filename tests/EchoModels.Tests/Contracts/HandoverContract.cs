using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>Whoever hands over to whomever, under whatever traffic: no byte is lost, doubled, moved or crossed, and nobody is closed.</summary>
public sealed class HandoverContract
{
    private const int SmallQueue = 8 * 1024;
    private const int OneFaultIn = 6;

    public static TheoryData<string, string> Pairs => EveryModel.Pairs;

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Keeps_every_byte_and_every_connection(string from, string to) =>
        SwitchToAndFro(from, to, SocketIo.ForThisSystem, EveryModel.Find);

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Keeps_every_byte_and_every_connection_when_calls_fail(string from, string to)
    {
        RandomFaults faults = Faults(mayLie: !EveryModel.TrustsWouldBlock(from) && !EveryModel.TrustsWouldBlock(to));
        SwitchToAndFro(from, to, faults, name => Suited(faults, name));
    }

    [Fact]
    public void Keeps_every_byte_on_a_random_walk_over_all_models() => Wander(SocketIo.ForThisSystem, EveryModel.Find);

    [Fact]
    public void Keeps_every_byte_on_a_random_walk_when_calls_fail()
    {
        RandomFaults faults = Faults(mayLie: false);
        Wander(faults, name => Suited(faults, name));
    }

    private static RandomFaults Faults(bool mayLie) => new(SocketIo.ForThisSystem, Seeds.Take(), OneFaultIn, mayLie);

    /// <summary>A model for whom, and for nobody else, the faults tell what a short read left, if it trusts that it is told.</summary>
    private static ModelRow Suited(RandomFaults faults, string model)
    {
        ModelRow row = EveryModel.Find(model);
        Action suit = () => faults.TellsTheRest = EveryModel.TrustsShortRead(model);
        return row with { Create = context => new Announced(row.Create(context), suit) };
    }

    private static void SwitchToAndFro(string from, string to, ISocketIo io, Func<string, ModelRow> find) =>
        TestServer.Run(find(from), new ServerOptions { Queue = SmallQueue, Io = io }, server =>
        {
            Random random = new(server.Seed);
            using Clients clients = new(server.Seed);
            Fill(clients, server);
            ModelRow other = to == from ? EveryModel.Twin(find(to)) : find(to);
            for (int i = 0; i < 4; i++)
            {
                Thread.Sleep(random.Next(25));
                clients.Join(new Talker(server.Connect())); // most likely still in the backlog when the switch comes
                clients.Join(new Silent(server.Connect()));
                Assert.Equal(i % 2 == 0 ? other.Name : from, server.Switch(i % 2 == 0 ? other : find(from)).To);
            }

            Finish(clients, server);
        });

    private static void Wander(ISocketIo io, Func<string, ModelRow> find) =>
        TestServer.Run(find(EveryModel.Names[0]), new ServerOptions { Queue = SmallQueue, Io = io }, server =>
        {
            Random random = new(server.Seed);
            using Clients clients = new(server.Seed);
            for (int i = 0; i < 4; i++)
                Fill(clients, server);

            for (int i = 0; i < 60; i++)
            {
                clients.Join(new Talker(server.Connect()));
                server.Switch(find(EveryModel.Names[random.Next(EveryModel.Names.Count)]));
                Thread.Sleep(random.Next(100));
            }

            Finish(clients, server);
        });

    private static void Fill(Clients clients, TestServer server)
    {
        for (int i = 0; i < 3; i++)
        {
            clients.Join(new Talker(server.Connect()));
            clients.Join(new SlowReader(server.Connect(queue: SmallQueue)));
            clients.Join(new Stuffed(server.Connect(queue: SmallQueue)));
            clients.Join(new Silent(server.Connect()));
            clients.Join(new HalfCloser(server.Connect(queue: SmallQueue), piece: 20_000));
        }
    }

    private static void Finish(Clients clients, TestServer server)
    {
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));

        // A model that serves one at a time would wait for the first to leave, who may be waiting for the second.
        if (!EveryModel.ServesAll(server.Host.Serving.Name.Replace(" again", "", StringComparison.Ordinal)))
            server.Switch(EveryModel.Names.First(EveryModel.ServesAll));

        clients.Finish();
        server.AwaitClosed(clients.Count);
        Assert.All(server.Reasons, reason => Assert.Equal(CloseReason.PeerClosed, reason));
        Assert.Equal(clients.Count, server.Accepted.Count);
    }

    /// <summary>A model that says so before it begins.</summary>
    private sealed class Announced(IEchoServer model, Action begins) : IEchoServer
    {
        public void Serve(SocketSet sockets, CancellationToken stop)
        {
            begins();
            model.Serve(sockets, stop);
        }
    }
}
