using System.Net.Sockets;

namespace EchoModels.Kernel;

/// <summary>Counts what a selector tells the kernel, how often it asks it, and how often it is woken.</summary>
public sealed class CountingSelector : ISelector
{
    private readonly ISelector _selector;
    private readonly CallCounters _counters;

    public CountingSelector(ISelector selector, CallCounters counters)
    {
        _selector = selector;
        _counters = counters;
        CountChange(); // its bell, which each watches from the beginning
    }

    public bool TellsKernel => _selector.TellsKernel;

    public bool CanWatch(Socket socket) => _selector.CanWatch(socket);

    public void Add(Socket socket, Interest interest, Token token)
    {
        CountChange();
        _selector.Add(socket, interest, token);
    }

    public void Modify(Socket socket, Interest interest, Token token)
    {
        CountChange();
        _selector.Modify(socket, interest, token);
    }

    public void Remove(Socket socket)
    {
        CountChange();
        _selector.Remove(socket);
    }

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        _counters.Add(Counter.Wait);
        return _selector.Wait(milliseconds);
    }

    public bool Wake()
    {
        bool called = _selector.Wake();
        if (called)
            _counters.Add(Counter.Wake);

        return called;
    }

    public void Dispose() => _selector.Dispose();

    private void CountChange()
    {
        if (_selector.TellsKernel)
            _counters.Add(Counter.Control);
    }
}
