using EchoModels.Posix;

namespace EchoModels.IoUring;

/// <summary>The memory of a ring that the kernel has made and we have mapped: heads, tails and the entries between them.</summary>
/// <remarks>
/// We move the tail of submissions and the head of completions, the kernel the other two. See io_uring_setup(2) for the layout.
/// </remarks>
internal sealed unsafe class RingMemory : IDisposable
{
    private readonly nint _rings;
    private readonly nuint _ringsLength;
    private readonly nuint _submissionsLength;

    /// <exception cref="IOException">The kernel does not map it.</exception>
    public RingMemory(FileDescriptor ring, in RingParameters parameters)
    {
        (SubmissionOffsets sq, CompletionOffsets cq) = (parameters.Submissions, parameters.Completions);
        SubmissionCount = parameters.SubmissionEntries;
        SubmissionMask = SubmissionCount - 1;
        CompletionMask = parameters.CompletionEntries - 1;

        // One mapping holds both rings (IORING_FEAT_SINGLE_MMAP, Linux 5.4); whichever ends later gives its length.
        nuint end = cq.Completions + (parameters.CompletionEntries * (nuint)sizeof(CompletionEntry));
        _ringsLength = Math.Max(end, sq.Array + (SubmissionCount * (nuint)sizeof(uint)));
        _submissionsLength = SubmissionCount * (nuint)sizeof(Submission);
        _rings = Map(ring, _ringsLength, Uring.IORING_OFF_SQ_RING);
        try
        {
            Submissions = (Submission*)Map(ring, _submissionsLength, Uring.IORING_OFF_SQES);
        }
        catch
        {
            _ = Uring.Unmap(_rings, _ringsLength);
            throw;
        }

        SubmissionHead = At(sq.Head);
        SubmissionTail = At(sq.Tail);
        Flags = At(sq.Flags);
        CompletionHead = At(cq.Head);
        CompletionTail = At(cq.Tail);
        Completions = (CompletionEntry*)At(cq.Completions);

        // The ring of submissions holds indices into an array of them. Ours never leave their places.
        uint* indices = At(sq.Array);
        for (uint i = 0; i < SubmissionCount; i++)
            indices[i] = i;
    }

    public uint SubmissionCount { get; }

    public uint SubmissionMask { get; }

    public uint* SubmissionHead { get; }

    public uint* SubmissionTail { get; }

    /// <summary>IORING_SQ_...: what the kernel has to tell besides.</summary>
    public uint* Flags { get; }

    public Submission* Submissions { get; }

    public uint CompletionMask { get; }

    public uint* CompletionHead { get; }

    public uint* CompletionTail { get; }

    public CompletionEntry* Completions { get; }

    public void Dispose()
    {
        _ = Uring.Unmap((nint)Submissions, _submissionsLength);
        _ = Uring.Unmap(_rings, _ringsLength);
    }

    private uint* At(uint offset) => (uint*)(_rings + (nint)offset);

    private static nint Map(FileDescriptor ring, nuint length, long offset)
    {
        nint address = Uring.Map(0, length, Uring.PROT_READ_WRITE, Uring.MAP_SHARED | Uring.MAP_POPULATE, ring, offset);
        return address != -1 ? address : throw Errno.Failure("mmap");
    }
}
