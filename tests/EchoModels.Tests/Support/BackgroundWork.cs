using System.Runtime.ExceptionServices;

namespace EchoModels.Tests.Support;

/// <summary>Something that goes on beside the test; what goes wrong with it comes out when the test waits for it.</summary>
internal sealed class BackgroundWork
{
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;

    private BackgroundWork(Action work)
    {
        _thread = new Thread(() => Run(work)) { IsBackground = true, Name = "errand" };
        _thread.Start();
    }

    /// <summary>Whether it is asleep in a wait or a lock, which is as far as it gets without the test.</summary>
    public bool IsAsleep => _thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin);

    public static BackgroundWork Begin(Action work) => new(work);

    /// <summary>Waits until it is done.</summary>
    public void Done()
    {
        if (!TryDone(Limit.Generous))
            throw new TimeoutException($"what was begun beside the test takes longer than {Limit.Generous.TotalSeconds:0} s");
    }

    /// <summary>Waits until it is done, for a time.</summary>
    public bool TryDone(TimeSpan limit)
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
