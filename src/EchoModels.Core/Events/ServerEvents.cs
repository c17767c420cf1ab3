namespace EchoModels.Events;

/// <summary>Everything that happens in the server, in one order, to any number of subscribers.</summary>
/// <remarks>
/// To publish never blocks and never throws: each subscriber has a bounded queue and a thread of its own. Events beyond the queue are
/// dropped and counted; a handler that throws misses that event and gets the next. Publish outside every lock.
/// </remarks>
public sealed class ServerEvents
{
    private readonly Lock _gate = new();
    private volatile Subscription[] _subscriptions = [];

    /// <summary>Whether an event that is published now reaches a subscriber: else it need not be made.</summary>
    public bool HasSubscribers => _subscriptions.Length > 0;

    /// <summary>Subscribes from now on, until the subscription is disposed of.</summary>
    /// <param name="name">The name of its thread.</param>
    /// <param name="handler">Gets one event after the other, on that thread.</param>
    /// <param name="capacity">How many events may wait for it.</param>
    public Subscription Subscribe(string name, Action<ServerEvent> handler, int capacity = 10_000)
    {
        Subscription subscription = new(name, handler, capacity, Remove);
        lock (_gate)
            _subscriptions = [.. _subscriptions, subscription];

        return subscription;
    }

    /// <summary>Hands an event to every subscriber.</summary>
    public void Publish(ServerEvent happened)
    {
        foreach (Subscription subscription in _subscriptions)
            subscription.Post(happened);
    }

    private void Remove(Subscription subscription)
    {
        lock (_gate)
            _subscriptions = [.. _subscriptions.Where(other => other != subscription)];
    }
}
