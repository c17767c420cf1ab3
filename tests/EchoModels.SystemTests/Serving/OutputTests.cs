using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Serving;

/// <summary>The server does not depend on its three standard streams.</summary>
public sealed class OutputTests
{
    [Slow, Fact]
    public void Output_into_a_pipe_has_no_escape_sequences()
    {
        using Server server = Server.Start();
        using Client client = new(server);
        client.Echo("\u001b[31mred");
        server.Switch("threads");
        client.Dispose();
        server.AwaitLine("closed");
        server.End();
        Assert.DoesNotContain(server.Lines, line => line.Contains('\u001b'));
    }

    [MainCase, Fact]
    public void Nothing_is_written_to_stdout()
    {
        using Server server = Server.Start(new Launch { Redirections = "2>/dev/null", Read = false });
        using Client client = new(server);
        client.Echo("hello");
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
        Assert.Empty(server.Lines);
    }

    [Slow, Fact]
    public void The_log_level_error_writes_nothing()
    {
        using Server server = Server.Begin(new Launch { Arguments = ["serve", "-p", "0", "-l", "error"] });
        Limit.Until(() => Directory.Exists(server.Directory.Servers) && Directory.GetFiles(server.Directory.Servers).Length == 1, "it serves");
        int port = int.Parse(Path.GetFileNameWithoutExtension(Directory.GetFiles(server.Directory.Servers)[0]), null);
        using Client client = new(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, port));
        client.Echo("quietly");
        client.Dispose();
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
        Assert.Empty(server.Lines);
    }

    /// <summary>A cat complains on its standard error when its client resets the connection.</summary>
    [Slow, Fact]
    public void The_children_of_a_silent_server_are_silent()
    {
        using Server server = Server.Begin(new Launch { Arguments = ["serve", "-p", "0", "-l", "error", "-m", "process"] });
        Limit.Until(() => Directory.Exists(server.Directory.Servers) && Directory.GetFiles(server.Directory.Servers).Length == 1, "it serves");
        int port = int.Parse(Path.GetFileNameWithoutExtension(Directory.GetFiles(server.Directory.Servers)[0]), null);
        using (Client client = new(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, port)))
        {
            client.Echo("hello");
            client.Socket.LingerState = new System.Net.Sockets.LingerOption(true, 0); // the close resets
        }

        Limit.Until(() => Executable.RunBeside(server, "status", "--json").Output.Contains("\"closed\":1", StringComparison.Ordinal), "its child has ended");
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
        Assert.Empty(server.Lines);
    }

    [Slow, Theory]
    [InlineData("</dev/null")]
    [InlineData("<&-")]
    public void No_input_is_needed(string redirection)
    {
        using Server server = Server.Start(new Launch { Redirections = redirection });
        using Client client = new(server);
        client.Echo("hello");
        client.Dispose();
        server.End();
    }

    [MainCase, Slow, Theory]
    [InlineData("2>&-")]
    [InlineData("1>&- 2>&-")]
    [InlineData("2>/dev/full")]
    [InlineData("0<&- 1>&- 2>&-")]
    public void No_output_is_needed(string redirections)
    {
        using Server server = Server.Start(new Launch { Redirections = redirections, Read = false });
        ServeThousands(server);
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
    }

    [Slow, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void Lines_that_are_not_read_delay_no_client(string model)
    {
        using Server server = Server.Start(new Launch { Arguments = ["serve", "-p", "0", "-m", model], Read = false });
        Native.Shrink(((System.IO.Pipes.AnonymousPipeClientStream)server.Errors).SafePipeHandle);
        ServeThousands(server);
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
    }

    [MainCase, Slow, Fact]
    public void It_continues_when_the_reader_of_its_lines_ends()
    {
        using Server server = Server.Start(new Launch { Read = false });
        server.Errors.Dispose();
        ServeThousands(server);
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
    }

    [Fact]
    public void The_first_line_names_the_process_and_with_several_ports_each_client_s_port()
    {
        using Server server = Server.Start("-p", "0");
        Limit.Until(() => server.LinesMatching("listening on").Length == 2, "each port has its line");
        Assert.EndsWith($", process {server.Id}", server.LinesMatching("listening on")[0]);
        int second = int.Parse(server.LinesMatching("listening on")[1].Split("127.0.0.1:")[1].Split(',')[0], null);
        using Client one = new(server);
        server.AwaitLine($"accepted {one.Name} on port {server.Port}$");
        using Client other = new(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, second));
        server.AwaitLine($"accepted {other.Name} on port {second}$");
        server.End();
    }

    [Slow, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void Every_model_names_the_port(string model)
    {
        using Server server = Server.Start("-p", "0", "-m", model);
        using Client client = new(server);
        client.Echo("hello");
        server.AwaitLine($"accepted {client.Name} on port {server.Port}$");
    }

    /// <summary>Every connection is in exactly one line, by itself or in a number.</summary>
    [Fact]
    public void Many_connections_in_a_moment_are_one_line_with_the_right_number()
    {
        const int Many = 200;
        using Server server = Server.Start();
        using (ClientGroup clients = new(server, Many))
            clients.ForEach(client => client.Echo("hello"));

        Limit.Until(() => Told(server, "accepted") == Many && Told(server, "closed") == Many, "every connection is told");
        Assert.InRange(server.Lines.Length, 3, Many / 2);
        Assert.NotEmpty(server.LinesMatching(@"INF closed \d+ connections: \d+ peer closed, after \d+ messages, [\d,]+ bytes$"));
        server.End();
        Assert.Equal((Many, Many), (Told(server, "accepted"), Told(server, "closed")));
    }

    private static int Told(Server server, string what) =>
        server.LinesMatching($"INF {what} 127").Length + server.LinesMatching($@"INF {what} \d+ connections").Sum(line => int.Parse(line.Split(' ')[3], null));

    private static void ServeThousands(Server server)
    {
        const int Connects = 2_000;
        for (int i = 0; i < Connects; i++)
        {
            using Client client = new(server);
            client.Echo($"client {i}");
        }

        Limit.Until(() => server.Status().GetProperty("connections").GetProperty("closed").GetInt64() == Connects, "all connections are closed");
        Assert.Equal(Connects, server.Status().GetProperty("connections").GetProperty("accepted").GetInt64());
    }
}
