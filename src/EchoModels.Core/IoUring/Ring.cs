using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>io_uring(7): two rings in memory that the program shares with the kernel; requests go in by one, completions come out by the other.</summary>
/// <remarks>
/// It belongs to the thread that makes it, except for <see cref="Wake"/>. One call, io_uring_enter(2), both hands over all requests that
/// have gathered and sleeps for completions. <see cref="InFlight"/> counts what the kernel still works on; only when that is 0 may the
/// memory be freed that requests refer to.
/// </remarks>
internal sealed unsafe class Ring : IDisposable
{
    private readonly LinuxKernel _kernel;
    private readonly FileDescriptor _ring;
    private readonly RingMemory _memory;
    private readonly int _registered = -1;
    private readonly Waker _waker;
    private readonly TimeSpan _spin;
    private uint _submissionTail;
    private uint _completionHead;

    /// <summary>Sets up a ring with its buffers, and enters it once: if the system refuses any of it, it refuses now.</summary>
    /// <param name="settings">How large, and with which flags.</param>
    /// <param name="kernel">Makes the calls.</param>
    /// <param name="reply">What needs headroom in the buffers.</param>
    /// <exception cref="IOException">The kernel or a sandbox refuses; the message names call, error and likely reason.</exception>
    public Ring(RingSettings settings, LinuxKernel kernel, Reply reply)
    {
        _kernel = kernel;
        _spin = settings.Spin;
        _ring = Open(kernel, settings, out RingParameters parameters);
        try
        {
            _memory = new RingMemory(_ring, parameters);
            _waker = new Waker(kernel);
            _registered = RegisterItself();
            Enter(atLeast: 0);
            Buffers = new BufferRing(this, settings, reply);
            this.PollWaker(_waker.Socket);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Requests that have not got their last completion.</summary>
    public int InFlight { get; private set; }

    /// <summary>How many completions the kernel may have ready before the first is reaped.</summary>
    public int MaxCompletions => (int)_memory.CompletionMask + 1;

    /// <summary>What the kernel receives into.</summary>
    public BufferRing Buffers { get; }

    /// <summary>The socket that becomes readable when the ring is woken.</summary>
    public SocketHandle Waker => _waker.Socket;

    private bool HasCompletions => Volatile.Read(ref *_memory.CompletionTail) != _completionHead;

    /// <summary>Whether entering the ring would bring completions: a read of memory, no call.</summary>
    private bool HasWork =>
        HasCompletions || (Volatile.Read(ref *_memory.Flags) & (Uring.IORING_SQ_TASKRUN | Uring.IORING_SQ_CQ_OVERFLOW)) != 0;

    /// <summary>A new request, to be filled in; the kernel sees it at the next <see cref="Enter"/>.</summary>
    /// <param name="kind">What is requested; comes back in the completion.</param>
    /// <param name="token">The socket's token; comes back in the completion.</param>
    /// <param name="argument">For the observer: see <see cref="SystemCall"/>.</param>
    public ref Submission Next(RequestKind kind, Token token, long argument = 0)
    {
        if (Unsubmitted == _memory.SubmissionCount)
            SubmitAll();

        ref Submission submission = ref _memory.Submissions[_submissionTail++ & _memory.SubmissionMask];
        submission = default;
        submission.UserData = Completion.UserData(kind, token);
        InFlight++;
        _kernel.Observer.Began(CallOf(kind, token, argument));
        return ref submission;
    }

    /// <summary>Hands over the requests that have gathered, and waits for a completion: at first without sleeping, if it is to spin.</summary>
    /// <param name="milliseconds">The longest sleep; <see cref="Timeout.Infinite"/> sets no limit.</param>
    public void Wait(int milliseconds)
    {
        if (_spin > TimeSpan.Zero)
        {
            Enter(atLeast: 0);
            long begun = Stopwatch.GetTimestamp();
            while (!HasWork && Stopwatch.GetElapsedTime(begun) < _spin)
                Thread.SpinWait(1);
        }

        if (!HasCompletions)
            Enter(atLeast: 1, milliseconds);
    }

    /// <summary>Hands over the requests that have gathered, and sleeps until there are so many completions, or the time is up.</summary>
    /// <param name="atLeast">How many completions to sleep for; 0 only collects those that are there.</param>
    /// <param name="milliseconds">The longest sleep; <see cref="Timeout.Infinite"/> sets no limit.</param>
    /// <exception cref="IOException">The call failed for another reason than a signal or a lack of room.</exception>
    public void Enter(uint atLeast, int milliseconds = Timeout.Infinite)
    {
        Volatile.Write(ref *_memory.CompletionHead, _completionHead);
        Volatile.Write(ref *_memory.SubmissionTail, _submissionTail);

        KernelTime limit = new() { Seconds = milliseconds / 1000, Nanoseconds = milliseconds % 1000 * 1_000_000L };
        WaitArgument argument = new() { Limit = (nint)(&limit) };
        bool hasLimit = milliseconds >= 0;

        // GETEVENTS also brings over what the kernel had to keep when the completion ring was full: nothing is ever dropped.
        uint flags = Uring.IORING_ENTER_GETEVENTS | Uring.IORING_ENTER_REGISTERED_RING | (hasLimit ? Uring.IORING_ENTER_EXT_ARG : 0);
        int result = _kernel.UringEnter(_registered, Unsubmitted, atLeast, flags, hasLimit ? &argument : null);

        // EBUSY, EAGAIN: no room for completions, no memory for requests. After those that are there have been reaped, it can be tried again.
        if (result < 0 && Marshal.GetLastPInvokeError() is not (Errno.EINTR or Errno.ETIME or Errno.EBUSY or Errno.EAGAIN))
            throw RingSupport.Refusal("io_uring_enter");
    }

    /// <summary>Reaps the next completion, if there is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryReap(out Completion completion)
    {
        if (_completionHead == Volatile.Read(ref *_memory.CompletionTail))
        {
            completion = default;
            return false;
        }

        CompletionEntry entry = _memory.Completions[_completionHead++ & _memory.CompletionMask];
        completion = new Completion(entry.UserData, entry.Result, entry.Flags);
        if (!completion.HasMore)
            InFlight--;

        _kernel.Observer.Ended(CallOf(completion.Kind, completion.Token, 0), Math.Max(-1, completion.Result), completion.Error);
        return true;
    }

    /// <summary>Registers a ring of buffers as the group 0.</summary>
    public void Register(ref BufferRegistration buffers)
    {
        fixed (BufferRegistration* argument = &buffers)
        {
            if (_kernel.UringRegister(_ring, Uring.IORING_REGISTER_PBUF_RING, argument, 1) < 0)
                throw RingSupport.Refusal("io_uring_register");
        }
    }

    /// <summary>Takes the wake-up out, and asks to be told of the next one; called when its request has completed.</summary>
    public void ResetWaker()
    {
        _waker.Reset();
        this.PollWaker(_waker.Socket);
    }

    /// <summary>Ends the wait under way, or else the next one, from any thread.</summary>
    public void Wake() => _waker.Wake();

    public void Dispose()
    {
        // As long as the thread has the ring registered, closing its descriptor would not end it.
        RingRegistration registration = new() { Index = (uint)_registered };
        _ = _kernel.UringRegister(_ring, Uring.IORING_UNREGISTER_RING_FDS, &registration, 1);
        _kernel.Close(_ring);
        _memory?.Dispose();
        _waker?.Dispose();
        Buffers?.Dispose();
    }

    private uint Unsubmitted => _submissionTail - Volatile.Read(ref *_memory.SubmissionHead);

    private void SubmitAll()
    {
        Enter(atLeast: 0);
        if (Unsubmitted == _memory.SubmissionCount)
            throw new IOException("io_uring_enter: the kernel takes no more requests");
    }

    private static Call CallOf(RequestKind kind, Token token, long argument) => new(
        kind switch
        {
            RequestKind.Accept => SystemCall.UringAccept,
            RequestKind.Receive => SystemCall.UringReceive,
            RequestKind.Send or RequestKind.SendUnsent => SystemCall.UringSend,
            RequestKind.Wake => SystemCall.UringPoll,
            _ => SystemCall.UringCancel,
        },
        new SocketHandle(-1, token),
        argument);

    private static FileDescriptor Open(LinuxKernel kernel, RingSettings settings, out RingParameters parameters)
    {
        FileDescriptor ring = new(-1);
        parameters = default;
        foreach (uint flags in settings.SetupFlags)
        {
            parameters = new RingParameters { CompletionEntries = settings.Completions };
            parameters.Flags = flags | Uring.IORING_SETUP_CQSIZE | Uring.IORING_SETUP_SUBMIT_ALL
                | (settings.Spin > TimeSpan.Zero ? Uring.IORING_SETUP_TASKRUN_FLAG : 0);
            ring = kernel.UringSetup(settings.Submissions, ref parameters);
            if (!ring.IsInvalid || Marshal.GetLastPInvokeError() != Errno.EINVAL)
                break;
        }

        return ring.IsInvalid ? throw RingSupport.Refusal("io_uring_setup") : ring;
    }

    /// <summary>Lets the kernel find the ring by an index of this thread's, which saves a look-up at each call.</summary>
    private int RegisterItself()
    {
        bool added = false;
        try
        {
            _ring.DangerousAddRef(ref added);
            RingRegistration registration = new() { Index = uint.MaxValue, Descriptor = (ulong)_ring.DangerousGetHandle() };
            if (_kernel.UringRegister(_ring, Uring.IORING_REGISTER_RING_FDS, &registration, 1) < 0)
                throw RingSupport.Refusal("io_uring_register");

            return (int)registration.Index;
        }
        finally
        {
            if (added)
                _ring.DangerousRelease();
        }
    }
}
