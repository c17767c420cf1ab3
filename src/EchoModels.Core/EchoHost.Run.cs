using EchoModels.Events;
using EchoModels.Kernel;

namespace EchoModels;

/// <content>What the models' thread does: one lending after the other, until the host is stopped or no model is left.</content>
public sealed partial class EchoHost
{
    private void Run()
    {
        InheritedSignals.Unblock();
        Exception? last = null;
        Lending? next = _serving;
        while (next is not null)
        {
            try
            {
                Serve(next);
                next = Next();
                last = null;
            }
            catch (Exception failure)
            {
                last = failure;
                next = RollBack(failure);
            }
        }

        if (last is null)
            _ended.SetResult();
        else
            _ended.SetException(last);
    }

    private void Serve(Lending next)
    {
        Lending before;
        CancellationToken stop;
        lock (_gate)
        {
            if (_stopping)
                return;

            if (_stop.IsCancellationRequested)
            {
                _stop.Dispose();
                _stop = new CancellationTokenSource();
            }

            stop = _stop.Token;
            next = _request?.To ?? next; // another switch may have been requested meanwhile
            before = _serving;
            Volatile.Write(ref _serving, next);
        }

        if (!next.ServesLike(before))
        {
            _history.OnBegin();
            Volatile.Write(ref _totalsAtSwitch, _services.Counters.Read());
        }

        _policy.OnBegin();
        _lender.Lend(next, stop);
        _policy.OnStopped(next);
    }

    /// <summary>What to lend to now that the model has stopped as told; null if the host is to end.</summary>
    private Lending? Next()
    {
        SwitchRequest? refused;
        lock (_gate)
        {
            if (!_stopping)
                return _request?.To;

            refused = _request;
        }

        refused?.Fail(IsStopping);
        return null;
    }

    /// <summary>What to lend to now that the model has failed; null if the host is to end.</summary>
    private Lending? RollBack(Exception failure)
    {
        SwitchRequest? refused;
        Lending failed;
        Lending? back;
        bool stopping;
        lock (_gate)
        {
            failed = _serving;
            back = _policy.After(failed);
            _gaveUp = back is null;
            Volatile.Write(ref _serving, back ?? failed);
            refused = _request?.ContinueWith(back) == true ? null : Interlocked.Exchange(ref _request, null);
            stopping = _stopping;
        }

        if (!stopping)
            _services.Events.Publish(new ModelFailed(failed.Model.Name, failure.Message, _policy.HasStarted, back?.Model.Name));

        refused?.Fail(stopping ? IsStopping : new SwitchRefusedException($"{failed.Model.Name} could not start: {failure.Message}", failure));
        return stopping ? null : back;
    }

    private void OnStarted()
    {
        _policy.OnStarted();
        SwitchRequest request;
        lock (_gate)
        {
            // No switch waits; or it is one to another model, requested since this one began, whose turn comes next; or it is refused then.
            if (_request is null || _request.To != _serving || _stopping)
                return;

            request = _request;
            _request = null;
        }

        SwitchReport report = request.Report(_sockets.Count);
        if (request.IsFirst)
            _services.Events.Publish(new Listening([.. _sockets.Listeners.Select(listener => listener.EndPoint)], _serving.Description, _services.Selectors.Current));
        else if (!request.IsForObserver)
            OnSwitched(report);

        request.Succeed(report);
    }

    private void OnSwitched(SwitchReport report)
    {
        _history.Add(report);
        _services.Events.Publish(new Switched(
            report.FromInWords, report.ToInWords, _services.Selectors.Current, report.PauseMs, report.Connections));
    }
}
