using System.Runtime.InteropServices;
using EchoModels.Posix;

namespace EchoModels.Tests.Support;

/// <summary>Calls with signals that only tests make.</summary>
internal static partial class NativeSignals
{
    /// <summary>Queues a signal that looks like one of a descriptor; only to the calling thread. See rt_tgsigqueueinfo(2).</summary>
    public static void QueueToThisThread(int signal, int code, int descriptor)
    {
        nint call = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 297 : 240;
        int[] info = new int[32];
        (info[0], info[2], info[6]) = (signal, code, descriptor);
        if (Call(call, Environment.ProcessId, Libc.ThreadId(), signal, info) != 0)
            throw new IOException($"rt_tgsigqueueinfo: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Sets how many signals may be queued (RLIMIT_SIGPENDING).</summary>
    /// <returns>The limit before.</returns>
    public static ulong SetQueueLimit(ulong limit)
    {
        const int RLIMIT_SIGPENDING = 11;
        if (ProcessLimit(0, RLIMIT_SIGPENDING, 0, out ResourceLimit before) != 0)
            throw new IOException("prlimit");

        ResourceLimit wanted = before with { Soft = limit };
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

/// <summary>Limits how many signals can be queued, until it is disposed of; beyond that, sockets send plain SIGIO.</summary>
internal sealed class SignalQueueLimit(int limit) : IDisposable
{
    private readonly ulong _before = NativeSignals.SetQueueLimit((ulong)limit);

    public void Dispose() => NativeSignals.SetQueueLimit(_before);
}
