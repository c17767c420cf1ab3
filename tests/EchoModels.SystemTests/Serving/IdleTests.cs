using EchoModels.SystemTests.Support;

namespace EchoModels.SystemTests.Serving;

/// <summary><c>--idle-timeout</c> with every model.</summary>
public sealed class IdleTests
{
    [MainCase, Theory]
    [MemberData(nameof(Models.All), MemberType = typeof(Models))]
    public void A_client_that_sends_nothing_is_closed_and_the_log_reports_why(string model)
    {
        using Server server = Server.Start("--model", model, "--idle-timeout", "300ms");
        using Client client = new(server);
        client.Echo("hello");
        client.ExpectEnd();
        Assert.Matches("idle, " + Models.After(model, 1, 5), server.AwaitLine($"closed {client.Name}: "));
        Assert.Equal(1, server.Status().GetProperty("connections").GetProperty("closed").GetInt64());
        Assert.Contains($"served 1 connection, {Models.Messages(model, 1)}, 5 bytes in, 5 bytes out", server.End());
    }
}
