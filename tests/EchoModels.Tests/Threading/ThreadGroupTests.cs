using System.Globalization;
using EchoModels.Connections;
using EchoModels.Events;
using EchoModels.Posix;
using EchoModels.Tests.Support;
using EchoModels.Threading;
using Xunit;

namespace EchoModels.Tests.Threading;

public sealed class ThreadGroupTests
{
    private const int Threads = 300;

    [Fact]
    public void Begins_none_of_several_pieces_of_work_if_there_is_no_thread_for_the_last() => Limit.Run(Limit.Test, "the test", () =>
    {
        ThreadReaper.WaitUntilEmpty();
        int most = NativeThread.Max;
        int begun = 0;
        using SocketSet sockets = new([], TestKernel.Open());
        using (ThreadGroup group = new(sockets, CancellationToken.None))
        {
            NativeThread.Max = NativeThread.Count + 2;
            try
            {
                Assert.Throws<IOException>(() => group.StartTogether(Enumerable.Repeat(() => { Interlocked.Increment(ref begun); }, 3)));
            }
            finally
            {
                NativeThread.Max = most;
            }
        }

        Assert.Equal(0, begun);
    });

    [Fact]
    public void Begins_several_pieces_of_work_when_each_has_its_thread() => Limit.Run(Limit.Test, "the test", () =>
    {
        using SocketSet sockets = new([], TestKernel.Open());
        using ThreadGroup group = new(sockets, CancellationToken.None);
        using CountdownEvent begun = new(3);
        group.StartTogether(Enumerable.Repeat(() => { begun.Signal(); }, 3));
        Assert.True(begun.Wait(Limit.Generous), "they have all begun");
    });

    [Fact]
    public void Ends_when_its_last_thread_has_returned_and_leaves_no_thread() => Limit.Run(Limit.Test, "the test", () =>
    {
        LeakCheck before = LeakCheck.Now();
        int threads = CountThreads();
        int done = 0;
        using (SocketSet sockets = new([], TestKernel.Open()))
        using (CancellationTokenSource stop = new())
        using (ThreadGroup group = new(sockets, stop.Token))
        {
            for (int i = 0; i < Threads; i++)
                group.Start(() => Work(group.Stop));

            stop.Cancel();
            group.WaitForAll();
            Assert.Equal(Threads, Volatile.Read(ref done));
        }

        ThreadReaper.WaitUntilEmpty();
        Assert.InRange(CountThreads(), 0, threads + (Threads / 10)); // the runtime may have started some
        before.AssertNothingIsLeft();

        void Work(CancellationToken end)
        {
            end.WaitHandle.WaitOne();
            Interlocked.Increment(ref done);
        }
    });

    /// <summary>A thread that is not joined keeps its stack for ever, unless it has been detached.</summary>
    [Fact]
    public void Frees_the_stacks_of_threads_that_end_before_the_others() => Limit.Run(Limit.Test, "the test", () =>
    {
        using SocketSet sockets = new([], TestKernel.Open());
        using CancellationTokenSource stop = new();
        using ThreadGroup group = new(sockets, stop.Token);
        long before = Mapped();
        for (int i = 0; i < 2_000; i++)
        {
            using ManualResetEventSlim done = new();
            group.Start(done.Set);
            done.Wait();
        }

        long stacks = (Mapped() - before) / ThreadGroup.StackSize;
        Assert.True(stacks < 1_000, $"the stacks of {stacks} threads are left");
    });

    [Fact]
    public void Stops_all_threads_when_one_fails_and_throws_its_exception() => Limit.Run(Limit.Test, "the test", () =>
    {
        LeakCheck before = LeakCheck.Now();
        using (SocketSet sockets = new([], TestKernel.Open()))
        using (CancellationTokenSource stop = new())
        using (ThreadGroup group = new(sockets, stop.Token))
        {
            for (int i = 0; i < Threads; i++)
                group.Start(() => group.Stop.WaitHandle.WaitOne());

            group.Start(() => throw new InvalidDataException("one of them"));
            Assert.Equal("one of them", Assert.Throws<InvalidDataException>(group.WaitForAll).Message);
        }

        before.AssertNothingIsLeft();
    });

    [Fact]
    public void Refuses_a_switch_for_which_the_process_has_too_few_threads_and_serves_on() => TestServer.Run("epoll", server =>
    {
        Peer[] peers = [.. Enumerable.Range(0, 100).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Exchange(10);

        WithLimit(50, () =>
            Assert.Contains("vm.max_map_count", Assert.Throws<SwitchRefusedException>(() => server.Switch("threads")).Message));

        foreach (Peer peer in peers)
            peer.Exchange(10);
    });

    [Fact]
    public void Closes_a_new_connection_for_which_there_is_no_thread_and_serves_the_others() => TestServer.Run("threads", server =>
    {
        Peer served = server.Connect();
        served.Exchange(10);
        Limit.Until(() => NativeThread.Count == 2, "only the acceptor and one worker are left");
        WithLimit(0, () =>
        {
            server.Connect().ReceiveToEnd();
            served.Exchange(10);
        });

        server.AwaitClosed(1); // the event comes after the close
        Assert.Equal([CloseReason.Limit], server.Reasons);
        server.Connect().Exchange(10);
    });

    /// <summary>Threads that are ending still count, and keep new ones from being started.</summary>
    [Fact]
    public void Waits_for_threads_that_are_ending() => TestServer.Run("threads", server =>
    {
        Peer[] peers = [.. Enumerable.Range(0, 200).Select(_ => server.Connect())];
        foreach (Peer peer in peers)
            peer.Exchange(10);

        WithLimit(50, () =>
        {
            server.Switch("epoll");
            server.Switch("threads");
        });

        foreach (Peer peer in peers)
            peer.Exchange(10);
    });

    /// <summary>Limits the threads to so many more than there are.</summary>
    private static void WithLimit(int threads, Action work)
    {
        int before = NativeThread.Max;
        NativeThread.Max = NativeThread.Count + threads;
        try
        {
            work();
        }
        finally
        {
            NativeThread.Max = before;
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
