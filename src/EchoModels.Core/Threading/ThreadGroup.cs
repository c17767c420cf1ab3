using System.Runtime.ExceptionServices;
using EchoModels.Connections;
using EchoModels.Posix;

namespace EchoModels.Threading;

/// <summary>The threads of one model: they start one by one, and all of them have ended before the model returns.</summary>
/// <remarks>The first exception of any of them stops the whole group, and comes out of <see cref="WaitForAll"/>.</remarks>
public sealed class ThreadGroup : IDisposable
{
    /// <summary>The address space of a thread's stack, in bytes; memory is used only as far as the stack is touched.</summary>
    public const int StackSize = 256 * 1024;

    private readonly SocketSet _sockets;
    private readonly CancellationTokenSource _stop;
    private readonly CountdownEvent _running = new(1);
    private readonly ThreadReaper _reaper = new();
    private ExceptionDispatchInfo? _failure;
    private bool _left;

    /// <param name="sockets">What its threads serve.</param>
    /// <param name="stop">When they are to end.</param>
    /// <param name="threads">How many will be started besides one for each socket.</param>
    public ThreadGroup(SocketSet sockets, CancellationToken stop, int threads = 0)
    {
        // There may be a thread for each socket, and those of an earlier group that are still ending take room of theirs.
        if (OperatingSystem.IsLinux() && NativeThread.Count + sockets.Count + threads > NativeThread.Max)
            ThreadReaper.WaitUntilEmpty();

        _sockets = sockets;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Blocked = new BlockedThreads(sockets, _stop.Token);
    }

    /// <summary>Where its threads register before they sleep; stopping the group interrupts them.</summary>
    public BlockedThreads Blocked { get; }

    /// <summary>What the group's threads look at: cancelled when the model is to stop, or one of them has failed.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Starts a thread.</summary>
    /// <exception cref="IOException">The system gives no thread: see the limits in pthread_create(3).</exception>
    public void Start(Action work)
    {
        _running.AddCount();
        try
        {
            StartThread(work);
        }
        catch
        {
            _running.Signal();
            throw;
        }
    }

    /// <summary>Starts a thread for each of several pieces of work, none of which begins before all the threads have been started.</summary>
    /// <remarks>For acceptors: a model that cannot start has accepted no client.</remarks>
    /// <exception cref="IOException">The system does not give so many threads; none of the work is done.</exception>
    public void StartTogether(IEnumerable<Action> works)
    {
        TaskCompletionSource<bool> allStarted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            foreach (Action work in works)
            {
                Start(() =>
                {
                    if (allStarted.Task.Result)
                        work();
                });
            }

            allStarted.SetResult(true);
        }
        finally
        {
            allStarted.TrySetResult(false); // has no effect if all were started
        }
    }

    /// <summary>Sleeps until the group is to stop and its last thread has finished its work.</summary>
    public void WaitForAll()
    {
        _stop.Token.WaitHandle.WaitOne();
        Leave();
        _failure?.Throw();
    }

    public void Dispose()
    {
        Leave();
        Blocked.Dispose();
        _stop.Dispose();
        _running.Dispose();
    }

    private void Leave()
    {
        if (_left)
            return;

        _left = true;
        _stop.Cancel();
        _running.Signal();
        _running.Wait();
        _reaper.Start();
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
            throw new IOException("the system gives no thread", none);
        }
    }

    /// <returns>Whether the thread waits for the reaper, which joins it.</returns>
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

        _sockets.Kernel.Observer.ThreadEnded();
        if (OperatingSystem.IsLinux() && _stop.IsCancellationRequested)
        {
            _reaper.Wait(_running);
            return true;
        }

        _running.Signal();
        return false;
    }
}
