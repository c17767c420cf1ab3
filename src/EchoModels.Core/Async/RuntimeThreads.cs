namespace EchoModels.Async;

/// <summary>The threads of the runtime's pool and of its timers, started while that is possible: no thread starts without a free descriptor.</summary>
/// <remarks>If the runtime needs one that it cannot start, it ends the process. The program's configuration keeps them alive.</remarks>
internal static class RuntimeThreads
{
    private static readonly Lazy<bool> Started = new(StartAll);

    /// <summary>Starts them, once.</summary>
    public static void Start() => _ = Started.Value;

    private static bool StartAll()
    {
        CountdownEvent started = new(Environment.ProcessorCount);
        for (int i = 0; i < Environment.ProcessorCount; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                all =>
                {
                    all.Signal();
                    all.Wait(); // so that the next one takes another thread
                },
                started,
                preferLocal: false);
        }

        started.Wait();
        return Task.Delay(1).Wait(Timeout.Infinite);
    }
}
