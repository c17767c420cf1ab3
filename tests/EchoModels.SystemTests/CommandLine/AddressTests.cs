using System.Net;
using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.CommandLine;

/// <summary><c>--bind</c>: where it says that it listens, a client can connect.</summary>
public sealed class AddressTests
{
    [Slow, Theory]
    [InlineData("::ffff:127.0.0.1", "127.0.0.1", @"listening on 127\.0\.0\.1:\d+, model")]
    [InlineData("0.0.0.0", "127.0.0.1", @"listening on 0\.0\.0\.0:\d+ \(every IPv4 address of this machine\), model")]
    [InlineData("::", "::1", @"listening on \[::\]:\d+ \(every IPv6 address of this machine\), model")]
    [InlineData("127.0.0.2", "127.0.0.2", @"listening on 127\.0\.0\.2:\d+, model")]
    public void A_client_can_connect_where_it_listens(string address, string connectTo, string line)
    {
        using Server server = Server.Start("--bind", address);
        server.AwaitLine(line);
        using Client client = new(new IPEndPoint(IPAddress.Parse(connectTo), server.Port));
        client.Echo("hello");
        client.CloseAndAwaitEnd();
        server.End();
    }

    [Slow, Theory]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("ff02::1%1")]
    [InlineData("::%1")]
    public void An_address_that_no_client_can_connect_to_is_wrong_usage(string address)
    {
        Outcome outcome = Executable.Run("serve", "-p", "0", "--bind", address);
        Assert.True(outcome.ExitCode == 2, outcome.Everything);
        Assert.Contains($"--bind '{address}': accepted is an IPv4 or IPv6 address of this machine", outcome.ErrorLines[0]);
    }

    /// <summary>That it is the broadcast address of a network, only the kernel knows.</summary>
    [Slow, Fact]
    public void The_broadcast_address_of_a_network_is_refused()
    {
        Outcome outcome = Executable.Run("serve", "-p", "0", "--bind", "127.255.255.255");
        Assert.True(outcome.ExitCode == 1, outcome.Everything);
        Assert.Contains("127.255.255.255", Assert.Single(outcome.ErrorLines));
        Assert.Contains("not this machine's", outcome.ErrorLines[0]);
    }
}
