using System.Runtime.InteropServices;
using EchoModels.Posix;

namespace EchoModels.Kernel;

/// <content>The calls for child processes and for the connections that they serve.</content>
public sealed partial class LinuxKernel
{
    /// <summary>Starts a program whose standard input and output are a socket. See posix_spawn(3).</summary>
    /// <param name="command">Its name, searched along the PATH, and its arguments.</param>
    /// <param name="socket">What becomes its standard input and output.</param>
    /// <param name="shortage">Why the system gives no process now: EAGAIN or ENOMEM, see the limits in fork(2). Else null.</param>
    /// <returns>The process; 0 if the system gives none now.</returns>
    /// <exception cref="IOException">It cannot be run at all.</exception>
    internal int Spawn(IReadOnlyList<string> command, SocketHandle socket, out IOException? shortage)
    {
        Call call = new(SystemCall.Spawn, socket);
        observer.Began(in call);
        int error = NativeProcess.Start(command, socket.Number, out int process);
        observer.Ended(in call, error == 0 ? process : -1, error);

        IOException? failure = error == 0 ? null : Errno.Failure($"posix_spawn of {command[0]}", error);
        shortage = error is Errno.EAGAIN or Errno.ENOMEM ? failure : null;
        return failure is null ? process : shortage is not null ? 0 : throw failure;
    }

    /// <summary>What the kernel has counted of a connection. See TCP_INFO in tcp(7).</summary>
    /// <returns>Null if the kernel is too old, or the number is closed.</returns>
    internal TcpInfoFields? ReadTcpInfo(SocketHandle socket)
    {
        TcpInfoFields info = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<TcpInfoFields>(ref info));
        return GetOption(socket, Libc.IPPROTO_TCP, Libc.TCP_INFO, bytes) == bytes.Length ? info : null;
    }

    /// <summary>Whether a receive of so many bytes would leave something behind: see TCP_INQ of &lt;linux/tcp.h&gt;. The bytes are thrown away.</summary>
    internal unsafe bool LeavesMoreBehind(SocketHandle socket, int bytes)
    {
        SetOption(socket, Libc.IPPROTO_TCP, Libc.TCP_INQ, BitConverter.GetBytes(1));
        nint* nowhere = stackalloc nint[] { 0, bytes }; // struct iovec: with MSG_TRUNC the bytes are not copied
        int* control = stackalloc int[8]; // struct cmsghdr is 16 bytes, and its value follows
        MessageHeader message = new() { Vectors = nowhere, VectorCount = 1, Control = control, ControlLength = 8 * sizeof(int) };
        Call call = new(SystemCall.ReceiveMessage, socket, bytes);
        observer.Began(in call);
        int received = Ended(in call, Libc.ReceiveMessage(socket.Number, ref message, Libc.MSG_TRUNC | Libc.MSG_DONTWAIT));
        return received >= 0 && message.ControlLength > 0 && control[4] > 0;
    }

    /// <summary>Has the kernel throw away the data of whatever arrives from now on. See SO_ATTACH_FILTER in socket(7).</summary>
    /// <remarks>The filter has one instruction: keep one byte. TCP never lets a filter have the header, so the header is what is kept.</remarks>
    /// <returns>False if a sandbox refuses filters.</returns>
    internal unsafe bool TryDropIncomingData(SocketHandle socket)
    {
        FilterInstruction keepOneByte = new() { Code = Libc.BPF_RET, Operand = 1 };
        FilterProgram program = new() { Length = 1, Instructions = &keepOneByte };
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<FilterProgram>(in program));
        return SetOption(socket, Libc.SOL_SOCKET, Libc.SO_ATTACH_FILTER, bytes) == System.Net.Sockets.SocketError.Success;
    }
}
