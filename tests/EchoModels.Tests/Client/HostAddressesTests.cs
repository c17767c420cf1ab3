using System.Net;
using EchoModels.Cli.Client;
using EchoModels.Cli.CommandLine;
using Xunit;

namespace EchoModels.Tests.Client;

public sealed class HostAddressesTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("lab-pc_7.example.org")]
    [InlineData("example.org.")]
    [InlineData("7zip")]
    public void Accepts_addresses_and_names(string text) => Assert.True(HostAddresses.TryHost(text, out _));

    [Theory]
    [InlineData("")]
    [InlineData("8888")]
    [InlineData("256.0.0.1")]
    [InlineData("1.2.3")]
    [InlineData("[::1]")]
    [InlineData("[::1]:9000")]
    [InlineData("127.0.0.1:80")]
    [InlineData("localhost:80")]
    [InlineData("127.0.0.1 ")]
    [InlineData("a..b")]
    [InlineData("-a")]
    [InlineData("http://localhost")]
    public void Refuses_what_is_neither(string text) => Assert.False(HostAddresses.TryHost(text, out _));

    [Fact]
    public void Resolves_a_name_to_every_address()
    {
        IReadOnlyList<IPEndPoint> addresses = HostAddresses.Resolve("localhost", 8888, CancellationToken.None);

        Assert.Contains(new IPEndPoint(IPAddress.Loopback, 8888), addresses);
        Assert.Equal(addresses.Distinct(), addresses);
    }

    [Fact]
    public void Takes_an_ipv4_mapped_address_for_the_ipv4_address() =>
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 8888)], HostAddresses.Resolve("::ffff:127.0.0.1", 8888, CancellationToken.None));

    [Fact]
    public void Reports_a_name_without_an_address() => Assert.StartsWith(
        "no address for --host 'no-such-host.invalid': ", // RFC 6761
        Assert.Throws<RunFailedException>(() => HostAddresses.Resolve("no-such-host.invalid", 8888, CancellationToken.None)).Message,
        StringComparison.Ordinal);
}
