using EchoModels.Kernel;
using EchoModels.Selectors;
using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>A selector under test, whose waits have a limit.</summary>
internal sealed class TestSelector(ISelector selector)
{
    private const int Soon = 10_000;

    public ISelector Selector => selector;

    /// <summary>Runs a test with a selector of the table; demands that nothing of it is left.</summary>
    public static void Run(string name, Action<TestSelector> test) => Limit.Run(Limit.Test, "the test", () =>
    {
        LeakCheck before = LeakCheck.Now();
        using (ISelector selector = SelectorTable.Find(name).Open())
            test(new TestSelector(selector));

        before.AssertNothingIsLeft();
    });

    /// <summary>What is ready within a generous time: each token once, with everything it is ready for.</summary>
    public Dictionary<Token, Interest> Ready(int milliseconds = Soon)
    {
        Dictionary<Token, Interest> ready = [];
        foreach (ReadyEvent one in selector.Wait(milliseconds))
            ready[one.Token] = ready.GetValueOrDefault(one.Token) | one.Ready;

        return ready;
    }

    public void AssertReady(Token token, Interest interest)
    {
        KeyValuePair<Token, Interest> only = Assert.Single(Ready());
        Assert.Equal(token, only.Key);
        Assert.Equal(interest, only.Value & interest);
    }

    /// <summary>Looks whether anything is told within a moment that should not be.</summary>
    public void AssertSilent() => Assert.Empty(Ready(milliseconds: 30));

    /// <summary>Waits without a limit; whoever waits here must be woken.</summary>
    public Dictionary<Token, Interest> ReadyAtLast()
    {
        Dictionary<Token, Interest> ready = [];
        Limit.Run(Limit.Generous, "the wait without a limit", () => ready = Ready(Timeout.Infinite));
        return ready;
    }
}
