using System.Runtime.ExceptionServices;
using EchoModels.Posix;
using EchoModels.Sockets;

namespace EchoModels.Blocking;

/// <summary>The threads of one model: they start one by one and are gone, all of them, before the model returns.</summary>
/// <remarks>The first exception of any of them stops the whole crew, and comes out of <see cref="WaitForAll"/>.</remarks>
public sealed class Crew : IDisposable
{
    /// <summary>The address space a thread's stack may take, in bytes; memory is used only as far as the stack is touched.</summary>
    public const int StackSize = 256 * 1024;

    private readonly CancellationTokenSource _stop;
    private readonly CountdownEvent _alive = new(1);
    private ExceptionDispatchInfo? _failure;
    private bool _left;

    public Crew(SocketSet sockets, CancellationToken stop)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Sleepers = new Sleepers(sockets, _stop.Token);
    }

    /// <summary>Where its threads take a seat before they sleep; stopping the crew lets go of them.</summary>
    public Sleepers Sleepers { get; }

    /// <summary>What the crew's threads look at: cancelled when the model is to stop, or one of them has failed.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Starts a thread.</summary>
    /// <exception cref="IOException">The system has no thread to give: see the limits in pthread_create(3).</exception>
    public void Start(Action work)
    {
        _alive.AddCount();
        try
        {
            StartThread(() => Run(work));
        }
        catch
        {
            _alive.Signal();
            throw;
        }
    }

    /// <summary>Sleeps until the crew is told to stop and its last thread has left.</summary>
    public void WaitForAll()
    {
        _stop.Token.WaitHandle.WaitOne();
        Leave();
        _failure?.Throw();
    }

    public void Dispose()
    {
        Leave();
        Sleepers.Dispose();
        _stop.Dispose();
        _alive.Dispose();
    }

    private void Leave()
    {
        if (_left)
            return;

        _left = true;
        _stop.Cancel();
        _alive.Signal();
        _alive.Wait();
    }

    private static void StartThread(Action work)
    {
        if (OperatingSystem.IsLinux())
        {
            NativeThread.Start(work, StackSize);
            return;
        }

        try
        {
            new Thread(() => work(), StackSize) { IsBackground = true }.UnsafeStart();
        }
        catch (OutOfMemoryException none)
        {
            throw new IOException("no thread to be had", none);
        }
    }

    private void Run(Action work)
    {
        try
        {
            work();
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);
            _stop.Cancel();
        }
        finally
        {
            _alive.Signal();
        }
    }
}
