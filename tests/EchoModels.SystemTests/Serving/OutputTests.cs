using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Serving;

/// <summary>The server outlives whatever becomes of its three standard streams.</summary>
public sealed class OutputTests
{
    [Fact]
    public void Output_into_a_pipe_has_no_escape_sequences()
    {
        using Server server = Server.Start("-l", "verbose");
        using Client client = new(server);
        client.Echo("\u001b[31mred");
        server.Switch("threads");
        client.Dispose();
        server.AwaitLine("closed");
        server.End();
        Assert.DoesNotContain(server.Lines, line => line.Contains('\u001b'));
    }

    [Fact]
    public void Nothing_goes_to_stdout_which_is_for_data()
    {
        using Server server = Server.Start(new Launch { Redirections = "2>/dev/null", Read = false });
        using Client client = new(server);
        client.Echo("hello");
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
        Assert.Empty(server.Lines);
    }

    [Fact]
    public void The_log_level_error_is_silent()
    {
        using Server server = Server.Begin(new Launch { Arguments = ["serve", "-p", "0", "-l", "error"] });
        Timing.Eventually(() => Directory.Exists(server.Directory.Servers) && Directory.GetFiles(server.Directory.Servers).Length == 1, "it serves");
        int port = int.Parse(Path.GetFileNameWithoutExtension(Directory.GetFiles(server.Directory.Servers)[0]), null);
        using Client client = new(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, port));
        client.Echo("quietly");
        client.Dispose();
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
        Assert.Empty(server.Lines);
    }

    [Theory]
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

    [Theory]
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

    [Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void Lines_that_nobody_reads_hold_up_no_client(string model)
    {
        using Server server = Server.Start(new Launch { Arguments = ["serve", "-p", "0", "-l", "verbose", "-m", model], Read = false });
        Native.Shrink(((System.IO.Pipes.AnonymousPipeClientStream)server.Errors).SafePipeHandle);
        ServeThousands(server);
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
    }

    [Fact]
    public void A_reader_of_its_lines_that_leaves_takes_nobody_along()
    {
        using Server server = Server.Start(new Launch { Read = false });
        server.Errors.Dispose();
        ServeThousands(server);
        server.Signal(Native.SIGTERM);
        Assert.Equal(0, server.ExitCode());
    }

    private static void ServeThousands(Server server)
    {
        const int Connects = 2_000;
        for (int i = 0; i < Connects; i++)
        {
            using Client client = new(server);
            client.Echo($"client {i}");
        }

        Timing.Eventually(() => server.Status().GetProperty("connections").GetProperty("closed").GetInt64() == Connects, "all have left");
        Assert.Equal(Connects, server.Status().GetProperty("connections").GetProperty("accepted").GetInt64());
    }
}
