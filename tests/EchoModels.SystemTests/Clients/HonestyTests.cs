using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Clients;

/// <summary>What the load client reports is what happened: who was served, by which server, and whose fault it was.</summary>
public sealed class HonestyTests
{
    [Slow, Theory]
    [InlineData(1, "--model", "blocking")]
    [InlineData(4, "--model", "thread-pool", "--workers", "4")]
    public void Clients_that_waited_throughout_are_a_failure(int served, params string[] model)
    {
        const int Clients = 20;
        using Server server = Server.Start(model);
        Outcome outcome = Executable.RunBeside(server, "client", "-p", $"{server.Port}", "-d", "2s", "--json");

        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.Equal($"echomodels: served {served} of 20; {Clients - served} waited throughout", Assert.Single(outcome.ErrorLines));
        JsonElement report = Json(outcome.Output);
        Assert.Equal((served, Clients - served), (Int(report, "served"), Int(report, "starved")));
        Assert.Equal(Clients - served, Int(report, "unanswered"));
        Assert.Equal(0, Int(report, "errors"));
        Assert.InRange(report.GetProperty("latencyUs").GetProperty("max").GetDouble(), 2_000_000, double.MaxValue);

        Outcome table = Executable.RunBeside(server, "client", "-p", $"{server.Port}", "-d", "300ms");
        Assert.True(table.ExitCode == 0, table.Everything); // too short a run to judge
        Assert.Contains($"\nserved {served} of 20; {Clients - served} waited throughout\n", table.Output);
        server.End();
    }

    [Slow, Theory]
    [InlineData("the server sends before it is spoken to: not a plain echo", "--greeting", "hello")]
    [InlineData("the reply differs from what was sent at byte 0: not a plain echo", "--reply", "prefix:>>>")]
    [InlineData("the reply differs from what was sent at byte 64: not a plain echo", "--reply", "suffix:_SB")]
    [InlineData("the reply differs from what was sent at byte 0: not a plain echo", "--reply", "fixed:\u00ff\u00ff\u00ff")]
    [InlineData("not a plain echo", "--reply", "upper")]
    public void A_server_that_is_no_plain_echo_is_told_in_words(string words, params string[] reply)
    {
        using Server server = Server.Start(reply);
        foreach (string count in (string[])["1", "20"])
        {
            Outcome outcome = Executable.RunBeside(server, "client", "-p", $"{server.Port}", "-c", count, "-d", "1s");
            Assert.True(outcome.ExitCode == 1, outcome.Everything);
            Assert.Contains(words, Assert.Single(outcome.ErrorLines));
        }

        server.End();
    }

    [Slow, Fact]
    public void Without_a_message_there_are_no_numbers()
    {
        using Server server = Server.Start("--greeting", "hello");
        Outcome table = Executable.RunBeside(server, "client", "-p", $"{server.Port}");
        JsonElement json = Json(Executable.RunBeside(server, "client", "-p", $"{server.Port}", "--json").Output);

        Assert.Empty(table.Output);
        Assert.Equal(0, Int(json, "messages"));
        Assert.All(json.GetProperty("latencyUs").EnumerateObject(), one => Assert.Equal(JsonValueKind.Null, one.Value.ValueKind));
        server.End();
    }

    /// <summary>The wait is as long as it is because the client must stand still for longer than its timeout.</summary>
    [Slow, Theory]
    [InlineData("epoll")]
    [InlineData("threads")]
    public void A_client_that_was_stopped_accuses_no_server(string model)
    {
        using Server server = Server.Start("--model", model);
        using Process client = Start(server, "-c", "200", "-d", "4s", "--timeout", "1s", "--json");
        Limit.Until(() => server.Status().GetProperty("bytesIn").GetInt64() > 0, "it sends");
        Native.Signal(client.Id, Native.SIGSTOP);
        Thread.Sleep(TimeSpan.FromSeconds(2.5));
        Native.Signal(client.Id, Native.SIGCONT);

        JsonElement report = Json(client.StandardOutput.ReadToEnd());
        Assert.Equal("", client.StandardError.ReadToEnd());
        Assert.Equal((0, 200, 0), (Int(report, "errors"), Int(report, "served"), Int(report, "starved")));
        Assert.InRange(report.GetProperty("stoodStillSeconds").GetDouble(), 2, 60);
        Assert.Equal(0, ExitCode(client));
        server.End();
    }

