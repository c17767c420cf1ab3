using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests;

public sealed class ModelTableTests
{
    /// <summary>Written out: the contracts run for whatever is available, so a model that ceases to be available fails here.</summary>
    private static readonly string[] OnLinux =
    [
        "blocking", "threads", "thread-pool", "process", "busy-poll", "select", "select-fdset", "poll", "epoll", "signal", "async", "io-uring",
    ];

    private static readonly string[] Variants = ["epoll-edge", "epoll-loops", "io-uring-loops"];

    public static TheoryData<string> ModelsOnLinux => [.. OnLinux];

    [Fact]
    public void Lists_the_models_of_Linux_and_kqueue() =>
        Assert.Equal(OnLinux.Append("kqueue").Order(), ModelTable.Rows.Select(row => row.Name).Order());

    [Theory]
    [MemberData(nameof(ModelsOnLinux))]
    public void Has_a_model_that_is_available_on_Linux_and_echoes(string model)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "this system is not Linux");
        Assert.Null(ModelTable.Find(model)?.UnavailableReason());

        TestServer.Run(ModelTable.Find(model)!, new ServerOptions(), server =>
        {
            Peer peer = server.Connect();
            peer.Exchange(1_000);
            Assert.Equal(model, server.Host.Serving.Name);
            peer.Close();
        });
    }

    [Fact]
    public void Says_why_kqueue_is_not_available_on_Linux()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "this system is not Linux");
        ModelRow kqueue = ModelTable.Find("kqueue")!;

        Assert.False(kqueue.IsForThisSystem);
        Assert.NotEmpty(kqueue.UnavailableReason() ?? "");
    }

    [Fact]
    public void Has_every_model_of_Linux_and_every_variant_tested_by_the_contracts()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "this system is not Linux");
        Assert.Equal(OnLinux.Concat(Variants).Order(), EveryModel.Names.Order());
    }

    [Fact]
    public void Finds_each_row_by_its_name() =>
        Assert.All(ModelTable.Rows, row => Assert.Same(row, ModelTable.Find(row.Name)));

    [Fact]
    public void Finds_nothing_by_a_name_that_is_not_there() => Assert.Null(ModelTable.Find("no-such-model"));

    [Fact]
    public void Says_of_each_model_what_it_is_and_what_it_waits_in() => Assert.All(ModelTable.Rows, row =>
    {
        Assert.Matches("^[a-z][a-z-]*$", row.Name);
        Assert.NotEmpty(row.Summary);
        Assert.NotEmpty(row.WaitsIn);
        Assert.NotEmpty(row.Threads);
    });

    [Fact]
    public void Has_no_name_twice() =>
        Assert.Equal(ModelTable.Rows.Count, ModelTable.Rows.Select(row => row.Name).Distinct().Count());
}
