using System.Runtime.CompilerServices;
using EchoModels.Kernel;

namespace EchoModels.Async;

/// <summary>A receive that is awaited, and reports its end without an allocation.</summary>
/// <param name="receive">The receive under way.</param>
/// <param name="call">What was reported when it began.</param>
/// <param name="observer">Is told of the end.</param>
internal readonly struct ReadableAwaiter(ValueTask<int> receive, Call call, ICallObserver observer) : ICriticalNotifyCompletion
{
    private readonly ValueTaskAwaiter<int> _receive = receive.GetAwaiter();

    /// <summary>If data is always available, the receive completes at once; yield then, so that one busy connection cannot keep the thread.</summary>
    public bool IsCompleted => false;

    public ReadableAwaiter GetAwaiter() => this;

    /// <exception cref="OperationCanceledException">The model stops.</exception>
    public void GetResult()
    {
        int count = _receive.GetResult();
        observer.Ended(in call, count, 0);
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation)
    {
        if (_receive.IsCompleted)
            ThreadPool.UnsafeQueueUserWorkItem(static next => ((Action)next!)(), continuation);
        else
            _receive.UnsafeOnCompleted(continuation);
    }
}
