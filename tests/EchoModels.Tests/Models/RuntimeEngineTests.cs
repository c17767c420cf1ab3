using System.Globalization;
using System.Net.Sockets;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Models;

/// <summary>After async has stopped, the runtime does not watch the sockets: they are in none of its epolls, and do not wake it.</summary>
public sealed class RuntimeEngineTests
{
    private const int O_NONBLOCK = 0x800;

    [Fact]
    public void Is_in_the_runtimes_epoll_while_it_serves_and_in_no_epoll_afterwards() => TestServer.Run("async", server =>
    {
        List<Peer> peers = [.. Enumerable.Range(0, 50).Select(_ => server.Connect())];
        peers.ForEach(peer => peer.Exchange(100));
        HashSet<int> ours = [.. Sockets(server).Select(socket => socket.Number)];
        Limit.Until(() => ours.IsSubsetOf(Watched()), "the runtime watches every socket");

        server.Switch("busy-poll"); // which uses no epoll of its own
        Assert.Empty(ours.Intersect(Watched()));

        peers.ForEach(peer => peer.Exchange(100));
        peers.ForEach(peer => peer.Close());
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
        peer.Close();
    });

    [Fact]
    public void Gives_back_sockets_that_really_block() => TestServer.Run("async", server =>
    {
        Peer peer = server.Connect();
        peer.Exchange(100);
        server.Switch("threads");

        Assert.All(Sockets(server), socket => Assert.Equal(0, Flags(socket) & O_NONBLOCK));
        peer.Exchange(100);
        peer.Close();
    });

    [Fact]
    public void Awaits_the_sockets_again_after_it_has_stopped() => TestServer.Run("async", server =>
    {
        List<Peer> peers = [.. Enumerable.Range(0, 20).Select(_ => server.Connect())];
        for (int i = 0; i < 20; i++)
        {
            // Half of them send while no socket is awaited: their bytes must be found when async serves again.
            server.Switch("busy-poll");
            foreach (Peer peer in peers.Where((_, which) => which % 2 == i % 2))
                peer.Send(100);

            server.Switch("async");
            foreach (Peer peer in peers.Where((_, which) => which % 2 == i % 2))
                peer.Receive(100);

            peers.ForEach(peer => peer.Exchange(100));
        }

        peers.ForEach(peer => peer.Close());
        Peer later = server.Connect();
        later.Exchange(100);
        later.Close();
    });

    [Fact]
    public void Does_not_touch_sockets_that_are_not_in_the_set() => TestServer.Run("async", server =>
    {
        (Socket near, Socket far) = TestSockets.Pair();
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
            peer.Close();
        }
    });

    private static IEnumerable<EventSource> All(TestServer server)
    {
        foreach (Listener listener in server.Sockets.Listeners)
            yield return listener;
        foreach (Connection connection in server.Sockets)
            yield return connection;
    }

    private static IEnumerable<SocketHandle> Sockets(TestServer server) => All(server).Select(socket => socket.Socket);

    /// <summary>The descriptors that any epoll of this process watches: the numbers after "tfd:".</summary>
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

    private static int Flags(SocketHandle socket)
    {
        string line = ReadLines($"/proc/self/fdinfo/{socket.Number}").First(line => line.StartsWith("flags:", StringComparison.Ordinal));
        return Convert.ToInt32(line["flags:".Length..].Trim(), 8);
    }

    /// <summary>How often the runtime's socket threads have blocked and been woken.</summary>
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

    /// <summary>The lines of a file of /proc; none if the thread or descriptor no longer exists.</summary>
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
