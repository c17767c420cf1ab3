namespace EchoModels.Cli.Serving;

/// <summary>Calls a method once, at a time that can be set anew, on a thread of its own.</summary>
/// <remarks>
/// A Timer needs threads of the runtime, which starts them when it needs them first; where no descriptor is free by then, it ends the
/// process. This thread is there from the start, and sleeps while no time is set.
/// </remarks>
internal sealed class Alarm : IDisposable
{
    private const long Never = long.MaxValue;

    private readonly AutoResetEvent _changed = new(false);
    private readonly Action _action;
    private long _due = Never;
    private volatile bool _disposed;

    public Alarm(string name, Action action)
    {
        _action = action;
        new Thread(Run) { Name = name, IsBackground = true }.Start();
    }

    /// <summary>Sets the time, instead of one that was set before.</summary>
    /// <param name="milliseconds">How long from now.</param>
    public void Set(long milliseconds)
    {
        Interlocked.Exchange(ref _due, Environment.TickCount64 + milliseconds);
        _changed.Set();
    }

    /// <summary>Ends the thread; a call that is under way comes to its end.</summary>
    public void Dispose()
    {
        _disposed = true;
        _changed.Set(); // not disposed of: the thread waits for it
    }

    private void Run()
    {
        while (!_disposed)
        {
            long due = Interlocked.Read(ref _due);
            long left = due - Environment.TickCount64;
            if (due == Never)
                _changed.WaitOne();
            else if (left > 0)
                _changed.WaitOne((int)Math.Min(left, int.MaxValue));
            else if (Interlocked.CompareExchange(ref _due, Never, due) == due)
                _action();
        }
    }
}
