using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace EchoModels.Tests.Support;

/// <summary>Clients of several kinds, all driven by one thread and one seeded random generator: traffic while a test switches.</summary>
internal sealed class Clients : IDisposable
{
    private readonly ConcurrentQueue<ClientBehavior> _added = [];
    private readonly List<ClientBehavior> _clients = [];
    private readonly Random _random;
    private readonly Thread _thread;
    private volatile bool _finishing;
    private volatile bool _cancelled;
    private ExceptionDispatchInfo? _failure;

    public Clients(int seed)
    {
        _random = new Random(seed);
        _thread = new Thread(Drive) { IsBackground = true, Name = "clients" };
        _thread.Start();
    }

    /// <summary>How many were added.</summary>
    public int Count { get; private set; }

    public void Add(ClientBehavior client)
    {
        Count++;
        _added.Enqueue(client);
    }

    /// <summary>Lets each client send what is left and receive everything that is missing; fails unless all of it is right.</summary>
    public void Finish()
    {
        _finishing = true;
        _thread.Join();
        _failure?.Throw();
    }

    public void Dispose()
    {
        _cancelled = true;
        _thread.Join();
    }

    private void Drive()
    {
        try
        {
            long progress = Stopwatch.GetTimestamp();
            while (!_cancelled && !(_finishing && _added.IsEmpty && _clients.TrueForAll(client => client.HasFinished)))
            {
                if (StepAll() || !_finishing)
                    progress = Stopwatch.GetTimestamp();
                else if (Stopwatch.GetElapsedTime(progress) > Limit.Generous)
                    throw new TimeoutException($"no client makes progress: {string.Join("; ", _clients.Where(client => !client.HasFinished))}");
                else
                    Thread.Sleep(1);
            }
        }
        catch (Exception failure)
        {
            _failure = ExceptionDispatchInfo.Capture(failure);
        }
    }

    private bool StepAll()
    {
        while (_added.TryDequeue(out ClientBehavior? added))
            _clients.Add(added);

        int moved = 0;
        foreach (ClientBehavior client in _clients)
            moved += client.HasFinished ? 0 : client.Step(_random, _finishing);

        if (moved == 0 && !_finishing)
            Thread.Sleep(1);

        return moved > 0;
    }
}
