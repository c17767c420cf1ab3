namespace EchoModels.Kernel;

/// <summary>Several observers as one.</summary>
/// <param name="observers">Told in this order.</param>
public sealed class CallObservers(params IReadOnlyList<ICallObserver> observers) : ICallObserver
{
    private readonly ICallObserver[] _observers = [.. observers];

    public void Began(in Call call)
    {
        foreach (ICallObserver observer in _observers)
            observer.Began(in call);
    }

    public void Ended(in Call call, long result, int errno)
    {
        foreach (ICallObserver observer in _observers)
            observer.Ended(in call, result, errno);
    }

    public void ThreadEnded()
    {
        foreach (ICallObserver observer in _observers)
            observer.ThreadEnded();
    }
}
