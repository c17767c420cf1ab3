using System.Net.Sockets;
using EchoModels.Kernel;

namespace EchoModels.Async;

/// <content>How the sockets of a set are given to the runtime without a wake-up for each.</content>
internal sealed partial class AsyncSockets
{
    /// <summary>Runs something on the thread that waits in the runtime's epoll, and returns when it is done.</summary>
    /// <remarks>
    /// A socket that joins that epoll is ready at once, as it has room to send (EPOLLOUT). With a thousand that join, the thread would be
    /// woken a thousand times, and take the processor from the thread that adds them. While it adds them itself, it is not woken.
    /// </remarks>
    public void RunOnRuntimeThread(Action action)
    {
        if (!TryRunOnRuntimeThread(action))
            action(); // it takes longer, and that is all
    }

    /// <returns>False if that thread cannot be reached: no descriptor is free, or the datagram is refused; then nothing was run.</returns>
    private bool TryRunOnRuntimeThread(Action action)
    {
        using Waker? waker = OperatingSystem.IsLinux() ? TryOpenWaker() : null;
        if (waker is null)
            return false;

        using CancellationTokenSource refused = new();
        Task<bool> done = RunWhenWoken(_objects[waker.Socket], action, refused.Token);
        _sockets.Kernel.Send(waker.Socket, [0], out SocketError error);
        if (error != SocketError.Success)
            refused.Cancel();

        return done.GetAwaiter().GetResult();
    }

    private Waker? TryOpenWaker()
    {
        try
        {
            return new Waker(_sockets.Kernel);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>What follows the await runs on the thread that has received.</summary>
    private static async Task<bool> RunWhenWoken(Socket waker, Action action, CancellationToken refused)
    {
        PreferInline?.Invoke(waker, true);
        try
        {
            await waker.ReceiveAsync(new byte[1], refused);
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        action();
        return true;
    }
}