    [Slow, Fact]
    public void A_client_that_was_stopped_before_its_connections_were_answered_accuses_no_server()
    {
        using Backlog full = new();
        using RuntimeDirectory directory = new();
        using Process client = Start(directory, full.Port, "-c", "1", "-n", "1", "--timeout", "2s");
        full.AwaitAttempts(1);
        Native.Signal(client.Id, Native.SIGSTOP);
        Thread.Sleep(TimeSpan.FromSeconds(2.5));
        full.ServeAll();
        Native.Signal(client.Id, Native.SIGCONT);

        Assert.Equal("", client.StandardError.ReadToEnd());
        Assert.Equal(0, ExitCode(client));
    }

    [Slow, Theory]
    [InlineData(Native.SIGINT)]
    [InlineData(Native.SIGTERM)]
    public void Interrupted_before_anybody_was_connected_it_says_so(int signal)
    {
        using Backlog full = new();
        using RuntimeDirectory directory = new();
        using Process client = Start(directory, full.Port, "-c", "20");
        full.AwaitAttempts(16);
        Native.Signal(client.Id, signal);

        Assert.Equal($"echomodels: interrupted: nobody was connected (127.0.0.1:{full.Port})\n", client.StandardError.ReadToEnd());
        Assert.Equal("", client.StandardOutput.ReadToEnd());
        Assert.Equal(1, ExitCode(client));
    }

    [Slow, Fact]
    public void Interrupted_before_all_were_connected_it_says_how_many_were()
    {
        using Backlog full = new(taken: 0); // it has room for one client
        using RuntimeDirectory directory = new();
        using Process client = Start(directory, full.Port, "-c", "20", "--timeout", "1h");
        full.AwaitAttempts(17); // more than the first batch, so that the client has looked at that
        Native.Signal(client.Id, Native.SIGINT);

        Assert.Matches($@"^echomodels: interrupted: \d+ of 20 connected, and nothing was sent \(127\.0\.0\.1:{full.Port}\)\n$", client.StandardError.ReadToEnd());
        Assert.Equal("", client.StandardOutput.ReadToEnd());
        Assert.Equal(1, ExitCode(client));
    }

    [Slow, Fact]
    public void Interrupted_in_the_course_of_a_run_it_reports_what_there_is()
    {
        using Server server = Server.Start();
        foreach (string[] format in (string[][])[["--json"], []])
        {
            long before = server.Status().GetProperty("bytesIn").GetInt64();
            using Process client = Start(server, ["-c", "5", "-d", "1h", .. format]);
            Limit.Until(() => server.Status().GetProperty("bytesIn").GetInt64() > before, "it sends");
            Native.Signal(client.Id, Native.SIGINT);

            string output = client.StandardOutput.ReadToEnd();
            Assert.Equal("", client.StandardError.ReadToEnd());
            Assert.Equal(0, ExitCode(client));
            if (format.Length == 0)
                Assert.StartsWith("interrupted: ", output);
            else
                Assert.True(Json(output).GetProperty("interrupted").GetBoolean() && Int(Json(output), "messages") > 0, output);
        }

        server.End();
    }

    /// <summary>Two servers on one port: the control channel knows one of them, and a third is no echomodels at all.</summary>
    [Slow, Fact]
    public void Names_a_model_only_if_it_has_served_at_the_very_address()
    {
        using Server first = Server.Start("--model", "poll");
        using Server second = Server.Start(new Launch
        {
            Arguments = ["serve", "-p", $"{first.Port}", "--bind", "127.0.0.2", "--model", "threads"],
            Directory = new RuntimeDirectory(),
        });
        using TcpListener other = new(IPAddress.Parse("127.0.0.3"), first.Port);
        other.Start();
        new Thread(() => EchoOne(other)) { IsBackground = true }.Start();

        Assert.Equal("poll", ModelAt(first, "127.0.0.1"));
        Assert.Null(ModelAt(first, "127.0.0.2"));
        Assert.Null(ModelAt(first, "127.0.0.3"));
        first.End();
        second.End();
        second.Directory.Dispose();
    }

