using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EchoModels.Posix;

/// <summary>A program for the kernel that looks at whatever arrives on a socket. See SO_ATTACH_FILTER in socket(7).</summary>
internal static unsafe class SocketFilter
{
    private const int SO_ATTACH_FILTER = 26;
    private const ushort BPF_RET = 0x06;

    /// <summary>Cuts the data off whatever arrives from now on; the acknowledgements that come with it are heard.</summary>
    /// <remarks>Its only instruction says: keep one byte. TCP never lets a filter have the header, so that the header is what is kept.</remarks>
    /// <returns>False if a sandbox, or another system, grants no filter.</returns>
    public static bool TryCutOffData(Socket socket)
    {
        Instruction keepOneByte = new() { Code = BPF_RET, Operand = 1 };
        Program program = new() { Length = 1, Instructions = &keepOneByte };
        try
        {
            socket.SetRawSocketOption(Libc.SOL_SOCKET, SO_ATTACH_FILTER, MemoryMarshal.AsBytes(new ReadOnlySpan<Program>(in program)));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>struct sock_filter of &lt;linux/filter.h&gt;.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Instruction
    {
        public ushort Code;
        public byte IfTrue;
        public byte IfFalse;
        public uint Operand;
    }

    /// <summary>struct sock_fprog of &lt;linux/filter.h&gt;.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        public ushort Length;
        public Instruction* Instructions;
    }
}
