using System.Runtime.ExceptionServices;

namespace EchoModels.Async;

/// <summary>The tasks of one model: they start one by one and are over, all of them, before the model returns.</summary>
/// <remarks>The first exception of any of them stops the whole crew, and comes out of <see cref="WaitForAll"/>.</remarks>
internal sealed class TaskGroup : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly CountdownEvent _running = new(1);
    private ExceptionDispatchInfo? _failure;
    private bool _left;

    public TaskGroup(CancellationToken stop) => _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);

    /// <summary>What the tasks pass on to whatever they await: cancelled when the model is to stop, or one of them has failed.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Begins a task, on this thread as far as it goes without waiting.</summary>
    public void Start(Func<Task> work)
    {
        _running.AddCount();
        _ = Run(work);
    }

    /// <summary>Sleeps until the crew is told to stop and its last task is over.</summary>
    public void WaitForAll()
    {
        _stop.Token.WaitHandle.WaitOne();
        Leave();
        _failure?.Throw();
    }

    public void Dispose()
    {
        Leave();
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
    }

    private async Task Run(Func<Task> work)
    {
        // A task that was cancelled has done as it was told. Looking at it instead of catching saves an exception each.
        Task task = work();
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (task.IsFaulted)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(task.Exception.InnerException!), null);
            await _stop.CancelAsync();
        }

        _running.Signal();
    }
}
