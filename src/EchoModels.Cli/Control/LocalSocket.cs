using System.Net.Sockets;

namespace EchoModels.Cli.Control;

/// <summary>A stream socket of the Unix domain, or a named pipe: listener or connection, whose every wait for a peer has a deadline. See unix(7).</summary>
/// <remarks>
/// A peer's fault (absent, gone, too slow) is a <see cref="SocketError"/>; this process's own failure is an
/// <see cref="IOException"/> that names the call. The only wait without a deadline is <see cref="Accept"/>.
/// </remarks>
internal abstract class LocalSocket : IDisposable
{
    /// <summary>Makes one: by system calls on Linux, where a sandbox may leave the runtime without any Socket; a named pipe on Windows.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public static LocalSocket Create() =>
        OperatingSystem.IsLinux() ? new LinuxLocalSocket()
        : OperatingSystem.IsWindows() ? new NamedPipe()
        : ManagedLocalSocket.Create();

    /// <summary>Gives a listener its path, which must not exist yet.</summary>
    /// <exception cref="IOException">The path exists, or cannot be made.</exception>
    public abstract void Bind(string path);

    /// <exception cref="IOException">The socket is not bound.</exception>
    public abstract void Listen(int backlog);

    /// <summary>Blocks until a client connects.</summary>
    /// <returns>Null if no descriptor is free, or after <see cref="StopAccepting"/>.</returns>
    public abstract LocalSocket? Accept();

    /// <summary>Ends the <see cref="Accept"/> under way and every later one, from any thread; clients are refused from now on.</summary>
    public abstract void StopAccepting();

    /// <summary>Connects to a listener.</summary>
    /// <returns>ConnectionRefused where no process listens, AddressNotAvailable where there is no such path.</returns>
    public abstract SocketError Connect(string path, Deadline deadline);

    /// <summary>Receives the bytes that have arrived, or waits for some.</summary>
    /// <returns>How many; 0 at the end of the stream, and on an error.</returns>
    public abstract int Receive(Span<byte> buffer, Deadline deadline, out SocketError error);

    /// <summary>Sends all of the bytes.</summary>
    public abstract SocketError Send(ReadOnlySpan<byte> bytes, Deadline deadline);

    public abstract void Dispose();
}
