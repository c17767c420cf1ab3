using System.Runtime.InteropServices;

namespace EchoModels.Posix;

/// <summary>The three system calls of io_uring(7), which the C library does not wrap, and the constants of linux/io_uring.h.</summary>
internal static unsafe partial class Uring
{
    // io_uring_setup(2)
    public const uint IORING_SETUP_CQSIZE = 1 << 3;
    public const uint IORING_SETUP_SUBMIT_ALL = 1 << 7;
    public const uint IORING_SETUP_COOP_TASKRUN = 1 << 8;
    public const uint IORING_SETUP_TASKRUN_FLAG = 1 << 9;
    public const uint IORING_SETUP_SINGLE_ISSUER = 1 << 12;
    public const uint IORING_SETUP_DEFER_TASKRUN = 1 << 13;
    public const long IORING_OFF_SQ_RING = 0;
    public const long IORING_OFF_SQES = 0x10000000;
    public const uint IORING_SQ_CQ_OVERFLOW = 1 << 1;
    public const uint IORING_SQ_TASKRUN = 1 << 2;

    // io_uring_enter(2)
    public const uint IORING_ENTER_GETEVENTS = 1 << 0;
    public const uint IORING_ENTER_EXT_ARG = 1 << 3;
    public const uint IORING_ENTER_REGISTERED_RING = 1 << 4;

    // io_uring_register(2)
    public const uint IORING_REGISTER_RING_FDS = 20;
    public const uint IORING_UNREGISTER_RING_FDS = 21;
    public const uint IORING_REGISTER_PBUF_RING = 22;

    // The operations: io_uring_prep_poll_add(3), _accept(3), _cancel(3), _send(3), _recv(3)
    public const byte IORING_OP_POLL_ADD = 6;
    public const byte IORING_OP_ACCEPT = 13;
    public const byte IORING_OP_ASYNC_CANCEL = 14;
    public const byte IORING_OP_SEND = 26;
    public const byte IORING_OP_RECV = 27;
    public const byte IOSQE_BUFFER_SELECT = 1 << 5;
    public const ushort IORING_ACCEPT_MULTISHOT = 1 << 0;
    public const ushort IORING_RECV_MULTISHOT = 1 << 1;
    public const uint IORING_CQE_F_BUFFER = 1 << 0;
    public const uint IORING_CQE_F_MORE = 1 << 1;
    public const int IORING_CQE_BUFFER_SHIFT = 16;

    // <sys/mman.h>
    public const int PROT_READ_WRITE = 3;
    public const int MAP_SHARED = 0x01;
    public const int MAP_PRIVATE = 0x02;
    public const int MAP_ANONYMOUS = 0x20;
    public const int MAP_POPULATE = 0x8000;

    // <asm-generic/unistd.h>: these numbers are the same on x86-64 and arm64.
    private const nint IoUringSetup = 425;
    private const nint IoUringEnter = 426;
    private const nint IoUringRegister = 427;

    /// <summary>Makes a ring; the kernel fills in where in its memory everything is.</summary>
    public static FileDescriptor Setup(uint entries, ref RingParameters parameters) => new((int)Setup(IoUringSetup, entries, ref parameters));

    /// <summary>Submits, waits, or both.</summary>
    /// <param name="ring">The ring's descriptor, or its index among the thread's registered rings.</param>
    /// <param name="submit">How many submissions to take.</param>
    /// <param name="atLeast">How many completions to sleep for.</param>
    /// <param name="flags">IORING_ENTER_...</param>
    /// <param name="argument">With IORING_ENTER_EXT_ARG, the time limit.</param>
    public static int Enter(int ring, uint submit, uint atLeast, uint flags, WaitArgument* argument) =>
        (int)Enter(IoUringEnter, ring, submit, atLeast, flags, argument, argument == null ? 0 : (nuint)sizeof(WaitArgument));

    /// <summary>Registers or unregisters something for the ring's later use.</summary>
    public static int Register(SafeHandle ring, uint what, void* argument, uint count) =>
        (int)Register(IoUringRegister, ring, what, argument, count);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Map(nint address, nuint length, int protection, int flags, SafeHandle file, long offset);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Map(nint address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Setup(nint number, uint entries, ref RingParameters parameters);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Enter(nint number, int ring, uint submit, uint atLeast, uint flags, WaitArgument* argument, nuint size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Register(nint number, SafeHandle ring, uint what, void* argument, uint count);
}
