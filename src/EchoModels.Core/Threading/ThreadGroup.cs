using System.Runtime.ExceptionServices;
using EchoModels.Connections;
using EchoModels.Posix;

namespace EchoModels.Threading;

/// <summary>The threads of one model: they start one by one and are done, all of them, before the model returns.</summary>
/// <remarks>The first exception of any of them stops the whole crew, and comes out of <see cref="WaitForAll"/>.</remarks>
public sealed class ThreadGroup : IDisposable
{
    /// <summary>The address space a thread's stack may take, in bytes; memory is used only as far as the stack is touched.</summary>
    public const int StackSize = 256 * 1024;

    private readonly CancellationTokenSource _stop;
    private readonly CountdownEvent _busy = new(1);
    private readonly ThreadReaper _wayOut = new();
    private ExceptionDispatchInfo? _failure;
    private bool _left;

    public ThreadGroup(SocketSet sockets, CancellationToken stop)
    {
        // There may be a thread for each socket, and those who are still leaving may have their room.
        if (OperatingSystem.IsLinux() && NativeThread.Count + sockets.Count > NativeThread.Most)
            ThreadReaper.WaitUntilEmpty();

        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        BlockedThreads = new BlockedThreads(sockets, _stop.Token);
    }

    /// <summary>Where its threads take a seat before they sleep; stopping the crew lets go of them.</summary>
    public BlockedThreads BlockedThreads { get; }

    /// <summary>What the crew's threads look at: cancelled when the model is to stop, or one of them has failed.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Starts a thread.</summary>
    /// <exception cref="IOException">The system has no thread to give: see the limits in pthread_create(3).</exception>
    public void Start(Action work)
    {
        _busy.AddCount();
        try
        {
            StartThread(work);
        }
        catch
        {
            _busy.Signal();
            throw;
        }
    }

    /// <summary>Sleeps until the crew is told to stop and its last thread is done.</summary>
    public void WaitForAll()
    {
        _stop.Token.WaitHandle.WaitOne();
        Leave();
        _failure?.Throw();
    }

    public void Dispose()
    {
        Leave();
        BlockedThreads.Dispose();
        _stop.Dispose();
        _busy.Dispose();
    }

    private void Leave()
    {
        if (_left)
            return;

        _left = true;
        _stop.Cancel();
        _busy.Signal();
        _busy.Wait();
        _wayOut.Open();
    }

    private void StartThread(Action work)
    {
        if (OperatingSystem.IsLinux())
        {
            NativeThread.Start(() => Run(work), StackSize);
            return;
        }

        try
        {
            new Thread(() => Run(work), StackSize) { IsBackground = true }.UnsafeStart();
        }
        catch (OutOfMemoryException none)
        {
            throw new IOException("no thread to be had", none);
        }
    }

    /// <returns>Whether the thread is awaited at the way out.</returns>
    private bool Run(Action work)
    {
        try
        {
            work();
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);
            _stop.Cancel();
        }

        if (OperatingSystem.IsLinux() && _stop.IsCancellationRequested)
        {
            _wayOut.Queue(_busy);
            return true;
        }

        _busy.Signal();
        return false;
    }
}
