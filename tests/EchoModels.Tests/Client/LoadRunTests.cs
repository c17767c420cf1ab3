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
        Assert.Equal(1_000, run.Load.Latency.Count);
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

        Assert.Equal("all 2 connections got a wrong byte (first at byte 10 of client", run.Faults[..62]);
        Assert.Equal(2, run.Load.Faults.Mismatches);
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
        Assert.InRange(run.Load.Latency.Count, 1, 200); // no more than are due; PaceTests check that none is missing
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

        Assert.Equal(10_000, many.Load.Latency.Count);
        Assert.InRange(many.Allocated - few.Allocated, long.MinValue, 9_800);
    }

    /// <summary>A small blocking server with a fault in its echo, and a load run against it.</summary>
    private sealed class Run : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public Run(string selectorName, Func<byte[], byte[]?> fault, Func<ClientOptions, ClientOptions>? change = null)
        {
            _listener.Start();
            new Thread(() => Accept(fault)) { IsBackground = true }.Start();
            ClientOptions options = new()
            {
                Server = (IPEndPoint)_listener.LocalEndpoint,
                Connections = 2,
                Messages = 3,
                Duration = null,
                Timeout = TimeSpan.FromSeconds(0.3),
            };
            options = change is null ? options : change(options with { Timeout = TimeSpan.FromSeconds(20) });

            using ISelector selector = SelectorTable.Find(selectorName).Open(TestKernel.Open());
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

        private void Accept(Func<byte[], byte[]?> fault)
        {
            try
            {
                while (true)
                {
                    Socket client = _listener.AcceptSocket();
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