    [Slow, Theory]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("0.0.0.0", "127.0.0.2")]
    [InlineData("127.0.0.1", "localhost")]
    [InlineData("127.0.0.1", "::ffff:127.0.0.1")]
    public void Names_the_address_and_the_model_of_a_server_that_is_reached_in_another_way(string bind, string host)
    {
        using Server server = Server.Start("--model", "poll", "--bind", bind);
        Outcome outcome = Executable.RunBeside(server, "client", "-p", $"{server.Port}", "-n", "2", "--host", host);

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Matches(@"(?m)^model\s+poll$", outcome.Output);
        Assert.Matches($@"(?m)^server\s+{(host == "127.0.0.2" ? host : "127.0.0.1")}:{server.Port}$", outcome.Output);
        server.End();
    }

    [Slow, Fact]
    public void Status_lists_the_addresses_of_the_server()
    {
        using Server server = Server.Start("-p", "0");
        string[] endPoints = [.. server.Status().GetProperty("endPoints").EnumerateArray().Select(one => one.GetString()!)];

        Assert.Equal(2, endPoints.Length);
        Assert.Contains($"127.0.0.1:{server.Port}", endPoints);
        server.End();
    }

    [Slow, Fact]
    public void A_name_without_an_address_is_reported_in_one_line()
    {
        Outcome outcome = Executable.Run("client", "--host", "no-such-host.invalid", "-n", "1");

        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.StartsWith("echomodels: no address for --host 'no-such-host.invalid': ", Assert.Single(outcome.ErrorLines));
    }

    private static string? ModelAt(Server beside, string host)
    {
        Outcome outcome = Executable.RunBeside(beside, "client", "-p", $"{beside.Port}", "--host", host, "-c", "1", "-n", "1", "--json");
        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        return Json(outcome.Output).TryGetProperty("model", out JsonElement model) ? model.GetString() : null;
    }

    private static void EchoOne(TcpListener listener)
    {
        byte[] buffer = new byte[1_024];
        using Socket client = listener.AcceptSocket();
        int count;
        while ((count = client.Receive(buffer)) > 0)
            client.Send(buffer.AsSpan(0, count));
    }

    private static Process Start(Server server, params string[] arguments) => Start(server.Directory, server.Port, arguments);

    private static Process Start(RuntimeDirectory directory, int port, params string[] arguments) =>
        Executable.Start(directory, [], ["client", "-p", $"{port}", .. arguments]);

    private static int ExitCode(Process client)
    {
        Assert.True(client.WaitForExit(Limit.Generous), "it has ended");
        return client.ExitCode;
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private static int Int(JsonElement report, string name) => report.GetProperty(name).GetInt32();

    /// <summary>A listener whose backlog is full: further clients get no answer to their SYN, until all are accepted.</summary>
    private sealed class Backlog : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly List<Socket> _queue = [];
        private readonly int _ownAttempts;

        public Backlog(int taken = 4)
        {
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _listener.Listen(0);
            for (int i = 0; i < taken; i++)
            {
                _queue.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false });
                _ = Record.Exception(() => _queue[^1].Connect(_listener.LocalEndPoint!)); // "in progress"
            }

            _ownAttempts = Attempts();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

        /// <summary>Waits until so many clients have tried to connect, and wait for an answer.</summary>
        public void AwaitAttempts(int count) => Limit.Until(() => Attempts() >= _ownAttempts + count, $"{count} connections are being tried");

        /// <summary>Accepts and serves every client.</summary>
        public void ServeAll() => new Thread(() =>
        {
            try
            {
                while (true)
                {
                    Socket client = _listener.Accept();
                    new Thread(() => Echo(client)) { IsBackground = true }.Start();
                }
            }
            catch (SocketException)
            {
                // The test is over.
            }
        })
        { IsBackground = true }.Start();

        public void Dispose()
        {
            _queue.ForEach(one => one.Dispose());
            _listener.Dispose();
        }

        private static void Echo(Socket client)
        {
            byte[] buffer = new byte[1_024];
            int count;
            using (client)
            {
                while ((count = client.Receive(buffer, SocketFlags.None, out _)) > 0)
                    client.Send(buffer.AsSpan(0, count));
            }
        }

        /// <summary>Sockets in the state SYN_SENT to this port. See proc_pid_net(5).</summary>
        private int Attempts()
        {
            string peer = string.Create(CultureInfo.InvariantCulture, $":{Port:X4} 02 ");
            return File.ReadLines("/proc/net/tcp").Count(line => line.Contains(peer));
        }
    }
}
