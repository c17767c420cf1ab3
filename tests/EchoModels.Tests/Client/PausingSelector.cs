using EchoModels.Kernel;

namespace EchoModels.Tests.Client;

/// <summary>A selector whose waits may be interrupted: they return no event then, as epoll_wait(2) does after SIGSTOP and SIGCONT.</summary>
/// <param name="selector">The selector.</param>
/// <param name="pause">Called before each wait; returns whether the wait is interrupted.</param>
internal sealed class PausingSelector(ISelector selector, Func<bool> pause) : ISelector
{
    public void Add(SocketHandle socket, Interest interest) => selector.Add(socket, interest);

    public void Modify(SocketHandle socket, Interest interest) => selector.Modify(socket, interest);

    public void Remove(SocketHandle socket) => selector.Remove(socket);

    public ReadOnlySpan<ReadyEvent> Wait(int milliseconds) => pause() ? [] : selector.Wait(milliseconds);

    public void Wake() => selector.Wake();

    public void Dispose()
    {
    }
}
