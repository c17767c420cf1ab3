using System.Runtime.InteropServices;
using EchoModels.Cli.CommandLine;
using EchoModels.Cli.Posix;
using EchoModels.Connections;

namespace EchoModels.Cli.Serving;

/// <summary>What a child of the model <c>process</c> runs: cat where the reply is a plain echo, and else this program again.</summary>
/// <remarks>
/// Measured: a cat answers after 2 ms and has 0.2 MB to itself; this program after 60 ms, and it has 4 MB to itself. The model
/// exists on Linux only, and so does the child.
/// </remarks>
internal static class Child
{
    /// <summary>The command's name, which the help does not list.</summary>
    public const string Verb = "child";

    /// <summary>Standard input and standard output are the same connection.</summary>
    private const int Socket = 0;

    public static IReadOnlyList<string> CommandFor(Reply reply) =>
        reply == Reply.Echo ? ["cat"] : [.. ThisProgram(), Verb, .. reply.ToArguments()];

    /// <summary>Serves the one connection that is its standard input and output, until it ends.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments)
    {
        try
        {
            return Serve(Reply.FromArguments(arguments));
        }
        catch (Exception wrong) when (wrong is FormatException or ArgumentException or IOException or DllNotFoundException)
        {
            string what = Printable.Escape(wrong.Message.TrimEnd('.'));
            StdErr.WriteLine($"echomodels: {Verb}: {what}. Only serve --model process starts it, with a connection.");
            return ExitCode.Usage;
        }
    }

    /// <summary>Receives a chunk and sends the reply to it, until the client ends the stream; both calls block.</summary>
    private static int Serve(Reply reply)
    {
        Span<byte> buffer = stackalloc byte[Connection.BufferSize];
        Span<byte> room = reply.Headroom(buffer);
        nint count;
        while ((count = Receive(room)) > 0)
        {
            if (!SendAll(reply.Wrap(buffer, (int)count)))
                return ExitCode.Failed;
        }

        return count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    /// <exception cref="IOException">Standard input is no socket.</exception>
    private static nint Receive(Span<byte> room)
    {
        nint count;
        do
            count = Libc.Receive(Socket, room, (nuint)room.Length, 0);
        while (count < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR);

        return count >= 0 || Marshal.GetLastPInvokeError() is not (Errno.ENOTSOCK or Errno.EBADF) ? count : throw Errno.Failure("recv");
    }

    private static bool SendAll(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            nint count = Libc.Send(Socket, bytes, (nuint)bytes.Length, Libc.MSG_NOSIGNAL);
            if (count >= 0)
                bytes = bytes[(int)count..];
            else if (Marshal.GetLastPInvokeError() != Errno.EINTR)
                return false;
        }

        return true;
    }

    /// <summary>Its own executable; or, where dotnet runs a library, dotnet with that library.</summary>
    private static IEnumerable<string> ThisProgram()
    {
        string path = Environment.ProcessPath!;
        string library = Path.Combine(AppContext.BaseDirectory, $"{typeof(Child).Assembly.GetName().Name}.dll");
        return Path.GetFileNameWithoutExtension(path) == "dotnet" ? [path, library] : [path];
    }
}
