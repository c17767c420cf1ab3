using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Windows;

/// <summary>Every model that Windows has: what was sent comes back, and the log reports what happened.</summary>
[Slow, Collection(WindowsBuild.Collection)]
public sealed class WindowsEchoTests(WindowsBuild build)
{
    [Theory]
    [MemberData(nameof(WindowsModels.All), MemberType = typeof(WindowsModels))]
    public void Returns_messages_of_every_size(string model)
    {
        using WindowsServer server = new(build, "--model", model);
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        Random random = new(seed);
        int[] sizes = [1, 2, 64, 1500, 16384, 16385, 40_000, random.Next(1, 60_000)];

        using (Client client = new(server.Port))
        {
            foreach (int size in sizes)
                client.Echo(Client.RandomBytes(random, size));

            client.Socket.Shutdown(SocketShutdown.Send);
            client.ExpectEnd();
        }

        Assert.Equal(model, server.Status().GetProperty("model").GetString());
        Assert.EndsWith($" {sizes.Sum():N0} bytes in, {sizes.Sum():N0} bytes out", server.End().Split(';')[0]);
    }

    [Theory]
    [MemberData(nameof(WindowsModels.All), MemberType = typeof(WindowsModels))]
    public void Reports_which_connection_closed_and_why(string model)
    {
        using WindowsServer server = new(build, "--model", model);
        Assert.Contains($"model {model}", server.AwaitLine("listening on"));

        using (Client closing = new(server.Port))
        {
            closing.Echo("one");
            closing.Echo("three");
            string name = closing.Name;
            closing.Dispose();
            server.AwaitLine($"accepted {name}$");
            Assert.Matches("peer closed, " + Models.After(model, 2, 8), server.AwaitLine($"closed {name}: "));
        }

        Client resetting = new(server.Port);
        resetting.Echo("four");
        string resettingName = resetting.Name;
        resetting.Reset();

        // Wine itself reads the error of the socket (SO_ERROR), which clears it: then recv tells the end of the stream.
        Assert.Matches("(reset|peer closed), " + Models.After(model, 1, 4), server.AwaitLine($"closed {resettingName}: "));
        Assert.Contains($"served 2 connections, {Models.Messages(model, 3)}, 12 bytes in, 12 bytes out", server.End());
    }

    [Theory]
    [MemberData(nameof(WindowsModels.All), MemberType = typeof(WindowsModels))]
    public void Serves_several_ports_over_IPv6_with_a_greeting_and_a_reply_of_its_own(string model)
    {
        using WindowsServer server = new(build, "--model", model, "-p", "0", "-p", "0", "--bind", "::1", "--greeting", "你好", "--reply", "upper+suffix:好");
        Limit.Until(() => server.LinesMatching("listening on").Length == 2, "two lines for two ports");
        foreach (string line in server.LinesMatching("listening on"))
        {
            int port = int.Parse(line.Split("]:")[1].Split(',')[0], CultureInfo.InvariantCulture);
            using Client client = new(new IPEndPoint(IPAddress.IPv6Loopback, port));
            client.Expect("你好"u8);
            client.Send("hello"u8);
            client.Expect("HELLO好"u8);
            client.CloseAndAwaitEnd();
        }

        Assert.Contains("served 2 connections, 2 messages", server.End());
    }

    [Theory]
    [MemberData(nameof(WindowsModels.All), MemberType = typeof(WindowsModels))]
    public void An_idle_client_is_closed_and_one_too_many_as_well(string model)
    {
        using WindowsServer server = new(build, "--model", model, "--idle-timeout", "1s", "--max-connections", "1");
        using Client idle = new(server.Port);
        idle.Echo("hello");
        if (model != "blocking") // which does not accept the second before the first has left
        {
            using Client excess = new(server.Port);
            excess.ExpectEnd();
        }

        idle.ExpectEnd();
        server.AwaitLine("closed .*: idle");
        Assert.Contains($"served {Models.Count(model == "blocking" ? 1 : 2, "connection")}", server.End());
    }
}
