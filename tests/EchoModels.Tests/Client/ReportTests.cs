using System.Net;
using EchoModels.Cli.Client;
using Xunit;

namespace EchoModels.Tests.Client;

public sealed class ReportTests
{
    private static readonly ClientReport Report = new()
    {
        Connections = 20,
        Seconds = 5.001,
        Messages = 1_234_567,
        Bytes = 79_012_288,
        RatePerSecond = 246_864.0,
        LatencyUs = new LatencyReport(80.5, 90, 123.456, 200, 3_000.26),
    };

    [Fact]
    public void Json_is_one_object_with_the_unit_in_the_name() => Assert.Equal(
        """{"connections":20,"seconds":5.001,"messages":1234567,"bytes":79012288,"ratePerSecond":246864,"latencyUs":{"p50":80.5,"p90":90,"p99":123.456,"p999":200,"max":3000.26},"mismatches":0,"errors":0}""",
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
        Assert.Equal(12, rows.Length);
        Assert.All(rows, row => Assert.InRange(row.Length, 1, 39)); // for a window of 40 columns
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
