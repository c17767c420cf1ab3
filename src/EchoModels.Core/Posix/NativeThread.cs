using System.Globalization;
using System.Runtime.InteropServices;

namespace EchoModels.Posix;

/// <summary>A thread made by pthread_create(3), where a thousand of them are needed at once.</summary>
/// <remarks>
/// Thread.Start returns only when the new thread has said hello, which takes two context switches: a thousand starts took 230 ms,
/// and these 55 ms. The runtime adopts such a thread when it enters managed code and forgets it when it ends.
/// </remarks>
internal static unsafe class NativeThread
{
    /// <summary>A stack and a signal stack, and a guard page for each.</summary>
    private const int MappingsEach = 4;

    /// <summary>What the rest of the process maps, generously.</summary>
    private const int MappingsOfOthers = 5_000;

    private static int _count;

    /// <summary>How many there may be at once: as many as vm.max_map_count leaves room for. See proc_sys_vm(5).</summary>
    /// <remarks>The runtime maps the signal stack, in the thread itself, and ends the process if it cannot.</remarks>
    public static int Max { get; set; } = (MappingLimit() - MappingsOfOthers) / MappingsEach;

    /// <summary>Whether the system has a few threads to spare.</summary>
    public static bool AreSpare => SpareThreads.AreLeft;

    /// <summary>How many there are.</summary>
    public static int Count => Volatile.Read(ref _count);

    /// <summary>The calling thread, as <see cref="Join"/> knows it.</summary>
    public static nint Current => Libc.ThreadSelf();

    /// <summary>Starts a thread.</summary>
    /// <param name="work">What it does; it must not throw. It returns whether another thread is going to join this one.</param>
    /// <param name="stackSize">Address space for its stack, in bytes.</param>
    /// <exception cref="IOException">The system has no thread to give (EAGAIN), or there are <see cref="Max"/>.</exception>
    public static void Start(Func<bool> work, int stackSize)
    {
        if (Interlocked.Increment(ref _count) > Max)
            throw Refusal($"vm.max_map_count leaves room for {Max}");
        if (!AddressSpace.HasRoomFor(stackSize))
            throw Refusal("the limit of address space (ulimit -v) leaves no room for its stack");
        if (!SpareThreads.AreLeft)
            throw Refusal("the runtime needs the last ones (ulimit -u, or pids.max of the control group)");

        // pthread_attr_t is 56 bytes on x86-64 and 64 on arm64.
        long* attributes = stackalloc long[16];
        _ = Libc.ThreadAttributesInit(attributes);
        _ = Libc.ThreadAttributesSetStackSize(attributes, (nuint)stackSize);

        GCHandle handle = GCHandle.Alloc(work);
        int error = Libc.ThreadCreate(out _, attributes, &Enter, GCHandle.ToIntPtr(handle));
        _ = Libc.ThreadAttributesDestroy(attributes);
        if (error == 0)
            return;

        handle.Free();
        Interlocked.Decrement(ref _count);
        throw Errno.Failure("pthread_create", error);
    }

    /// <summary>Waits until a thread is gone, with its stack. Each is to be joined once.</summary>
    public static void Join(nint thread)
    {
        _ = Libc.ThreadJoin(thread, 0);
        Interlocked.Decrement(ref _count);
    }

    private static IOException Refusal(string why)
    {
        Interlocked.Decrement(ref _count);
        return new IOException($"no thread is available: {why}");
    }

    [UnmanagedCallersOnly]
    private static nint Enter(nint argument)
    {
        GCHandle handle = GCHandle.FromIntPtr(argument);
        Func<bool> work = (Func<bool>)handle.Target!;
        handle.Free();
        if (!work())
        {
            _ = Libc.ThreadDetach(Current);
            Interlocked.Decrement(ref _count);
        }

        return 0;
    }

    private static int MappingLimit()
    {
        const int ByDefault = 65_530;
        try
        {
            string limit = File.ReadAllText("/proc/sys/vm/max_map_count");
            return int.TryParse(limit, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int mappings) ? mappings : ByDefault;
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return ByDefault;
        }
    }
}
