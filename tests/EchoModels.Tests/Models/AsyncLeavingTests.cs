using System.Globalization;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>When async has let go, so has the runtime: none of its epolls knows the sockets, and nothing they do wakes it.</summary>
public sealed class AsyncLeavingTests
{
    private const int O_NONBLOCK = 0x800;

    [Fact]
    public void Is_in_the_runtimes_epoll_while_it_serves_and_in_no_epoll_afterwards() => TestServer.Run("async", server =>
    {
        List<Peer> peers = [.. Enumerable.Range(0, 50).Select(_ => server.Connect())];
        peers.ForEach(peer => peer.Exchange(100));
        HashSet<int> ours = [.. Sockets(server).Select(socket => (int)socket.Handle)];
        Limit.Until(() => ours.IsSubsetOf(Watched()), "the runtime watches every socket");

        server.Switch("busy-poll"); // which uses no epoll of its own
        Assert.Empty(ours.Intersect(Watched()));

        peers.ForEach(peer => peer.Exchange(100));
        peers.ForEach(peer => peer.Leave());
    });

    [Fact]
    public void Wakes_no_thread_of_the_runtime_once_another_model_serves() => TestServer.Run("async", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100);
        server.Switch("threads");

        peer.Exchange(100);
        long before = RuntimeWakeups();
        for (int i = 0; i < 2_000; i++)
            peer.Exchange(64);

        Assert.InRange(RuntimeWakeups() - before, 0, 100);
        peer.Leave();
    });

    [Fact]
    public void Gives_back_sockets_that_really_block() => TestServer.Run("async", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100);
        server.Switch("threads");

        Assert.All(Sockets(server), socket => Assert.Equal(0, Flags(socket) & O_NONBLOCK));
        peer.Exchange(100);
        peer.Leave();
    });

    [Fact]
    public void Is_awaited_again_after_it_has_left() => TestServer.Run("async", server =>
    {
        List<Peer> peers = [.. Enumerable.Range(0, 20).Select(_ => server.Connect())];
        for (int i = 0; i < 20; i++)
        {
            // Half of them speak while nobody awaits: that must be found when somebody does again.
            server.Switch("busy-poll");
            foreach (Peer peer in peers.Where((_, which) => which % 2 == i % 2))
                peer.Say(100);

            server.Switch("async");
            foreach (Peer peer in peers.Where((_, which) => which % 2 == i % 2))
                peer.Hear(100);

            peers.ForEach(peer => peer.Exchange(100));
        }

        peers.ForEach(peer => peer.Leave());
        Peer newcomer = server.Connect();
        newcomer.Exchange(100);
        newcomer.Leave();
    });

    [Fact]
    public void Keeps_the_entries_of_those_that_have_left_and_of_no_others() => TestServer.Run("async", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100);
        Limit.Until(() => Sockets(server).All(socket => Watched().Contains((int)socket.Handle)), "the runtime watches every socket");
        Assert.All(Everyone(server), socket => Assert.Null(socket.LeftEngine));

        server.Switch("busy-poll");
        Assert.All(Everyone(server), socket => Assert.NotNull(socket.LeftEngine));
        Assert.Equal(2, Everyone(server).Select(socket => socket.LeftEngine!.Data).Distinct().Count());

        Peer newcomer = server.Connect();
        newcomer.Exchange(100);
        Assert.Single(Everyone(server), socket => socket.LeftEngine is null);

        server.Switch("async");
        Assert.All(Everyone(server), socket => Assert.Null(socket.LeftEngine));
        peer.Leave();
        newcomer.Leave();
    });

    [Fact]
    public void Leaves_the_sockets_of_others_alone() => TestServer.Run("async", server =>
    {
        (Socket near, Socket far) = Support.Watched.Pair();
        using (near)
        using (far)
        {
            byte[] buffer = new byte[1];
            Task<int> received = far.ReceiveAsync(buffer);
            Peer peer = server.Connect();
            peer.Exchange(100);
            server.Switch("busy-poll");

            Assert.Contains((int)far.Handle, Watched());
            near.Send([42]);
            Assert.True(received.Wait(Limit.Generous));
            Assert.Equal(42, buffer[0]);
            peer.Leave();
        }
    });

    private static IEnumerable<EventSource> Everyone(TestServer server)
    {
        foreach (Listener listener in server.Sockets.Listeners)
            yield return listener;
        foreach (Connection connection in server.Sockets)
            yield return connection;
    }

    private static IEnumerable<Socket> Sockets(TestServer server) => Everyone(server).Select(socket => socket.Socket);

    /// <summary>What any epoll of this process watches: the numbers behind "tfd:".</summary>
    private static HashSet<int> Watched()
    {
        HashSet<int> watched = [];
        foreach (string path in Directory.GetFileSystemEntries("/proc/self/fdinfo"))
        {
            foreach (string line in ReadLines(path).Where(line => line.StartsWith("tfd:", StringComparison.Ordinal)))
                watched.Add(int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
        }

        return watched;
    }

    private static int Flags(Socket socket)
    {
        string line = ReadLines($"/proc/self/fdinfo/{socket.Handle}").First(line => line.StartsWith("flags:", StringComparison.Ordinal));
        return Convert.ToInt32(line["flags:".Length..].Trim(), 8);
    }

    /// <summary>How often the runtime's socket threads have gone to sleep and been woken.</summary>
    private static long RuntimeWakeups()
    {
        long wakeups = 0;
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            if (ReadLines($"{task}/comm").FirstOrDefault() != ".NET Sockets")
                continue;

            string line = ReadLines($"{task}/status").First(line => line.StartsWith("voluntary_ctxt_switches:", StringComparison.Ordinal));
            wakeups += long.Parse(line.Split(':')[1], CultureInfo.InvariantCulture);
        }

        return wakeups;
    }

    /// <summary>What has gone meanwhile has no lines.</summary>
    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
