using System.Globalization;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;
using EchoModels.Tests.Support;
using EchoModels.Threading;
using Xunit;

namespace EchoModels.Tests.Blocking;

public sealed class ThreadGroupTests
{
    private const int Threads = 300;

    [Fact]
    public void Is_done_when_its_last_thread_is_and_then_they_are_gone_one_by_one() => Limit.Run(Limit.Test, "the test", () =>
    {
        LeakCheck before = LeakCheck.Now();
        int threads = CountThreads();
        int done = 0;
        using (SocketSet sockets = new([], SocketIo.ForThisSystem))
        using (CancellationTokenSource stop = new())
        using (ThreadGroup crew = new(sockets, stop.Token))
        {
            for (int i = 0; i < Threads; i++)
                crew.Start(() => Work(crew.Stop));

            stop.Cancel();
            crew.WaitForAll();
            Assert.Equal(Threads, Volatile.Read(ref done));
        }

        ThreadReaper.WaitUntilEmpty();
        Assert.InRange(CountThreads(), 0, threads + (Threads / 10)); // the runtime may have started some of its own
        before.AssertNothingIsLeft();

        void Work(CancellationToken end)
        {
            end.WaitHandle.WaitOne();
            Interlocked.Increment(ref done);
        }
    });

    /// <summary>A thread that nobody joins keeps its stack for ever, unless it has been detached.</summary>
    [Fact]
    public void Forgets_those_who_are_done_before_the_others() => Limit.Run(Limit.Test, "the test", () =>
    {
        using SocketSet sockets = new([], SocketIo.ForThisSystem);
        using CancellationTokenSource stop = new();
        using ThreadGroup crew = new(sockets, stop.Token);
        long before = Mapped();
        for (int i = 0; i < 2_000; i++)
        {
            using ManualResetEventSlim done = new();
            crew.Start(done.Set);
            done.Wait();
        }

        long stacks = (Mapped() - before) / ThreadGroup.StackSize;
        Assert.True(stacks < 1_000, $"the stacks of {stacks} threads are left");
    });

    [Fact]
    public void Stops_all_of_them_when_one_fails_and_says_why() => Limit.Run(Limit.Test, "the test", () =>
    {
        LeakCheck before = LeakCheck.Now();
        using (SocketSet sockets = new([], SocketIo.ForThisSystem))
        using (CancellationTokenSource stop = new())
        using (ThreadGroup crew = new(sockets, stop.Token))
        {
            for (int i = 0; i < Threads; i++)
                crew.Start(() => crew.Stop.WaitHandle.WaitOne());

            crew.Start(() => throw new InvalidDataException("one of them"));
            Assert.Equal("one of them", Assert.Throws<InvalidDataException>(crew.WaitForAll).Message);
        }

        before.AssertNothingIsLeft();
    });

    [Fact]
    public void Is_refused_a_thread_that_the_process_has_no_room_for_and_those_who_are_served_stay_served() => TestServer.Run("epoll", server =>
    {
        Peer[] peers = [.. Enumerable.Range(0, 100).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Exchange(10);

        WithRoomFor(50, () =>
            Assert.Contains("vm.max_map_count", Assert.Throws<SwitchRefusedException>(() => server.Switch("threads")).Message));

        foreach (Peer peer in peers)
            peer.Exchange(10);
    });

    [Fact]
    public void Has_no_thread_for_a_newcomer_and_turns_him_away_while_the_others_are_served() => TestServer.Run("threads", server =>
    {
        Peer inside = server.Connect();
        inside.Exchange(10);
        Limit.Until(() => NativeThread.Count == 2, "only the acceptor and the one inside are left");
        WithRoomFor(0, () =>
        {
            server.Connect().HearEnd();
            inside.Exchange(10);
        });

        server.AwaitClosed(1); // which is told after it is done
        Assert.Equal([CloseReason.Limit], server.Reasons);
        server.Connect().Exchange(10);
    });

    /// <summary>Those in line at the way out are still there, and take the place of those who come.</summary>
    [Fact]
    public void Waits_for_the_room_of_those_who_are_just_leaving() => TestServer.Run("threads", server =>
    {
        Peer[] peers = [.. Enumerable.Range(0, 200).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Exchange(10);

        WithRoomFor(50, () =>
        {
            server.Switch("epoll");
            server.Switch("threads");
        });

        foreach (Peer peer in peers)
            peer.Exchange(10);
    });

    /// <summary>Leaves room for so many threads more than there are.</summary>
    private static void WithRoomFor(int threads, Action work)
    {
        int before = NativeThread.Most;
        NativeThread.Most = NativeThread.Count + threads;
        try
        {
            work();
        }
        finally
        {
            NativeThread.Most = before;
        }
    }

    private static int CountThreads() => Directory.GetDirectories("/proc/self/task").Length;

    /// <summary>Address space in use, in bytes.</summary>
    private static long Mapped()
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmSize:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan("VmSize:".Length, line.Length - "VmSize: kB".Length), CultureInfo.InvariantCulture) * 1_024;
    }
}
