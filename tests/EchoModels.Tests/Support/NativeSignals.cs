using System.Runtime.InteropServices;
using EchoModels.Posix;

namespace EchoModels.Tests.Support;

/// <summary>What a test does with signals that no program would.</summary>
internal static partial class NativeSignals
{
    /// <summary>Queues a signal that looks like a descriptor's; a thread may deceive only itself so. See rt_tgsigqueueinfo(2).</summary>
    public static void QueueToThisThread(int signal, int code, int descriptor)
    {
        nint call = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 297 : 240;
        int[] info = new int[32];
        (info[0], info[2], info[6]) = (signal, code, descriptor);
        if (Call(call, Environment.ProcessId, Libc.ThreadId(), signal, info) != 0)
            throw new IOException($"rt_tgsigqueueinfo: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Sets how many signals may be queued (RLIMIT_SIGPENDING).</summary>
    /// <returns>How many it was before.</returns>
    public static ulong SetRoom(ulong room)
    {
        const int RLIMIT_SIGPENDING = 11;
        if (ProcessLimit(0, RLIMIT_SIGPENDING, 0, out ResourceLimit before) != 0)
            throw new IOException("prlimit");

        ResourceLimit wanted = before with { Soft = room };
        return ProcessLimit(0, RLIMIT_SIGPENDING, in wanted, 0) == 0 ? before.Soft : throw new IOException("prlimit");
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint process, nint thread, nint signal, int[] info);

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int ProcessLimit(int process, int which, nint wanted, out ResourceLimit before);

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int ProcessLimit(int process, int which, in ResourceLimit wanted, nint before);

    [StructLayout(LayoutKind.Sequential)]
    private record struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }
}

/// <summary>For a while, only so many signals can be queued; beyond that, sockets send plain SIGIO.</summary>
internal sealed class QueueOfSignals(int room) : IDisposable
{
    private readonly ulong _before = NativeSignals.SetRoom((ulong)room);

    public void Dispose() => NativeSignals.SetRoom(_before);
}
