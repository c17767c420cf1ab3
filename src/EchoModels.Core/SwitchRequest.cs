using System.Diagnostics;

namespace EchoModels;

/// <summary>A switch under way, and the outcome that its caller waits for.</summary>
internal sealed class SwitchRequest(Lending from, Lending to)
{
    private readonly long _begun = Stopwatch.GetTimestamp();
    private readonly TaskCompletionSource<SwitchReport> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What is to serve.</summary>
    public Lending To { get; private set; } = to;

    /// <summary>Whether it is the server's start, and no switch.</summary>
    public bool IsFirst { get; } = from == to;

    /// <summary>Whether only the observer changes: the model serves on alike.</summary>
    public bool IsForObserver => from.ServesLike(To);

    /// <summary>Sleeps until the outcome is there.</summary>
    /// <exception cref="SwitchRefusedException">It failed.</exception>
    public SwitchReport Wait() => _outcome.Task.GetAwaiter().GetResult();

    /// <summary>The model could not start. A start goes on with another one, if there is one; a switch has failed.</summary>
    public bool ContinueWith(Lending? back)
    {
        To = IsFirst && back is not null ? back : To;
        return IsFirst && back is not null;
    }

    public void Fail(SwitchRefusedException reason) => _outcome.TrySetException(reason);

    public void Succeed(SwitchReport report) => _outcome.TrySetResult(report);

    /// <summary>The report if it ends now.</summary>
    public SwitchReport Report(int connections)
    {
        Lending before = IsFirst ? To : from;
        return SwitchReport.Of(before, To, Stopwatch.GetElapsedTime(_begun).TotalMilliseconds, connections);
    }
}
