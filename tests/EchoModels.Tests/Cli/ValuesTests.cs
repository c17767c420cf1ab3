using System.CommandLine;
using System.Net;
using EchoModels.Cli.CommandLine;
using Xunit;

namespace EchoModels.Tests.Cli;

public sealed class ValuesTests
{
    private static readonly TimeSpan Most = TimeSpan.FromHours(24);

    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("5s", 5_000)]
    [InlineData("5", 5_000)]
    [InlineData("1.5", 1_500)]
    [InlineData("0.5s", 500)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("500us", 0.5)]
    [InlineData("0", 0)]
    [InlineData("24h", 86_400_000)]
    public void Reads_a_time(string text, double milliseconds)
    {
        Assert.True(Values.TryDuration(text, TimeSpan.Zero, Most, out TimeSpan value));
        Assert.Equal(milliseconds, value.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("5x")]
    [InlineData("5 s")]
    [InlineData(" 5s")]
    [InlineData("-5s")]
    [InlineData("+5s")]
    [InlineData("1e3")]
    [InlineData("1,5s")]
    [InlineData("1.2.3s")]
    [InlineData(".")]
    [InlineData("5S")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("25h")]
    [InlineData("99999999999999999999999999h")]
    public void Refuses_what_is_no_time_or_too_long(string text) =>
        Assert.False(Values.TryDuration(text, TimeSpan.Zero, Most, out _));

    [Fact]
    public void Refuses_a_time_that_is_too_short() =>
        Assert.False(Values.TryDuration("9ms", TimeSpan.FromMilliseconds(10), Most, out _));

    [Theory]
    [InlineData("1", 1)]
    [InlineData("50", 50)]
    [InlineData("100", 100)]
    [InlineData("007", 7)]
    public void Reads_a_count(string text, int expected)
    {
        Assert.True(Values.TryCount(text, 1, 100, out int value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("101")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.0")]
    [InlineData("1,000")]
    [InlineData(" 1")]
    [InlineData("0x10")]
    [InlineData("1e2")]
    [InlineData("99999999999")]
    [InlineData("٣")]
    public void Refuses_what_is_no_count_or_out_of_bounds(string text) => Assert.False(Values.TryCount(text, 1, 100, out _));

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("::1", "::1")]
    [InlineData("::", "::")]
    [InlineData("fe80::1", "fe80::1")]
    [InlineData("localhost", "127.0.0.1")]
    public void Reads_an_address(string text, string expected)
    {
        Option<IPAddress> option = Values.Address("--bind", "where", IPAddress.Any);

        Assert.Equal(IPAddress.Parse(expected), Parse(option, "--bind", text).GetValue(option));
    }

    [Theory]
    [InlineData("8888")]
    [InlineData("256.0.0.1")]
    [InlineData("1.2.3")]
    [InlineData("example.org")]
    [InlineData("127.0.0.1 ")]
    [InlineData("127.0.0.1:80")]
    [InlineData(":")]
    public void Refuses_what_is_no_address_in_one_line_that_names_it(string text)
    {
        Option<IPAddress> option = Values.Address("--bind", "where", IPAddress.Any);

        string error = Assert.Single(Parse(option, "--bind", text).Errors).Message;
        Assert.StartsWith($"--bind '{text}': accepted is an IPv4 or IPv6 address", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("::ffff:127.0.0.1", "127.0.0.1")]
    [InlineData("::ffff:0.0.0.0", "0.0.0.0")]
    [InlineData("fe80::1%1", "fe80::1%1")]
    [InlineData("localhost", "127.0.0.1")]
    public void Reads_an_address_to_listen_on(string text, string expected)
    {
        Assert.True(ListenAddress.TryParse(text, out IPAddress address));
        Assert.Equal(IPAddress.Parse(expected), address);
    }

    [Theory]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("::ffff:224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("ff02::1")]
    [InlineData("ff02::1%1")]
    [InlineData("::%1")]
    [InlineData("::1%1")]
    [InlineData("2001:db8::1%1")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%no-such-interface")]
    [InlineData("8888")]
    public void Refuses_an_address_that_no_client_can_connect_to(string text) => Assert.False(ListenAddress.TryParse(text, out _));

    [Fact]
    public void Names_the_bounds_of_a_count_that_it_refuses()
    {
        Option<int> option = Values.Count("--count", "-c", "how many", min: 1, max: 99, defaultValue: 20);

        Assert.Equal("--count '0': accepted is a whole number from 1 to 99", Assert.Single(Parse(option, "-c", "0").Errors).Message);
        Assert.Equal(20, Parse(option).GetValue(option));
    }

    [Fact]
    public void Names_the_bounds_of_a_time_that_it_refuses()
    {
        Option<TimeSpan> option = Values.Duration("--tick", "", "how often", TimeSpan.FromMilliseconds(100), Most, TimeSpan.FromSeconds(10));

        Assert.Equal(
            "--tick '1ms': accepted is a time from 100ms to 24h, such as 250ms, 5s or 2m; a number without a unit is seconds",
            Assert.Single(Parse(option, "--tick", "1ms").Errors).Message);
        Assert.Equal(TimeSpan.FromSeconds(10), Parse(option).GetValue(option));
    }

    [Fact]
    public void Reads_an_optional_count_or_none()
    {
        Option<int?> option = Values.OptionalCount("--limit", "", "at most", min: 1, max: 9);

        Assert.Null(Parse(option).GetValue(option));
        Assert.Equal(5, Parse(option, "--limit", "5").GetValue(option));
        Assert.Single(Parse(option, "--limit", "10").Errors);
    }

    [Fact]
    public void Names_the_words_that_it_accepts()
    {
        Option<string> option = Values.OneOf("--trigger", "", "how", "level", "level", "edge");

        Assert.Equal("edge", Parse(option, "--trigger", "edge").GetValue(option));
        Assert.Equal("edge", Parse(option, "--trigger", "EDGE").GetValue(option));
        Assert.Equal("--trigger 'both': accepted is level, edge", Assert.Single(Parse(option, "--trigger", "both").Errors).Message);
        Assert.Equal("--trigger 'edeg': accepted is level, edge; did you mean 'edge'?", Assert.Single(Parse(option, "--trigger", "edeg").Errors).Message);
    }

    [Theory]
    [InlineData("20k", 20_000, 20_480)]
    [InlineData("20K", 20_000, 20_480)]
    [InlineData("1.5k", 1_500, 1_536)]
    [InlineData("1M", 1_000_000, 1_048_576)]
    [InlineData("64", 64, 64)]
    public void A_count_has_thousands_and_a_size_powers_of_1024(string text, int count, int size)
    {
        Assert.True(Values.TryCount(text, 1, 2_000_000, out int counted));
        Assert.True(Values.TrySize(text, 1, 2_000_000, out int measured));
        Assert.Equal((count, size), (counted, measured));
    }

    [Theory]
    [InlineData("k")]
    [InlineData("1m")]
    [InlineData("1kk")]
    [InlineData("1.5")]
    [InlineData("1.2345k")]
    [InlineData("3M")]
    [InlineData("99999999999999999999999999999999k")]
    public void Refuses_a_count_with_another_unit_or_that_is_not_whole(string text) => Assert.False(Values.TryCount(text, 1, 2_000_000, out _));

    /// <summary>An error must not propose what it refuses.</summary>
    [Theory]
    [InlineData(0, 1_000)]
    [InlineData(10, 100)]
    [InlineData(100, 3_600_000)]
    [InlineData(0, 86_400_000)]
    public void The_examples_of_times_are_accepted(int min, int max)
    {
        string text = Accepted.Duration(TimeSpan.FromMilliseconds(min), TimeSpan.FromMilliseconds(max)).Text;
        string[] examples = text.Split("such as ")[1].Split(';')[0].Split([", ", " or "], StringSplitOptions.None);
        Assert.All(examples, example => Assert.True(Values.TryDuration(example, TimeSpan.FromMilliseconds(min), TimeSpan.FromMilliseconds(max), out _), text));
    }

    [Theory]
    [InlineData("epol", "epoll")]
    [InlineData("eplol", "epoll")]
    [InlineData("EPOLLL", "epoll")]
    [InlineData("thread", "threads")]
    [InlineData("iouring", "io-uring")]
    [InlineData("busy", "busy-poll")]
    [InlineData("apache", null)]
    [InlineData("x", null)]
    [InlineData("", null)]
    public void The_nearest_word_is_the_one_that_was_meant(string text, string? expected) =>
        Assert.Equal(expected, Nearest.Find(text, ModelTable.Rows.Select(row => row.Name)));

    private static ParseResult Parse(Option option, params string[] arguments) => new RootCommand { option }.Parse(arguments);
}
