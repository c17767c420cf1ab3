using System.Runtime.ExceptionServices;

namespace EchoModels.Tests.Support;

/// <summary>Work on a thread of its own; its exception is thrown again when the test waits for it.</summary>
internal sealed class BackgroundWork
{
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;

    private BackgroundWork(Action work)
    {
        _thread = new Thread(() => Run(work)) { IsBackground = true, Name = "background" };
        _thread.Start();
    }

    /// <summary>Whether its thread is blocked in a wait or a lock.</summary>
    public bool IsWaiting => _thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin);

    public static BackgroundWork Start(Action work) => new(work);

    /// <summary>Waits until it has ended.</summary>
    public void Wait()
    {
        if (!TryWait(Limit.Generous))
            throw new TimeoutException($"the background work takes longer than {Limit.Generous.TotalSeconds:0} s");
    }

    /// <summary>Waits until it has ended, for no longer than a limit.</summary>
    /// <returns>Whether it has ended.</returns>
    public bool TryWait(TimeSpan limit)
    {
        if (!_thread.Join(limit))
            return false;

        _failure?.Throw();
        return true;
    }

    private void Run(Action work)
    {
        try
        {
            work();
        }
        catch (Exception failure)
        {
            _failure = ExceptionDispatchInfo.Capture(failure);
        }
    }
}
