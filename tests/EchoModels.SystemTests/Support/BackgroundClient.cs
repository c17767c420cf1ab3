namespace EchoModels.SystemTests.Support;

/// <summary>A client that sends without end on a thread of its own, and checks every byte that comes back.</summary>
internal sealed class BackgroundClient : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _stop;
    private Exception? _failure;
    private long _bytes;
    private long _messages;

    public BackgroundClient(Client client, int seed)
    {
        _thread = new Thread(() => Run(client, new Random(seed))) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Bytes that were sent and have come back.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Waits until some more messages have come back.</summary>
    public void AwaitMore(int messages)
    {
        long goal = Interlocked.Read(ref _messages) + messages;
        Limit.Until(() => Interlocked.Read(ref _messages) >= goal || _failure is not null, "the messages come back");
        Assert.Null(_failure);
    }

    /// <summary>Stops after the current message; fails if anything was wrong.</summary>
    public void Stop()
    {
        _stop = true;
        Assert.True(_thread.Join(Limit.Generous), "the last message did not come back");
        Assert.Null(_failure);
    }

    public void Dispose() => _stop = true;

    private void Run(Client client, Random random)
    {
        try
        {
            while (!_stop)
            {
                byte[] message = Client.RandomBytes(random, random.Next(1, random.Next(4) == 0 ? 60_000 : 2_000));
                client.Echo(message);
                Interlocked.Add(ref _bytes, message.Length);
                Interlocked.Increment(ref _messages);
            }
        }
        catch (Exception failure)
        {
            _failure = failure;
        }
    }
}
