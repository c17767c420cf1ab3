using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EchoModels.Cli.Client;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Client;

/// <summary>Runs the load against servers that each do one thing wrong, on every available selector.</summary>
public sealed class LoadRunTests
{
    public static TheoryData<string> Selectors => [.. SelectorTable.Rows.Where(row => SelectorProbe.UnavailableReason(row) is null).Select(row => row.Name)];

    [Theory, MemberData(nameof(Selectors))]
    public void Finds_nothing_wrong_with_a_correct_server(string selector)
    {
        using Run run = new(selector, bytes => bytes, o => o with { Connections = 5, Messages = 200, Pipeline = 4 });

        Assert.Null(run.Load.Faults.Describe());
        Assert.Equal(1_000, run.Load.Answers.Count);
        Assert.Equal(64_000, run.Load.Bytes);
        Assert.Equal(5, run.Load.Connected);
    }

    [Theory, MemberData(nameof(Selectors))]
    public void Sends_messages_larger_than_all_buffers_without_a_deadlock(string selector)
    {
        using Run run = new(selector, bytes => bytes, o => o with { Connections = 2, Messages = 2, Size = 12_000_000 });

        Assert.Null(run.Load.Faults.Describe());
        Assert.Equal(48_000_000, run.Load.Bytes);
    }

    [Theory, MemberData(nameof(Selectors))]
    public void Reports_a_wrong_byte(string selector)
    {
        using Run run = new(selector, bytes => { bytes[10] ^= 1; return bytes; });

        Assert.Matches(@"^all 2 connections got a wrong byte \(client \d first\): the reply differs from what was sent at byte 10: not a plain echo$", run.Faults);
        Assert.Equal(2, run.Load.Faults.Mismatches);
        Assert.Equal((0, 0, 0, 0), (run.Load.Answers.Count, run.Load.Answers.Latency.Count, run.Load.Served, run.Load.Starved));
    }

