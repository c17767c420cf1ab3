using System.Net.Sockets;
using EchoModels.Kernel;
using EchoModels.Selectors;
using EchoModels.Tests.Support;
using Xunit;

namespace EchoModels.Tests.Contracts;

/// <summary>Every selector keeps track of many sockets, and of sockets that are added and removed.</summary>
public sealed class ManySocketsContract : IDisposable
{
    private readonly List<Socket> _sockets = [];

    public static TheoryData<string> Rows => SelectorContract.Rows;

    /// <summary>Selectors that watch any descriptor, 1,024 and beyond.</summary>
    public static TheoryData<string> Unbounded => [.. SelectorTable.Rows.Select(row => row.Name)];

    public void Dispose()
    {
        foreach (Socket socket in _sockets)
            socket.Dispose();
    }

    [Theory]
    [MemberData(nameof(Unbounded))]
    public void Finds_the_ready_sockets_among_2000_past_descriptor_1024(string name) => TestSelector.Run(name, test =>
    {
        Watch(test, 2_000);
        Assert.True(_sockets[^1].Handle > 1_024);

        int[] ready = [0, 500, 1_023, 1_024, 1_025, 1_500, 1_999];
        foreach (int i in ready)
            TestSockets.SendTo(_sockets[i]);

        Assert.Equal(ready, test.Ready().Keys.Select(token => token.Slot).Order());
        RemoveAll(test);
    });

    [Theory]
    [MemberData(nameof(Unbounded))]
    public void Returns_all_of_1300_ready_sockets_in_a_few_waits(string name) => TestSelector.Run(name, test =>
    {
        Watch(test, 1_300);
        foreach (Socket socket in _sockets)
            TestSockets.SendTo(socket);

        HashSet<Token> seen = [];
        for (int i = 0; i < 10; i++)
            seen.UnionWith(test.Ready().Keys);

        Assert.Equal(1_300, seen.Count);
        RemoveAll(test);
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
    public void Returns_nothing_when_all_were_removed(string name) => RemovesAndFinds(name, [.. Enumerable.Range(0, 10)]);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Agrees_with_a_plain_list_after_random_changes(string name) => TestSelector.Run(name, test =>
    {
        Random random = new(Seeds.Take());
        Dictionary<int, Interest> watched = [];
        for (int i = 0; i < 100; i++)
        {
            _sockets.Add(TestSockets.Datagram());
            if (i % 2 == 0)
                TestSockets.SendTo(_sockets[i]);
        }

        for (int step = 0; step < 2_000; step++)
        {
            Change(test.Selector, watched, random.Next(_sockets.Count), random.Next(3) == 0, random.Next(2) == 0);
            if (step % 20 != 0)
                continue;

            IEnumerable<int> expected = watched.Where(one => one.Value == Interest.Read && one.Key % 2 == 0).Select(one => one.Key).Order();
            Assert.Equal(expected, test.Ready(milliseconds: 0).Keys.Select(token => token.Slot).Order());
        }

        RemoveAll(test, [.. Enumerable.Range(0, _sockets.Count).Except(watched.Keys)]);
    });

    private void Change(ISelector selector, Dictionary<int, Interest> watched, int which, bool remove, bool noInterest)
    {
        Interest interest = noInterest ? Interest.None : Interest.Read;
        if (watched.TryAdd(which, interest))
        {
            selector.Add(_sockets[which], interest, new Token(which, 1));
        }
        else if (remove)
        {
            selector.Remove(_sockets[which]);
            watched.Remove(which);
        }
        else
        {
            selector.Modify(_sockets[which], interest, new Token(which, 1));
            watched[which] = interest;
        }
    }

    private void RemovesAndFinds(string name, int[] removed) => TestSelector.Run(name, test =>
    {
        Watch(test, 10);
        foreach (int i in removed)
            test.Selector.Remove(_sockets[i]);
        foreach (Socket socket in _sockets)
            TestSockets.SendTo(socket);

        int[] expected = [.. Enumerable.Range(0, 10).Except(removed)];
        Assert.Equal(expected, test.Ready(milliseconds: expected.Length == 0 ? 30 : 10_000).Keys.Select(token => token.Slot).Order());
        RemoveAll(test, removed);
    });

    private void Watch(TestSelector test, int count)
    {
        Needs.Descriptors(count + 500);
        for (int i = 0; i < count; i++)
        {
            _sockets.Add(TestSockets.Datagram());
            test.Selector.Add(_sockets[i], Interest.Read, new Token(i, 1));
        }
    }

    private void RemoveAll(TestSelector test, params int[] removed)
    {
        for (int i = 0; i < _sockets.Count; i++)
        {
            if (!removed.Contains(i))
                test.Selector.Remove(_sockets[i]);
        }

        Dispose();
        _sockets.Clear();
    }
}
