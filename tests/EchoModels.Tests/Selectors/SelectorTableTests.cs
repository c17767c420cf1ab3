using System.Collections.Concurrent;
using EchoModels.Events;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Selectors;

public sealed class SelectorTableTests
{
    private static readonly SelectorRow Works = new("works", "", kernel => SelectorTable.Find("poll").Open(kernel));

    [Fact]
    public void Lists_the_selectors_in_order_of_preference() =>
        Assert.Equal(["epoll", "poll", "select"], SelectorTable.Rows.Select(row => row.Name));

    [Theory]
    [InlineData("epoll")]
    [InlineData("poll")]
    [InlineData("select")]
    [InlineData("select-fdset")]
    [InlineData("epoll-edge")]
    public void Has_a_selector_that_is_available_on_Linux(string name)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "this system is not Linux");
        Assert.Null(SelectorProbe.UnavailableReason(SelectorTable.Find(name)));
    }

    [Fact]
    public void Says_why_kqueue_is_not_available_on_Linux()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "this system is not Linux");
        Assert.NotEmpty(SelectorProbe.UnavailableReason(SelectorTable.Find("kqueue")) ?? "");
    }

    [Fact]
    public void Finds_each_row_by_its_name() =>
        Assert.All(SelectorTable.Rows, row => Assert.Same(row, SelectorTable.Find(row.Name)));

    [Fact]
    public void Refuses_a_name_that_is_not_there() =>
        Assert.Contains("devpoll", Assert.Throws<ArgumentException>(() => SelectorTable.Find("devpoll")).Message, StringComparison.Ordinal);

    [Fact]
    public void Returns_the_reason_why_a_selector_is_not_available() =>
        Assert.Equal("broken is broken", SelectorProbe.UnavailableReason(Broken("broken")));

    [Fact]
    public void Opens_the_first_that_works_and_names_those_that_failed()
    {
        (SelectorRow row, ISelector selector) =
            SelectorProbe.OpenFirst([Broken("one"), Broken("two"), Works, Broken("three")], TestKernel.Open(), out IReadOnlyList<SelectorRefusal> refusals);

        selector.Dispose();
        Assert.Same(Works, row);
        Assert.Equal([new SelectorRefusal("one", "one is broken"), new SelectorRefusal("two", "two is broken")], refusals);
    }

    [Fact]
    public void Names_no_refusal_when_the_first_works()
    {
        (_, ISelector selector) = SelectorProbe.OpenFirst([Works, Broken("one")], TestKernel.Open(), out IReadOnlyList<SelectorRefusal> refusals);

        selector.Dispose();
        Assert.Empty(refusals);
    }

    [Fact]
    public void Falls_back_when_the_system_does_not_have_the_call()
    {
        SelectorRow missing = new("missing", "", _ => throw new EntryPointNotFoundException("no such call"));
        (SelectorRow row, ISelector selector) = SelectorProbe.OpenFirst([missing, Works], TestKernel.Open(), out _);

        selector.Dispose();
        Assert.Same(Works, row);
    }

    [Fact]
    public void Falls_back_when_one_can_be_opened_but_cannot_wait()
    {
        CannotWait cannotWait = new();
        SelectorRow row = new("cannot-wait", "", _ => cannotWait);
        (SelectorRow taken, ISelector selector) = SelectorProbe.OpenFirst([row, Works], TestKernel.Open(), out IReadOnlyList<SelectorRefusal> refusals);

        selector.Dispose();
        Assert.Same(Works, taken);
        Assert.Equal([new SelectorRefusal("cannot-wait", "it cannot wait")], refusals);
        Assert.True(cannotWait.IsDisposed);
        Assert.Equal("it cannot wait", SelectorProbe.UnavailableReason(row));
    }

    [Fact]
    public void Names_every_refusal_when_none_works()
    {
        IOException failure = Assert.Throws<IOException>(() => SelectorProbe.OpenFirst([Broken("one"), Broken("two")], TestKernel.Open(), out _));

        Assert.Contains("one (one is broken)", failure.Message, StringComparison.Ordinal);
        Assert.Contains("two (two is broken)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Does_not_treat_a_bug_as_a_refusal()
    {
        SelectorRow buggy = new("buggy", "", _ => throw new InvalidOperationException("a bug"));

        Assert.Throws<InvalidOperationException>(() => SelectorProbe.OpenFirst([buggy, Works], TestKernel.Open(), out _));
    }

    [Theory]
    [InlineData("epoll")]
    [InlineData("poll")]
    [InlineData("select")]
    public void Opens_the_preferred_one_if_it_works(string preferred)
    {
        SelectorFactory factory = new(new ServerEvents());
        factory.Open(preferred, TestKernel.Open()).Dispose();

        Assert.Equal(preferred, factory.Current);
    }

    [Fact]
    public void Opens_the_forced_one_instead_of_the_preferred_one()
    {
        SelectorFactory factory = new(new ServerEvents()) { Forced = SelectorTable.Find("select") };
        factory.Open("epoll", TestKernel.Open()).Dispose();

        Assert.Equal("select", factory.Current);
    }

    [Fact]
    public void Opens_the_forced_one_also_where_the_preferred_one_is_another()
    {
        SelectorFactory factory = new(new ServerEvents()) { Forced = SelectorTable.Find("epoll") };
        factory.Open("poll", TestKernel.Open()).Dispose();

        Assert.Equal("epoll", factory.Current);
    }

    [Fact]
    public void Publishes_a_fallback_once()
    {
        ServerEvents events = new();
        ConcurrentQueue<ServerEvent> published = [];
        using (events.Subscribe("test", published.Enqueue))
        {
            SelectorFactory factory = new(events);
            WithoutEpoll kernel = new();
            factory.Open("epoll", kernel).Dispose();
            factory.Open("epoll", kernel).Dispose();
            Assert.Equal("poll", factory.Current);
        }

        FellBack fellBack = Assert.IsType<FellBack>(Assert.Single(published));
        Assert.Equal([("epoll", "no epoll here")], fellBack.Refusals);
        Assert.Equal("poll", fellBack.Taken);
    }

    [Fact]
    public void Never_falls_back_from_the_forced_one()
    {
        ServerEvents events = new();
        ConcurrentQueue<ServerEvent> published = [];
        using (events.Subscribe("test", published.Enqueue))
        {
            SelectorFactory factory = new(events) { Forced = SelectorTable.Find("epoll") };
            IOException failure = Assert.Throws<IOException>(() => factory.Open("epoll", new WithoutEpoll()));
            Assert.Contains("no epoll here", failure.Message, StringComparison.Ordinal);
        }

        Assert.Empty(published);
    }

    [Fact]
    public void Reports_the_waits_of_the_opened_one()
    {
        CallCounters counters = new();
        using ISelector selector = new SelectorFactory(new ServerEvents()).Open("poll", SystemKernel.Open(counters));
        Assert.Equal(1, counters.Read()[Counter.Wait]); // one to find out whether it works

        selector.Wait(0);
        Assert.Equal(2, counters.Read()[Counter.Wait]);
    }

    private static SelectorRow Broken(string name) => new(name, "", _ => throw new IOException($"{name} is broken"));

    /// <summary>A kernel that refuses epoll.</summary>
    private sealed class WithoutEpoll() : DelegatingKernel(TestKernel.Open())
    {
        public override ISelector OpenSelector(SelectorRow row) => row.Name == "epoll" ? throw new IOException("no epoll here") : base.OpenSelector(row);
    }

    /// <summary>Can be opened, but cannot wait.</summary>
    private sealed class CannotWait : ISelector
    {
        public bool IsDisposed { get; private set; }

        public void Add(SocketHandle socket, Interest interest) => throw new InvalidOperationException();

        public void Modify(SocketHandle socket, Interest interest) => throw new InvalidOperationException();

        public void Remove(SocketHandle socket) => throw new InvalidOperationException();

        public ReadOnlySpan<ReadyEvent> Wait(int milliseconds) => throw new IOException("it cannot wait");

        public void Wake() => throw new InvalidOperationException();

        public void Dispose() => IsDisposed = true;
    }
}
