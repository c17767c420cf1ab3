using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Serving;

/// <summary>A program that was started with signals blocked or ignored, as careless supervisors do it, works like any other.</summary>
public sealed class InheritedSignalTests
{
    [Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void It_serves_switches_and_ends_when_every_signal_was_blocked(string model) => Check(model, "--block-signal");

    /// <summary>SIGRTMIN+6 is the signal of the model signal.</summary>
    [Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void It_serves_switches_and_ends_when_signals_were_ignored(string model) =>
        Check(model, "--ignore-signal=CHLD", "--ignore-signal=URG", "--ignore-signal=PIPE", "--ignore-signal=IO", "--ignore-signal=RTMIN+6");

    private static void Check(string model, params string[] signals)
    {
        using Server server = Server.Start(new Launch
        {
            Wrapper = ["/usr/bin/env", .. signals],
            Arguments = ["serve", "-p", "0", "--model", model],
        });
        using (Client first = new(server))
        {
            first.Echo("one");
            server.Switch("poll");
            first.Echo("two");
            server.Switch(model);
            first.Echo("three");
            first.CloseAndAwaitEnd();
        }

        using Client second = new(server);
        second.Echo("four");
        second.CloseAndAwaitEnd();
        Limit.Until(() => server.Status().GetProperty("connections").GetProperty("open").GetInt64() == 0, "none is open");

        using Client third = new(server);
        third.Echo("five");
        server.Signal(Native.SIGTERM);
        third.ExpectEnd();
        Assert.Equal(0, server.ExitCode());
    }
}
