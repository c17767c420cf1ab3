using System.Net;
using System.Net.Sockets;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Serving;

/// <summary>Every model in the running program: what was sent comes back, and the log reports what happened.</summary>
public sealed class EchoTests
{
    [MainCase, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void Returns_messages_of_every_size(string model)
    {
        using Server server = Server.Start("--model", model);
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        Random random = new(seed);

        using (Client client = new(server))
        {
            foreach (int size in (int[])[1, 2, 64, 1500, 16384, 16385, 40_000, random.Next(1, 60_000)])
                client.Echo(Client.RandomBytes(random, size));

            client.Socket.Shutdown(SocketShutdown.Send);
            client.ExpectEnd();
        }

        Assert.Equal(model, server.Status().GetProperty("model").GetString());
        server.End();
    }

    [Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void Replies_in_capitals_to_text_beyond_ASCII(string model)
    {
        using Server server = Server.Start("--model", model, "--reply", "suffix: é!+upper");
        using Client client = new(server);
        client.Send("Café au lait, 你好 hello"u8);
        client.Expect("CAFé AU LAIT, 你好 HELLO é!"u8);
        client.Send([0xff, (byte)'a', 0xc3]); // no UTF-8, and then the first half of é
        client.Expect([0xff, (byte)'A', 0xc3, .. " é!"u8]);
        client.Send([0xa9, (byte)'b']);
        client.Expect([0xa9, (byte)'B', .. " é!"u8]);
        client.Dispose();
        server.End();
    }

    [MainCase, Fact]
    public void Reports_which_child_process_ended_with_its_client()
    {
        using Server server = Server.Start("--model", "process", "--reply", "upper");
        using Client client = new(server);
        client.Send("loud"u8);
        client.Expect("LOUD"u8);
        string name = client.Name;
        client.Dispose();
        Assert.Matches(@"peer closed, after 4 bytes in, 4 bytes out; its child process \d+ has ended$", server.AwaitLine($"closed {name}: "));
        Assert.Contains("served 1 connection", server.End());
    }

    [MainCase, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void Reports_which_connection_closed_and_why(string model)
    {
        using Server server = Server.Start("--model", model);
        Assert.Contains($"model {model}", server.AwaitLine("listening on"));

        using (Client closing = new(server))
        {
            closing.Echo("one");
            closing.Echo("three");
            string name = closing.Name;
            closing.Dispose();
            server.AwaitLine($"accepted {name}$");
            Assert.Matches("peer closed, " + Models.After(model, 2, 8), server.AwaitLine($"closed {name}: "));
        }

        Client resetting = new(server);
        resetting.Echo("four");
        string resettingName = resetting.Name;
        resetting.Reset();
        Assert.Matches("reset, " + Models.After(model, 1, 4), server.AwaitLine($"closed {resettingName}: "));
        Assert.Contains($"served 2 connections, {Models.Messages(model, 3)}, 12 bytes in, 12 bytes out", server.End());
    }

    [Slow, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void Listens_on_several_ports(string model)
    {
        using Server server = Server.Start("--model", model, "-p", "0", "-p", "0");
        Limit.Until(() => server.LinesMatching("listening on").Length == 3, "three lines for three ports");
        int[] ports = [.. server.LinesMatching("listening on").Select(line => int.Parse(line.Split(':', ',')[3], null))];

        Assert.Equal(3, ports.Distinct().Count());
        foreach (int port in ports)
        {
            using Client client = new(new IPEndPoint(IPAddress.Loopback, port));
            client.Echo($"to {port}");
            client.Dispose();
            Limit.Until(() => File.Exists(server.Directory.Socket(port)), $"a control socket for {port}");
        }

        int bytes = ports.Sum(port => $"to {port}".Length);
        Assert.Contains($"served 3 connections, {Models.Messages(model, 3)}, {Models.Count(bytes, "byte")} in, {Models.Count(bytes, "byte")} out", server.End());
    }

    [MainCase, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void Listens_on_IPv6(string model)
    {
        using Server server = Server.Start(new Launch { Arguments = ["serve", "-p", "0", "--bind", "::1", "--model", model] });
        Assert.Contains($"listening on [::1]:{server.Port},", server.AwaitLine("listening on"));

        using Client client = new(new IPEndPoint(IPAddress.IPv6Loopback, server.Port));
        client.Echo("over IPv6");
        client.Dispose();
        server.AwaitLine(@"closed \[::1\]:\d+: peer closed, " + Models.After(model, 1, 9));
        server.End();
    }

    [Slow, Fact]
    public void Listens_only_on_loopback_by_default()
    {
        using Server server = Server.Start();
        SocketException refusal = Assert.Throws<SocketException>(() => new Client(new IPEndPoint(IPAddress.Parse("127.0.0.2"), server.Port)));
        Assert.Equal(SocketError.ConnectionRefused, refusal.SocketErrorCode);

        using Server onAll = Server.Start(new Launch { Arguments = ["serve", "-p", "0", "--bind", "0.0.0.0"] });
        using Client client = new(new IPEndPoint(IPAddress.Parse("127.0.0.2"), onAll.Port));
        client.Echo("from the second loopback address");
    }

    [Slow, Theory]
    [InlineData("epoll", "epoll, poll, select")]
    [InlineData("poll", "poll, select")]
    [InlineData("select", "select")]
    public void A_selector_can_be_forced_for_each_model_that_may_fall_back_to_it(string model, string selectors)
    {
        foreach (string selector in selectors.Split(", "))
        {
            using Server server = Server.Start("--model", model.ToUpperInvariant(), "--selector", selector);
            using Client client = new(server);
            client.Echo(selector);
            Assert.Equal(model, server.Status().GetProperty("model").GetString());
            Assert.Equal(selector, server.Status().GetProperty("selector").GetString());
            server.AwaitLine($"model {model} .*selector {selector}");
        }
    }
}
