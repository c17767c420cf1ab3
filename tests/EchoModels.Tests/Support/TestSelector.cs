using EchoModels.Kernel;
using EchoModels.Selectors;
using Xunit;

namespace EchoModels.Tests.Support;

/// <summary>A selector under test, whose waits have a limit.</summary>
internal sealed class TestSelector(ISelector selector)
{
    private const int GenerousMilliseconds = 10_000;

    public ISelector Selector => selector;

    /// <summary>Runs a test with a selector of the table, and fails if descriptors or threads of it are left.</summary>
    public static void Run(string name, Action<TestSelector> test) => Limit.Run(Limit.Test, "the test", () =>
    {
        LeakCheck before = LeakCheck.Now();
        using (ISelector selector = TestKernel.Open().OpenSelector(SelectorTable.Find(name)))
            test(new TestSelector(selector));

        before.AssertNothingIsLeft();
    });

    /// <summary>The events of one wait: each token once, with everything it is ready for.</summary>
    public Dictionary<Token, Interest> Ready(int milliseconds = GenerousMilliseconds)
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

    /// <summary>Fails if a short wait returns an event.</summary>
    public void AssertNotReady() => Assert.Empty(Ready(milliseconds: 30));

    /// <summary>Waits without a timeout; only an event or a wake-up ends this wait.</summary>
    public Dictionary<Token, Interest> ReadyWithoutTimeout()
    {
        Dictionary<Token, Interest> ready = [];
        Limit.Run(Limit.Generous, "the wait without a timeout", () => ready = Ready(Timeout.Infinite));
        return ready;
    }
}