    [Theory, MemberData(nameof(Selectors))]
    public void Reports_a_lost_byte(string selector)
    {
        using Run run = new(selector, bytes => [.. bytes[..10], .. bytes[11..]]);

        Assert.Contains("wrong byte", run.Faults, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Selectors))]
    public void Reports_a_byte_too_many(string selector)
    {
        using Run run = new(selector, bytes => [.. bytes, 7]);

        Assert.Contains("more bytes than they sent", run.Faults, StringComparison.Ordinal);
        Assert.Equal(2, run.Load.Faults.Mismatches);
    }

    [Slow]
    [Theory, MemberData(nameof(Selectors))]
    public void Reports_a_stall(string selector)
    {
        using Run run = new(selector, bytes => bytes[..^1]);

        Assert.Equal("all 2 connections stalled for 0.3s", run.Faults);
        Assert.Equal(2, run.Load.Faults.Errors);
        Assert.Equal((0, 2, 0, 2), (run.Load.Answers.Count, run.Load.Answers.Unanswered, run.Load.Served, run.Load.Starved));
        Assert.Equal(2, run.Load.Answers.Latency.Count);
        Assert.InRange(run.Load.Answers.Latency.Quantile(0), 300 * Clock.Millisecond, long.MaxValue); // the time that they have waited
    }

    [Theory, MemberData(nameof(Selectors))]
    public void Reports_a_server_that_sends_first(string selector)
    {
        using Run run = new(selector, bytes => bytes, o => o with { Connections = 3 }, greeting: "hello"u8.ToArray());

        Assert.Equal($"the server sends before it is spoken to: not a plain echo ({run.Load.Faults.Server})", run.Faults);
        Assert.InRange(run.Load.Faults.Mismatches, 1, 3);
        Assert.Equal((0, 0), (run.Load.Answers.Latency.Count, run.Load.Faults.Errors));
    }

    /// <summary>The second client gets its first answer when the first client has gone, which is after the end of sending.</summary>
    [Slow]
    [Theory, MemberData(nameof(Selectors))]
    public void A_client_whose_first_answer_comes_after_the_end_has_waited_throughout(string selector)
    {
        using Run run = new(selector, bytes => bytes, o => o with { Messages = null, Duration = TimeSpan.FromSeconds(2), Connections = 3 }, oneByOne: true);

        Assert.Null(run.Load.Faults.Describe());
        Assert.Equal((1, 2, 2), (run.Load.Served, run.Load.Starved, run.Load.Answers.Unanswered));
        Assert.Equal(run.Load.Answers.Count + 2, run.Load.Answers.Latency.Count);
        Assert.InRange(run.Load.Answers.Latency.Max, 2 * Clock.Second, long.MaxValue);
        Assert.Equal("served 1 of 3; 2 waited throughout", run.Load.Describe());
    }

    [Fact]
    public void A_short_run_without_an_answer_is_reported_and_is_no_failure()
    {
        using Run run = new("poll", bytes => bytes, o => o with { Messages = null, Duration = TimeSpan.FromSeconds(0.1) }, oneByOne: true);

        Assert.Equal("served 1 of 2; 1 waited throughout", ClientReport.Of(run.Load).DescribeStarvation());
        Assert.Null(run.Load.Describe());
    }

    /// <summary>Messages are due that cannot be sent, as the one before them is not answered.</summary>
    [Slow]
    [Fact]
    public void Messages_that_are_due_and_cannot_be_sent_are_unanswered_as_well()
    {
        using Run run = new("poll", bytes => bytes, o => o with { Messages = null, Duration = TimeSpan.FromSeconds(0.5), Rate = 400 }, oneByOne: true);

        Assert.Equal(1, run.Load.Starved);
        Assert.InRange(run.Load.Answers.Unanswered, 90, 110); // half of 200
        Assert.InRange(run.Load.Answers.Latency.Quantile(1), (long)(0.4 * Clock.Second), long.MaxValue);
    }

    [Theory, MemberData(nameof(Selectors))]
    public void Goes_on_to_the_next_address_until_one_answers(string selector)
    {
        IPEndPoint[] refusing = [new(IPAddress.Loopback, 1), new(IPAddress.Parse("127.0.0.2"), 1)];
        using Run run = new(selector, bytes => bytes, o => o with { Connections = 40, Server = refusing[0], OtherAddresses = [refusing[1], o.Server] });

        Assert.Null(run.Load.Faults.Describe());
        Assert.Equal((40, 40), (run.Load.Connected, run.Load.Served));
        Assert.DoesNotContain(run.Load.Faults.Server, refusing);
    }

    [Fact]
    public void Names_every_address_if_none_answers()
    {
        IPEndPoint[] refusing = [new(IPAddress.Loopback, 1), new(IPAddress.Parse("127.0.0.2"), 1)];
        using Run run = new("poll", bytes => bytes, o => o with { Connections = 40, Server = refusing[0], OtherAddresses = [refusing[1]] });

        Assert.Equal("all 40 connections refused (127.0.0.2:1; 127.0.0.1:1 refused)", run.Faults);
    }

    /// <summary>Answers are there, but the loop has not seen them: after a standstill the clients are looked at before they are judged.</summary>
    [Slow]
    [Theory]
    [InlineData("epoll")]
    [InlineData("poll")]
    public void Looks_at_the_sockets_before_it_judges(string selector)
    {
        Assert.SkipUnless(SelectorProbe.UnavailableReason(SelectorTable.Find(selector)) is null, $"{selector} is not available");
        TimeSpan timeout = TimeSpan.FromSeconds(1);
        int pauses = 0;
        using Run run = new(
            selector, bytes => bytes, o => o with { Connections = 50, Messages = 50, Timeout = timeout },
            pause: () =>
            {
                bool isInterrupted = pauses++ == 20;
                if (isInterrupted)
                    Thread.Sleep(timeout * 2); // the event loop itself stands still

                return isInterrupted;
            });

        Assert.InRange(pauses, 21, int.MaxValue);
        Assert.Null(run.Load.Faults.Describe());
        Assert.InRange(run.Load.SecondsStoodStill, 1, double.MaxValue);
    }

    [Theory, MemberData(nameof(Selectors))]
    public void Reports_an_early_close(string selector)
    {
        using Run run = new(selector, _ => null);

        Assert.Equal("all 2 connections closed early by the server", run.Faults);
    }

    [Fact]
    public void Names_the_address_that_refuses()
    {
        using Run run = new("poll", bytes => bytes, o => o with { Server = new IPEndPoint(IPAddress.Loopback, 1), Connections = 100 });

        Assert.Equal("all 100 connections refused (127.0.0.1:1)", run.Faults);
        Assert.Equal(0, run.Load.Connected);
    }

    [Slow]
    [Fact]
    public void Measures_the_connect_timeout_from_the_call_and_not_from_its_creation()
    {
        TimeSpan timeout = TimeSpan.FromSeconds(0.3);
        using Socket neverAccepts = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        neverAccepts.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        neverAccepts.Listen(0);
        List<Socket> queue = [];
        for (int i = 0; i < 3; i++)
        {
            queue.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false });
            _ = Record.Exception(() => queue[^1].Connect(neverAccepts.LocalEndPoint!)); // "in progress"
        }

        ClientOptions options = new()
        {
            Server = (IPEndPoint)neverAccepts.LocalEndPoint!,
            Connections = 1,
            Messages = 1,
            Duration = null,
            Timeout = timeout,
        };
        using ISelector selector = SelectorTable.Find("poll").Open(TestKernel.Open());
        using LoadRun load = new(options, selector, TestKernel.Open(), ProgressLine.None);
        Thread.Sleep(timeout);
        Stopwatch time = Stopwatch.StartNew();
        load.Run();

        Assert.Contains("not answered", load.Faults.Describe());
        Assert.True(time.Elapsed >= timeout - TimeSpan.FromMilliseconds(1), $"it gave up after {time.Elapsed.TotalMilliseconds:0} ms");
        queue.ForEach(one => one.Dispose());
    }

    [Slow]
    [Fact]
    public void Paces_messages_and_stops_at_the_end_of_its_duration()
    {
        using Run run = new("poll", bytes => bytes, o => o with { Messages = null, Duration = TimeSpan.FromSeconds(0.5), Rate = 400 });

        Assert.Null(run.Load.Faults.Describe());
        Assert.InRange(run.Load.Answers.Count, 1, 200); // no more than are due; PaceTests check that none is missing
        Assert.InRange(run.Load.Seconds, 0.5, 5);
    }

    [Slow]
    [Theory]
    [InlineData("epoll")]
    [InlineData("poll")]
    public void Allocates_nothing_for_a_message(string selector)
    {
        Assert.SkipUnless(SelectorProbe.UnavailableReason(SelectorTable.Find(selector)) is null, $"{selector} is not available");
        using Run few = new(selector, bytes => bytes, o => o with { Messages = 100 });
        using Run many = new(selector, bytes => bytes, o => o with { Messages = 5_000 });

        Assert.Equal(10_000, many.Load.Answers.Count);
        Assert.InRange(many.Allocated - few.Allocated, long.MinValue, 9_800);
    }

    /// <summary>A small blocking server with a fault in its echo, and a load run against it.</summary>
    private sealed class Run : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public Run(
            string selectorName, Func<byte[], byte[]?> fault, Func<ClientOptions, ClientOptions>? change = null,
            byte[]? greeting = null, bool oneByOne = false, Func<bool>? pause = null)
        {
            _listener.Start();
            new Thread(() => Accept(fault, greeting ?? [], oneByOne)) { IsBackground = true }.Start();
            ClientOptions options = new()
            {
                Server = (IPEndPoint)_listener.LocalEndpoint,
                Connections = 2,
                Messages = 3,
                Duration = null,
                Timeout = TimeSpan.FromSeconds(0.3),
            };
            options = change is null ? options : change(options with { Timeout = TimeSpan.FromSeconds(20) });

            using ISelector inner = SelectorTable.Find(selectorName).Open(TestKernel.Open());
            using ISelector selector = pause is null ? inner : new PausingSelector(inner, pause);
            Load = new LoadRun(options, selector, TestKernel.Open(), ProgressLine.None);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Load.Run();
            Allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Load.Dispose();
        }

        public LoadRun Load { get; }

        /// <summary>Bytes that the load run allocated on its thread.</summary>
        public long Allocated { get; }

        public string Faults => Load.Faults.Describe() ?? "";

        public void Dispose() => _listener.Dispose();

        private void Accept(Func<byte[], byte[]?> fault, byte[] greeting, bool oneByOne)
        {
            try
            {
                while (true)
                {
                    Socket client = _listener.AcceptSocket();
                    client.Send(greeting);
                    if (oneByOne)
                        Serve(client, fault);
                    else
                        new Thread(() => Serve(client, fault)) { IsBackground = true }.Start();
                }
            }
            catch (Exception stopped) when (stopped is SocketException or InvalidOperationException)
            {
                // The test is over.
            }
        }

        private static void Serve(Socket client, Func<byte[], byte[]?> fault)
        {
            byte[] buffer = new byte[64 * 1024];
            using (client)
            {
                client.NoDelay = true;
                int count;
                while ((count = client.Receive(buffer, SocketFlags.None, out _)) > 0)
                {
                    if (fault(buffer[..count]) is not { } answer)
                        return;

                    client.Send(answer, SocketFlags.None, out _);
                }
            }
        }
    }
}
