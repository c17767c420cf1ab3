using EchoModels.Kernel;

namespace EchoModels.Cli.Client;

/// <content>What happens before the first message: the code is warmed up, the clients connect, and a greeting would be noticed.</content>
internal sealed partial class LoadRun
{
    /// <summary>How long the clients listen before they send: a server that greets has done so by then.</summary>
    private const long GreetingTime = 100 * Clock.Millisecond;

    /// <summary>Runs the same code with one client before the measurement, so that the first messages do not include its compilation.</summary>
    /// <remarks>The peer is a UDP socket connected to itself: each send is its own echo.</remarks>
    public static void WarmUp(ClientOptions options, ISelector selector, IKernel kernel)
    {
        const int Messages = 40;
        ClientOptions few = options with { Connections = 1, Messages = Messages, Duration = null, Size = 1, Pipeline = 1, Rate = null, Think = default };
        using LoadRun run = new(few, selector, kernel, ProgressLine.None);

        int loopback = kernel.OpenDatagramToItself();
        kernel.SetBlocking(new SocketHandle(loopback), false);
        run._connector.Stop();
        run._clients.Add(new LoadConnection(0, loopback, kernel, few) { LastProgress = run._now });
        run.RunOnce();
        run.StartSending();

        // UDP has no end of stream to wait for: the run ends before the last message.
        long limit = run._now + (Clock.Second / 4);
        while (run.Answers.Count < Messages - 1 && run._now < limit)
            run.RunOnce();
    }

    private bool MaySend => !_interrupted && Faults[Fault.SendsFirst] == 0;

    private void Connect()
    {
        while ((_connector.HasMore || _clients.Connecting > 0) && MaySend)
        {
            _connector.StartBatch(_now = Clock.Now);
            RunOnce();
        }

        _connector.Stop();
    }

    private void AwaitGreeting()
    {
        for (_deadline = Clock.Now + GreetingTime; _now < _deadline && _clients.Open > 0 && MaySend;)
            RunOnce();
    }

    private void FinishConnecting(LoadConnection client)
    {
        Fault fault = Handshake.Finish(_kernel, client.Socket);
        if (fault == Fault.None)
            _clients.HandleConnected(client);
        else
            _clients.Fail(client, fault);
    }
}
