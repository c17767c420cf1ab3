using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>How every selector keeps its books when there are many sockets, and when they come and go.</summary>
public sealed class ManySocketsContract : IDisposable
{
    private readonly List<Socket> _mailboxes = [];

    public static TheoryData<string> Rows => SelectorContract.Rows;

    /// <summary>Those that watch any descriptor.</summary>
    public static TheoryData<string> Unbounded => [.. SelectorTable.Rows.Select(row => row.Name)];

    public void Dispose()
    {
        foreach (Socket mailbox in _mailboxes)
            mailbox.Dispose();
    }

    [Theory]
    [MemberData(nameof(Unbounded))]
    public void Finds_those_that_are_ready_among_2000_past_descriptor_1024(string name) => TestSelector.Run(name, test =>
    {
        Watch(test, 2_000);
        Assert.True(_mailboxes[^1].Handle > 1_024);

        int[] posted = [0, 500, 1_023, 1_024, 1_025, 1_500, 1_999];
        foreach (int i in posted)
            Watched.Post(_mailboxes[i]);

        Assert.Equal(posted, test.Ready().Keys.Select(token => token.Slot).Order());
        Forget(test);
    });

    [Theory]
    [MemberData(nameof(Unbounded))]
    public void Tells_all_of_1300_that_stay_ready_in_a_few_waits(string name) => TestSelector.Run(name, test =>
    {
        Watch(test, 1_300);
        foreach (Socket mailbox in _mailboxes)
            Watched.Post(mailbox);

        HashSet<Token> seen = [];
        for (int i = 0; i < 10; i++)
            seen.UnionWith(test.Ready().Keys);

        Assert.Equal(1_300, seen.Count);
        Forget(test);
    });

    [Theory]
    [MemberData(nameof(Rows))]
    public void Finds_the_others_when_the_last_one_was_removed(string name) => RemovesAndFinds(name, [9]);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Finds_the_others_when_the_first_one_was_removed(string name) => RemovesAndFinds(name, [0]);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Finds_the_others_when_some_were_removed_forwards(string name) => RemovesAndFinds(name, [0, 1, 2, 5, 9]);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Finds_the_others_when_some_were_removed_backwards(string name) => RemovesAndFinds(name, [9, 8, 4, 3, 0]);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Is_silent_when_all_were_removed(string name) => RemovesAndFinds(name, [.. Enumerable.Range(0, 10)]);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Agrees_with_a_plain_list_after_random_changes(string name) => TestSelector.Run(name, test =>
    {
        Random random = new(Seeds.Take());
        Dictionary<int, Interest> watched = [];
        for (int i = 0; i < 100; i++)
        {
            _mailboxes.Add(Watched.Mailbox());
            if (i % 2 == 0)
                Watched.Post(_mailboxes[i]);
        }

        for (int step = 0; step < 2_000; step++)
        {
            Change(test.Selector, watched, random.Next(_mailboxes.Count), random.Next(3) == 0, random.Next(2) == 0);
            if (step % 20 != 0)
                continue;

            IEnumerable<int> expected = watched.Where(one => one.Value == Interest.Read && one.Key % 2 == 0).Select(one => one.Key).Order();
            Assert.Equal(expected, test.Ready(milliseconds: 0).Keys.Select(token => token.Slot).Order());
        }

        Forget(test, [.. Enumerable.Range(0, _mailboxes.Count).Except(watched.Keys)]);
    });

    private void Change(ISelector selector, Dictionary<int, Interest> watched, int which, bool remove, bool silent)
    {
        Interest interest = silent ? Interest.None : Interest.Read;
        if (watched.TryAdd(which, interest))
        {
            selector.Add(_mailboxes[which], interest, new Token(which, 1));
        }
        else if (remove)
        {
            selector.Remove(_mailboxes[which]);
            watched.Remove(which);
        }
        else
        {
            selector.Modify(_mailboxes[which], interest, new Token(which, 1));
            watched[which] = interest;
        }
    }

    private void RemovesAndFinds(string name, int[] removed) => TestSelector.Run(name, test =>
    {
        Watch(test, 10);
        foreach (int i in removed)
            test.Selector.Remove(_mailboxes[i]);
        foreach (Socket mailbox in _mailboxes)
            Watched.Post(mailbox);

        int[] expected = [.. Enumerable.Range(0, 10).Except(removed)];
        Assert.Equal(expected, test.Ready(milliseconds: expected.Length == 0 ? 30 : 10_000).Keys.Select(token => token.Slot).Order());
        Forget(test, removed);
    });

    private void Watch(TestSelector test, int count)
    {
        for (int i = 0; i < count; i++)
        {
            _mailboxes.Add(Watched.Mailbox());
            test.Selector.Add(_mailboxes[i], Interest.Read, new Token(i, 1));
        }
    }

    private void Forget(TestSelector test, params int[] already)
    {
        for (int i = 0; i < _mailboxes.Count; i++)
        {
            if (!already.Contains(i))
                test.Selector.Remove(_mailboxes[i]);
        }

        Dispose();
        _mailboxes.Clear();
    }
}
