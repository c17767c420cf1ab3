using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EchoModels.Connections;
using EchoModels.Kernel;
using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>io_uring(7): two rings in memory that we share with the kernel; requests go in by one, answers come out by the other.</summary>
/// <remarks>
/// It belongs to the thread that makes it, except for <see cref="Wake"/>. One call, io_uring_enter(2), both hands over all requests
/// that have gathered and sleeps for answers. <see cref="InFlight"/> knows what the kernel still works on; only when that is
/// nothing may the memory be freed that requests speak of.
/// </remarks>
internal sealed unsafe class Ring : IDisposable
{
    private readonly CallCounters _counters;
    private readonly RingCounters _answers;
    private readonly FileDescriptor _ring;
    private readonly RingMemory _memory;
    private readonly int _registered = -1;
    private readonly Waker _bell;
    private readonly TimeSpan _spin;
    private uint _submissionTail;
    private uint _completionHead;

    /// <summary>Sets up a ring with its buffers, and enters it once: whoever refuses any of it refuses now.</summary>
    /// <param name="settings">How large, and how the kernel is asked.</param>
    /// <param name="counters">Where its calls and what they did are counted.</param>
    /// <param name="reply">What is to have room in the buffers.</param>
    /// <exception cref="IOException">The kernel or a sandbox refuses; the message names call, error and likely reason.</exception>
    public Ring(RingSettings settings, CallCounters counters, Reply reply)
    {
        _counters = counters;
        _answers = new RingCounters(counters);
        _spin = settings.Spin;
        _ring = Open(settings, out RingParameters parameters);
        try
        {
            _memory = new RingMemory(_ring, parameters);
            _bell = new Waker();
            _registered = RegisterItself();
            Enter(atLeast: 0);
            Buffers = new BufferRing(this, settings, reply);
            this.Watch(_bell.Socket);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Requests that have not got their last answer.</summary>
    public int InFlight { get; private set; }

    /// <summary>How many answers the kernel may have ready before we take the first.</summary>
    public int AnswersAtOnce => (int)_memory.CompletionMask + 1;

    /// <summary>What the kernel receives into.</summary>
    public BufferRing Buffers { get; }

    /// <summary>The socket that tells when somebody wakes the ring.</summary>
    public Socket Bell => _bell.Socket;

    private bool HasAnswers => Volatile.Read(ref *_memory.CompletionTail) != _completionHead;

    /// <summary>Whether entering the ring would bring answers: a look into memory, no call.</summary>
    private bool HasNews =>
        HasAnswers || (Volatile.Read(ref *_memory.Flags) & (Uring.IORING_SQ_TASKRUN | Uring.IORING_SQ_CQ_OVERFLOW)) != 0;

    /// <summary>A new request, to be filled in; the kernel sees it at the next <see cref="Enter"/>.</summary>
    /// <param name="kind">What is asked, for the answer.</param>
    /// <param name="token">The socket's token, for the answer.</param>
    public ref Submission Next(RequestKind kind, Token token = default)
    {
        if (Unsubmitted == _memory.SubmissionCount)
            MakeRoom();

        ref Submission submission = ref _memory.Submissions[_submissionTail++ & _memory.SubmissionMask];
        submission = default;
        submission.UserData = Completion.UserData(kind, token);
        InFlight++;
        return ref submission;
    }

    /// <summary>Hands over the requests that have gathered, and waits for an answer: at first awake, if it is to spin.</summary>
    /// <param name="milliseconds">The longest sleep; <see cref="Timeout.Infinite"/> sets no limit.</param>
    public void Wait(int milliseconds)
    {
        if (_spin > TimeSpan.Zero)
        {
            Enter(atLeast: 0);
            long begun = Stopwatch.GetTimestamp();
            while (!HasNews && Stopwatch.GetElapsedTime(begun) < _spin)
                Thread.SpinWait(1);
        }

        if (!HasAnswers)
            Enter(atLeast: 1, milliseconds);
    }

    /// <summary>Hands over the requests that have gathered, and sleeps until there are so many answers, or the time is up.</summary>
    /// <param name="atLeast">How many answers to sleep for; 0 only collects those that are there.</param>
    /// <param name="milliseconds">The longest sleep; <see cref="Timeout.Infinite"/> sets no limit.</param>
    /// <exception cref="IOException">The call failed for another reason than a signal or a lack of room.</exception>
    public void Enter(uint atLeast, int milliseconds = Timeout.Infinite)
    {
        _counters.Add(Counter.Enter);
        _answers.Report();
        Volatile.Write(ref *_memory.CompletionHead, _completionHead);
        Volatile.Write(ref *_memory.SubmissionTail, _submissionTail);

        KernelTime limit = new() { Seconds = milliseconds / 1000, Nanoseconds = milliseconds % 1000 * 1_000_000L };
        WaitArgument argument = new() { Limit = (nint)(&limit) };
        bool hasLimit = milliseconds >= 0;

        // GETEVENTS also brings over what the kernel had to keep when the ring of answers was full: nothing is ever dropped.
        uint flags = Uring.IORING_ENTER_GETEVENTS | Uring.IORING_ENTER_REGISTERED_RING | (hasLimit ? Uring.IORING_ENTER_EXT_ARG : 0);
        int result = Uring.Enter(_registered, Unsubmitted, atLeast, flags, hasLimit ? &argument : null);

        // EBUSY, EAGAIN: no room for answers, no memory for requests. Who has taken the answers that are there may ask again.
        if (result < 0 && Marshal.GetLastPInvokeError() is not (Errno.EINTR or Errno.ETIME or Errno.EBUSY or Errno.EAGAIN))
            throw RingSupport.Refusal("io_uring_enter");
    }

    /// <summary>Takes the next answer, if there is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(out Completion answer)
    {
        if (_completionHead == Volatile.Read(ref *_memory.CompletionTail))
        {
            answer = default;
            return false;
        }

        CompletionEntry entry = _memory.Completions[_completionHead++ & _memory.CompletionMask];
        answer = new Completion(entry.UserData, entry.Result, entry.Flags);
        if (!answer.HasMore)
            InFlight--;

        _answers.Note(answer);
        return true;
    }

    /// <summary>Registers a ring of buffers as the group 0.</summary>
    public void Register(ref BufferRegistration buffers)
    {
        fixed (BufferRegistration* argument = &buffers)
        {
            if (Uring.Register(_ring, Uring.IORING_REGISTER_PBUF_RING, argument, 1) < 0)
                throw RingSupport.Refusal("io_uring_register");
        }
    }

    /// <summary>Makes the bell tell again when somebody wakes the ring; called when it has told.</summary>
    public void WatchBell()
    {
        _bell.Reset();
        this.Watch(_bell.Socket);
    }

    /// <summary>Ends the wait under way, or else the next one, from any thread.</summary>
    public void Wake()
    {
        if (_bell.Wake())
            _counters.Add(Counter.Wake);
    }

    public void Dispose()
    {
        _answers.Report();

        // As long as the thread has the ring registered, closing its descriptor would not end it.
        RingRegistration registration = new() { Index = (uint)_registered };
        _ = Uring.Register(_ring, Uring.IORING_UNREGISTER_RING_FDS, &registration, 1);
        _ring.Dispose();
        _memory?.Dispose();
        _bell?.Dispose();
        Buffers?.Dispose();
    }

    private uint Unsubmitted => _submissionTail - Volatile.Read(ref *_memory.SubmissionHead);

    private void MakeRoom()
    {
        Enter(atLeast: 0);
        if (Unsubmitted == _memory.SubmissionCount)
            throw new IOException("io_uring_enter: the kernel takes no more requests");
    }

    private static FileDescriptor Open(RingSettings settings, out RingParameters parameters)
    {
        FileDescriptor ring = new();
        parameters = default;
        foreach (uint way in settings.Ways)
        {
            parameters = new RingParameters { CompletionEntries = settings.Completions };
            parameters.Flags = way | Uring.IORING_SETUP_CQSIZE | Uring.IORING_SETUP_SUBMIT_ALL
                | (settings.Spin > TimeSpan.Zero ? Uring.IORING_SETUP_TASKRUN_FLAG : 0);
            ring = Uring.Setup(settings.Submissions, ref parameters);
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
            if (Uring.Register(_ring, Uring.IORING_REGISTER_RING_FDS, &registration, 1) < 0)
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
