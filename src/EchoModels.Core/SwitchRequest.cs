using System.Diagnostics;

namespace EchoModels;

/// <summary>A switch under way, and whoever waits for its outcome.</summary>
internal sealed class SwitchRequest(ModelRow from, ModelRow to)
{
    private readonly long _begun = Stopwatch.GetTimestamp();
    private readonly TaskCompletionSource<SwitchReport> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The model to take over.</summary>
    public ModelRow To { get; private set; } = to;

    /// <summary>Whether it is the server's start, and no switch.</summary>
    private bool IsFirst { get; } = from == to;

    /// <summary>Sleeps until the outcome is there.</summary>
    /// <exception cref="SwitchRefusedException">It failed.</exception>
    public SwitchReport Wait() => _outcome.Task.GetAwaiter().GetResult();

    /// <summary>The model could not start. A start goes on with another one, if there is one; a switch has failed.</summary>
    public bool GoesOnWith(ModelRow? back)
    {
        To = IsFirst && back is not null ? back : To;
        return IsFirst && back is not null;
    }

    public void Fail(SwitchRefusedException reason) => _outcome.TrySetException(reason);

    public void Succeed(SwitchReport report) => _outcome.TrySetResult(report);

    /// <summary>What is to be told if it ends now.</summary>
    public SwitchReport Report(int connections) =>
        new(IsFirst ? To.Name : from.Name, To.Name, Stopwatch.GetElapsedTime(_begun).TotalMilliseconds, connections);
}
