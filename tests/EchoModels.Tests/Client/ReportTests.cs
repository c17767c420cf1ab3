using System.Net;
using EchoModels.Cli.Client;
using Xunit;

namespace EchoModels.Tests.Client;

public sealed class ReportTests
{
    private static readonly ClientReport Report = new()
    {
        Server = "127.0.0.1:8888",
        Connections = 20,
        Served = 20,
        Seconds = 5.001,
        Messages = 1_234_567,
        Bytes = 79_012_288,
        RatePerSecond = 246_864.0,
        LatencyUs = new LatencyReport(80.5, 90, 123.456, 200, 3_000.26),
    };

    [Fact]
    public void Json_is_one_object_with_the_unit_in_the_name() => Assert.Equal(
        """{"server":"127.0.0.1:8888","connections":20,"served":20,"starved":0,"seconds":5.001,"messages":1234567,"unanswered":0,"bytes":79012288,"ratePerSecond":246864,"latencyUs":{"p50":80.5,"p90":90,"p99":123.456,"p999":200,"max":3000.26},"mismatches":0,"errors":0,"interrupted":false,"stoodStillSeconds":0}""",
        Report.ToJson());

    [Fact]
    public void The_model_is_reported_if_it_is_known()
    {
        Assert.StartsWith("""{"model":"epoll",""", (Report with { Model = "epoll" }).ToJson(), StringComparison.Ordinal);
        Assert.StartsWith("model ", (Report with { Model = "epoll" }).ToTable(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_is_aligned()
    {
        string[] rows = Report.ToTable().Split(Environment.NewLine);

        Assert.Contains("messages           1,234,567", rows);
        Assert.Contains("latency max          3,000.3 us", rows);
        Assert.Equal(13, rows.Length);
        Assert.All(rows, row => Assert.InRange(row.Length, 1, 39)); // for a window of 40 columns
    }

    [Fact]
    public void Without_a_message_there_is_no_percentile()
    {
        ClientReport none = Report with { Messages = 0, LatencyUs = LatencyReport.Of(new LatencyHistogram()) };

        Assert.DoesNotContain("latency", none.ToTable(), StringComparison.Ordinal);
        Assert.Contains("""{"p50":null,"p90":null,"p99":null,"p999":null,"max":null}""", none.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void Clients_that_waited_throughout_and_an_early_end_are_reported_in_words()
    {
        ClientReport report = Report with { Connections = 12_345, Served = 1, Starved = 12_344, Unanswered = 12_344, Interrupted = true, StoodStillSeconds = 1.26 };
        string[] rows = report.ToTable().Split(Environment.NewLine);

        Assert.Contains("served 1 of 12,345; 12,344 waited throughout", rows);
        Assert.Contains("unanswered            12,344", rows);
        Assert.StartsWith("interrupted", rows[0], StringComparison.Ordinal);
        Assert.StartsWith("this client itself stood still for 1.3 s", rows[1], StringComparison.Ordinal);
        Assert.Contains("\"starved\":12344", report.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void One_connection_is_singular()
    {
        Faults faults = new(new ClientOptions { Server = new IPEndPoint(IPAddress.Loopback, 8888), Connections = 1 });
        faults.Add(Fault.ExtraBytes);
        faults.Add(Fault.Reset);

        Assert.Equal("1 connection got more bytes than it sent; 1 connection reset by the server", faults.Describe());
    }

    [Fact]
    public void Many_connections_are_grouped()
    {
        Faults faults = new(new ClientOptions { Server = new IPEndPoint(IPAddress.Loopback, 8888), Connections = 20_000 });
        faults.Add(Fault.Reset, 1_500);

        Assert.Equal("1,500 of 20,000 connections reset by the server", faults.Describe());
    }

    [Fact]
    public void Different_faults_are_reported_in_one_line()
    {
        Faults faults = new(new ClientOptions { Server = new IPEndPoint(IPAddress.IPv6Loopback, 8888), Connections = 20 });
        Assert.Null(faults.Describe());

        faults.Add(Fault.Refused, 3);
        faults.Add(Fault.ClosedEarly);
        faults.Add(Fault.ExtraBytes, 2);

        Assert.Equal(
            "3 of 20 connections refused ([::1]:8888); 2 of 20 connections got more bytes than they sent; 1 of 20 connections closed early by the server",
            faults.Describe());
        Assert.Equal((2, 4), (faults.Mismatches, faults.Errors));
    }
}
