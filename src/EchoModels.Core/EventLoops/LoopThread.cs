using System.Collections.Concurrent;
using EchoModels.Connections;
using EchoModels.Threading;

namespace EchoModels.EventLoops;

/// <summary>One event loop on a thread of its own, with an inbox for the sockets that another thread posts to it.</summary>
/// <param name="newLoop">Makes the loop, on its thread: an io_uring obeys no other.</param>
/// <param name="onAccepted">What the loop does with an accepted connection.</param>
/// <param name="threads">Where its thread belongs.</param>
internal sealed class LoopThread(Func<IEventLoop> newLoop, Action<Connection> onAccepted, ThreadGroup threads)
{
    private readonly ConcurrentQueue<EventSource> _inbox = new();
    private readonly TaskCompletionSource<bool> _started = new();
    private readonly Lock _gate = new();
    private IEventLoop? _loop;

    /// <summary>Hands it a socket to serve, from any thread.</summary>
    public void Post(EventSource socket)
    {
        _inbox.Enqueue(socket);
        lock (_gate)
            _loop?.Wake();
    }

    /// <summary>Starts its thread, and waits until that serves what is in the inbox; false if it failed, which stops the group.</summary>
    public bool Start()
    {
        threads.Start(Run);
        return _started.Task.Result;
    }

    private void Run()
    {
        try
        {
            using IEventLoop loop = newLoop();
            using CancellationTokenRegistration wake = threads.Stop.Register(loop.Wake);
            loop.OnAccepted = onAccepted;
            Run(loop);
        }
        finally
        {
            _started.TrySetResult(false); // has no effect if it did start
        }
    }

    private void Run(IEventLoop loop)
    {
        SetLoop(loop);
        try
        {
            DrainInbox(loop);
            _started.SetResult(true);
            while (!threads.Stop.IsCancellationRequested)
            {
                loop.RunOnce();
                DrainInbox(loop);
            }
        }
        finally
        {
            SetLoop(null); // another thread may still post when this loop is being disposed of
        }
    }

    private void DrainInbox(IEventLoop loop)
    {
        while (_inbox.TryDequeue(out EventSource? socket))
            loop.Add(socket);
    }

    private void SetLoop(IEventLoop? loop)
    {
        lock (_gate)
            _loop = loop;
    }
}
