using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Clients;

/// <summary>The load client: its report as text and as JSON, and its exit code.</summary>
public sealed class LoadTests
{
    [MainCase, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void Reports_as_json_on_a_correct_server(string model)
    {
        using Server server = Server.Start("--model", model);
        Outcome outcome = Executable.RunBeside(server, "client", "-p", $"{server.Port}", "-c", model == "blocking" ? "1" : "4", "-n", "25", "--json");

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Empty(outcome.Error);
        int clients = model == "blocking" ? 1 : 4;
        JsonElement report = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.Equal(model, report.GetProperty("model").GetString());
        Assert.Equal((clients, 25 * clients), (report.GetProperty("connections").GetInt32(), report.GetProperty("messages").GetInt32()));
        Assert.Equal(64 * 25 * clients, report.GetProperty("bytes").GetInt32());
        Assert.Equal((0, 0), (report.GetProperty("mismatches").GetInt32(), report.GetProperty("errors").GetInt32()));
        Assert.Equal(64 * 25 * clients, server.Status().GetProperty("bytesIn").GetInt64());
        server.End();
    }

    [Fact]
    public void Reports_the_same_in_a_table()
    {
        using Server server = Server.Start();
        Outcome outcome = Executable.RunBeside(server, "client", "-p", $"{server.Port}", "-n", "10");

        Assert.True(outcome.ExitCode == 0, outcome.Everything);
        Assert.Empty(outcome.Error);
        Assert.Matches(@"(?m)^model\s+epoll$", outcome.Output);
        Assert.Matches(@"(?m)^connections\s+20$", outcome.Output);
        Assert.Matches(@"(?m)^messages\s+200$", outcome.Output);
        Assert.Matches(@"(?m)^mismatches\s+0$", outcome.Output);
        server.End();
    }

    [Slow, Fact]
    public void Names_no_model_if_there_was_more_than_one()
    {
        using Server server = Server.Start();
        using Process client = Executable.Start(server.Directory, [], ["client", "-p", $"{server.Port}", "-c", "2", "-d", "1500ms", "--json"]);
        Limit.Until(() => server.Status().GetProperty("receives").GetInt64() > 0, "it sends");
        foreach (string model in (string[])["poll", "epoll"])
            Assert.Equal(0, Executable.RunBeside(server, "switch", model, "-p", $"{server.Port}").ExitCode);

        JsonElement report = JsonDocument.Parse(client.StandardOutput.ReadToEnd()).RootElement;
        Assert.False(report.TryGetProperty("model", out _));
        Assert.Equal(0, report.GetProperty("errors").GetInt32());
        Assert.True(client.WaitForExit(Limit.Generous), "it has ended");
        Assert.Equal(0, client.ExitCode);
        server.End();
    }

    [MainCase, Slow, Theory]
    [InlineData("wrong byte", "the reply differs from what was sent at byte 10: not a plain echo")]
    [InlineData("byte too many", "got more bytes than they sent")]
    [InlineData("early close", "closed early by the server")]
    [InlineData("silence", "stalled for 0.3s")]
    public void Ends_with_1_and_one_line_about_what_a_server_did_wrong(string fault, string report)
    {
        using TcpListener faulty = new(IPAddress.Loopback, 0);
        faulty.Start();
        new Thread(() => ServeFaulty(faulty, fault)) { IsBackground = true }.Start();
        Outcome outcome = Executable.Run("client", "-p", $"{((IPEndPoint)faulty.LocalEndpoint).Port}", "-c", "2", "-n", "3", "--timeout", "300ms", "--json");

        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.Contains(report, Assert.Single(outcome.ErrorLines));
        JsonElement json = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.Equal(2, json.GetProperty("mismatches").GetInt32() + json.GetProperty("errors").GetInt32());
        Assert.False(json.TryGetProperty("model", out _));
    }

    [MainCase, Fact]
    public void Ends_with_1_and_one_line_when_no_server_listens()
    {
        Outcome outcome = Executable.Run("client", "-p", "1", "-n", "1");

        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.Empty(outcome.Output);
        Assert.Equal("echomodels: all 20 connections refused (127.0.0.1:1)", Assert.Single(outcome.ErrorLines));
    }

    /// <summary>An echo server that does one thing wrong with every client.</summary>
    private static void ServeFaulty(TcpListener listener, string fault)
    {
        byte[] buffer = new byte[1_024];
        List<Socket> clients = [];
        try
        {
            while (true)
            {
                Socket client = listener.AcceptSocket();
                int count = client.Receive(buffer);
                switch (fault)
                {
                    case "wrong byte":
                        buffer[10] ^= 1;
                        client.Send(buffer.AsSpan(0, count));
                        break;
                    case "byte too many":
                        client.Send(buffer.AsSpan(0, count + 1));
                        break;
                    case "early close":
                        client.Close();
                        continue;
                }

                clients.Add(client);
            }
        }
        catch (SocketException)
        {
            clients.ForEach(client => client.Dispose()); // the test is over
        }
    }
}
