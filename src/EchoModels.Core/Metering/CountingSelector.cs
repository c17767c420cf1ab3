using System.Net.Sockets;
using EchoModels.Selectors;
using EchoModels.Sockets;

namespace EchoModels.Metering;

/// <summary>Counts what a selector is told, how often it is asked, and how often it is woken.</summary>
public sealed class CountingSelector(ISelector selector, Tally tally) : ISelector
{
    public bool CanWatch(Socket socket) => selector.CanWatch(socket);

    public void Add(Socket socket, Interest interest, Token token)
    {
        tally.Add(Counted.Control);
        selector.Add(socket, interest, token);
    }

    public void Modify(Socket socket, Interest interest, Token token)
    {
        tally.Add(Counted.Control);
        selector.Modify(socket, interest, token);
    }

    public void Remove(Socket socket)
    {
        tally.Add(Counted.Control);
        selector.Remove(socket);
    }

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds)
    {
        tally.Add(Counted.Wait);
        return selector.Wait(milliseconds);
    }

    public void Wake()
    {
        tally.Add(Counted.Wake);
        selector.Wake();
    }

    public void Dispose() => selector.Dispose();
}
