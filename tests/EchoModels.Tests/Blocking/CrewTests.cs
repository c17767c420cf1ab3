using System.Globalization;
using EchoModels.Blocking;
using EchoModels.Sockets;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Blocking;

public sealed class CrewTests
{
    private const int Threads = 300;

    [Fact]
    public void Is_done_when_its_last_thread_is_and_then_they_are_gone_one_by_one() => Limit.Run(Limit.Test, "the test", () =>
    {
        Belongings before = Belongings.Now();
        int threads = CountThreads();
        int done = 0;
        using (SocketSet sockets = new([], SocketIo.ForThisSystem))
        using (CancellationTokenSource stop = new())
        using (Crew crew = new(sockets, stop.Token))
        {
            for (int i = 0; i < Threads; i++)
                crew.Start(() => Work(crew.Stop));

            stop.Cancel();
            crew.WaitForAll();
            Assert.Equal(Threads, Volatile.Read(ref done));
        }

        WayOut.WaitUntilEmpty();
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
        using Crew crew = new(sockets, stop.Token);
        long before = Mapped();
        for (int i = 0; i < 2_000; i++)
        {
            using ManualResetEventSlim done = new();
            crew.Start(done.Set);
            done.Wait();
        }

        long stacks = (Mapped() - before) / Crew.StackSize;
        Assert.True(stacks < 1_000, $"the stacks of {stacks} threads are left");
    });

    [Fact]
    public void Stops_all_of_them_when_one_fails_and_says_why() => Limit.Run(Limit.Test, "the test", () =>
    {
        Belongings before = Belongings.Now();
        using (SocketSet sockets = new([], SocketIo.ForThisSystem))
        using (CancellationTokenSource stop = new())
        using (Crew crew = new(sockets, stop.Token))
        {
            for (int i = 0; i < Threads; i++)
                crew.Start(() => crew.Stop.WaitHandle.WaitOne());

            crew.Start(() => throw new InvalidDataException("one of them"));
            Assert.Equal("one of them", Assert.Throws<InvalidDataException>(crew.WaitForAll).Message);
        }

        before.AssertNothingIsLeft();
    });

    private static int CountThreads() => Directory.GetDirectories("/proc/self/task").Length;

    /// <summary>Address space in use, in bytes.</summary>
    private static long Mapped()
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmSize:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan("VmSize:".Length, line.Length - "VmSize: kB".Length), CultureInfo.InvariantCulture) * 1_024;
    }
}
