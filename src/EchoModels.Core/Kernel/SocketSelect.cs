using System.Net.Sockets;

namespace EchoModels.Kernel;

/// <summary>Socket.Select, reported like every other call.</summary>
internal static class SocketSelect
{
    /// <summary>The lists come back with those that are ready.</summary>
    /// <param name="observer">Is told of the call.</param>
    /// <param name="toRead">Asked whether they can be received from, or accepted from.</param>
    /// <param name="toWrite">Asked whether they have room.</param>
    /// <param name="milliseconds">The longest wait; -1 sets no limit.</param>
    /// <returns>How many are ready; 0 when the time is up or a signal came.</returns>
    /// <exception cref="IOException">It failed.</exception>
    public static int Wait(ICallObserver observer, List<Socket> toRead, List<Socket> toWrite, int milliseconds)
    {
        Call call = new(SystemCall.SocketSelect, toRead.Count + toWrite.Count);
        observer.Began(in call);
        int microseconds = milliseconds < 0 ? Timeout.Infinite : (int)Math.Min((long)milliseconds * 1_000, int.MaxValue);
        try
        {
            Socket.Select(toRead, toWrite, null, microseconds);
        }
        catch (SocketException failure)
        {
            observer.Ended(in call, -1, RuntimeKernel.ErrnoOf(failure.SocketErrorCode));
            return failure.SocketErrorCode == SocketError.Interrupted ? 0 : throw new IOException($"Socket.Select: {failure.Message}", failure);
        }

        observer.Ended(in call, toRead.Count + toWrite.Count, 0);
        return toRead.Count + toWrite.Count;
    }
}
