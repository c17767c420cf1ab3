using System.Diagnostics;
using System.Net.Sockets;
using EchoModels.Cli.Control;
using Xunit;

namespace EchoModels.Tests.Cli;

/// <summary>The control channel's socket: by system calls, as the runtime makes it, and as a named pipe (which the runtime has here, too).</summary>
public sealed class LocalSocketTests : IDisposable
{
    private static readonly Deadline Generous = new(TimeSpan.FromSeconds(30));
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("em-local-");

    public static TheoryData<string> Implementations => OperatingSystem.IsLinux() ? ["system calls", "managed", "named pipe"] : ["managed", "named pipe"];

    private string Path => System.IO.Path.Combine(_directory.FullName, "s");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory, MemberData(nameof(Implementations))]
    public void Passes_every_byte_in_both_directions(string implementation)
    {
        using Pair pair = new(implementation, Path);
        byte[] bytes = new byte[3_000_000]; // more than the buffers hold
        new Random(1).NextBytes(bytes);
        foreach ((LocalSocket from, LocalSocket to) in new[] { (pair.Client, pair.Server), (pair.Server, pair.Client) })
        {
            SocketError sent = SocketError.IsConnected;
            Thread sender = new(() => sent = from.Send(bytes, Generous));
            sender.Start();
            byte[] received = Receive(to, bytes.Length);
            sender.Join();

            Assert.Equal(SocketError.Success, sent);
            Assert.Equal(bytes, received);
        }
    }

    [Theory, MemberData(nameof(Implementations))]
    public void Receives_what_came_before_the_end_of_the_stream(string implementation)
    {
        using Pair pair = new(implementation, Path);
        Assert.Equal(SocketError.Success, pair.Client.Send("hello"u8, Generous));
        pair.Client.Dispose();

        byte[] buffer = new byte[10];
        Assert.Equal(5, pair.Server.Receive(buffer, Generous, out _));
        Assert.Equal(0, pair.Server.Receive(buffer, Generous, out SocketError error));
        Assert.Equal(SocketError.Success, error);
    }

    [Theory, MemberData(nameof(Implementations))]
    public void Stops_waiting_for_a_silent_peer_at_the_deadline(string implementation)
    {
        using Pair pair = new(implementation, Path);
        long begun = Stopwatch.GetTimestamp();

        Assert.Equal(0, pair.Server.Receive(new byte[10], new Deadline(Short), out SocketError error));
        Assert.Equal(SocketError.TimedOut, error);
        Assert.InRange(Stopwatch.GetElapsedTime(begun), Short * 0.8, TimeSpan.FromSeconds(20));
    }

    [Theory, MemberData(nameof(Implementations))]
    public void Stops_sending_at_the_deadline_to_a_peer_that_does_not_receive(string implementation)
    {
        using Pair pair = new(implementation, Path);

        Assert.Equal(SocketError.TimedOut, pair.Server.Send(new byte[10_000_000], new Deadline(Short)));
    }

    [Theory, MemberData(nameof(Implementations))]
    public void Does_not_wait_when_no_time_is_left(string implementation)
    {
        using Pair pair = new(implementation, Path);

        Assert.Equal(0, pair.Server.Receive(new byte[10], new Deadline(TimeSpan.Zero), out SocketError error));
        Assert.Equal(SocketError.TimedOut, error);
    }

    [Theory, MemberData(nameof(Implementations))]
    public void Waits_without_a_limit_where_there_is_none(string implementation)
    {
        using Pair pair = new(implementation, Path);
        using Timer later = new(_ => pair.Client.Send("x"u8, Generous), null, Short, Timeout.InfiniteTimeSpan);

        Assert.Equal(1, pair.Server.Receive(new byte[10], new Deadline(Timeout.InfiniteTimeSpan), out _));
    }

    [Theory, MemberData(nameof(Implementations))]
    public void Reports_a_peer_that_has_gone(string implementation)
    {
        using Pair pair = new(implementation, Path);
        pair.Client.Dispose();

        Assert.NotEqual(SocketError.Success, pair.Server.Send(new byte[1_000_000], Generous));
    }

    [Theory, MemberData(nameof(Implementations))]
    public void Reports_where_no_process_listens(string implementation)
    {
        using LocalSocket early = Make(implementation);
        Assert.Equal(SocketError.AddressNotAvailable, early.Connect(Path, Generous));

        using LocalSocket bound = Make(implementation);
        bound.Bind(Path);
        using LocalSocket late = Make(implementation);
        Assert.Equal(SocketError.ConnectionRefused, late.Connect(Path, Generous));
    }

    [Theory, MemberData(nameof(Implementations))]
    public void Refuses_a_path_that_exists(string implementation)
    {
        using LocalSocket first = Make(implementation);
        first.Bind(Path);
        using LocalSocket second = Make(implementation);

        Assert.Contains(Path, Assert.Throws<IOException>(() => second.Bind(Path)).Message);
    }

    [Theory, MemberData(nameof(Implementations))]
    public void Accept_ends_when_it_is_stopped_and_does_not_begin_again(string implementation)
    {
        using LocalSocket listener = Make(implementation);
        listener.Bind(Path);
        listener.Listen(1);
        LocalSocket? accepted = listener;
        Thread thread = new(() => accepted = listener.Accept()) { IsBackground = true };
        thread.Start();
        Thread.Sleep(Short);
        listener.StopAccepting();

        Assert.True(thread.Join(TimeSpan.FromSeconds(30)), "accept goes on");
        Assert.Null(accepted);
        Assert.Null(listener.Accept());
        using LocalSocket late = Make(implementation);
        Assert.NotEqual(SocketError.Success, late.Connect(Path, Generous)); // refused; or the runtime has deleted the path
    }

    [Fact]
    public void Connect_stops_at_the_deadline_while_the_backlog_is_full()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere such a connect is refused");
        using LocalSocket listener = new LinuxLocalSocket();
        listener.Bind(Path);
        listener.Listen(0);
        using LocalSocket waits = new LinuxLocalSocket();
        Assert.Equal(SocketError.Success, waits.Connect(Path, Generous));
        using LocalSocket next = new LinuxLocalSocket();

        Assert.Equal(SocketError.TimedOut, next.Connect(Path, new Deadline(Short)));
    }

    private static LocalSocket Make(string implementation) =>
        implementation switch
        {
            "managed" => ManagedLocalSocket.Create(),
            "named pipe" => new NamedPipe(),
            _ => new LinuxLocalSocket(),
        };

    private static byte[] Receive(LocalSocket socket, int length)
    {
        byte[] bytes = new byte[length];
        int count = 0;
        while (count < length && socket.Receive(bytes.AsSpan(count), Generous, out _) is > 0 and int received)
            count += received;

        return bytes[..count];
    }

    /// <summary>Both ends of a connection.</summary>
    private sealed class Pair : IDisposable
    {
        private readonly LocalSocket _listener;

        public Pair(string implementation, string path)
        {
            _listener = Make(implementation);
            _listener.Bind(path);
            _listener.Listen(1);
            Client = Make(implementation);
            Assert.Equal(SocketError.Success, Client.Connect(path, Generous));
            Server = _listener.Accept()!;
        }

        public LocalSocket Client { get; }

        public LocalSocket Server { get; }

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
            _listener.Dispose();
        }
    }
}
