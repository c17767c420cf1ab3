using EchoModels.Kernel;

namespace EchoModels.Tests.Simulation;

/// <summary>The last calls of a simulation for people, and all of them as one number, to compare two runs.</summary>
internal sealed class CallLog(SimulatedTime time) : ICallObserver
{
    private const int Kept = 25;

    private readonly Queue<(long At, Call Call, long Result, int Errno)> _last = new(Kept);

    /// <summary>How many calls there have been.</summary>
    public long Count { get; private set; }

    /// <summary>Depends on every call, its time and its result.</summary>
    public long Digest { get; private set; }

    /// <summary>The last calls: the time, the call, its descriptor with slot and generation, its argument, result and errno.</summary>
    public IEnumerable<string> Lines => _last.Select(one =>
    {
        SocketHandle socket = one.Call.Socket;
        string errno = one.Errno == 0 ? "" : $" errno {one.Errno}";
        string call = $"{one.Call.Kind} {socket.Number} ({socket.Token.Slot}.{socket.Token.Generation}), {one.Call.Argument}";
        return $"  {one.At,9} us  {call} = {one.Result}{errno}";
    });

    public void Began(in Call call)
    {
        // What it returns is told when it ends.
    }

    public void Ended(in Call call, long result, int errno)
    {
        Count++;
        foreach (long value in (ReadOnlySpan<long>)[time.Now, (long)call.Kind, call.Socket.Number, call.Argument, result, errno])
            Digest = (Digest ^ value) * 0x100000001B3; // FNV-1a

        if (_last.Count == Kept)
            _last.Dequeue();

        _last.Enqueue((time.Now, call, result, errno));
    }

    public void ThreadEnded()
    {
        // There is one thread.
    }
}
