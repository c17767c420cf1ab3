using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace EchoModels.Tests.Support;

/// <summary>Clients of many tempers, all driven by one thread with a seeded dice, so that traffic goes on while a test switches.</summary>
internal sealed class Clients : IDisposable
{
    private readonly ConcurrentQueue<ClientBehavior> _newcomers = [];
    private readonly List<ClientBehavior> _guests = [];
    private readonly Random _random;
    private readonly Thread _thread;
    private volatile bool _finishing;
    private volatile bool _givenUp;
    private ExceptionDispatchInfo? _failure;

    public Clients(int seed)
    {
        _random = new Random(seed);
        _thread = new Thread(Drive) { IsBackground = true, Name = "crowd" };
        _thread.Start();
    }

    /// <summary>How many have come.</summary>
    public int Count { get; private set; }

    public void Join(ClientBehavior guest)
    {
        Count++;
        _newcomers.Enqueue(guest);
    }

    /// <summary>Lets each say what it has left to say, and hear all that it is owed; demands that every ledger balances.</summary>
    public void Finish()
    {
        _finishing = true;
        _thread.Join();
        _failure?.Throw();
    }

    public void Dispose()
    {
        _givenUp = true;
        _thread.Join();
    }

    private void Drive()
    {
        try
        {
            long progress = Stopwatch.GetTimestamp();
            while (!_givenUp && !(_finishing && _newcomers.IsEmpty && _guests.TrueForAll(guest => guest.HasLeft)))
            {
                if (Round() || !_finishing)
                    progress = Stopwatch.GetTimestamp();
                else if (Stopwatch.GetElapsedTime(progress) > Limit.Generous)
                    throw new TimeoutException($"nobody gets on any more: {string.Join("; ", _guests.Where(guest => !guest.HasLeft))}");
                else
                    Thread.Sleep(1);
            }
        }
        catch (Exception failure)
        {
            _failure = ExceptionDispatchInfo.Capture(failure);
        }
    }

    private bool Round()
    {
        while (_newcomers.TryDequeue(out ClientBehavior? newcomer))
            _guests.Add(newcomer);

        int moved = 0;
        foreach (ClientBehavior guest in _guests)
            moved += guest.HasLeft ? 0 : guest.Step(_random, _finishing);

        if (moved == 0 && !_finishing)
            Thread.Sleep(1);

        return moved > 0;
    }
}
