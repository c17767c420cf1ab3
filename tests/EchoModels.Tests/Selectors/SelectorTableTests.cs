using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Selectors;
using Xunit;

namespace EchoModels.Tests.Selectors;

public sealed class SelectorTableTests
{
    private static readonly SelectorRow Works = new("works", "", () => SelectorTable.Find("poll").Open());

    [Fact]
    public void Lists_the_selectors_in_order_of_preference() =>
        Assert.Equal(["epoll", "poll", "select"], SelectorTable.Rows.Select(row => row.Name));

    [Fact]
    public void Finds_each_row_by_its_name() =>
        Assert.All(SelectorTable.Rows, row => Assert.Same(row, SelectorTable.Find(row.Name)));

    [Fact]
    public void Refuses_a_name_that_is_not_there() =>
        Assert.Contains("devpoll", Assert.Throws<ArgumentException>(() => SelectorTable.Find("devpoll")).Message, StringComparison.Ordinal);

    [Fact]
    public void Tells_why_a_selector_cannot_be_had() =>
        Assert.Equal("broken is broken", SelectorTable.UnavailableReason(Broken("broken")));

    [Fact]
    public void Takes_the_first_that_works_and_names_those_that_refused()
    {
        (SelectorRow row, ISelector selector) =
            SelectorTable.OpenFirst([Broken("one"), Broken("two"), Works, Broken("three")], out IReadOnlyList<SelectorRefusal> refusals);

        selector.Dispose();
        Assert.Same(Works, row);
        Assert.Equal([new SelectorRefusal("one", "one is broken"), new SelectorRefusal("two", "two is broken")], refusals);
    }

    [Fact]
    public void Names_no_refusal_when_the_first_works()
    {
        (_, ISelector selector) = SelectorTable.OpenFirst([Works, Broken("one")], out IReadOnlyList<SelectorRefusal> refusals);

        selector.Dispose();
        Assert.Empty(refusals);
    }

    [Fact]
    public void Falls_back_when_the_system_does_not_have_the_call()
    {
        SelectorRow elsewhere = new("elsewhere", "", () => throw new EntryPointNotFoundException("no such call"));
        (SelectorRow row, ISelector selector) = SelectorTable.OpenFirst([elsewhere, Works], out _);

        selector.Dispose();
        Assert.Same(Works, row);
    }

    [Fact]
    public void Falls_back_when_one_can_be_opened_but_not_waited_in()
    {
        Deaf deaf = new();
        SelectorRow row = new("deaf", "", () => deaf);
        (SelectorRow taken, ISelector selector) = SelectorTable.OpenFirst([row, Works], out IReadOnlyList<SelectorRefusal> refusals);

        selector.Dispose();
        Assert.Same(Works, taken);
        Assert.Equal([new SelectorRefusal("deaf", "it hears nothing")], refusals);
        Assert.True(deaf.IsDisposed);
        Assert.Equal("it hears nothing", SelectorTable.UnavailableReason(row));
    }

    [Fact]
    public void Names_every_refusal_when_none_works()
    {
        IOException failure = Assert.Throws<IOException>(() => SelectorTable.OpenFirst([Broken("one"), Broken("two")], out _));

        Assert.Contains("one (one is broken)", failure.Message, StringComparison.Ordinal);
        Assert.Contains("two (two is broken)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Does_not_take_a_mistake_of_ours_for_a_refusal()
    {
        SelectorRow mistaken = new("mistaken", "", () => throw new InvalidOperationException("a bug"));

        Assert.Throws<InvalidOperationException>(() => SelectorTable.OpenFirst([mistaken, Works], out _));
    }

    [Theory]
    [InlineData("epoll")]
    [InlineData("poll")]
    [InlineData("select")]
    public void Opens_the_preferred_one_if_it_works(string preferred)
    {
        SelectorFactory choice = new(new CallCounters());
        choice.Open(preferred).Dispose();

        Assert.Equal(preferred, choice.Current);
    }

    [Fact]
    public void Opens_the_forced_one_instead_of_the_preferred_one()
    {
        SelectorFactory choice = new(new CallCounters()) { Forced = SelectorTable.Find("select") };
        choice.Open("epoll").Dispose();

        Assert.Equal("select", choice.Current);
    }

    [Fact]
    public void Never_falls_back_from_the_forced_one()
    {
        SelectorFactory choice = new(new CallCounters()) { Forced = Broken("forced") };
        choice.FellBack += (_, _) => Assert.Fail("it fell back");

        IOException failure = Assert.Throws<IOException>(() => choice.Open("epoll"));
        Assert.Contains("forced is broken", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_what_is_asked_of_the_opened_one()
    {
        CallCounters counters = new();
        using ISelector selector = new SelectorFactory(counters).Open("poll");
        Assert.Equal(1, counters[Counter.Wait]); // whether it can be had, was asked of it too

        selector.Wait(0);
        Assert.Equal(2, counters[Counter.Wait]);
    }

    private static SelectorRow Broken(string name) => new(name, "", () => throw new IOException($"{name} is broken"));

    /// <summary>A selector that cannot wait.</summary>
    private sealed class Deaf : ISelector
    {
        public bool IsDisposed { get; private set; }

        public void Add(Socket socket, Interest interest, Token token) => throw new NotSupportedException();

        public void Modify(Socket socket, Interest interest, Token token) => throw new NotSupportedException();

        public void Remove(Socket socket) => throw new NotSupportedException();

        public ReadOnlySpan<ReadyEvent> Wait(int milliseconds) => throw new IOException("it hears nothing");

        public bool Wake() => throw new NotSupportedException();

        public void Dispose() => IsDisposed = true;
    }
}
