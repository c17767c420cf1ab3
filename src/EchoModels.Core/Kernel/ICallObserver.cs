namespace EchoModels.Kernel;

/// <summary>Watches every call that a model causes: counters always, a trace only while it is shown.</summary>
/// <remarks>
/// The kernel that makes a call reports it once, on the thread that makes it. An observer must not throw and must not allocate on the
/// path of a message. It may block in <see cref="Began"/>: that is how a step gate works.
/// </remarks>
public interface ICallObserver
{
    /// <summary>The calling thread is about to make a call.</summary>
    void Began(in Call call);

    /// <summary>The call has returned.</summary>
    /// <param name="call">The same as in <see cref="Began"/>.</param>
    /// <param name="result">What it returned; -1 when it failed.</param>
    /// <param name="errno">Why it failed, as on Linux; 0 when it did not. See errno(3).</param>
    void Ended(in Call call, long result, int errno);

    /// <summary>The calling thread makes no more calls.</summary>
    void ThreadEnded();
}
